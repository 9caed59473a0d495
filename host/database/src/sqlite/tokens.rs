//! Which runs have committed.

use rusqlite::{Connection, OptionalExtension, params};

use super::staging;
use crate::{Committed, Prepared};

/// Where tokens are kept, with the columns that every database has for them.
const TABLE: &str = "main._tenon_commits";

/// The name of what a run commits to a sink.
pub(super) fn token(run: &str, sink: &str) -> String {
    format!("{run}/{sink}")
}

/// What a token has committed; none where it has not.
pub(super) fn committed(connection: &Connection, token: &str) -> rusqlite::Result<Option<Committed>> {
    let has_table = "select 1 from main.sqlite_schema where name = '_tenon_commits'";
    if connection.query_row(has_table, [], |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    let query = format!("select target, rows, bytes from {TABLE} where token = ?1 and state = 'committed'");
    let committed = connection.query_row(&query, [token], |row| {
        Ok(Committed {
            table: row.get(0)?,
            rows: row.get::<_, i64>(1)?.cast_unsigned(),
            bytes: row.get::<_, i64>(2)?.cast_unsigned(),
        })
    });
    committed.optional()
}

/// Says, in the transaction that is open, that a token has committed.
pub(super) fn record(connection: &Connection, prepared: &Prepared) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "create table if not exists {TABLE} (token text primary key, target text, staging text, state text, \
         rows bigint, bytes bigint, created_at timestamp)"
    ))?;
    let insert = format!("insert into {TABLE} values (?1, ?2, ?3, 'committed', ?4, ?5, ?6)");
    let values = params![
        token(&prepared.run, &prepared.sink),
        prepared.table.to_string(),
        prepared.staging.to_string(),
        prepared.rows.cast_signed(),
        prepared.bytes.cast_signed(),
        staging::now(),
    ];
    connection.execute(&insert, values).map(drop)
}
