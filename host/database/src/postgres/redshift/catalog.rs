//! What the catalog says of a table that is to be written.

use super::super::catalog::primary_keys;
use super::super::{Connection, RedshiftDialect};
use super::ledger::literal as literal_name;
use crate::sql::Dialect;
use crate::{Error, TableName};

/// Bytes of a name at most.
pub(super) const NAME_BYTES: usize = 127;

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub columns: Vec<Column>,
    pub primary_key: Vec<String>,
}

/// A column of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub name: String,
    /// As it is declared: `numeric(12,2)`.
    pub declared: String,
    /// Its type as the catalog calls it: `int4`, `varchar`.
    pub base: String,
    /// Length, or precision and scale, as the catalog writes them; -1 for none.
    pub modifier: i32,
    pub is_not_null: bool,
}

impl Column {
    /// The bytes that a text may have.
    pub fn text_bytes(&self) -> Option<i32> {
        matches!(self.base.as_str(), "varchar" | "bpchar")
            .then_some(self.modifier - 4)
            .filter(|bytes| *bytes > 0)
    }

    /// Digits before and after the point.
    pub fn digits(&self) -> Option<(i32, i32)> {
        let both = (self.base == "numeric")
            .then_some(self.modifier - 4)
            .filter(|both| *both >= 0)?;
        let scale = both & 0xffff;
        Some(((both >> 16) - scale, scale))
    }
}

/// A name with its schema, quoted.
pub(super) fn quoted(name: &TableName) -> String {
    match &name.schema {
        Some(schema) => format!(
            "{}.{}",
            RedshiftDialect.quote(schema),
            RedshiftDialect.quote(&name.table)
        ),
        None => RedshiftDialect.quote(&name.table),
    }
}

/// The schema that a table is in or would be made in.
pub(super) async fn schema_of(connection: &Connection, name: &TableName) -> Result<String, Error> {
    let doing = format!("looking up the schema of {name}");
    let statement = match &name.schema {
        Some(schema) => format!(
            "select nspname::varchar(128) from pg_catalog.pg_namespace where nspname = {}",
            literal_name(schema)
        ),
        None => "select current_schema()::varchar(128)".to_owned(),
    };
    let found = connection.text(&doing, &statement).await?;
    if !found.is_empty() {
        return Ok(found);
    }
    Err(Error::Config {
        subject: name.to_string(),
        reason: match &name.schema {
            Some(schema) => format!("there is no schema `{schema}`; create it first"),
            None => "there is no schema to make tables in; name one, or set the user's `search_path`".to_owned(),
        },
    })
}

/// A table by its full name. None if there is none.
pub(super) async fn find(connection: &Connection, name: &TableName) -> Result<Option<Table>, Error> {
    let doing = format!("looking up the table {name}");
    let schema = name.schema.as_deref().unwrap_or_default();
    let statement = format!(
        "select c.oid, c.relkind::varchar(1) from pg_catalog.pg_class c \
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relname = {} and n.nspname = {}",
        literal_name(&name.table),
        literal_name(schema)
    );
    let Some(row) = connection.query_opt(&doing, &statement, &[]).await? else {
        return Ok(None);
    };
    let (oid, kind): (u32, String) = (row.get(0), row.get(1));
    if kind != "r" {
        return Err(Error::Config {
            subject: name.to_string(),
            reason: format!("it is no table (`{kind}`); rows are written to tables"),
        });
    }
    let statement = format!(
        "select a.attname::varchar(128), pg_catalog.format_type(a.atttypid, a.atttypmod)::varchar(256), \
         t.typname::varchar(128), a.atttypmod, a.attnotnull \
         from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid \
         where a.attrelid = {oid} and a.attnum > 0 and not a.attisdropped order by a.attnum"
    );
    let rows = connection.query(&doing, &statement, &[]).await?;
    let columns = rows.iter().map(|row| Column {
        name: row.get(0),
        declared: row.get(1),
        base: row.get(2),
        modifier: row.get(3),
        is_not_null: row.get(4),
    });
    Ok(Some(Table {
        columns: columns.collect(),
        primary_key: primary_keys(connection, &[oid]).await?.remove(&oid).unwrap_or_default(),
    }))
}
