//! Follows the ends of nodes' runs, whoever ends them.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use tenon_metadata::{ErrorKind, Metadata, Transaction, row};
use tokio::time::Instant;

use crate::{Error, advance, jobs};

/// How many runs of workflows are looked for at once.
const AT_ONCE: usize = 256;
/// How many events are read at once.
const EVENTS_AT_ONCE: usize = 1000;
/// What is told within this time is looked at together: each run's end is told, also of runs that are of no workflow.
const TOGETHER: Duration = Duration::from_millis(5);
/// How long to wait when the database does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Advances the runs of workflows, of all tenants. Any number of servers may each have one: what is to be done is in the
/// tables, and [`advance`] does it once.
#[derive(Clone, Debug)]
pub struct Driver {
    /// How often the tables are looked through without a notice, in case one was lost. Default 2 s.
    pub sweep: Duration,
}

impl Default for Driver {
    fn default() -> Self {
        Self {
            sweep: Duration::from_secs(2),
        }
    }
}

impl Driver {
    /// Works until `shutdown` is ready. An error of one run is logged and keeps no other from going on.
    pub async fn run(&self, metadata: Metadata, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        tokio::select! {
            () = &mut shutdown => {}
            () = self.follow(&metadata) => {}
        }
    }

    async fn follow(&self, metadata: &Metadata) {
        let mut told = metadata.subscribe("events");
        let mut seen: Option<i64> = None;
        let mut swept: Option<Instant> = None;
        loop {
            let is_time = swept.is_none_or(|at| at.elapsed() >= self.sweep);
            let worked = match seen {
                Some(number) if !is_time => hear(metadata, number).await,
                _ => sweep(metadata).await.map(|last| (last, false)),
            };
            let (last, more) = match worked {
                Ok(worked) => worked,
                Err(error) => {
                    tracing::warn!(%error, "workflows cannot go on; it is tried again");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            seen = Some(last);
            if is_time {
                swept = Some(Instant::now());
            }
            if more {
                continue;
            }
            let left = swept.map_or(Duration::ZERO, |at| self.sweep.saturating_sub(at.elapsed()));
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                notice = told.next() => {
                    if notice.is_none() {
                        // The database is closed.
                        return;
                    }
                    tokio::time::sleep(TOGETHER).await;
                    told.forget();
                }
            }
        }
    }
}

/// Looks through the tables. Answers with the last event before that.
async fn sweep(metadata: &Metadata) -> Result<i64, Error> {
    let last = metadata
        .read(|tx| -> Result<i64, Error> {
            let last = tx.one("select coalesce(max(number), 0) from events", row![])?;
            Ok(last.get(0)?)
        })
        .await?;
    let mut after = String::new();
    loop {
        let from = after.clone();
        let runs = metadata.read(move |tx| jobs::to_advance(tx, &from, AT_ONCE)).await?;
        let full = runs.len() == AT_ONCE;
        if let Some(last) = runs.last() {
            after.clone_from(last);
        }
        each(metadata, runs).await?;
        if !full {
            return Ok(last);
        }
    }
}

/// Advances the runs of which events tell after one. Events that two servers write at the same time may be seen in the
/// wrong order, so that one is missed; looking through the tables finds what it told of.
async fn hear(metadata: &Metadata, after: i64) -> Result<(i64, bool), Error> {
    let (events, last, runs) = metadata.read(move |tx| heard(tx, after)).await?;
    each(metadata, runs).await?;
    Ok((last, events == EVENTS_AT_ONCE))
}

fn heard(tx: &mut Transaction<'_>, after: i64) -> Result<(usize, i64, Vec<String>), Error> {
    let events = tx.query(
        "select number, kind, data from events where number > ?1 order by number limit ?2",
        row![after, EVENTS_AT_ONCE],
    )?;
    let mut last = after;
    let mut runs = BTreeSet::new();
    for event in &events {
        last = event.get(0)?;
        let kind: String = event.get(1)?;
        if !jobs::is_end(&kind) {
            continue;
        }
        let data: serde_json::Value = event.get(2)?;
        if let Some(run) = data["workflow_run"].as_str() {
            runs.insert(run.to_owned());
        }
    }
    Ok((events.len(), last, runs.into_iter().collect()))
}

/// Advances runs, each in a transaction of its own.
async fn each(metadata: &Metadata, runs: Vec<String>) -> Result<(), Error> {
    for run in runs {
        let id = run.clone();
        match metadata.write(move |tx| advance(tx, &id)).await {
            // A retention policy may have removed it.
            Ok(_) | Err(Error::UnknownRun { .. }) => {}
            Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
            Err(error) => tracing::error!(%run, %error, "the run of a workflow cannot go on"),
        }
    }
    Ok(())
}
