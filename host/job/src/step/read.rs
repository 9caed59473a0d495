//! Reads a step: first which kind it is, then what that kind takes.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::{Keep, Step, interpreter_of};
use crate::nearest::{listed, nearest};
use crate::node::Entry;
use crate::sql::{Fragment, check};
use crate::{Node, Problem, Span, Value};

/// The keys that name what a step does.
const KINDS: [&str; 14] = [
    "sql",
    "plugin",
    "script",
    "select",
    "rename",
    "cast",
    "filter",
    "dedupe",
    "join",
    "union",
    "aggregate",
    "sort",
    "limit",
    "sample",
];

/// Reads a step and reports what is wrong with it.
pub(crate) fn read(entry: &Entry, report: &mut dyn FnMut(Problem)) -> Option<Step> {
    let kind = kind(entry, report)?;
    let node = &entry.value;
    let step = match kind {
        "sql" => variant(node, report, Step::Sql),
        "plugin" => variant(node, report, Step::Plugin),
        "script" => variant(node, report, Step::Script),
        "select" => variant(node, report, Step::Select),
        "rename" => variant(node, report, Step::Rename),
        "cast" => variant(node, report, Step::Cast),
        "filter" => variant(node, report, Step::Filter),
        "dedupe" => variant(node, report, Step::Dedupe),
        "join" => variant(node, report, Step::Join),
        "union" => variant(node, report, Step::Union),
        "aggregate" => variant(node, report, Step::Aggregate),
        "sort" => variant(node, report, Step::Sort),
        "limit" => variant(node, report, Step::Limit),
        _ => variant(node, report, Step::Sample),
    }?;
    Checker { node, report }.check(&step);
    Some(step)
}

fn variant<T: DeserializeOwned>(node: &Node, report: &mut dyn FnMut(Problem), step: fn(T) -> Step) -> Option<Step> {
    crate::read::all(node, report).map(step)
}

fn kind(entry: &Entry, report: &mut dyn FnMut(Problem)) -> Option<&'static str> {
    let name = &entry.key;
    let Some(table) = entry.value.as_table() else {
        report(
            Problem::new(format!(
                "expected a table for the step `{name}`, found {}",
                entry.value.kind()
            ))
            .at(entry.value.span),
        );
        return None;
    };
    let kinds: Vec<_> = table
        .iter()
        .filter_map(|key| Some((*KINDS.iter().find(|kind| **kind == key.key)?, key)))
        .collect();
    match kinds.as_slice() {
        [(kind, _)] => Some(*kind),
        [] => {
            let misspelt = table.iter().find_map(|key| Some((key, nearest(&key.key, KINDS)?)));
            report(match misspelt {
                Some((key, near)) => {
                    let message = format!("unknown key `{}`; did you mean `{near}`?", key.key);
                    Problem::new(message).at(key.key_span)
                }
                None => Problem::new(format!(
                    "the step `{name}` does nothing; it needs one of {}",
                    listed(&KINDS)
                ))
                .at(entry.key_span),
            });
            None
        }
        [(first, _), (second, at), ..] => {
            let message = format!("the step `{name}` has both `{first}` and `{second}`; make it two steps");
            report(Problem::new(message).at(at.key_span));
            None
        }
    }
}

/// What types alone don't say.
struct Checker<'a> {
    node: &'a Node,
    report: &'a mut dyn FnMut(Problem),
}

impl Checker<'_> {
    fn check(&mut self, step: &Step) {
        match step {
            Step::Select(step) => self.sql_list(&["select"], &step.select, Fragment::SelectItem, true),
            Step::Filter(step) => {
                let at = self.node.get("filter").and_then(Node::span);
                self.sql(&step.filter, Fragment::Expression, at);
            }
            Step::Sort(step) => self.sql_list(&["sort"], &step.sort, Fragment::SortKey, true),
            Step::Aggregate(step) => {
                self.sql_list(
                    &["aggregate", "group_by"],
                    &step.aggregate.group_by,
                    Fragment::Expression,
                    false,
                );
                self.sql_list(
                    &["aggregate", "values"],
                    &step.aggregate.values,
                    Fragment::SelectItem,
                    true,
                );
            }
            Step::Dedupe(step) => {
                self.sql_list(&["dedupe", "order_by"], &step.dedupe.order_by, Fragment::SortKey, false);
                if step.dedupe.keep == Keep::Last && step.dedupe.order_by.is_empty() {
                    self.problem(
                        &["dedupe", "keep"],
                        "`keep = \"last\"` needs `order_by`, which says what is last",
                    );
                }
            }
            Step::Join(step) if step.join.on.0.is_empty() => {
                self.problem(&["join", "on"], "a join needs at least one column");
            }
            Step::Union(step) if step.union.of.is_empty() => {
                self.problem(&["union"], "a union needs at least one input");
            }
            Step::Script(step) if interpreter_of(Path::new(&step.script)).is_none() && !step.script.contains("${") => {
                let message = format!(
                    "there is no interpreter for `{}`; scripts end in .js, .mjs, .py and .rhai",
                    step.script
                );
                self.problem(&["script"], &message);
            }
            Step::Rename(step) if step.rename.is_empty() => self.problem(&["rename"], "there is nothing to rename"),
            Step::Cast(step) if step.cast.is_empty() => self.problem(&["cast"], "there is nothing to cast"),
            Step::Sql(_)
            | Step::Plugin(_)
            | Step::Script(_)
            | Step::Rename(_)
            | Step::Cast(_)
            | Step::Join(_)
            | Step::Union(_)
            | Step::Limit(_)
            | Step::Sample(_) => {}
        }
    }

    fn sql_list(&mut self, path: &[&str], texts: &[String], fragment: Fragment, required: bool) {
        if required && texts.is_empty() {
            self.problem(path, "this list is empty");
        }
        let items = match self.node.find(path).map(Node::value) {
            Some(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        for (index, text) in texts.iter().enumerate() {
            let at = items
                .get(index)
                .and_then(Node::span)
                .or_else(|| self.node.find(path)?.span());
            self.sql(text, fragment, at);
        }
    }

    fn sql(&mut self, text: &str, fragment: Fragment, at: Option<Span>) {
        // A reference that could not be resolved has been reported.
        if text.contains("${") {
            return;
        }
        if let Err(message) = check(text, fragment) {
            (self.report)(Problem::new(format!("this SQL can't be read: {message}")).at(at));
        }
    }

    fn problem(&mut self, path: &[&str], message: &str) {
        let at = self
            .node
            .find(path)
            .or_else(|| self.node.find(&path[..1]))
            .and_then(Node::span);
        (self.report)(Problem::new(message).at(at));
    }
}
