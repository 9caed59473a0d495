//! What a relation's columns are in Arrow.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension};

use super::columns::{self, Column, UNDECLARED};
use super::connection::Opener;
use super::dialect;
use super::types;
use crate::{DescribedColumn, Description, Error, ReadConfig, Relation, TableName};

/// Rows that are looked at for the types of columns that declare none.
const LOOKED_AT: usize = 1_000;

/// Describes a relation.
pub(super) fn describe(
    opener: &Opener,
    connection: &Connection,
    relation: &Relation,
    config: &ReadConfig,
) -> Result<Description, Error> {
    let columns = columns::of(opener, connection, relation)?;
    check_named(relation, &columns, config)?;
    let mut types = Vec::with_capacity(columns.len());
    for column in &columns {
        types.push(wanted_type(relation, column, config)?.or_else(|| types::arrow_type(&column.declared)));
    }
    let mut notes = vec![None; columns.len()];
    look_at_values(opener, connection, relation, &columns, &mut types, &mut notes)?;
    let described = columns.iter().zip(notes).map(|(column, note)| DescribedColumn {
        name: column.name.clone(),
        database_type: column.declared.clone(),
        note: note.or_else(|| read_as_text(column, config)),
    });
    let fields = columns.iter().zip(&types).map(|(column, data_type)| {
        let data_type = data_type.clone().unwrap_or(DataType::Utf8);
        Field::new(&column.name, data_type, column.nullable)
    });
    Ok(Description {
        columns: described.collect(),
        schema: Arc::new(Schema::new(fields.collect::<Vec<Field>>())),
        primary_key: primary_key(&columns),
        rows: match relation {
            Relation::Table(table) => estimated_rows(connection, table, &columns),
            Relation::Query(_) => None,
        },
        bytes: None,
    })
}

/// The columns of the primary key in the key's order.
pub(super) fn primary_key(columns: &[Column]) -> Vec<String> {
    let mut key: Vec<&Column> = columns.iter().filter(|column| column.key > 0).collect();
    key.sort_by_key(|column| column.key);
    key.into_iter().map(|column| column.name.clone()).collect()
}

/// Rows, by what `analyze` has found, or by how many row numbers there are.
pub(super) fn estimated_rows(connection: &Connection, table: &TableName, columns: &[Column]) -> Option<u64> {
    // The table of statistics is only there once somebody has run `analyze`.
    let analysed = "select max(cast(stat as integer)) from main.sqlite_stat1 where lower(tbl) = lower(?1)";
    let analysed = connection.query_row(analysed, [&table.table], |row| row.get::<_, Option<i64>>(0));
    if let Ok(Some(rows)) = analysed {
        return u64::try_from(rows).ok();
    }
    let (least, most) = rowids(connection, table, columns)?;
    u64::try_from(most.checked_sub(least)?.checked_add(1)?).ok()
}

/// The least and the greatest row number; none for an empty table and for one without row numbers.
pub(super) fn rowids(connection: &Connection, table: &TableName, columns: &[Column]) -> Option<(i64, i64)> {
    let rowid = columns::rowid(connection, table, columns)?;
    let from = dialect::table(table);
    let ends = format!("select (select min({rowid}) from {from}), (select max({rowid}) from {from})");
    let ends = connection.query_row(&ends, [], |row| Ok((row.get(0)?, row.get(1)?)));
    match ends.optional() {
        Ok(Some((Some(least), Some(most)))) => Some((least, most)),
        _ => None,
    }
}

fn check_named(relation: &Relation, columns: &[Column], config: &ReadConfig) -> Result<(), Error> {
    let unknown = config
        .schema
        .keys()
        .find(|name| columns.iter().all(|column| column.name != **name));
    let Some(unknown) = unknown else { return Ok(()) };
    let names: Vec<&str> = columns.iter().take(20).map(|column| column.name.as_str()).collect();
    Err(Error::NoColumn {
        relation: relation.to_string(),
        column: unknown.clone(),
        columns: names.join(", "),
    })
}

fn wanted_type(relation: &Relation, column: &Column, config: &ReadConfig) -> Result<Option<DataType>, Error> {
    let Some(wanted) = config.schema.get(&column.name) else {
        return Ok(None);
    };
    let data_type = types::arrow_type(wanted).ok_or_else(|| Error::Config {
        subject: format!("`schema` of {relation}, column `{}`", column.name),
        reason: format!(
            "the type `{wanted}` is not understood; there are `bigint`, `double`, `decimal(12,2)`, `text`, `boolean`, \
             `date`, `time`, `timestamp`, `timestamptz` and `blob`"
        ),
    })?;
    Ok(Some(data_type))
}

fn read_as_text(column: &Column, config: &ReadConfig) -> Option<String> {
    let is_too_wide = types::arrow_type(&column.declared) == Some(DataType::Utf8) && column.declared.contains(',');
    let is_as_declared = !config.schema.contains_key(&column.name);
    (is_too_wide && is_as_declared).then(|| "read as text: Arrow has no decimals of so many digits".to_owned())
}

/// Finds types for the columns that have none yet, by what the first rows hold.
fn look_at_values(
    opener: &Opener,
    connection: &Connection,
    relation: &Relation,
    columns: &[Column],
    types: &mut [Option<DataType>],
    notes: &mut [Option<String>],
) -> Result<(), Error> {
    let open: Vec<usize> = (0..types.len()).filter(|index| types[*index].is_none()).collect();
    if open.is_empty() {
        return Ok(());
    }
    let names = columns::list(open.iter().map(|index| &columns[*index].name));
    let query = format!("select {names} from {} limit {LOOKED_AT}", columns::from(relation));
    let mut seen: Vec<Vec<Type>> = vec![Vec::new(); open.len()];
    let look = || -> rusqlite::Result<()> {
        let mut statement = connection.prepare(&query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for (at, seen) in seen.iter_mut().enumerate() {
                let kind = row.get_ref(at)?.data_type();
                if kind != Type::Null && !seen.contains(&kind) {
                    seen.push(kind);
                }
            }
        }
        Ok(())
    };
    let mut look = look;
    look().map_err(|error| columns::reading(opener, relation, &error))?;
    for (index, seen) in open.into_iter().zip(seen) {
        let (data_type, holds) = type_of_values(&seen);
        let declared = &columns[index].declared;
        let says = if declared == UNDECLARED {
            "no type".to_owned()
        } else {
            format!("`{declared}`, which says little")
        };
        notes[index] = Some(format!("declares {says}; its first rows hold {holds}"));
        types[index] = Some(data_type);
    }
    Ok(())
}

fn type_of_values(seen: &[Type]) -> (DataType, &'static str) {
    match seen {
        [] => (DataType::Utf8, "nothing, so it is read as text"),
        [Type::Integer] => (DataType::Int64, "whole numbers"),
        [Type::Blob] => (DataType::Binary, "bytes"),
        [Type::Text] => (DataType::Utf8, "text"),
        kinds if kinds.iter().all(|kind| matches!(kind, Type::Integer | Type::Real)) => (DataType::Float64, "numbers"),
        _ => (DataType::Utf8, "values of several types, so it is read as text"),
    }
}
