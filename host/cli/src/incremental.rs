//! Runs that go on where earlier ones ended: with what these have not read, and with what their guests kept.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use async_trait::async_trait;
use tenon_host::connect::Bookmark;
use tenon_host::engine::{Commitment, Engine, Finished, Incremental, Job, Ledger};
use tenon_host::history::{self, Commit, Filter, History, State, StateChange};

use crate::args::{BookmarkArgument, RunArguments};
use crate::exit::Failure;
use crate::record::Record;

/// How long a run waits for another one of its job to commit.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);
/// How long targets keep what dead runs have prepared.
const LEFT: Duration = Duration::from_secs(24 * 60 * 60);

/// Finishes commits of the job that were cut short, gives its guests what they kept, and has the sources among
/// `bookmarked` read from where the last run ended, as much as the job file and the command line say. Answers with the
/// engine that remembers how far this one comes.
pub async fn prepare(
    engine: Engine,
    job: &mut Job,
    bookmarked: &BTreeMap<String, Incremental>,
    record: &Record,
    arguments: &RunArguments,
) -> Result<Engine, Failure> {
    let sources = match arguments.bookmark {
        Some(BookmarkArgument::Disable) => BTreeMap::new(),
        Some(_) if bookmarked.is_empty() => {
            let all = job.sources.keys();
            all.map(|source| (source.clone(), Incremental::default())).collect()
        }
        _ => bookmarked.clone(),
    };
    if sources.is_empty() && (arguments.max_files.is_some() || arguments.max_bytes.is_some()) {
        let reason = "--max-files and --max-bytes need bookmarks: what is left would never be read";
        return Err(Failure::usage(reason.to_owned()));
    }
    let Some((history, _)) = record.history() else {
        if sources.is_empty() {
            return Ok(engine);
        }
        let reason =
            "bookmarks are kept in the history, which is not there; see the warning, or leave --no-history out";
        return Err(Failure::usage(reason.to_owned()));
    };
    let ledger = HistoryLedger {
        history: history.clone(),
        remembers: arguments.bookmark != Some(BookmarkArgument::Pause),
        state: history.state(&job.name)?,
        based_on: None,
    };
    let engine = engine.ledger(Arc::new(ledger.clone()));
    finish(&engine, job, history).await?;
    // A run's first micro-batch does it for all: each time it asks the targets for every run that has died within a day.
    if job.batch.is_none_or(|batch| batch == 1) {
        forget(&engine, job, history).await;
    }
    // What that commit kept is current now.
    job.state = history.state(&job.name)?;

    let based_on = history.bookmark_version(&job.name)?;
    for (name, caps) in sources {
        let since = match history.bookmark(&job.name, &name)? {
            None => Bookmark::None,
            Some(bookmark) => serde_json::from_value(bookmark.value)
                .with_context(|| {
                    format!("the bookmark of the source `{name}` cannot be read; `tenon bookmark reset` removes it")
                })
                .map_err(Failure::refused)?,
        };
        let incremental = Incremental {
            since,
            max_files: arguments.max_files.or(caps.max_files),
            max_bytes: arguments.max_bytes.map(|bytes| bytes as u64).or(caps.max_bytes),
        };
        job.incremental.insert(name, incremental);
    }
    Ok(engine.ledger(Arc::new(HistoryLedger {
        based_on: (!job.incremental.is_empty()).then_some(based_on),
        state: job.state.clone(),
        ..ledger
    })))
}

/// Finishes what earlier runs were cut short in.
async fn finish(engine: &Engine, job: &Job, history: &History) -> Result<(), Failure> {
    for pending in history.undecided(Some(&job.name))? {
        if pending.running {
            continue;
        }
        tracing::info!(run = pending.run, "finishing the commit of a run that died");
        let sinks = serde_json::from_value(pending.tokens)
            .with_context(|| format!("what the run {} was committing cannot be read", pending.run))
            .map_err(Failure::failed)?;
        let commitment = Commitment {
            run: pending.run,
            job: pending.job,
            state: BTreeMap::new(),
            bookmarks: BTreeMap::new(),
            sinks,
        };
        match engine.finish(job, &commitment).await? {
            Finished::All => {}
            Finished::ButFor(error) => {
                tracing::warn!(run = commitment.run, %error, "a commit is finished, but for what is lost of it");
            }
            Finished::Nothing(error) => {
                tracing::warn!(run = commitment.run, %error, "a commit is given up, and its rows are read again");
                history.aborted(&commitment.run)?;
            }
        }
    }
    Ok(())
}

/// Removes what runs have left that died and had nothing decided. Of a script that is when it writes there again.
async fn forget(engine: &Engine, job: &mut Job, history: &History) {
    let filter = Filter {
        job: Some(job.name.clone()),
        state: Some(State::Error),
        since: Some(chrono::Utc::now() - LEFT),
        ..Filter::default()
    };
    // A day later it is swept anyway, so that no run ends over it.
    let runs = history.list(&filter).unwrap_or_default();
    let died = |run: &history::Run| run.error.as_ref().is_some_and(|error| error.kind == history::DIED);
    let dead: Vec<&history::Run> = runs.iter().filter(|run| died(run)).collect();
    job.dead = dead.iter().map(|run| run.id.clone()).collect();
    let mut job = job.clone();
    for run in dead {
        // The micro-batch that it was at.
        let done = match &run.progress {
            Some(progress) => progress["batches"].as_u64(),
            None => job.stream.map(|_| 0),
        };
        job.batch = done.map(|done| done + 1);
        if let Err(error) = engine.forget(&job, &run.id).await {
            tracing::warn!(run = run.id, %error, "what a run that died has prepared cannot be removed now");
        }
    }
}

/// The history as the engine's ledger.
#[derive(Debug, Clone)]
struct HistoryLedger {
    history: History,
    remembers: bool,
    /// What the job's guests had kept when this run began.
    state: BTreeMap<String, Vec<u8>>,
    /// The job's bookmarks as this run has found them.
    based_on: Option<i64>,
}

impl HistoryLedger {
    /// Whether a run of the job that is alive stands between the phases of its commit, or none does any more.
    fn is_busy(&self, job: &str) -> bool {
        let undecided = self.history.undecided(Some(job));
        undecided.is_ok_and(|undecided| undecided.iter().all(|pending| pending.running))
    }
}

#[async_trait]
impl Ledger for HistoryLedger {
    async fn prepared(&self, commitment: &Commitment) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut commit = Commit::new(&commitment.run, &commitment.job);
        commit.tokens = serde_json::to_value(&commitment.sinks)?;
        if self.remembers {
            for (source, bookmark) in &commitment.bookmarks {
                commit.bookmarks.insert(source.clone(), serde_json::to_value(bookmark)?);
            }
            commit.based_on = self.based_on;
            commit.state = StateChange::between(&self.state, &commitment.state);
        }
        let began = Instant::now();
        loop {
            match self.history.prepare(&commit) {
                // Another run of the job is committing, which takes a moment.
                Err(history::Error::Undecided { .. }) if began.elapsed() < PATIENCE && self.is_busy(&commit.job) => {
                    tokio::time::sleep(PAUSE).await;
                }
                noted => return Ok(noted?),
            }
        }
    }

    async fn committed(&self, run: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.history.committed(run)?)
    }
}
