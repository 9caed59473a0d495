//! Between a slot and a snapshot no transaction may fall.
//!
//! A transaction is in the log before others can see what it did: it waits for the disk, or for standbys, in between. One
//! that was logged before the slot began and is not seen by a snapshot after that would be in neither. So the snapshot is
//! taken once all transactions have ended that were running when the slot was there.

use std::time::{Duration, Instant};

use super::super::Connection;
use super::visible::Seen;
use crate::Error;

/// How long to wait for transactions that only take their time: they are not committing, so they will be in the log.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait for transactions that may be committing.
const LONGEST: Duration = Duration::from_secs(60);

/// Waits until no transaction is committing that was running before.
pub(super) async fn settle(connection: &Connection) -> Result<(), Error> {
    let mut running = snapshot(connection).await?.running;
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    while !running.is_empty() {
        if begun.elapsed() > PATIENCE && !is_any_committing(connection, &running).await? {
            return Ok(());
        }
        if begun.elapsed() > LONGEST {
            return Err(Error::Refused {
                database: "the server".to_owned(),
                doing: "to begin to read changes".to_owned(),
                message: "transactions take long to commit; is a synchronous standby gone?".to_owned(),
                code: None,
                transient: true,
            });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
        let now = snapshot(connection).await?;
        running.retain(|transaction| now.running.contains(transaction));
    }
    Ok(())
}

/// The transactions that are seen now.
pub(super) async fn snapshot(connection: &Connection) -> Result<Seen, Error> {
    let text = connection
        .text(
            "asking for a snapshot",
            "select pg_catalog.txid_current_snapshot()::text",
        )
        .await?;
    parse(&text)
}

/// A snapshot from its text.
pub(super) fn parse(text: &str) -> Result<Seen, Error> {
    text.parse().map_err(|()| Error::Config {
        subject: "`changes`".to_owned(),
        reason: format!("the snapshot `{text}` is not understood"),
    })
}

/// Whether one of the transactions waits for what a commit waits for.
async fn is_any_committing(connection: &Connection, running: &[u64]) -> Result<bool, Error> {
    let transactions: Vec<String> = running
        .iter()
        .map(|transaction| (transaction & 0xffff_ffff).to_string())
        .collect();
    let statement = "select exists (select from pg_catalog.pg_stat_activity where backend_xid::text = any($1) and \
                     (wait_event_type is null or wait_event in ('SyncRep', 'WALSync', 'WALWrite', 'WalSync', 'WalWrite', \
                      'WALWriteLock')) and state = 'active')";
    let row = connection
        .query_one("looking for commits", statement, &[&transactions])
        .await?;
    Ok(row.get(0))
}
