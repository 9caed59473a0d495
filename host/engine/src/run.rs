//! Runs a job from its plugins to its commit.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use datafusion::physical_plan::displayable;
use tenon_runtime::{Plugin, Runtime};

use crate::commit::{Committing, Durable};
use crate::drive::Drive;
use crate::error::Error;
use crate::finish::{self, Finished};
use crate::job::Job;
use crate::ledger::{Commitment, Ledger};
use crate::plan::{Plan, load_one, plan, run_id};
use crate::progress::{Phase, Progress};
use crate::rejects::within_share;
use crate::report::{Report, Status};
use crate::retry;
use crate::script;

/// Runs jobs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    runtime: Runtime,
    ledger: Option<Arc<dyn Ledger>>,
}

impl Engine {
    /// An engine whose plugins run on `runtime`.
    pub fn new(runtime: Runtime) -> Self {
        Self { runtime, ledger: None }
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(crate) fn own_ledger(&self) -> Option<Arc<dyn Ledger>> {
        self.ledger.clone()
    }

    /// The same engine, which notes what runs commit in this ledger.
    #[must_use]
    pub fn ledger(self, ledger: Arc<dyn Ledger>) -> Self {
        Self {
            ledger: Some(ledger),
            ..self
        }
    }

    /// Loads a plugin, as a job that names this file would.
    ///
    /// # Errors
    /// [`Error::Plugin`].
    pub async fn load(&self, plugin: &Path) -> Result<Plugin, Error> {
        load_one(&self.runtime, plugin).await
    }

    /// Finishes a commit that was cut short. Finishing it again changes nothing. The ledger is told, unless
    /// [nothing](Finished::Nothing) has come of it: to give it up is for who has asked.
    ///
    /// # Errors
    /// When a target or the ledger refuses. [`Error::LostSink`] when the job has lost a sink of the commitment: the sinks
    /// that it still has are committed to then, and the ledger is not told, so that the commitment can be finished once the
    /// sink is back. [`Error::LostSecret`] when it has lost a secret by which a script's sink was reached.
    pub async fn finish(&self, job: &Job, commitment: &Commitment) -> Result<Finished, Error> {
        let partly_lost = match finish::make_visible(job, commitment).await {
            Err(error) if error.is_gone() => return Ok(Finished::Nothing(error)),
            visible => visible?,
        };
        if let Some(ledger) = &self.ledger {
            ledger.committed(&commitment.run).await.map_err(Error::Ledger)?;
        }
        Ok(partly_lost.map_or(Finished::All, Finished::ButFor))
    }

    /// Removes what a run of this job has left at its targets that died and was never committed. It is hidden, and
    /// would be swept after a day.
    ///
    /// # Errors
    /// When a target refuses.
    pub async fn forget(&self, job: &Job, run: &str) -> Result<(), Error> {
        for try_of_run in retry::names(&retry::of_batch(run, job.batch), &job.retries) {
            for output in job.sinks.values() {
                let forgotten = output.to.forget(&try_of_run).await;
                forgotten.map_err(|error| Error::Sink(Box::new(error)))?;
            }
        }
        Ok(())
    }

    /// Runs a job.
    ///
    /// # Errors
    /// Each [`Error`] says what is at fault. Nothing of a failed run is visible, unless a sink had committed when the next
    /// one failed to: [`finish`](Self::finish) does the rest.
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

        let run = job.run.clone().unwrap_or_else(run_id);
        let named = retry::of_batch(&run, job.batch);
        let mut attempt = 1;
        loop {
            progress.start_attempt(attempt);
            let id = retry::name(&named, attempt);
            let failed = match self
                .attempt(job, &run, &id, progress, began, interrupted.as_mut())
                .await
            {
                Ok(report) => {
                    return Ok(Report {
                        attempts: attempt,
                        ..report
                    });
                }
                Err(error) => error,
            };
            attempt += 1;
            // What is committed is not written once more.
            let may_pass = failed.may_pass() && !matches!(failed, Error::Unfinished { .. });
            let pause = retry::pause(&job.retries, attempt, retry::jitter()).filter(|_| may_pass);
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
        if job.script.is_some() {
            let reason = "a script plans while it runs, so that there is nothing to explain before".to_owned();
            return Err(Error::Conflict { reason });
        }
        let planned = match plan(&self.runtime, job, &run_id(), &Progress::default(), true).await? {
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
        run: &str,
        id: &str,
        progress: &Progress,
        began: Instant,
        mut interrupted: Pin<&mut (impl Future<Output = Error> + Send)>,
    ) -> Result<Report, Error> {
        if let Some(script) = &job.script {
            let attempt = script::Attempt {
                runtime: &self.runtime,
                ledger: self.ledger.as_deref(),
                job,
                script,
                run,
                id,
                progress,
                began,
            };
            return script::attempt(attempt, interrupted).await;
        }
        let planning = Instant::now();
        progress.enter(Phase::Planning);
        let planned = tokio::select! {
            planned = plan(&self.runtime, job, id, progress, false) => planned?,
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
        progress.works_on(planned.plans());
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
                let behind = planned.give_up().await;
                // What stops a run is asked no more once it has said so.
                let is_interrupted = matches!(error, Error::Cancelled | Error::Timeout { .. });
                return Err(behind.filter(|_| !is_interrupted).unwrap_or(error));
            }
        };
        let (mut report, sources, sandboxes) = (
            planned.report.clone(),
            planned.sources.clone(),
            Arc::clone(&planned.run),
        );
        let durable = if job.batch.is_none() || planned.has_found() {
            planned.make_durable(job, written).await?
        } else {
            // What changes a log may be of other tables: it is read on from there, and a target that would be replaced stays.
            report.status = Status::NothingNew;
            planned.give_up().await.map_or(Ok(Durable::default()), Err)?
        };
        let committing = Committing {
            job,
            run,
            ledger: self.ledger.as_deref(),
            sources: &sources,
            sandboxes: &sandboxes,
            progress,
            began,
            planning,
        };
        committing.commit(durable, report).await
    }
}
