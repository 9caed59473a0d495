//! The end of a run: first everything durable, then everything visible.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use datafusion::physical_plan::ExecutionPlan;
use tenon_connect::{Committed, Part, Prepared, Sink, SinkConfig, SinkRejects};
use tenon_runtime::Run;

use crate::context::RunContext;
use crate::drive::Written;
use crate::error::Error;
use crate::job::Job;
use crate::ledger::{Commitment, Ledger};
use crate::metrics;
use crate::plan::{OpenedSource, Planned, RejectSink};
use crate::progress::{Phase, Progress};
use crate::rejects::{Refused, RejectedRows};
use crate::report::{Report, Timings};
use crate::retry;

impl Planned {
    /// What is executed: the plans of sinks, and of steps that several of them read.
    pub fn plans(&self) -> impl Iterator<Item = &Arc<dyn ExecutionPlan>> {
        let outputs = self.outputs.iter().map(|output| &output.plan);
        outputs.chain(self.stages.iter().filter_map(|stage| stage.plan()))
    }

    /// Whether there was a row in what is new in incremental sources.
    pub fn has_found(&self) -> bool {
        let mut incremental = self.sources.iter().filter(|source| source.incremental);
        incremental.any(|source| source.table.rows() > 0)
    }

    /// Ends the writers of rejected rows. What one of them failed with is why the run failed.
    pub async fn give_up(self) -> Option<Error> {
        let Self {
            outputs,
            stages,
            task,
            rejects,
            refused,
            sources,
            ..
        } = self;
        if let Ok(context) = RunContext::of(&task) {
            context.progress.has_worked();
        }
        // The plans read what sinks may have locked, and all of these hold the other ends of the writers' channels.
        drop((stages, task, refused));
        let sinks: Vec<Sink> = outputs.into_iter().map(|output| output.sink).collect();
        end_rejects(&sources);
        let mut failed = None;
        // The last first: one may have begun in the folder that another has made.
        for reject in rejects.into_iter().rev() {
            failed = failed.or(reject.writing.await.ok().and_then(Result::err));
            reject.sink.abandon().await;
        }
        for sink in sinks.into_iter().rev() {
            sink.abandon().await;
        }
        failed
    }

    /// Makes what the partitions have written durable. Nothing of it is visible yet.
    pub async fn make_durable(self, job: &Job, mut written: Written) -> Result<Durable, Error> {
        let Self {
            task,
            sources,
            stages,
            outputs,
            rejects,
            mut refused,
            ..
        } = self;
        let plans = outputs.iter().map(|output| &output.plan);
        let plans: Vec<_> = plans.chain(stages.iter().filter_map(|stage| stage.plan())).collect();
        let native: Duration = plans.iter().map(|plan| metrics::native_time(plan)).sum();
        let partitions = plans.into_iter().map(metrics::partitions).max().unwrap_or(0);
        // Shared steps are looked at while the plans are still there that count their rows.
        let progress = RunContext::of(&task)?.progress.clone();
        progress.steps();
        progress.has_worked();
        let sinks: Vec<(String, Sink)> = outputs.into_iter().map(|output| (output.name, output.sink)).collect();
        drop((task, stages));
        end_rejects(&sources);

        let mut durable = Durable {
            ready: Vec::new(),
            partitions,
            native,
            sink: written.elapsed,
        };
        let mut unprepared = Vec::new();
        let mut failed = None;
        // What a table refuses is among the rejected rows, so that these come after it.
        for (name, sink) in sinks {
            if failed.is_some() {
                unprepared.push(sink);
                continue;
            }
            let parts = written.parts.remove(&name).unwrap_or_default();
            let rows = refused.remove(&name).unwrap_or_else(|| RejectedRows::counted(None));
            let refused: Arc<dyn SinkRejects> = Arc::new(Refused {
                sink: name.clone(),
                rows,
                progress: progress.clone(),
                count: AtomicU64::new(0),
            });
            failed = durable.prepare(job, name, false, sink, parts, &refused).await.err();
        }
        drop(refused);
        let nowhere: Arc<dyn SinkRejects> = Arc::new(Refused {
            sink: String::new(),
            rows: RejectedRows::counted(None),
            progress,
            count: AtomicU64::new(0),
        });
        for RejectSink { name, sink, writing } in rejects {
            let part = joined(writing.await).and_then(|part| part);
            match part {
                // Why the rejected rows could not be kept is why the rest was not prepared.
                Err(error) => {
                    failed = Some(error);
                    unprepared.push(sink);
                }
                Ok(_) if failed.is_some() => unprepared.push(sink),
                Ok(part) => failed = durable.prepare(job, name, true, sink, vec![part], &nowhere).await.err(),
            }
        }
        let Some(error) = failed else { return Ok(durable) };
        for sink in unprepared {
            sink.abandon().await;
        }
        durable.abort().await;
        Err(error)
    }
}

/// Sources hold the other ends of the writers of what they reject.
fn end_rejects(sources: &[OpenedSource]) {
    for source in sources {
        source.table.unreadable().end();
    }
}

/// What a run has written: durable, and not visible yet.
#[derive(Default)]
pub(crate) struct Durable {
    ready: Vec<Ready>,
    /// Partitions that ran side by side.
    partitions: usize,
    /// Work of operators between sources and sinks.
    native: Duration,
    /// Work in sinks.
    sink: Duration,
}

/// A sink whose rows are durable, and not visible yet. Its target is locked as long as it is there.
struct Ready {
    name: String,
    to: SinkConfig,
    rejected: bool,
    sink: Sink,
    prepared: Prepared,
}

impl Durable {
    /// Takes up what another run of the same script has written.
    pub fn add(&mut self, other: Self) {
        self.ready.extend(other.ready);
        self.partitions = self.partitions.max(other.partitions);
        self.native += other.native;
        self.sink += other.sink;
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// Rows, bytes and files.
    pub fn totals(&self) -> (u64, u64, usize) {
        let prepared = self.ready.iter().map(|ready| &ready.prepared);
        prepared.fold((0, 0, 0), |(rows, bytes, files), prepared| {
            (
                rows + prepared.rows(),
                bytes + prepared.bytes(),
                files + prepared.files(),
            )
        })
    }

    async fn prepare(
        &mut self,
        job: &Job,
        name: String,
        rejected: bool,
        mut sink: Sink,
        parts: Vec<Part>,
        refused: &Arc<dyn SinkRejects>,
    ) -> Result<(), Error> {
        let output = job.sinks.get(&name);
        let output = output.ok_or_else(|| Error::Internal(format!("the sink {name} is gone")))?;
        let prepared = match sink.prepare(parts, refused).await {
            Ok(prepared) => prepared,
            Err(error) => {
                sink.abandon().await;
                return Err(of_sink(rejected, error));
            }
        };
        self.ready.push(Ready {
            name,
            to: output.to.clone(),
            rejected,
            sink,
            prepared,
        });
        Ok(())
    }

    /// Removes what was written. What is left anyway is swept by the next run.
    pub async fn abort(self) {
        for Ready { to, sink, prepared, .. } in self.ready {
            sink.give_up(&to, &prepared).await;
        }
    }
}

/// What a commit needs to know of its run.
pub(crate) struct Committing<'a> {
    pub job: &'a Job,
    pub run: &'a str,
    pub ledger: Option<&'a dyn Ledger>,
    /// What was read.
    pub sources: &'a [OpenedSource],
    pub sandboxes: &'a Run,
    pub progress: &'a Progress,
    pub began: Instant,
    /// Time that planning took.
    pub planning: Duration,
}

impl Committing<'_> {
    /// Makes everything visible. `report` is what was known of the run before it had done anything.
    pub async fn commit(&self, durable: Durable, mut report: Report) -> Result<Report, Error> {
        let (progress, began_commit) = (self.progress, Instant::now());
        progress.enter(Phase::Committing);
        if let Err(error) = self.note(&durable.ready).await {
            durable.abort().await;
            return Err(error);
        }
        for Ready {
            name,
            to,
            rejected,
            sink,
            prepared,
        } in durable.ready
        {
            let committed = self.make_visible(sink, &to, &prepared).await;
            let committed = committed.map_err(|error| Error::Unfinished {
                run: self.run.to_owned(),
                source: Box::new(of_sink(rejected, error)),
            })?;
            let rows_rejected = if to.rejects() { progress.rejected_by(&name) } else { 0 };
            report.committed(name, rejected, rows_rejected, committed);
            report.written.push(to);
        }
        if let Some(ledger) = self.ledger
            && let Err(error) = ledger.committed(self.run).await
        {
            // Everything is visible. The next run of the job finds the commitment and finishes it.
            tracing::warn!(run = self.run, %error, "the commit is not noted as finished yet");
        }
        progress.enter(Phase::Done);

        let total = self.began.elapsed().as_secs_f64();
        let scans = self.sources.iter().flat_map(|source| source.table.scans());
        let source: Duration = scans.map(|scan| metrics::source_time(&scan)).sum();
        let statistics = self.sandboxes.statistics();
        Ok(Report {
            rows_in: progress.rows_in(),
            rows_rejected: progress.rows_rejected(),
            sources: progress.sources(),
            steps: progress.steps(),
            partitions: durable.partitions,
            sandboxes: statistics.sandboxes,
            rows_per_second: progress.rows_in() as f64 / total.max(f64::EPSILON),
            seconds: Timings {
                total,
                planning: self.planning.as_secs_f64(),
                source: source.as_secs_f64(),
                sandbox: statistics.cpu.saturating_sub(statistics.kernels).as_secs_f64(),
                kernels: (durable.native + statistics.kernels).as_secs_f64(),
                sink: durable.sink.as_secs_f64(),
                commit: began_commit.elapsed().as_secs_f64(),
            },
            sandbox_peak_memory: statistics.peak_memory,
            counters: self.sandboxes.counters(),
            ..report
        })
    }

    /// Carries out what is decided. If a target does not answer, it alone is asked again: another try of the whole run
    /// would write the same rows a second time.
    async fn make_visible(
        &self,
        sink: Sink,
        to: &SinkConfig,
        prepared: &Prepared,
    ) -> Result<Committed, tenon_connect::Error> {
        let mut committed = sink.commit(to, prepared).await;
        let mut number = 2;
        while let Err(error) = &committed
            && error.may_pass()
            && let Some(pause) = retry::pause(&self.job.retries, number, retry::jitter())
        {
            tracing::warn!(run = self.run, %error, ?pause, "a target did not commit; asking it again");
            tokio::time::sleep(pause).await;
            committed = to.commit(prepared).await;
            number += 1;
        }
        committed
    }

    /// Notes what is about to become visible, how far the sources have been read, and what guests keep.
    async fn note(&self, ready: &[Ready]) -> Result<(), Error> {
        let Some(ledger) = self.ledger else { return Ok(()) };
        let incremental = self.sources.iter().filter(|source| source.incremental);
        let commitment = Commitment {
            run: self.run.to_owned(),
            job: self.job.name.clone(),
            state: self.sandboxes.state(),
            bookmarks: incremental
                .map(|source| (source.name.clone(), source.source.next_bookmark()))
                .collect(),
            sinks: ready
                .iter()
                .map(|ready| (ready.name.clone(), self.job.noted(&ready.to, &ready.prepared)))
                .collect(),
        };
        ledger.prepared(&commitment).await.map_err(Error::Ledger)
    }
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
