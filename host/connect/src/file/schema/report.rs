//! What is known about where a source's columns come from.

use serde::Serialize;

/// How the columns of a source came to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SchemaReport {
    /// One entry per column, in their order.
    pub columns: Vec<ColumnReport>,
    /// Files whose columns were looked at.
    pub files: usize,
    /// Rows that were looked at; 0 where the files declare their types.
    pub rows: u64,
}

/// Where one column's type comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnReport {
    /// Name of the column.
    pub name: String,
    /// SQL name of its type.
    #[serde(rename = "type")]
    pub sql_type: String,
    /// Where the type comes from.
    pub origin: Origin,
    /// Of the files that were looked at, how many have this column.
    pub files: usize,
    /// Why the type is not a narrower one, where something made it wider.
    pub because: Option<String>,
}

/// Where a column's type comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The configuration.
    Given,
    /// The files themselves, which declare types.
    Declared,
    /// Values that were looked at.
    Inferred,
    /// Names of folders.
    Partition,
}
