//! What there is in a file.

use rusqlite::Connection;

use super::columns::{self, Column};
use super::connection::Opener;
use super::describe;
use super::dialect::MAIN;
use crate::{Discover, Error, Found, FoundColumn, FoundForeignKey, FoundKind, ReadConfig, Relation, TableName};

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
    let refused = |error: rusqlite::Error| opener.refused(format!("to list the keys of {name}"), &error);
    let foreign_keys = foreign_keys(connection, &name.table).map_err(refused)?;
    Ok(Found {
        rows: describe::estimated_rows(connection, &name, &columns),
        primary_key: describe::primary_key(&columns),
        unique_keys: unique_keys(connection, &name.table).map_err(refused)?,
        foreign_keys: with_keys_of_others(opener, connection, foreign_keys),
        columns: shown,
        name,
        kind,
        bytes: None,
        comment: None,
    })
}

/// The unique keys that are not the primary key. An index on expressions, or on some rows alone, is none.
fn unique_keys(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Vec<String>>> {
    let mut statement = connection.prepare(
        "select l.seq, i.name from pragma_index_list(?1, ?2) l join pragma_index_info(l.name, ?2) i \
         where l.\"unique\" = 1 and l.origin <> 'pk' and l.partial = 0 order by l.seq desc, i.seqno",
    )?;
    let rows = statement.query_map([table, MAIN], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, Option<String>)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut keys: Vec<(i64, Vec<Option<String>>)> = Vec::new();
    for (index, column) in rows {
        if keys.last().is_none_or(|(last, _)| *last != index) {
            keys.push((index, Vec::new()));
        }
        if let Some((_, key)) = keys.last_mut() {
            key.push(column);
        }
    }
    let whole = |(_, key): (i64, Vec<Option<String>>)| key.into_iter().collect::<Option<Vec<String>>>();
    Ok(keys.into_iter().filter_map(whole).collect())
}

/// The foreign keys. Where one does not say what columns it refers to, there are none.
fn foreign_keys(connection: &Connection, table: &str) -> rusqlite::Result<Vec<FoundForeignKey>> {
    type Row = (i64, String, String, Option<String>);
    let mut statement = connection
        .prepare("select id, \"table\", \"from\", \"to\" from pragma_foreign_key_list(?1, ?2) order by id desc, seq")?;
    let rows = statement.query_map([table, MAIN], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    let rows: Vec<Row> = rows.collect::<rusqlite::Result<_>>()?;
    let (mut keys, mut last): (Vec<FoundForeignKey>, Option<i64>) = (Vec::new(), None);
    for (id, table, column, referenced) in rows {
        if last.replace(id) != Some(id) {
            keys.push(FoundForeignKey {
                columns: Vec::new(),
                table: TableName::new(None, &table),
                referenced: Vec::new(),
            });
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(column);
            key.referenced.extend(referenced);
        }
    }
    Ok(keys)
}

/// The same with the columns that they refer to: the other table's primary key where they do not say.
fn with_keys_of_others(
    opener: &Opener,
    connection: &Connection,
    mut keys: Vec<FoundForeignKey>,
) -> Vec<FoundForeignKey> {
    for key in &mut keys {
        if key.referenced.is_empty() {
            // The table need not be there.
            let columns = columns::of_table(opener, connection, &key.table);
            key.referenced = describe::primary_key(&columns.ok().flatten().unwrap_or_default());
        }
    }
    keys
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
