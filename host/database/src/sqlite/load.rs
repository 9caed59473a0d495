//! Writing a table: from the first look at it to the commit.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, MAIN_DB};

use super::apply::Apply;
use super::columns;
use super::commit;
use super::connection::{Opener, Purpose, run};
use super::plan::{self, Plan, PlannedColumn};
use super::rejects::Rejection;
use super::staging::{self, Owner, Staging};
use super::tokens;
use super::writer::SqliteWriter;
use crate::misfits::Misfits;
use crate::{
    Begun, Committed, Error, Load, LoadRequest, Mode, OnError, Part, Prepared, RejectedRows, Replaced, Stage,
    TableWriter,
};

/// Attempts to move rows: each leaves out those that the one before was refused. Others may commit in between.
const ATTEMPTS: usize = 10;

/// A table that is being written.
#[derive(Debug)]
pub(super) struct SqliteLoad {
    opener: Opener,
    request: LoadRequest,
    schema: SchemaRef,
    plan: Plan,
    columns: Arc<Vec<PlannedColumn>>,
    misfits: Misfits,
    staging: Staging,
    /// The prepared transaction. Only ever touched by one task; the lock makes it shareable.
    open: Mutex<Option<(Connection, Prepared)>>,
    /// The last field: the file is released after everything that uses it.
    _owner: Owner,
}

/// Looks at the table, and makes the staging file.
pub(super) fn begin(opener: &Opener, connection: &Connection, request: LoadRequest) -> Result<Begun, Error> {
    let refused = |error: rusqlite::Error| opener.refused("to look for what has been committed", &error);
    check_writable(opener, connection, &request)?;
    let existing = columns::of_table(opener, connection, &request.table)?;
    match (request.config.mode, &existing) {
        (Mode::Error, Some(_)) => {
            return Err(Error::Exists {
                table: request.table.to_string(),
            });
        }
        (Mode::Ignore, Some(_)) => return Ok(Begun::Ignored),
        _ => {}
    }
    let token = tokens::token(&request.run, &request.sink);
    if tokens::committed(connection, &token).map_err(refused)?.is_some() {
        return Err(Error::Decided {
            table: request.table.to_string(),
            run: request.run,
        });
    }
    let plan = plan::plan(&request, existing.as_deref())?;
    staging::sweep(opener);
    let staging = Staging::of(opener, &request.table.beside(staging::name(&token)));
    let owner = staging.own_surely(opener)?;
    staging.create(opener, &token, &plan)?;
    Ok(Begun::Ready(Box::new(SqliteLoad {
        opener: opener.clone(),
        schema: Arc::clone(&request.schema),
        columns: Arc::new(plan.columns.clone()),
        misfits: Misfits::of(&request),
        request,
        plan,
        staging,
        open: Mutex::new(None),
        _owner: owner,
    })))
}

fn check_writable(opener: &Opener, connection: &Connection, request: &LoadRequest) -> Result<(), Error> {
    if connection.is_readonly(MAIN_DB).unwrap_or(false) {
        return Err(Error::Connect {
            database: opener.name.to_string(),
            stage: Stage::Permission,
            reason: "the file may only be read".to_owned(),
            transient: false,
        });
    }
    if let Some(schema) = &request.table.schema
        && !schema.eq_ignore_ascii_case(super::dialect::MAIN)
    {
        return Err(Error::Config {
            subject: request.table.to_string(),
            reason: format!("SQLite has no schema `{schema}`; name the table alone"),
        });
    }
    let kind = "select type from main.sqlite_schema where lower(name) = lower(?1) and type = 'view'";
    if connection.query_row(kind, [&request.table.table], |_| Ok(())).is_ok() {
        return Err(Error::Mismatch {
            table: request.table.to_string(),
            reason: "it is a view; write to a table".to_owned(),
        });
    }
    Ok(())
}

#[async_trait]
impl Load for SqliteLoad {
    fn writers(&self) -> usize {
        // SQLite has one writer at a time to a file.
        1
    }

    fn writer(&self, _: usize) -> Box<dyn TableWriter> {
        let table = self.request.table.to_string();
        let misfits = self.misfits.clone();
        Box::new(SqliteWriter::new(
            &self.opener,
            &self.staging,
            &self.columns,
            table,
            misfits,
        ))
    }

    async fn prepare(&mut self, parts: Vec<Part>, rejected: &dyn RejectedRows) -> Result<Prepared, Error> {
        let prepared = match self.misfits.hand_over(rejected).await {
            Ok(()) => self.move_rows(&parts, rejected).await,
            Err(error) => Err(error),
        };
        if prepared.is_err() {
            // Otherwise it would wait for a day for somebody to commit it.
            self.staging.remove();
        }
        prepared
    }

    async fn commit(self: Box<Self>) -> Result<Committed, Error> {
        let Some((connection, prepared)) = self.open.lock().take() else {
            return Err(Error::Config {
                subject: self.request.table.to_string(),
                reason: "nothing was prepared to be committed".to_owned(),
            });
        };
        run(move || {
            let committed = commit::end(&self.opener, &connection, &prepared);
            drop(connection);
            if committed.is_ok() {
                self.staging.remove();
            }
            committed
        })
        .await
    }

    async fn abandon(self: Box<Self>) {
        let open = self.open.lock().take();
        let removed = run(move || {
            drop(open);
            self.staging.remove();
            Ok(())
        });
        // What can't be removed now is swept by a later run.
        removed.await.ok();
    }
}

impl SqliteLoad {
    /// Moves the rows in a transaction that stays open, once there are none among them that a constraint refuses.
    async fn move_rows(&self, parts: &[Part], rejected: &dyn RejectedRows) -> Result<Prepared, Error> {
        let rejects = self.request.config.on_error == OnError::Reject;
        let mut prepared = self.prepared(parts);
        for _ in 0..ATTEMPTS {
            let (opener, staging, attempted) = (self.opener.clone(), self.staging.clone(), prepared.clone());
            let (connection, refusals) = run(move || {
                staging.finish(&opener)?;
                let connection = opener.connect(Purpose::Write)?;
                staging.attach(&opener, &connection)?;
                let apply = Apply {
                    opener: &opener,
                    connection: &connection,
                    prepared: &attempted,
                };
                let refusals = apply.apply(rejects)?;
                Ok((connection, refusals))
            })
            .await?;
            if refusals.rows.is_empty() {
                *self.open.lock() = Some((connection, prepared.clone()));
                return Ok(prepared);
            }
            // Rolls back.
            drop(connection);
            prepared.rows = prepared.rows.saturating_sub(refusals.rows.len() as u64);
            let rejection = Rejection {
                opener: self.opener.clone(),
                staging: self.staging.clone(),
                columns: Arc::clone(&self.columns),
                schema: Arc::clone(&self.schema),
                table: self.request.table.to_string(),
            };
            rejection.hand_over(refusals, rejected).await?;
        }
        Err(Error::Refused {
            database: self.opener.name.to_string(),
            doing: format!("to write to {}", self.request.table),
            message: "others keep changing it so that ever more rows violate its constraints".to_owned(),
            code: None,
            transient: true,
        })
    }

    fn prepared(&self, parts: &[Part]) -> Prepared {
        let request = &self.request;
        let token = tokens::token(&request.run, &request.sink);
        Prepared {
            run: request.run.clone(),
            sink: request.sink.clone(),
            table: request.table.clone(),
            staging: request.table.beside(staging::name(&token)),
            columns: self.plan.moved.clone(),
            keys: self.plan.keys.clone(),
            delete_when: self.plan.delete_when.clone(),
            replaced: match request.config.mode {
                Mode::Error | Mode::Ignore => Replaced::Nothing,
                Mode::Overwrite => Replaced::Rows,
                Mode::Append => Replaced::Added,
                Mode::Upsert => Replaced::Merged,
            },
            alterations: self.plan.alterations.clone(),
            rows: parts.iter().map(|part| part.rows).sum(),
            bytes: parts.iter().map(|part| part.bytes).sum(),
        }
    }
}
