//! Errors: what a native function throws into a script, and what is told of a script's failure.

use rhai::{Dynamic, EvalAltResult, ParseError, ParseErrorType, Position};
use tenon::{Error, ErrorKind};

/// Characters of a line that are shown.
const LINE: usize = 160;

/// What is said of an import.
const IMPORT: &str = "can't import: a script is one file; put what it needs into the script, or make it a project in a language \
                      that has packages, with `tenon new`";

/// How a native function that a script calls fails.
pub type Thrown = Box<EvalAltResult>;

/// An error with its kind, on its way through a script. A script that catches it sees its text.
#[derive(Clone)]
pub struct Fault(pub Error);

/// Throws an error into the script.
#[expect(clippy::unnecessary_box_returns, reason = "the interpreter boxes its errors")]
pub fn throw(error: Error) -> Thrown {
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(Fault(error)), Position::NONE))
}

/// The text of a script, to show where in it something is wrong.
pub struct Source {
    file: String,
    text: String,
}

impl Source {
    pub fn new(file: String, text: String) -> Self {
        Self { file, text }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    /// A message at a place: `clean.rhai:3:9: message`, and the line below.
    pub fn at(&self, position: Position, message: &str) -> String {
        let file = &self.file;
        let Some(line) = position.line() else {
            return format!("{file}: {message}");
        };
        let column = position.position();
        let text = self.text.lines().nth(line - 1).unwrap_or_default().trim_end();
        let text = around(text, column.unwrap_or(1));
        let place = column.map_or(String::new(), |column| format!(":{column}"));
        format!("{file}:{line}{place}: {message}\n{line:>5} | {text}")
    }

    /// The error of a script that can't be parsed.
    pub fn misspelled(&self, error: &ParseError) -> Error {
        let message = match error.err_type() {
            ParseErrorType::VariableUndefined(name) => undefined(name),
            ParseErrorType::Reserved(word) if word == "import" => IMPORT.to_owned(),
            other => other.to_string(),
        };
        Error::bad_config(self.at(error.position(), &message))
    }

    /// The error of a script that failed while it ran.
    pub fn failure(&self, error: EvalAltResult) -> Error {
        let mut position = error.position();
        let mut error = error;
        let mut calls = Vec::new();
        while let EvalAltResult::ErrorInFunctionCall(function, _, inner, called) = error {
            if let Some(line) = called.line() {
                calls.push(format!("in `{function}`, called in line {line}"));
            }
            error = *inner;
            if !error.position().is_none() {
                position = error.position();
            }
        }
        let (kind, message) = explained(error);
        let mut told = Error::new(kind, self.at(position, &message));
        for call in calls.into_iter().rev() {
            told = told.within(call);
        }
        told
    }
}

/// A line, or of a long one what stands around a column.
fn around(line: &str, column: usize) -> String {
    let start = column.saturating_sub(LINE / 2);
    if line.chars().count() <= LINE {
        return line.to_owned();
    }
    let shown: String = line.chars().skip(start).take(LINE).collect();
    let before = if start > 0 { ".." } else { "" };
    let after = if line.chars().count() > start + LINE { ".." } else { "" };
    format!("{before}{shown}{after}")
}

/// The kind and the text of an error, in the words of whoever wrote the script.
fn explained(error: EvalAltResult) -> (ErrorKind, String) {
    use EvalAltResult as E;
    match error {
        E::ErrorRuntime(value, _) => match value.try_cast_result::<Fault>() {
            Ok(Fault(error)) => (error.kind(), error.to_string()),
            Err(thrown) => (ErrorKind::BadData, thrown.to_string()),
        },
        E::ErrorVariableNotFound(name, _) => (ErrorKind::BadConfig, undefined(&name)),
        E::ErrorFunctionNotFound(signature, _) => missing_function(&signature),
        E::ErrorStackOverflow(_) => {
            let message = "functions call each other too deeply; does a recursion have an end?";
            (ErrorKind::Limit, message.to_owned())
        }
        E::ErrorDataRace(..) => {
            let message = "a closure uses a variable that the call which it is given to is working on; \
                           copy what it needs into another variable first";
            (ErrorKind::BadConfig, message.to_owned())
        }
        E::ErrorDataTooLarge(what, _) => (ErrorKind::Limit, format!("{what} is larger than a script may make it")),
        other => {
            let message = without_place(&other);
            (kind_of(&other), message)
        }
    }
}

fn kind_of(error: &EvalAltResult) -> ErrorKind {
    use EvalAltResult as E;
    match error {
        E::ErrorArithmetic(..)
        | E::ErrorArrayBounds(..)
        | E::ErrorStringBounds(..)
        | E::ErrorBitFieldBounds(..)
        | E::ErrorIndexNotFound(..)
        | E::ErrorPropertyNotFound(..)
        | E::ErrorMismatchDataType(..)
        | E::ErrorMismatchOutputType(..)
        | E::ErrorIndexingType(..)
        | E::ErrorFor(..) => ErrorKind::BadData,
        E::ErrorTooManyOperations(..) | E::ErrorTooManyVariables(..) | E::ErrorTooManyModules(..) => ErrorKind::Limit,
        E::ErrorSystem(..) => ErrorKind::Internal,
        _ => ErrorKind::BadConfig,
    }
}

/// An error's text without the place at its end, which is shown in front.
fn without_place(error: &EvalAltResult) -> String {
    let text = error.to_string();
    let Some((message, place)) = text.rsplit_once(" (line ") else {
        return text;
    };
    if place.ends_with(')') { message.to_owned() } else { text }
}

fn undefined(name: &str) -> String {
    format!(
        "there is no variable `{name}`; a function sees its parameters, `config` and constants (`const {name} = ..`)"
    )
}

/// A function that isn't there, or not for these values: mostly because one of them is null.
fn missing_function(signature: &str) -> (ErrorKind, String) {
    let (name, types) = signature.split_once(" (").unwrap_or((signature, ")"));
    let types = types.strip_suffix(')').unwrap_or(types);
    let types = types.replace("&str | ImmutableString | String", "string");
    let types = types.replace("i64", "integer").replace("f64", "float");
    let is_operator = !name.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
    let null = types.split(", ").any(|each| each == "()");
    let hint = if null {
        "; one of them is null: test for it first (`x == ()`, `x ?? 0`)"
    } else {
        ""
    };
    if is_operator || null {
        let given = if types.is_empty() {
            "nothing".to_owned()
        } else {
            format!("({types})")
        };
        return (
            ErrorKind::BadData,
            format!("`{name}` can't be applied to {given}{hint}"),
        );
    }
    (
        ErrorKind::BadConfig,
        format!("there is no function `{name}` that takes ({types})"),
    )
}
