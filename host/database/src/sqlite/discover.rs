//! What there is in a file.

use rusqlite::Connection;

use super::columns::{self, Column};
use super::connection::Opener;
use super::describe;
use super::dialect::MAIN;
use crate::{Discover, Error, Found, FoundColumn, FoundKind, ReadConfig, Relation, TableName};

/// Tables and views by name. The file's only schema goes without saying.
pub(super) fn discover(opener: &Opener, connection: &Connection, what: &Discover) -> Result<Vec<Found>, Error> {
    let refused = |error: rusqlite::Error| opener.refused("to list its tables", &error);
    // The names of SQLite's own tables begin with `sqlite_`, and no others may.
    let names = connection
        .prepare(
            "select name, type from main.sqlite_schema where type in ('table', 'view') \
             and substr(lower(name), 1, 7) <> 'sqlite_' and substr(name, 1, 7) <> '_tenon_' order by name",
        )
        .and_then(|mut statement| {
            let names = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            names.collect::<rusqlite::Result<Vec<(String, String)>>>()
        })
        .map_err(refused)?;
    let mut found = Vec::new();
    for (name, kind) in names {
        if !what.fits(&TableName::new(Some(MAIN), &name)) {
            continue;
        }
        found.push(one(
            opener,
            connection,
            TableName::new(None, &name),
            &kind,
            what.columns,
        )?);
    }
    Ok(found)
}

fn one(
    opener: &Opener,
    connection: &Connection,
    name: TableName,
    kind: &str,
    with_columns: bool,
) -> Result<Found, Error> {
    let kind = if kind == "view" {
        FoundKind::View
    } else {
        FoundKind::Table
    };
    // A view of a table that is gone is listed, and has no columns that could be told.
    let columns = match columns::of_table(opener, connection, &name) {
        Ok(columns) => columns.unwrap_or_default(),
        Err(_) if kind == FoundKind::View => Vec::new(),
        Err(error) => return Err(error),
    };
    let shown = if with_columns && !columns.is_empty() {
        found_columns(opener, connection, &name, &columns)?
    } else {
        Vec::new()
    };
    Ok(Found {
        rows: describe::estimated_rows(connection, &name, &columns),
        primary_key: describe::primary_key(&columns),
        columns: shown,
        name,
        kind,
        bytes: None,
        comment: None,
    })
}

fn found_columns(
    opener: &Opener,
    connection: &Connection,
    name: &TableName,
    columns: &[Column],
) -> Result<Vec<FoundColumn>, Error> {
    let relation = Relation::Table(name.clone());
    let description = describe::describe(opener, connection, &relation, &ReadConfig::default())?;
    let columns = columns
        .iter()
        .zip(description.schema.fields())
        .map(|(column, field)| FoundColumn {
            name: column.name.clone(),
            database_type: column.declared.clone(),
            arrow_type: field.data_type().to_string(),
            nullable: column.nullable,
            comment: None,
        });
    Ok(columns.collect())
}
