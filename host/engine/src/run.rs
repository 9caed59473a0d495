//! Runs a job from its plugin to its commit.

use std::future::Future;
use std::time::{Duration, Instant};

use datafusion::physical_plan::displayable;
use tenon_connect::file::{Committed, Part, Sink};
use tenon_runtime::Runtime;

use crate::drive::{Drive, Written};
use crate::error::Error;
use crate::job::Job;
use crate::metrics;
use crate::plan::{Plan, Planned, RejectSink, plan};
use crate::progress::{Phase, Progress};
use crate::report::{Report, Timings};

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
        stop: impl Future<Output = ()>,
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

        progress.enter(Phase::Planning);
        let planned = tokio::select! {
            planned = plan(&self.runtime, job, progress) => planned?,
            interruption = &mut interrupted => return Err(interruption),
        };
        let planning = began.elapsed();
        let planned = match planned {
            Plan::Ready(planned) => *planned,
            Plan::Skipped(mut report) => {
                progress.enter(Phase::Done);
                report.seconds.total = began.elapsed().as_secs_f64();
                return Ok(*report);
            }
        };

        progress.enter(Phase::Running);
        let mut drive = Drive::start(&planned.plan, &planned.session.task_ctx(), &planned.sink, progress)?;
        tracing::debug!(
            run = planned.run.id(),
            step = planned.name,
            plan = %displayable(planned.plan.as_ref()).indent(false),
            "running"
        );
        let written = tokio::select! {
            written = drive.finish() => written,
            interruption = &mut interrupted => Err(interruption),
        };
        let written = match written {
            Ok(written) => written,
            Err(error) => {
                drive.stop().await;
                return Err(planned.reject_failure().await.unwrap_or(error));
            }
        };
        planned.commit(written, progress, began, planning).await
    }
}

impl Planned {
    /// What the writer of rejected rows failed with, if it did: then that is why the run failed.
    async fn reject_failure(self) -> Option<Error> {
        let Self {
            plan, session, rejects, ..
        } = self;
        // They hold the other end of the writer's channel.
        drop((plan, session));
        rejects?.writing.await.ok()?.err()
    }

    async fn commit(
        self,
        written: Written,
        progress: &Progress,
        began: Instant,
        planning: Duration,
    ) -> Result<Report, Error> {
        let Self {
            name,
            plugin,
            function,
            run,
            session,
            source,
            plan,
            sink,
            rejects,
        } = self;
        progress.enter(Phase::Committing);
        let (source_time, partitions) = (metrics::source_time(&plan), metrics::partitions(&plan));
        drop((plan, session));
        let committing = Instant::now();
        let rejects = match rejects {
            Some(RejectSink { sink, writing }) => Some((sink, joined(writing.await)??)),
            None => None,
        };
        // First, so that a failure here leaves the target as it was.
        let rejected = match rejects {
            Some((sink, part)) => publish(sink, vec![part])
                .await?
                .map_err(|error| Error::Rejects(Box::new(error)))?,
            None => Committed::default(),
        };
        let committed = publish(sink, written.parts)
            .await?
            .map_err(|error| Error::Sink(Box::new(error)))?;
        progress.enter(Phase::Done);

        let total = began.elapsed().as_secs_f64();
        let statistics = run.statistics();
        Ok(Report {
            rows_in: progress.rows_in(),
            rows_out: committed.rows,
            rows_rejected: progress.rows_rejected(),
            files_written: committed.files,
            bytes_written: committed.bytes,
            reject_files: rejected.files,
            partitions,
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
            ..Report::begun(name, &plugin, &function, &run, &source)
        })
    }
}

async fn publish(sink: Sink, parts: Vec<Part>) -> Result<Result<Committed, tenon_connect::Error>, Error> {
    joined(tokio::task::spawn_blocking(move || sink.commit(parts)).await)
}

fn joined<T>(result: Result<T, tokio::task::JoinError>) -> Result<T, Error> {
    result.map_err(|error| Error::Internal(error.to_string()))
}
