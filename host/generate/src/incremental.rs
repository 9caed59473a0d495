//! By which columns only new rows could be read.

use arrow::datatypes::DataType;

use crate::{Column, Table};

/// What columns are called that tell when a row was last changed, without regard to case and signs; the best first.
const CHANGED: &[&str] = &[
    "updatedat",
    "modifiedat",
    "changedat",
    "lastmodifiedat",
    "lastupdatedat",
    "lastmodified",
    "lastupdated",
    "lastchanged",
    "lastupdate",
    "updatedon",
    "modifiedon",
    "updatetime",
    "updatets",
    "dateupdated",
    "datemodified",
    "updateddate",
    "modifieddate",
    "mtime",
    "updated",
    "modified",
];

/// Columns by which new rows are told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Incremental<'t> {
    /// The keys of a bookmark, the most significant first.
    pub keys: Vec<&'t str>,
    /// Whether rows that were changed are among those that are read.
    pub has_changes: bool,
    /// Whether the first key may be null, so that rows without it would be passed over.
    pub is_nullable: bool,
}

/// The columns by which a table's new rows could be told, if any look like it.
pub(crate) fn incremental(table: &Table) -> Option<Incremental<'_>> {
    let number = match table.primary_key.as_slice() {
        [only] => table.column(only).filter(|column| column.data_type.is_integer()),
        _ => None,
    };
    let changed = changed(&table.columns);
    let keys: Vec<&Column> = changed.into_iter().chain(number).collect();
    let first = keys.first()?;
    Some(Incremental {
        has_changes: changed.is_some(),
        is_nullable: first.nullable && changed.is_some(),
        keys: keys.iter().map(|column| column.name.as_str()).collect(),
    })
}

fn changed(columns: &[Column]) -> Option<&Column> {
    let is_time = |column: &&Column| matches!(column.data_type, DataType::Timestamp(..) | DataType::Date32);
    let letters = |column: &Column| -> String {
        let letters = column.name.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let rank = |column: &Column| CHANGED.iter().position(|name| *name == letters(column));
    let ranked = columns
        .iter()
        .filter(is_time)
        .filter_map(|column| Some((rank(column)?, column)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, column)| column)
}
