//! Runs a job from its plugins to its commit.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use datafusion::physical_plan::displayable;
use tenon_connect::file::{self, Part, Prepared, Sink};
use tenon_runtime::Runtime;

use crate::drive::{Drive, Written};
use crate::error::Error;
use crate::job::{Job, MaxRejects};
use crate::plan::{Plan, Planned, RejectSink, plan, run_id};
use crate::progress::{Phase, Progress};
use crate::report::{Report, Timings};
use crate::{metrics, retry};

/// Runs jobs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    runtime: Runtime,
}

impl Engine {
    /// An engine whose plugins run on `runtime`.
    pub fn new(runtime: Runtime) -> Self {
        Self { runtime }
    }

    /// Runs a job.
    ///
    /// # Errors
    /// Each [`Error`] says what is at fault. Nothing of a failed run is visible.
    pub async fn run(&self, job: &Job, progress: &Progress) -> Result<Report, Error> {
        self.run_until(job, progress, std::future::pending()).await
    }

    /// Runs a job until `stop` is ready. Once the files are being made visible, `stop` is no longer heeded.
    ///
    /// # Errors
    /// As [`run`](Self::run), and [`Error::Cancelled`].
    pub async fn run_until(
        &self,
        job: &Job,
        progress: &Progress,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Report, Error> {
        let began = Instant::now();
        let interrupted = async {
            if let Some(limit) = job.timeout {
                tokio::select! {
                    () = stop => Error::Cancelled,
                    () = tokio::time::sleep(limit) => Error::Timeout { limit },
                }
            } else {
                stop.await;
                Error::Cancelled
            }
        };
        tokio::pin!(interrupted);

        let run = run_id();
        let mut attempt = 1;
        loop {
            progress.start_attempt(attempt);
            let id = if attempt == 1 {
                run.clone()
            } else {
                format!("{run}-{attempt}")
            };
            let failed = match self.attempt(job, &id, progress, began, interrupted.as_mut()).await {
                Ok(report) => {
                    return Ok(Report {
                        attempts: attempt,
                        ..report
                    });
                }
                Err(error) => error,
            };
            attempt += 1;
            let pause = retry::pause(&job.retries, attempt, retry::jitter()).filter(|_| failed.may_pass());
            let Some(pause) = pause else { return Err(failed) };
            tracing::warn!(run = id, error = %failed, ?pause, "the run failed for a reason that may pass; trying again");
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                interruption = &mut interrupted => return Err(interruption),
            }
        }
    }

    /// Plans a job as a run would, and says what the plans are: a text for each shared step and each sink, with its name.
    /// Nothing is written.
    ///
    /// # Errors
    /// Whatever a run would be refused for.
    pub async fn explain(&self, job: &Job) -> Result<Vec<(String, String)>, Error> {
        let planned = match plan(&self.runtime, job, &run_id(), &Progress::default()).await? {
            Plan::Ready(planned) => *planned,
            Plan::Skipped(_) => return Ok(Vec::new()),
        };
        let text = |plan| displayable(plan).set_show_schema(false).indent(false).to_string();
        let stages = planned.stages.iter().filter_map(|stage| {
            let plan = stage.plan()?;
            Some((stage.name().to_owned(), text(plan.as_ref())))
        });
        let outputs = planned
            .outputs
            .iter()
            .map(|output| (output.name.clone(), text(output.plan.as_ref())));
        let explained = stages.chain(outputs).collect();
        planned.give_up().await;
        Ok(explained)
    }

    async fn attempt(
        &self,
        job: &Job,
        id: &str,
        progress: &Progress,
        began: Instant,
        mut interrupted: Pin<&mut (impl Future<Output = Error> + Send)>,
    ) -> Result<Report, Error> {
        let planning = Instant::now();
        progress.enter(Phase::Planning);
        let planned = tokio::select! {
            planned = plan(&self.runtime, job, id, progress) => planned?,
            interruption = &mut interrupted => return Err(interruption),
        };
        let planning = planning.elapsed();
        let planned = match planned {
            Plan::Ready(planned) => *planned,
            Plan::Skipped(mut report) => {
                progress.enter(Phase::Done);
                report.seconds.total = began.elapsed().as_secs_f64();
                return Ok(*report);
            }
        };

        progress.enter(Phase::Running);
        for output in &planned.outputs {
            let plan = displayable(output.plan.as_ref());
            tracing::debug!(run = id, sink = output.name, plan = %plan.indent(false), "running");
        }
        let mut drive = Drive::start(&planned.outputs, &planned.task, progress)?;
        let written = tokio::select! {
            written = drive.finish() => written,
            interruption = &mut interrupted => Err(interruption),
        };
        let written = match written.and_then(|written| within_share(job, progress).map(|()| written)) {
            Ok(written) => written,
            Err(error) => {
                drive.stop().await;
                drop(drive);
                return Err(planned.give_up().await.unwrap_or(error));
            }
        };
        planned.commit(job, written, progress, began, planning).await
    }
}

/// Whether few enough of the rows were rejected.
fn within_share(job: &Job, progress: &Progress) -> Result<(), Error> {
    let Some(MaxRejects::Share(limit)) = job.max_rejects else {
        return Ok(());
    };
    let (rows, rejected) = (progress.rows_in(), progress.rows_rejected());
    if rejected as f64 > limit * rows as f64 {
        return Err(Error::TooLargeAShareRejected { rejected, rows, limit });
    }
    Ok(())
}

impl Planned {
    /// Ends the writers of rejected rows. What one of them failed with is why the run failed.
    async fn give_up(self) -> Option<Error> {
        let Self {
            outputs,
            stages,
            task,
            rejects,
            ..
        } = self;
        // They hold the other ends of the writers' channels.
        drop((outputs, stages, task));
        let mut failed = None;
        for reject in rejects {
            failed = failed.or(reject.writing.await.ok().and_then(Result::err));
        }
        failed
    }

    async fn commit(
        self,
        job: &Job,
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

        let committing = Instant::now();
        let mut rejected = Vec::new();
        for RejectSink { name, sink, writing } in rejects {
            rejected.push((name, sink, joined(writing.await)??));
        }
        let mut ready = Vec::new();
        if let Err(error) = prepare(&mut ready, rejected, sinks, &mut written).await {
            for Ready { name, prepared, .. } in &ready {
                if let Some(output) = job.sinks.get(name) {
                    // What is left anyway is swept by the next run.
                    file::abort(&output.to, prepared).await.ok();
                }
            }
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
                commit: committing.elapsed().as_secs_f64(),
            },
            sandbox_peak_memory: statistics.peak_memory,
            peak_memory: metrics::peak_memory(),
            counters: run.counters(),
            ..report
        })
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
