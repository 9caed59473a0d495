//! Statements and values of SQLite.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode};

use crate::sql::Dialect;
use crate::{Error, Row, Value};

pub(crate) fn execute(connection: &Connection, sql: &str, parameters: &[Value]) -> Result<u64, Error> {
    let mut statement = connection
        .prepare_cached(&Dialect::SQLITE.apply(sql))
        .map_err(|error| failed(connection, &error))?;
    let changed = statement
        .execute(rusqlite::params_from_iter(parameters))
        .map_err(|error| failed(connection, &error))?;
    Ok(changed as u64)
}

pub(crate) fn query(connection: &Connection, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, Error> {
    let mut statement = connection
        .prepare_cached(&Dialect::SQLITE.apply(sql))
        .map_err(|error| failed(connection, &error))?;
    let columns = statement.column_count();
    let mut rows = statement
        .query(rusqlite::params_from_iter(parameters))
        .map_err(|error| failed(connection, &error))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(|error| failed(connection, &error))? {
        let values = (0..columns).map(|column| row.get_ref(column).map(value));
        let values = values
            .collect::<rusqlite::Result<_>>()
            .map_err(|error| failed(connection, &error))?;
        found.push(Row(values));
    }
    Ok(found)
}

/// Runs a statement without parameters that is run often.
pub(super) fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

pub(crate) fn batch(connection: &Connection, sql: &str) -> Result<(), Error> {
    connection
        .execute_batch(&Dialect::SQLITE.apply(sql))
        .map_err(|error| failed(connection, &error))
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

fn failed(connection: &Connection, error: &rusqlite::Error) -> Error {
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => Error::Constraint { reason },
        Some(ErrorCode::ReadOnly) if connection.is_readonly("main").unwrap_or(false) => Error::Statement {
            reason: "a look at the database cannot change it".to_owned(),
        },
        Some(
            ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::OutOfMemory
            | ErrorCode::PermissionDenied,
        ) => unavailable(error, "used"),
        _ => Error::Statement { reason },
    }
}

pub(super) fn unavailable(error: &rusqlite::Error, doing: &'static str) -> Error {
    let reason = error.to_string();
    Error::Unavailable { doing, reason }
}
