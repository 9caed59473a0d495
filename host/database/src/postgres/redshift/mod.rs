//! What Redshift has of its own: rows that go through files in S3, and how it is written.
//!
//! It descends from PostgreSQL 8.0 and lacks much that others have: `on conflict`, savepoints, advisory locks, enforced keys.
//! So a write locks the run's staging table, whose being there says that the run has not committed, and notes its commit in
//! a ledger that rows are only added to, since transactions that read and change one table at the same time are ended.

mod apply;
mod bucket;
mod catalog;
mod file_reader;
mod insert;
mod kind;
mod ledger;
mod load;
mod objects;
mod plan;
mod rejects;
mod silent;
mod unload;
mod unloaded;

use std::sync::Arc;

use self::apply::Applied;
use self::bucket::Bucket;
use self::catalog::{NAME_BYTES, find, quoted, schema_of};
use self::ledger::{Ledger, State};
use self::load::{RedshiftLoad, Shared};
use self::plan::plan;
use super::{Connection, Postgres};
use crate::{Begun, Committed, Error, LoadRequest, Mode, Prepared, TableName};

pub(super) use self::unload::{Unload, read, unload};

/// Begins to write to a table.
pub(super) async fn begin(database: &Postgres, request: LoadRequest) -> Result<Begun, Error> {
    check_request(&request)?;
    let bucket = Bucket::of(&database.target.options)?;
    if bucket.is_none() {
        tracing::warn!(
            table = %request.table,
            "rows are written to Redshift by INSERT, which is slow; name a folder in S3 with `temp_dir` to have them copied"
        );
    }
    let keeper = database.connect().await?;
    let schema = schema_of(&keeper, &request.table).await?;
    let name = TableName::new(Some(&schema), &request.table.table);
    let table = find(&keeper, &name).await?;
    match (request.config.mode, &table) {
        (Mode::Ignore, Some(_)) => return Ok(Begun::Ignored),
        (Mode::Error, Some(_)) => {
            return Err(Error::Exists {
                table: name.to_string(),
            });
        }
        _ => {}
    }
    let plan = plan(&request, &name, table.as_ref())?;
    let ledger = Ledger::beside(&name, &request.run, &request.sink);
    ledger.make(&keeper).await?;
    if let Some(entry) = ledger.entry(&keeper).await?
        && entry.state == State::Committed
    {
        return Err(Error::Decided {
            table: name.to_string(),
            run: request.run.clone(),
        });
    }
    ledger.sweep(&keeper, bucket.as_ref()).await?;
    ledger.begin(&keeper, &name, &plan.definitions()).await?;
    let shared = Arc::new(Shared::new(
        database.clone(),
        request,
        name,
        ledger.staging(),
        plan,
        bucket,
    ));
    shared.remove_files().await?;
    Ok(Begun::Ready(Box::new(RedshiftLoad::new(keeper, ledger, shared))))
}

/// Makes visible what was prepared, unless it is already.
pub(super) async fn commit(database: &Postgres, prepared: &Prepared) -> Result<Committed, Error> {
    let connection = database.connect().await?;
    let ledger = Ledger::beside(&prepared.table, &prepared.run, &prepared.sink);
    if ledger.is_there(&connection).await? {
        let state = ledger.entry(&connection).await?.map(|entry| entry.state);
        if matches!(state, Some(State::Prepared | State::Committed))
            && let Applied::Open = apply::apply(&connection, prepared).await?
        {
            return apply::commit(&connection, &ledger, prepared).await;
        }
        // Somebody else may have committed it while this waited.
        if let Some(entry) = ledger.entry(&connection).await?
            && entry.state == State::Committed
        {
            return Ok(entry.committed);
        }
    }
    Err(gone(prepared))
}

/// Gives up what was prepared.
pub(super) async fn abort(database: &Postgres, prepared: &Prepared) -> Result<(), Error> {
    let connection = database.connect().await?;
    let ledger = Ledger::beside(&prepared.table, &prepared.run, &prepared.sink);
    if !ledger.is_there(&connection).await? {
        return Ok(());
    }
    // Waits for whoever is committing it.
    let is_there = apply::lock_staging(&connection, prepared).await?;
    if is_there {
        let drop = format!("drop table {}; commit", quoted(&prepared.staging));
        connection.run(&format!("dropping {}", prepared.staging), &drop).await?;
    }
    match ledger.entry(&connection).await? {
        Some(entry) if entry.state == State::Committed => Err(Error::Decided {
            table: prepared.table.to_string(),
            run: prepared.run.clone(),
        }),
        Some(_) => ledger.forget(&connection).await,
        None => Ok(()),
    }
}

fn gone(prepared: &Prepared) -> Error {
    Error::Gone {
        table: prepared.table.to_string(),
        run: prepared.run.clone(),
    }
}

fn check_request(request: &LoadRequest) -> Result<(), Error> {
    let refused = |reason: String| {
        Err(Error::Config {
            subject: request.table.to_string(),
            reason,
        })
    };
    let name = &request.table;
    if name.table.len() > NAME_BYTES || name.schema.as_ref().is_some_and(|schema| schema.len() > NAME_BYTES) {
        return refused(format!(
            "its name is longer than the {NAME_BYTES} bytes that Redshift keeps"
        ));
    }
    if name.table.starts_with(ledger::OWN) {
        return refused("tables whose names begin with `_tenon_` are Tenon's own".to_owned());
    }
    Ok(())
}

/// Ends a transaction that may have failed, where the connection can still be used.
async fn roll_back(connection: &Connection) {
    if connection.is_idle()
        && let Err(error) = connection.run("rolling back", "rollback").await
    {
        tracing::debug!(%error, "a transaction was not rolled back");
    }
}
