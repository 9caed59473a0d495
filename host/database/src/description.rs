//! What a relation's columns are in Arrow.

use arrow::datatypes::SchemaRef;
use serde::Serialize;

/// What is known of a relation before it is read.
#[derive(Debug, Clone)]
pub struct Description {
    /// Its columns. Comments on columns are in the fields' metadata under `comment`.
    pub schema: SchemaRef,
    /// Each column, in the same order: its type there, and what is lost or changed on the way.
    pub columns: Vec<DescribedColumn>,
    /// The columns of its primary key, in the key's order; none for a query.
    pub primary_key: Vec<String>,
    /// Rows, as the database estimates them.
    pub rows: Option<u64>,
    /// Bytes, as the database stores or estimates them.
    pub bytes: Option<u64>,
}

/// A column of a relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DescribedColumn {
    /// Its name.
    pub name: String,
    /// Its type as the database writes it: `numeric(12,2)`, `mood`, `int4[]`.
    pub database_type: String,
    /// What a person should know of how it became an Arrow type: that it is read as text since Arrow has no such type, that
    /// a precision was assumed.
    pub note: Option<String>,
}
