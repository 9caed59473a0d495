//! The end of a run: first everything durable, then everything visible.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tenon_connect::file::{self, Part, Prepared, Sink};

use crate::drive::Written;
use crate::error::Error;
use crate::job::Job;
use crate::ledger::{Commitment, Ledger};
use crate::metrics;
use crate::plan::{OpenedSource, Planned, RejectSink};
use crate::progress::{Phase, Progress};
use crate::report::{Report, Timings};

impl Planned {
    /// Ends the writers of rejected rows. What one of them failed with is why the run failed.
    pub async fn give_up(self) -> Option<Error> {
        let Self {
            outputs,
            stages,
            task,
            rejects,
            sources,
            ..
        } = self;
        // They hold the other ends of the writers' channels.
        drop((outputs, stages, task));
        end_rejects(&sources);
        let mut failed = None;
        for reject in rejects {
            failed = failed.or(reject.writing.await.ok().and_then(Result::err));
        }
        failed
    }

    pub async fn commit(
        self,
        committing: Committing<'_>,
        mut written: Written,
        progress: &Progress,
        began: Instant,
        planning: Duration,
    ) -> Result<Report, Error> {
        let Self {
            mut report,
            run,
            task,
            sources,
            stages,
            outputs,
            rejects,
        } = self;
        progress.enter(Phase::Committing);
        let scans = sources.iter().flat_map(|source| source.table.scans());
        let source_time: Duration = scans.map(|scan| metrics::source_time(&scan)).sum();
        let plans = outputs.iter().map(|output| &output.plan);
        let plans = plans.chain(stages.iter().filter_map(|stage| stage.plan()));
        report.partitions = plans.map(metrics::partitions).max().unwrap_or(0);
        let sinks: BTreeMap<String, Sink> = outputs.into_iter().map(|output| (output.name, output.sink)).collect();
        drop((task, stages));
        end_rejects(&sources);

        let (job, began_commit) = (committing.job, Instant::now());
        let mut rejected = Vec::new();
        for RejectSink { name, sink, writing } in rejects {
            rejected.push((name, sink, joined(writing.await)??));
        }
        let mut ready = Vec::new();
        if let Err(error) = prepare(&mut ready, rejected, sinks, &mut written).await {
            abort(job, &ready).await;
            return Err(error);
        }
        if let Err(error) = committing.note(&ready, &sources, run.state()) {
            abort(job, &ready).await;
            return Err(error);
        }
        for Ready {
            name,
            rejected,
            prepared,
        } in ready
        {
            let output = job.sinks.get(&name);
            let output = output.ok_or_else(|| Error::Internal(format!("the sink {name} is gone")))?;
            let committed = file::commit(&output.to, &prepared).await;
            report.committed(name, rejected, committed.map_err(|error| of_sink(rejected, error))?);
        }
        if let Some(ledger) = committing.ledger
            && let Err(error) = ledger.committed(committing.run)
        {
            // Everything is visible. The next run of the job finds the commitment and finishes it.
            tracing::warn!(run = committing.run, %error, "the commit is not noted as finished yet");
        }
        progress.enter(Phase::Done);

        let total = began.elapsed().as_secs_f64();
        let statistics = run.statistics();
        Ok(Report {
            rows_in: progress.rows_in(),
            rows_rejected: progress.rows_rejected(),
            sources: progress.sources(),
            steps: progress.steps(),
            sandboxes: statistics.sandboxes,
            rows_per_second: progress.rows_in() as f64 / total.max(f64::EPSILON),
            seconds: Timings {
                total,
                planning: planning.as_secs_f64(),
                source: source_time.as_secs_f64(),
                sandbox: statistics.cpu.as_secs_f64(),
                sink: written.elapsed.as_secs_f64(),
                commit: began_commit.elapsed().as_secs_f64(),
            },
            sandbox_peak_memory: statistics.peak_memory,
            peak_memory: metrics::peak_memory(),
            counters: run.counters(),
            ..report
        })
    }
}

/// Sources hold the other ends of the writers of what they reject.
fn end_rejects(sources: &[OpenedSource]) {
    for source in sources {
        source.table.unreadable().end();
    }
}

/// What a commit needs to know of its run.
pub(crate) struct Committing<'a> {
    pub job: &'a Job,
    pub run: &'a str,
    pub ledger: Option<&'a dyn Ledger>,
}

impl Committing<'_> {
    /// Notes what is about to become visible, how far the sources have been read, and what guests keep.
    fn note(&self, ready: &[Ready], sources: &[OpenedSource], state: BTreeMap<String, Vec<u8>>) -> Result<(), Error> {
        let Some(ledger) = self.ledger else { return Ok(()) };
        let incremental = sources.iter().filter(|source| source.incremental);
        let commitment = Commitment {
            run: self.run.to_owned(),
            job: self.job.name.clone(),
            state,
            bookmarks: incremental
                .map(|source| (source.name.clone(), source.source.next_bookmark().clone()))
                .collect(),
            sinks: ready
                .iter()
                .map(|ready| (ready.name.clone(), ready.prepared.clone()))
                .collect(),
        };
        ledger.prepared(&commitment).map_err(Error::Ledger)
    }
}

/// Removes what was prepared. What is left anyway is swept by the next run.
async fn abort(job: &Job, ready: &[Ready]) {
    for Ready { name, prepared, .. } in ready {
        if let Some(output) = job.sinks.get(name) {
            file::abort(&output.to, prepared).await.ok();
        }
    }
}

/// A sink whose rows are durable, and not visible yet.
struct Ready {
    name: String,
    rejected: bool,
    prepared: Prepared,
}

/// Makes everything durable before anything is visible: what can fail fails here.
async fn prepare(
    ready: &mut Vec<Ready>,
    rejected: Vec<(String, Sink, Part)>,
    sinks: BTreeMap<String, Sink>,
    written: &mut Written,
) -> Result<(), Error> {
    for (name, sink, part) in rejected {
        let prepared = sink.prepare(vec![part]).await.map_err(|error| of_sink(true, error))?;
        ready.push(Ready {
            name,
            rejected: true,
            prepared,
        });
    }
    for (name, sink) in sinks {
        let parts = written.parts.remove(&name).unwrap_or_default();
        let prepared = sink.prepare(parts).await.map_err(|error| of_sink(false, error))?;
        ready.push(Ready {
            name,
            rejected: false,
            prepared,
        });
    }
    Ok(())
}

fn of_sink(rejected: bool, error: tenon_connect::Error) -> Error {
    if rejected {
        Error::Rejects(Box::new(error))
    } else {
        Error::Sink(Box::new(error))
    }
}

fn joined<T>(result: Result<T, tokio::task::JoinError>) -> Result<T, Error> {
    result.map_err(|error| Error::Internal(error.to_string()))
}
