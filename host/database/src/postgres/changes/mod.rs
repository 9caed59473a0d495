//! Reading a table's changes from logical replication.
//!
//! The log is read by ordinary SQL: it is peeked at, from a bookmark up to what is in it when a run begins. Only the next
//! run, to whose bookmark the one before was committed, lets the server forget what lies behind. So whatever a run that
//! was not committed has read, the next one reads again, exactly the same.

mod columns;
mod initial;
mod lsn;
mod message;
mod replay;
mod rows;
mod settle;
mod slot;
mod stream;
mod visible;

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use self::columns::{ADDED, Columns};
use self::initial::{Initial, InitialScan, Maker};
use self::lsn::Lsn;
use self::replay::Wanted;
use self::stream::ChangesScan;
use super::catalog::Table;
use super::describe::find;
use super::dialect::quoted;
use super::{Connection, Postgres, PostgresDialect, split};
use crate::sql::Dialect;
use crate::{Changes, ChangesBookmark, ChangesRequest, Driver, Error};

/// The first version of Postgres that sends values in binary form.
const BINARY: i32 = 140_000;

/// Prepares to read what has changed in a table.
pub(super) async fn open(database: &Postgres, request: ChangesRequest) -> Result<Changes, Error> {
    if database.driver() == Driver::Redshift {
        return Err(Error::Config {
            subject: format!("`changes` of {}", request.table),
            reason: "Redshift has no log of changes".to_owned(),
        });
    }
    let connection = database.connect().await?;
    let table = find(database, &connection, &request.table).await?;
    if !matches!(table.kind as u8, b'r' | b'p') {
        return Err(Error::Mismatch {
            table: request.table.to_string(),
            reason: "only tables have changes, and it is none".to_owned(),
        });
    }
    let version = slot::check_server(&connection).await?;
    let opening = Opening {
        slot: slot_name(&request, &table),
        database,
        connection,
        table,
        version,
        request: &request,
    };
    match &request.since {
        Some(since) => opening.changes(since).await,
        None => opening.all_rows().await,
    }
}

/// The slot's name; by default one made of the table's.
fn slot_name(request: &ChangesRequest, table: &Table) -> String {
    request.config.slot.clone().unwrap_or_else(|| {
        let hash = hex::encode(Sha256::digest(table.name.to_string()));
        format!("tenon_{}", &hash[..20])
    })
}

struct Opening<'a> {
    database: &'a Postgres,
    connection: Connection,
    table: Table,
    version: i32,
    slot: String,
    request: &'a ChangesRequest,
}

impl Opening<'_> {
    fn publication(&self) -> &str {
        self.request.config.publication.as_ref().unwrap_or(&self.slot)
    }

    async fn columns(&self) -> Result<Arc<Columns>, Error> {
        let columns = Columns::of(self.database, &self.connection, self.request, self.table.oid).await?;
        Ok(Arc::new(columns))
    }

    /// What has changed since the last run.
    async fn changes(self, since: &ChangesBookmark) -> Result<Changes, Error> {
        let slot = &self.slot;
        if since.slot != *slot {
            let reason = format!(
                "the last run has read `{}`; forget its bookmark to read from another slot",
                since.slot
            );
            return Err(slot::of_slot(slot, reason));
        }
        let table = self.table.name.to_string();
        if let Some(read) = since.table.as_ref().filter(|read| **read != table) {
            let reason =
                format!("the last run has read changes of {read}; forget its bookmark to read those of {table}");
            return Err(slot::of_slot(slot, reason));
        }
        let from: Lsn = since
            .position
            .parse()
            .map_err(|()| slot::of_slot(slot, format!("the bookmark's place `{}` is none", since.position)))?;
        let found = slot::find(&self.connection, slot).await?;
        let found = found.ok_or_else(|| {
            let reason = "it is gone, and with it the changes since the last run; forget the source's bookmark, so that all \
                          rows are read again";
            slot::of_slot(slot, reason.to_owned())
        })?;
        if found.confirmed > from {
            let reason = format!(
                "somebody else has read it on to {}, past the last run's {from}, so changes are lost; forget the source's \
                 bookmark, so that all rows are read again",
                found.confirmed
            );
            return Err(slot::of_slot(slot, reason));
        }
        if !self.request.dry && from > found.confirmed {
            slot::advance(&self.connection, slot, from).await?;
        }
        // Before the columns are looked up, so that what is added later is not in the log that is read.
        let upto = self.flushed().await?.max(from);
        let columns = self.columns().await?;
        let scan = ChangesScan {
            database: self.database.clone(),
            publication: self.publication().to_owned(),
            is_binary: self.version >= BINARY && columns.is_binary(),
            batch_rows: self.request.batch_rows.max(1),
            wanted: Wanted {
                table: self.table.name.clone(),
                columns: Arc::clone(&columns),
                from,
                upto,
                seen: since.snapshot.as_deref().map(settle::parse).transpose()?,
            },
            slot: slot.clone(),
        };
        Ok(Changes {
            description: columns.description.clone(),
            scan: Arc::new(scan),
            next: ChangesBookmark {
                slot: self.slot,
                table: Some(self.table.name.to_string()),
                position: upto.to_string(),
                // What it has seen was logged before it, and all of that log lies behind now.
                snapshot: None,
            },
        })
    }

    /// All rows that are there, and the place from which on there will be changes.
    async fn all_rows(self) -> Result<Changes, Error> {
        let from = if self.request.dry {
            Lsn(0)
        } else {
            self.begin_log().await?
        };
        let columns = self.columns().await?;
        let maker = self.database.connect().await?;
        maker.run("beginning a transaction", initial::BEGIN).await?;
        let statement = "select pg_catalog.txid_current_snapshot()::text, pg_catalog.pg_export_snapshot(), \
                         (extract(epoch from pg_catalog.now()) * 1000000)::int8, \
                         pg_catalog.pg_current_wal_insert_lsn()::text";
        let row = maker.query_one("making a snapshot", statement, &[]).await?;
        let (seen, snapshot, now, logged): (String, String, i64, String) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        let reads_rows = self.request.config.snapshot != Some(false);
        if let (true, Ok(logged)) = (reads_rows, logged.parse()) {
            self.wait_until_flushed(logged).await?;
        }
        let statements = self.statements(&columns, from, now, reads_rows).await?;
        let initial = Initial {
            database: self.database.clone(),
            relation: self.request.table.to_string(),
            columns: Arc::clone(&columns),
            maker: Mutex::new(Maker {
                connection: Some(maker),
                waiting: statements.len(),
            }),
            statements,
            batch_rows: self.request.batch_rows.max(1),
            snapshot,
        };
        Ok(Changes {
            description: columns.description.clone(),
            scan: Arc::new(InitialScan::new(initial)),
            next: ChangesBookmark {
                slot: self.slot,
                table: Some(self.table.name.to_string()),
                position: from.to_string(),
                snapshot: reads_rows.then_some(seen),
            },
        })
    }

    /// Makes the publication and the slot, or takes the one that a run has made that was not committed.
    async fn begin_log(&self) -> Result<Lsn, Error> {
        slot::publish(&self.connection, self.publication(), &self.table.name, self.version).await?;
        let slot = match slot::find(&self.connection, &self.slot).await? {
            Some(slot) => slot,
            None => slot::create(&self.connection, &self.slot).await?,
        };
        settle::settle(&self.connection).await?;
        Ok(slot.confirmed)
    }

    async fn statements(&self, columns: &Columns, from: Lsn, now: i64, reads_rows: bool) -> Result<Vec<String>, Error> {
        let position = quoted(&from.padded()).unwrap_or_default();
        let added = [
            "'insert'::text".to_owned(),
            format!("{position}::text"),
            format!("'1970-01-01 00:00:00+00'::timestamptz + '{now}'::int8 * interval '1 microsecond'"),
            "'0'::int8".to_owned(),
        ];
        let added = added
            .iter()
            .zip(ADDED)
            .map(|(value, name)| format!("{value} as {}", PostgresDialect.quote(name)));
        let own = columns.table.iter().map(|column| column.selected.clone());
        let selected: Vec<String> = added.chain(own).collect();
        let select = format!(
            "select {} from {}",
            selected.join(", "),
            slot::quoted_table(&self.table.name)
        );
        if !reads_rows {
            return Ok(vec![format!("{select} where false")]);
        }
        let parts = self
            .request
            .parts
            .min(self.database.connections().saturating_sub(1))
            .max(1);
        let parts = match parts {
            1 => vec![String::new()],
            parts => split::by_pages(&self.connection, &self.table, parts).await?,
        };
        let statement = |part: String| {
            if part.is_empty() {
                select.clone()
            } else {
                format!("{select} where {part}")
            }
        };
        Ok(parts.into_iter().map(statement).collect())
    }

    /// How far the log is safe.
    async fn flushed(&self) -> Result<Lsn, Error> {
        let statement = "select pg_catalog.pg_current_wal_flush_lsn()::text";
        let text = self.connection.text("asking for the log's end", statement).await?;
        text.parse()
            .map_err(|()| slot::of_slot(&self.slot, format!("the log's end `{text}` is not understood")))
    }

    /// All that a snapshot has seen has to lie behind the next bookmark, so that nobody needs the snapshot after that.
    async fn wait_until_flushed(&self, place: Lsn) -> Result<(), Error> {
        let begun = Instant::now();
        while self.flushed().await? < place {
            if begun.elapsed() > Duration::from_secs(30) {
                return Err(slot::of_slot(
                    &self.slot,
                    "the server does not write its log".to_owned(),
                ));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}
