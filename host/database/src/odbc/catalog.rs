//! What a driver says of a database's tables, by the functions that all of them have.

use odbc_api::{Connection, Error as OdbcError};

use crate::generic::Dbms;
use crate::{Discover, Found, FoundKind, TableName};

/// Schemas that hold no tables of users.
const SYSTEM: [&str; 4] = ["information_schema", "pg_catalog", "sys", "INFORMATION_SCHEMA"];

/// The columns of a table's primary key, in order.
pub(crate) fn primary_key(connection: &Connection<'_>, table: &TableName) -> Result<Vec<String>, OdbcError> {
    let mut found = Vec::new();
    for key in connection.primary_keys(None, table.schema.as_deref(), &table.table)? {
        let key = key?;
        let name = key.column.as_str().ok().flatten().unwrap_or_default().to_owned();
        found.push((key.key_seq, name));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

/// Tables and views of users, without their columns.
pub(crate) fn tables(connection: &Connection<'_>, dbms: Dbms, what: &Discover) -> Result<Vec<Found>, OdbcError> {
    let mut found = Vec::new();
    for row in connection.tables("", "", "", "")? {
        let row = row?;
        let text = |text: Result<Option<&str>, std::str::Utf8Error>| text.ok().flatten().unwrap_or_default().to_owned();
        let schema = match dbms {
            // What others call a schema is a catalog there.
            Dbms::Mysql => text(row.catalog.as_str()),
            _ => text(row.schema.as_str()),
        };
        let name = TableName::new(
            Some(schema.as_str()).filter(|schema| !schema.is_empty()),
            &text(row.table.as_str()),
        );
        let kind = text(row.table_type.as_str()).to_uppercase();
        let comment = text(row.remarks.as_str());
        let is_ours = kind.contains("TABLE") || kind.contains("VIEW");
        if !is_ours || kind.contains("SYSTEM") || SYSTEM.contains(&schema.as_str()) || !what.fits(&name) {
            continue;
        }
        found.push(Found {
            name,
            kind: if kind.contains("VIEW") {
                FoundKind::View
            } else {
                FoundKind::Table
            },
            rows: None,
            bytes: None,
            comment: Some(comment).filter(|comment| !comment.is_empty()),
            primary_key: Vec::new(),
            unique_keys: Vec::new(),
            foreign_keys: Vec::new(),
            columns: Vec::new(),
        });
    }
    Ok(found)
}
