//! What can go wrong, worded for whoever wrote the expression.

use std::fmt;

use thiserror::Error;

/// Longest part of an expression that a message shows, in characters.
const SHOWN_EXPRESSION: usize = 200;
/// Longest explanation taken over from the planner or a kernel, in characters.
const SHOWN_REASON: usize = 400;
/// Longest name that a message shows, in characters.
const SHOWN_NAME: usize = 64;
/// Most names that a message lists.
const SHOWN_NAMES: usize = 20;

/// Who has to act on an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The data can't be processed as asked: a cast failed, a number overflowed.
    BadData,
    /// The request is wrong: a typing error in an expression, an unknown column, an index past the end.
    BadConfig,
    /// The request makes sense, but is not offered.
    Unsupported,
    /// A bound of [`crate::Limits`] was passed.
    Limit,
    /// A fault in Tenon or the libraries below it.
    Internal,
}

/// The part of an expression that an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    expression: String,
    position: Option<(u64, u64)>,
}

impl At {
    /// Somewhere in this expression.
    pub fn new(expression: &str) -> At {
        At {
            expression: clip(expression, SHOWN_EXPRESSION),
            position: None,
        }
    }

    /// The same expression, at a line and column counted from 1. Line 0 stands for an unknown position.
    #[must_use]
    pub fn position(mut self, line: u64, column: u64) -> At {
        self.position = (line > 0).then_some((line, column));
        self
    }

    /// Line and column, counted from 1, where they are known.
    pub fn line_and_column(&self) -> Option<(u64, u64)> {
        self.position
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "In the expression `{}`", self.expression)?;
        match self.position {
            Some((line, column)) => write!(f, " at line {line}, column {column}"),
            None => Ok(()),
        }
    }
}

/// An error of the kernels. Texts that came from a guest are clipped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not an expression.
    #[error("{at}: {reason}")]
    Syntax {
        /// Where.
        at: At,
        /// What the parser expected and found.
        reason: String,
    },
    /// A column that the schema doesn't have.
    #[error("{at}: there is no column `{name}`{near} {columns}", near = did_you_mean(near.as_deref()))]
    UnknownColumn {
        /// Where.
        at: At,
        /// The name asked for.
        name: String,
        /// The existing name most like it.
        near: Option<String>,
        /// A sentence that lists the columns.
        columns: String,
    },
    /// A function that is not offered.
    #[error("{at}: the function `{name}` {reason}{near}", near = did_you_mean(near.as_deref()))]
    UnknownFunction {
        /// Where.
        at: At,
        /// The name asked for.
        name: String,
        /// Why there is no such function here.
        reason: String,
        /// The offered name most like it.
        near: Option<String>,
    },
    /// The expression parses, but its types don't fit.
    #[error("{at}: {reason}")]
    Type {
        /// Where.
        at: At,
        /// What doesn't fit.
        reason: String,
    },
    /// Something in an expression that is not offered.
    #[error("{at}: {what}")]
    NotOffered {
        /// Where.
        at: At,
        /// What is not offered, and what to do instead.
        what: String,
    },
    /// An expression failed on the data of a batch.
    #[error("{at}: {reason}")]
    Evaluation {
        /// Which expression.
        at: At,
        /// What the kernel reports.
        reason: String,
    },
    /// Two columns of a result would have the same name.
    #[error("Two columns of the result are called `{name}`: give one of them another name with `as`")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A filter needs one boolean expression.
    #[error("A filter needs exactly one boolean expression, but {found}")]
    NotAFilter {
        /// What the program consists of.
        found: String,
    },
    /// A program or kernel was given data of another schema than it was made for.
    #[error("{what} expects another schema: {difference}")]
    SchemaDiffers {
        /// Which operation.
        what: &'static str,
        /// The first difference.
        difference: String,
    },
    /// A column asked for by name does not exist.
    #[error("There is no column `{name}`{near} {columns}", near = did_you_mean(near.as_deref()))]
    NoSuchColumn {
        /// The name asked for.
        name: String,
        /// The existing name most like it.
        near: Option<String>,
        /// A sentence that lists the columns.
        columns: String,
    },
    /// Rows past the end of a batch.
    #[error("{what} is past the end of a batch of {rows} rows")]
    PastTheEnd {
        /// The rows asked for.
        what: String,
        /// Rows that there are.
        rows: usize,
    },
    /// Columns and the fields that describe them don't fit together.
    #[error("{reason}")]
    Columns {
        /// What doesn't fit.
        reason: String,
    },
    /// `concat` of nothing.
    #[error("concat needs at least one batch")]
    NoParts,
    /// Arrow has no kernel for a type.
    #[error("{what} is not offered for the type {data_type}: {reason}")]
    NoKernel {
        /// Which operation.
        what: &'static str,
        /// The type, clipped.
        data_type: String,
        /// What the kernel reports.
        reason: String,
    },
    /// A bound of [`crate::Limits`] was passed.
    #[error(
        "{at}{what} would take {needed}, past the limit `{limit}` of {allowed}. Send less at once, or have the limit \
         raised",
        at = at.as_ref().map(|at| format!("{at}: ")).unwrap_or_default()
    )]
    Limit {
        /// Which expression, where one is at fault.
        at: Option<At>,
        /// What asks for too much.
        what: String,
        /// How much, with its unit.
        needed: String,
        /// The name of the limit in [`crate::Limits`].
        limit: &'static str,
        /// Its value.
        allowed: u64,
    },
    /// A fault in Tenon or the libraries below it.
    #[error("The kernels failed on a fault of their own, please report it: {reason}")]
    Internal {
        /// What is known about it.
        reason: String,
    },
}

impl Error {
    /// Who has to act on this error.
    pub fn kind(&self) -> Kind {
        match self {
            Error::Evaluation { .. } => Kind::BadData,
            Error::NotOffered { .. } | Error::NoKernel { .. } => Kind::Unsupported,
            Error::Limit { .. } => Kind::Limit,
            Error::Internal { .. } => Kind::Internal,
            _ => Kind::BadConfig,
        }
    }

    /// The same error as one about this expression, for errors that don't know theirs yet.
    #[must_use]
    pub(crate) fn in_expression(self, at: &At) -> Error {
        match self {
            Error::Limit {
                at: None,
                what,
                needed,
                limit,
                allowed,
            } => Error::Limit {
                at: Some(at.clone()),
                what,
                needed,
                limit,
                allowed,
            },
            other => other,
        }
    }

    /// A fault of ours.
    pub(crate) fn internal(reason: &str) -> Error {
        Error::Internal {
            reason: clip(reason, SHOWN_REASON),
        }
    }

    /// The limit on allocations, passed by `what`.
    pub(crate) fn output_bytes(what: impl Into<String>, needed: u64, allowed: u64) -> Error {
        let needed = if needed == u64::MAX {
            "too many bytes to count".to_owned()
        } else {
            format!("{needed} bytes")
        };
        Error::Limit {
            at: None,
            what: what.into(),
            needed,
            limit: "output_bytes",
            allowed,
        }
    }
}

/// At most `characters` characters of a text, on one line.
pub(crate) fn clip(text: &str, characters: usize) -> String {
    let mut shown: String = text
        .chars()
        .take(characters)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(characters).is_some() {
        shown.push('…');
    }
    shown
}

/// A name for a message.
pub(crate) fn name(name: &str) -> String {
    clip(name, SHOWN_NAME)
}

/// An explanation for a message.
pub(crate) fn reason(text: &str) -> String {
    clip(text.trim(), SHOWN_REASON)
}

/// A sentence that lists column names, clipped.
pub(crate) fn list_columns<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = names.len();
    if count == 0 {
        return "There are no columns".to_owned();
    }
    let shown: Vec<String> = names.take(SHOWN_NAMES).map(|n| format!("`{}`", name(n))).collect();
    let more = if count > SHOWN_NAMES {
        format!(" and {} more", count - SHOWN_NAMES)
    } else {
        String::new()
    };
    format!("The columns are {}{more}", shown.join(", "))
}

/// The candidate that `wanted` was probably meant to be.
pub(crate) fn nearest<'a>(wanted: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    /// Names looked at: a schema may hold very many.
    const LOOKED_AT: usize = 2_000;
    if wanted.len() > SHOWN_NAME {
        return None;
    }
    let wanted = wanted.to_lowercase();
    let allowed = (wanted.chars().count() / 3).max(1);
    candidates
        .take(LOOKED_AT)
        .filter(|candidate| candidate.len() <= SHOWN_NAME)
        .map(|candidate| (edits(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| name(candidate))
}

/// Insertions, deletions, replacements and swaps of neighbours that make one text of another.
fn edits(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    rows[0] = (0..=right.len()).collect();
    for i in 1..=left.len() {
        rows[i][0] = i;
        for j in 1..=right.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            rows[i][j] = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                rows[i][j] = rows[i][j].min(rows[i - 2][j - 2] + 1);
            }
        }
    }
    rows[left.len()][right.len()]
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(|| ".".to_owned(), |near| format!("; did you mean `{near}`?"))
}
