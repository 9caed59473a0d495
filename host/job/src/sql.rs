//! SQL in job files: parameters in it, its syntax, and the tables that it reads.

mod tables;

use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::params::{Param, ParamType};
use crate::reference::{Piece, Reference, Target};
use crate::{Node, Value};

pub(crate) use tables::{TableName, tables};

/// DataFusion's default: what is checked here is what is planned there.
const DIALECT: GenericDialect = GenericDialect {};

/// What kind of SQL a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fragment {
    /// `a + 1`
    Expression,
    /// `a + 1 as b`
    SelectItem,
    /// `a + 1 desc`
    SortKey,
}

/// Operators, brackets and keywords of a text at most: a tree of a hundred thousand sums would end the process by its
/// depth alone. Lists may be longer.
const MOST_OPERATORS: usize = 10_000;

/// A parser for a text of bounded length.
fn parser(text: &str) -> Result<Parser<'static>, ParserError> {
    let tokens = Tokenizer::new(&DIALECT, text).tokenize_with_location()?;
    let operators = tokens.iter().filter(|token| match &token.token {
        Token::Word(word) => word.keyword != Keyword::NoKeyword,
        Token::Whitespace(_) | Token::Comma | Token::Number(..) | Token::SingleQuotedString(_) => false,
        _ => true,
    });
    if operators.count() > MOST_OPERATORS {
        let message = format!("it has more operators and keywords than the {MOST_OPERATORS} that it may");
        return Err(ParserError::ParserError(message));
    }
    Ok(Parser::new(&DIALECT).with_tokens_with_locations(tokens))
}

/// Whether a text is one fragment and nothing more.
pub(crate) fn check(text: &str, fragment: Fragment) -> Result<(), String> {
    let parse = || -> Result<(), ParserError> {
        let mut parser = parser(text)?;
        match fragment {
            Fragment::Expression => parser.parse_expr().map(drop)?,
            Fragment::SelectItem => parser.parse_select_item().map(drop)?,
            Fragment::SortKey => parser.parse_order_by_expr().map(drop)?,
        }
        parser.expect_token(&Token::EOF).map(drop)
    };
    parse().map_err(|error| message(&error))
}

/// A reference that can't be put into SQL, and why.
pub(crate) struct Refused<'t> {
    pub written: &'t str,
    pub message: String,
}

/// Puts parameters into SQL as literals. They must stand where SQL takes a literal: not in quotes, not within a name.
pub(crate) fn substitute<'t>(
    pieces: &[Piece<'t>],
    param: &mut dyn FnMut(Reference<'t>) -> Option<Param>,
) -> Result<Option<String>, Refused<'t>> {
    let refuse = |reference: &Reference<'t>, message: String| Refused {
        written: reference.written,
        message,
    };
    let mut literals = Vec::new();
    let mut complete = true;
    for piece in pieces {
        let Piece::Reference(reference) = piece else { continue };
        let written = reference.written;
        match reference.target {
            Target::Param(_) => {}
            Target::Env(name) => {
                let message = format!(
                    "`{written}` can't stand in SQL, where values need a type: declare a parameter with `default = \"${{env:{name}}}\"` and use that"
                );
                return Err(refuse(reference, message));
            }
            Target::Secret(_) => return Err(refuse(reference, secret_in_sql(written))),
        }
        match param(*reference) {
            Some(param) => literals.push(literal(&param, written).map_err(|message| refuse(reference, message))?),
            None => complete = false,
        }
    }
    if !complete {
        return Ok(None);
    }
    let prefix = unused_prefix(pieces);
    let text = fill(pieces, |number, _| placeholder(&prefix, number));
    let uses = placed(&text, &prefix, literals.len());
    let references = pieces.iter().filter_map(|piece| match piece {
        Piece::Reference(reference) => Some(reference),
        Piece::Text(_) => None,
    });
    for (reference, place) in references.zip(&uses) {
        if *place == Place::Elsewhere {
            let message = format!(
                "`{}` must stand on its own: a parameter becomes an SQL literal, with quotes where it needs them",
                reference.written
            );
            return Err(refuse(reference, message));
        }
    }
    Ok(Some(fill(pieces, |number, written| match uses[number] {
        Place::Literal => literals[number].clone(),
        // In a comment a value has no use, and could end the comment.
        Place::Comment | Place::Elsewhere => written.to_owned(),
    })))
}

fn secret_in_sql(written: &str) -> String {
    format!(
        "`{written}` can't stand in SQL, which shows in plans and messages: give the secret to a connector or a plugin, or declare a parameter for what is not secret"
    )
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Literal,
    Comment,
    Elsewhere,
}

/// Where the placeholders stand, as the tokeniser sees it that will see the result.
fn placed(text: &str, prefix: &str, count: usize) -> Vec<Place> {
    let names: Vec<_> = (0..count).map(|number| placeholder(prefix, number)).collect();
    let mut places = vec![Place::Elsewhere; count];
    let Ok(tokens) = Tokenizer::new(&DIALECT, text).tokenize() else {
        return places;
    };
    for token in tokens {
        match token {
            Token::Word(word) if word.quote_style.is_none() => {
                if let Some(number) = names.iter().position(|name| *name == word.value) {
                    places[number] = Place::Literal;
                }
            }
            Token::Whitespace(space) => {
                let comment = space.to_string();
                for (name, place) in names.iter().zip(&mut places) {
                    if comment.contains(name) {
                        *place = Place::Comment;
                    }
                }
            }
            _ => {}
        }
    }
    places
}

/// A name for each reference; none is the beginning of another.
fn placeholder(prefix: &str, number: usize) -> String {
    format!("{prefix}{number}p")
}

/// The beginning of names that the text doesn't hold.
fn unused_prefix(pieces: &[Piece<'_>]) -> String {
    let mut name = "tenon_param".to_owned();
    while pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Text(text) if text.contains(&name)))
    {
        name.push('_');
    }
    name
}

fn fill(pieces: &[Piece<'_>], mut reference: impl FnMut(usize, &str) -> String) -> String {
    let mut number = 0;
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Reference(Reference { written, .. }) => {
                text.push_str(&reference(number, written));
                number += 1;
            }
        }
    }
    text
}

fn literal(param: &Param, written: &str) -> Result<String, String> {
    match (param.kind, &param.value.value) {
        (ParamType::Date, Value::String(day)) => Ok(format!("DATE {}", quoted(day))),
        (ParamType::Timestamp, Value::String(moment)) => Ok(format!("TIMESTAMP {}", quoted(moment))),
        (_, Value::List(items)) if items.is_empty() => {
            Err(format!("the list of `{written}` is empty, and SQL has no empty list"))
        }
        (_, Value::List(items)) => {
            let literals: Result<Vec<_>, _> = items.iter().map(|item| scalar(item, written)).collect();
            Ok(format!("({})", literals?.join(", ")))
        }
        _ => scalar(&param.value, written),
    }
}

fn scalar(node: &Node, written: &str) -> Result<String, String> {
    match &node.value {
        // In parentheses: after another minus it would begin a comment.
        Value::Int(number) if *number < 0 => Ok(format!("({number})")),
        Value::Float(number) if number.is_sign_negative() => Ok(format!("({number:?})")),
        Value::Int(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(format!("{number:?}")),
        Value::Bool(value) => Ok(value.to_string()),
        Value::String(text) => Ok(quoted(text)),
        Value::Secret(_) => Err(secret_in_sql(written)),
        Value::Null | Value::List(_) | Value::Table(_) => Err(format!("{} can't stand in SQL", node.kind())),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn message(error: &ParserError) -> String {
    match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message.clone(),
        ParserError::RecursionLimitExceeded => "it is nested too deeply".to_owned(),
    }
}
