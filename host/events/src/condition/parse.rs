//! From text to an expression that is safe to run.

use std::thread;

use cel::IdedExpr;
use cel::common::ast::SourceInfo;

use super::check::{Objection, check};
use super::cost::Cost;
use super::{ENVIRONMENT, LONGEST_CONDITION};
use crate::Error;

/// How deep brackets may be in one another.
const DEEPEST_BRACKETS: usize = 16;
/// The parser and the tree that it makes recurse: for each of at most [`LONGEST_CONDITION`] bytes, if need be.
const STACK: usize = 64 << 20;

pub(super) fn parse(text: &str) -> Result<(IdedExpr, Cost), Error> {
    if text.len() > LONGEST_CONDITION {
        let reason = format!("it has {} bytes, and may have {LONGEST_CONDITION}", text.len());
        return Err(at(text, 0, reason));
    }
    if text.trim().is_empty() {
        return Err(at(text, 0, "it is empty".to_owned()));
    }
    brackets(text)?;
    let owned = text.to_owned();
    let parsing = thread::Builder::new()
        .name("condition".to_owned())
        .stack_size(STACK)
        .spawn(move || parse_here(&owned));
    let parsing = parsing.map_err(|error| at(text, 0, format!("it cannot be read now: {error}")))?;
    parsing
        .join()
        .unwrap_or_else(|_| Err(at(text, 0, "it breaks the parser".to_owned())))
}

fn parse_here(text: &str) -> Result<(IdedExpr, Cost), Error> {
    let parsed = ENVIRONMENT
        .parser()
        .max_recursion_depth(48)
        .parse_with_source_info(text);
    let (expression, source) = parsed.map_err(|errors| {
        let Some(first) = errors.errors.first() else {
            return at(text, 0, "it is not CEL".to_owned());
        };
        let (line, column) = first.pos;
        let (line, column) = (line.max(1) as usize, column.max(0) as usize);
        let before: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        at(text, before + column.saturating_sub(1), first.msg.clone())
    })?;
    let cost = check(&expression).map_err(|objection| object(text, &source, objection))?;
    Ok((expression, cost))
}

fn object(text: &str, source: &SourceInfo, objection: Objection) -> Error {
    let offset = source.offset_for(objection.node).map_or(0, |(start, _)| start as usize);
    at(text, offset, objection.reason)
}

/// The parser recurses for each bracket, with large frames.
fn brackets(text: &str) -> Result<(), Error> {
    let mut depth = 0_usize;
    for (offset, character) in text.char_indices() {
        match character {
            '(' | '[' | '{' | '?' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST_BRACKETS {
            let reason = format!("more than {DEEPEST_BRACKETS} brackets or `?` are open");
            return Err(at(text, offset, reason));
        }
    }
    Ok(())
}

fn at(text: &str, offset: usize, reason: String) -> Error {
    let offset = (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    let before = &text[..offset.unwrap_or(0)];
    let line = before.matches('\n').count();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let shown = text.lines().nth(line).unwrap_or_default();
    Error::Condition {
        line: line + 1,
        column: before[line_start..].chars().count() + 1,
        reason,
        text: shown.chars().take(200).collect(),
    }
}
