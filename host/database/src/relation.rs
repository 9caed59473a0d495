//! What is read: a table, or a query.

use std::fmt;

use crate::TableName;

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// A table or view.
    Table(TableName),
    /// A query in the database's own SQL, read as if it were a table.
    Query(String),
}

impl fmt::Display for Relation {
    /// The table's name, or the beginning of the query.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(name) => name.fmt(formatter),
            Self::Query(query) => {
                let line = query.split_whitespace().collect::<Vec<_>>().join(" ");
                let clipped: String = line.chars().take(60).collect();
                let dots = if clipped.len() < line.len() { "..." } else { "" };
                write!(formatter, "the query `{clipped}{dots}`")
            }
        }
    }
}
