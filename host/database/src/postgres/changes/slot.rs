//! What the server keeps for a source: a publication and a replication slot.

use super::super::{Connection, PostgresDialect};
use super::lsn::Lsn;
use crate::sql::Dialect;
use crate::{Error, TableName};

/// Types of errors by SQLSTATE.
const NOT_ALLOWED: &str = "42501";
const IN_USE: &str = "55006";
const NOT_IN_STATE: &str = "55000";
const NOT_THERE: &str = "42704";
const NO_FILE: &str = "58P01";
const NONE_LEFT: &str = "53400";

/// A replication slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// From where on the server has the log for it.
    pub confirmed: Lsn,
}

/// A table, as SQL names it.
pub(super) fn quoted_table(table: &TableName) -> String {
    match &table.schema {
        Some(schema) => format!(
            "{}.{}",
            PostgresDialect.quote(schema),
            PostgresDialect.quote(&table.table)
        ),
        None => PostgresDialect.quote(&table.table),
    }
}

/// Whether the server keeps a log that can be read, and what version it is.
pub(super) async fn check_server(connection: &Connection) -> Result<i32, Error> {
    let statement = "select current_setting('server_version_num')::int4, current_setting('wal_level'), \
                     pg_catalog.pg_is_in_recovery()";
    let row = connection
        .query_one("asking for the log's settings", statement, &[])
        .await?;
    let (version, level, is_standby): (i32, String, bool) = (row.get(0), row.get(1), row.get(2));
    let refused = |reason: &str| {
        Err(Error::Config {
            subject: "`changes`".to_owned(),
            reason: reason.to_owned(),
        })
    };
    if version < 110_000 {
        return refused("they are read from Postgres 11 on");
    }
    if level != "logical" {
        return refused(&format!(
            "the server does not keep what they are read from: its `wal_level` is `{level}`. Run `alter system set \
             wal_level = logical` and restart it (on RDS set `rds.logical_replication = 1`)"
        ));
    }
    if is_standby {
        return refused("the server is a standby; read them from the primary server");
    }
    Ok(version)
}

/// Makes sure that the publication sends the table's changes, and makes it if it is not there.
pub(super) async fn publish(
    connection: &Connection,
    publication: &str,
    table: &TableName,
    version: i32,
) -> Result<(), Error> {
    let doing = format!("looking for the publication {publication}");
    let statement = "select exists (select from pg_catalog.pg_publication where pubname = $1::text), \
                     exists (select from pg_catalog.pg_publication_tables \
                             where pubname = $1::text and schemaname = $2::text and tablename = $3::text)";
    let row = connection
        .query_one(&doing, statement, &[&publication, &table.schema, &table.table])
        .await?;
    let (name, quoted) = (PostgresDialect.quote(publication), quoted_table(table));
    match (row.get(0), row.get(1)) {
        (true, true) => return Ok(()),
        (true, false) => {
            return Err(Error::Config {
                subject: format!("the publication `{publication}`"),
                reason: format!("it does not have the table; run `alter publication {name} add table {quoted}`"),
            });
        }
        (false, _) => {}
    }
    check_identity(connection, table).await?;
    // Changes of a partition are those of its table.
    let of_root = if version >= 130_000 {
        " with (publish_via_partition_root = true)"
    } else {
        ""
    };
    let statement = format!("create publication {name} for table {quoted}{of_root}");
    let made = connection
        .run(&format!("to create the publication {publication}"), &statement)
        .await;
    made.map_err(|error| match code(&error) {
        Some(NOT_ALLOWED) => Error::Config {
            subject: format!("the publication `{publication}`"),
            reason: format!("the user may not make it; have somebody who may run `{statement}` ({error})"),
        },
        _ => error,
    })
}

/// Postgres refuses to update and delete rows of a published table that nothing tells apart: the applications that do so
/// would fail.
async fn check_identity(connection: &Connection, table: &TableName) -> Result<(), Error> {
    let statement = "select c.relreplident in ('f', 'i') or c.relreplident = 'd' and exists (
                       select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary)
                     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                     where n.nspname = $1::text and c.relname = $2::text";
    let doing = format!("looking for the primary key of {table}");
    let row = connection
        .query_opt(&doing, statement, &[&table.schema, &table.table])
        .await?;
    if row.is_none_or(|row| row.get(0)) {
        return Ok(());
    }
    Err(Error::Mismatch {
        table: table.to_string(),
        reason: format!(
            "it has no primary key, so that once its changes are published, Postgres would refuse to update and delete its \
             rows. Run `alter table {} replica identity full` first",
            quoted_table(table)
        ),
    })
}

/// The slot, if it is there and can be read.
pub(super) async fn find(connection: &Connection, slot: &str) -> Result<Option<Slot>, Error> {
    let statement = "select s.database = pg_catalog.current_database(), s.database::text, s.plugin::text, s.active_pid, \
                       coalesce(pg_catalog.to_jsonb(s) ->> 'wal_status', ''), s.confirmed_flush_lsn::text \
                     from pg_catalog.pg_replication_slots s where s.slot_name = $1::text";
    let doing = format!("looking for the replication slot {slot}");
    let Some(row) = connection.query_opt(&doing, statement, &[&slot]).await? else {
        return Ok(None);
    };
    let is_here: Option<bool> = row.get(0);
    let (database, plugin): (Option<String>, Option<String>) = (row.get(1), row.get(2));
    let (active, status, confirmed): (Option<i32>, String, Option<String>) = (row.get(3), row.get(4), row.get(5));
    let plugin = plugin.unwrap_or_else(|| "no plugin".to_owned());
    let reason = match (is_here, active) {
        (None, _) => "it is for physical replication; choose another name".to_owned(),
        (Some(false), _) => format!(
            "it is one of the database `{}`; choose another name",
            database.unwrap_or_default()
        ),
        (Some(true), _) if plugin != "pgoutput" => {
            format!("it has the output plugin `{plugin}`, not `pgoutput`; choose another name")
        }
        (Some(true), _) if status == "lost" => lost(slot),
        (Some(true), Some(process)) => {
            return Err(Error::Refused {
                database: "the server".to_owned(),
                doing: format!("to read the replication slot `{slot}`"),
                message: format!("process {process} is reading it; no two sources may share a slot"),
                code: Some(IN_USE.to_owned()),
                transient: true,
            });
        }
        (Some(true), None) => match confirmed.and_then(|confirmed| confirmed.parse().ok()) {
            Some(confirmed) => return Ok(Some(Slot { confirmed })),
            None => "it was not made to the end; drop it with `select pg_drop_replication_slot(...)`".to_owned(),
        },
    };
    Err(of_slot(slot, reason))
}

/// Makes the slot. Waits until transactions have ended that are running.
pub(super) async fn create(connection: &Connection, slot: &str) -> Result<Slot, Error> {
    let statement = "select lsn::text from pg_catalog.pg_create_logical_replication_slot($1::text, 'pgoutput')";
    let doing = format!("to make the replication slot {slot}");
    let row = connection
        .query_one(&doing, statement, &[&slot])
        .await
        .map_err(|error| explain(error, slot))?;
    let lsn: String = row.get(0);
    let confirmed = lsn
        .parse()
        .map_err(|()| of_slot(slot, format!("its place `{lsn}` is not understood")))?;
    Ok(Slot { confirmed })
}

/// Lets the server remove its log up to a place that has been committed.
pub(super) async fn advance(connection: &Connection, slot: &str, to: Lsn) -> Result<(), Error> {
    let statement = "select end_lsn::text from pg_catalog.pg_replication_slot_advance($1::text, $2::text::pg_lsn)";
    let doing = format!("to advance the replication slot {slot}");
    let advanced = connection.query_one(&doing, statement, &[&slot, &to.to_string()]).await;
    advanced.map(drop).map_err(|error| explain(error, slot))
}

/// What a slot's errors mean.
pub(super) fn explain(error: Error, slot: &str) -> Error {
    let message = match &error {
        Error::Refused { message, .. } => message.clone(),
        _ => return error,
    };
    let is_lost = ["can no longer", "no longer get", "invalidated"]
        .iter()
        .any(|text| message.contains(text));
    let reason = match code(&error) {
        Some(NOT_IN_STATE) if is_lost => lost(slot),
        Some(NO_FILE) => lost(slot),
        Some(NOT_IN_STATE) => message,
        Some(NOT_ALLOWED) => format!(
            "the user may not use it ({message}); run `alter role ... replication` as a superuser, on RDS `grant \
             rds_replication to ...`"
        ),
        Some(NOT_THERE) => format!("{message}; forget the source's bookmark, so that all rows are read again"),
        Some(NONE_LEFT) => format!("{message}; drop slots that nobody uses, or raise `max_replication_slots`"),
        Some(IN_USE) => {
            return Error::Refused {
                database: "the server".to_owned(),
                doing: format!("to read the replication slot `{slot}`"),
                message: format!("{message}; no two sources may share a slot"),
                code: Some(IN_USE.to_owned()),
                transient: true,
            };
        }
        _ => return error,
    };
    of_slot(slot, reason)
}

/// An error of the slot itself.
pub(super) fn of_slot(slot: &str, reason: String) -> Error {
    Error::Config {
        subject: format!("the replication slot `{slot}`"),
        reason,
    }
}

fn lost(slot: &str) -> String {
    format!(
        "the server has removed log that it still needs (`max_slot_wal_keep_size`), so changes are lost. Drop it (`select \
         pg_drop_replication_slot('{}')`) and forget the source's bookmark, so that all rows are read again",
        slot.replace('\'', "''")
    )
}

fn code(error: &Error) -> Option<&str> {
    match error {
        Error::Refused { code, .. } => code.as_deref(),
        _ => None,
    }
}
