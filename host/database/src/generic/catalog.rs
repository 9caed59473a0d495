//! Names that are nearly right.

use crate::{Discover, Error, TableName};

use super::Session;

/// The error that there is no such table, with the name nearest to it.
pub(crate) fn no_table(session: &mut impl Session, database: &str, table: &TableName) -> Error {
    let asked = table.to_string().to_lowercase();
    let found = session.tables(&Discover::default()).unwrap_or_default();
    let names = found.into_iter().flat_map(|found| {
        let alone = TableName::new(None, &found.name.table);
        [found.name, alone]
    });
    let nearest = names
        .map(|name| (strsim::jaro_winkler(&asked, &name.to_string().to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0));
    Error::NoTable {
        database: database.to_owned(),
        table: table.to_string(),
        nearest: nearest.map(|(_, name)| name.to_string()),
    }
}

/// The error that there is no such column.
pub(crate) fn no_column<'a>(relation: &str, column: &str, columns: impl Iterator<Item = &'a String>) -> Error {
    let mut names: Vec<&str> = columns.map(String::as_str).collect();
    let all = names.len();
    names.truncate(20);
    let more = if all > names.len() { ", ..." } else { "" };
    Error::NoColumn {
        relation: relation.to_owned(),
        column: column.to_owned(),
        columns: format!("{}{more}", names.join(", ")),
    }
}

/// Whether a table is one that Tenon keeps for itself.
pub(crate) fn is_own(table: &str) -> bool {
    table.to_lowercase().starts_with("_tenon_")
}
