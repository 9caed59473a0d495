//! Conditions on events, in the Common Expression Language.
//!
//! Whoever may make a trigger or a target writes them, so they are bounded before they run: how long and how deep the
//! text is ([`parse`]), what it may call and refer to ([`check`]), and what it may cost on a given event ([`cost`]).

mod check;
mod cost;
mod event;
mod parse;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ExecutionError, IdedExpr, Value};

use crate::Error;
use crate::event::Recorded;
use cost::{Cost, Load};

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// Most bytes of a condition.
pub const LONGEST_CONDITION: usize = 2048;

/// A condition on events, as `event.kind == "run.failed" && event.data.attempt > 2`.
///
/// It knows `event.kind`, `event.subject`, `event.tenant` (texts), `event.time` (a timestamp) and `event.data` (what the
/// event has), CEL's operators, `has`, `size`, `contains`, `startsWith`, `endsWith`, the conversions, the parts of times,
/// and, over lists and maps, `exists`, `all` and `exists_one`, not within one another. There are no regular expressions.
#[derive(Clone)]
pub struct Condition(Arc<Compiled>);

struct Compiled {
    text: String,
    expression: IdedExpr,
    cost: Cost,
}

/// How a condition was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the event fits.
    pub matched: bool,
    /// Why it does not, where the event lacks a field that the condition asks for.
    pub reason: Option<String>,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// [`Error::Condition`], with the column.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (expression, cost) = parse::parse(text)?;
        Ok(Self(Arc::new(Compiled {
            text: text.to_owned(),
            expression,
            cost,
        })))
    }

    /// The text that it was read from.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether an event fits. One that lacks a field that the condition asks for does not.
    ///
    /// # Errors
    /// [`Error::Evaluation`]: types that can't be compared, an answer that is neither true nor false, too much work.
    pub fn matches(&self, event: &Recorded) -> Result<bool, Error> {
        self.evaluate(event).map(|verdict| verdict.matched)
    }

    /// As [`matches`](Self::matches), and tells which field an event lacks.
    ///
    /// # Errors
    /// [`Error::Evaluation`].
    pub fn evaluate(&self, event: &Recorded) -> Result<Verdict, Error> {
        let compiled = &self.0;
        let (value, load) = event::value(event);
        compiled.cost.check(load).map_err(|reason| self.undecided(&reason))?;
        let answer = catch_unwind(AssertUnwindSafe(|| {
            let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
            context.add_variable_from_value("event", value);
            Value::resolve(&compiled.expression, &context)
        }));
        match answer {
            Ok(Ok(Value::Bool(matched))) => Ok(Verdict { matched, reason: None }),
            Ok(Ok(other)) => {
                let reason = format!("it is {}, neither true nor false", other.type_of());
                Err(self.undecided(&reason))
            }
            Ok(Err(ExecutionError::NoSuchKey(key))) => Ok(Verdict {
                matched: false,
                reason: Some(format!("the event has no `{}`", shorten(&key))),
            }),
            Ok(Err(ExecutionError::IndexOutOfBounds(_))) => Ok(Verdict {
                matched: false,
                reason: Some("a list of the event is shorter".to_owned()),
            }),
            Ok(Err(error)) => Err(self.undecided(&explain(&error))),
            Err(_) => Err(self.undecided("it breaks down")),
        }
    }

    fn undecided(&self, reason: &str) -> Error {
        Error::Evaluation {
            condition: shorten(&self.0.text),
            reason: reason.to_owned(),
        }
    }
}

impl FromStr for Condition {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Condition").field(&self.0.text).finish()
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.text)
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

/// In words, without the event's values: an error may be shown where the event may not.
fn explain(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        ExecutionError::UnexpectedType { got, want } => format!("a {got} stands where a {want} should"),
        ExecutionError::ValuesNotComparable(left, right) => {
            format!("{} and {} cannot be compared", left.type_of(), right.type_of())
        }
        ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            format!(
                "`{operator}` does not go with {} and {}",
                left.type_of(),
                right.type_of()
            )
        }
        ExecutionError::UndeclaredReference(name) => format!("there is no `{name}`"),
        ExecutionError::FunctionError { function, .. } => format!("`{function}` fails"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "it divides by zero".to_owned(),
        ExecutionError::Overflow(..) => "a number becomes too large".to_owned(),
        _ => "an operation does not go with its values".to_owned(),
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}
