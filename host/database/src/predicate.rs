//! Conditions that a database is asked to filter rows by.

use crate::Value;

/// A condition on columns, which a database may be able to check before it sends rows.
///
/// As in SQL, a comparison with null is neither true nor false, and rows for which a condition is not true are left out.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// A column compared with a value.
    Compare {
        /// The column.
        column: String,
        /// How.
        comparison: Comparison,
        /// With what.
        value: Value,
    },
    /// A column is one of some values.
    In {
        /// The column.
        column: String,
        /// The values; at least one.
        values: Vec<Value>,
    },
    /// A column is null.
    IsNull(String),
    /// A text column begins with this text, exactly as it is written.
    StartsWith {
        /// The column.
        column: String,
        /// The text.
        prefix: String,
    },
    /// All of them.
    All(Vec<Predicate>),
    /// One of them.
    Any(Vec<Predicate>),
    /// Not this.
    Not(Box<Predicate>),
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// As SQL writes it.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// What a database can do about a predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pushdown {
    /// Nothing: it would leave out rows that belong to the answer, or it has no such comparison.
    No,
    /// It leaves out some rows that do not belong, and none that do.
    Inexact,
    /// Exactly what Arrow's kernels would do: text compared by its bytes, and no NaN or collation that differs.
    Exact,
}

impl Predicate {
    /// All of them; none where there is none.
    pub fn all(predicates: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut all: Vec<Self> = predicates.into_iter().collect();
        if all.len() > 1 {
            return Some(Self::All(all));
        }
        all.pop()
    }

    /// Calls `visit` with each column that the predicate looks at, as often as it does.
    pub fn columns<'a>(&'a self, visit: &mut impl FnMut(&'a str)) {
        match self {
            Self::Compare { column, .. }
            | Self::In { column, .. }
            | Self::StartsWith { column, .. }
            | Self::IsNull(column) => visit(column),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.columns(visit)),
            Self::Not(part) => part.columns(visit),
        }
    }
}
