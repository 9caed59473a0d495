//! Makes plans of a job: everything that can be refused is refused here.

mod frames;
mod plugins;
mod session;
mod sinks;
mod sources;
mod stages;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use tenon_connect::file::{Part, Sink};
use tenon_runtime::{Run, Runtime};
use tokio::task::JoinHandle;

pub(crate) use frames::PlannedStep;
pub(crate) use sources::{OpenedSource, WatchedTable};

use crate::context::RunContext;
use crate::error::Error;
use crate::graph::Graph;
use crate::job::Job;
use crate::progress::Progress;
use crate::report::{Report, Status};
use crate::shared::SharedStage;

/// Whose runs these are, where there is only one user.
const TENANT: &str = "local";

/// What planning came to.
pub(crate) enum Plan {
    Ready(Box<Planned>),
    Skipped(Box<Report>),
}

/// A job that is ready to run.
pub(crate) struct Planned {
    pub report: Report,
    pub run: Arc<Run>,
    pub task: Arc<TaskContext>,
    pub sources: Vec<OpenedSource>,
    pub stages: Vec<Arc<SharedStage>>,
    pub outputs: Vec<PlannedOutput>,
    pub rejects: Vec<RejectSink>,
}

/// A sink and the plan whose rows go there.
pub(crate) struct PlannedOutput {
    pub name: String,
    pub plan: Arc<dyn ExecutionPlan>,
    pub sink: Sink,
}

/// A sink of rejected rows and the task that writes to it.
pub(crate) struct RejectSink {
    pub name: String,
    pub sink: Sink,
    pub writing: JoinHandle<Result<Part, Error>>,
}

/// Loads the plugins, finds the files, opens every function once to learn its columns, prepares the sinks, and plans.
pub(crate) async fn plan(runtime: &Runtime, job: &Job, run_id: &str, progress: &Progress) -> Result<Plan, Error> {
    let run = build_run(job, run_id);
    let loaded = plugins::load(runtime, job).await?;
    let partitions = if loaded.keeps_state() {
        // Rows in the file's order need one partition from the source on.
        1
    } else {
        job.partitions.unwrap_or_else(cores).max(1)
    };
    let memory = session::memory(job);
    let environment = session::environment(memory)?;
    let session = session::session(partitions, &environment, None);
    loaded.functions.register(&session)?;
    let tables = frames::tables(job, &session)?;
    let graph = Graph::of(job, &tables)?;

    let sources = sources::open(job, &graph, &session, progress).await?;
    if nothing_new(&sources) {
        let report = Report {
            status: Status::NothingNew,
            ..Report::begun(job, &run, &sources, &[])
        };
        return Ok(Plan::Skipped(Box::new(report)));
    }
    let frames = frames::plan(job, &graph, &tables, &sources, &loaded, &run, &session).await?;
    let mut report = Report::begun(job, &run, &sources, &frames.steps);
    progress.begin(&sources, &frames.steps, &job.sinks);

    let sinks = sinks::begin(job, &frames, &sources, &run).await?;
    if sinks.outputs.is_empty() {
        report.status = Status::Skipped;
        return Ok(Plan::Skipped(Box::new(report)));
    }
    let context = RunContext {
        run: Arc::clone(&run),
        plugins: loaded.by_digest(),
        rejects: sinks.rejected,
        progress: progress.clone(),
        memory,
    };
    let planned = stages::plan(frames, sinks.outputs, &session)
        .await
        .map_err(Error::from_plan)?;
    Ok(Plan::Ready(Box::new(Planned {
        report,
        run,
        task: session::session(partitions, &environment, Some(context)).task_ctx(),
        sources,
        stages: planned.stages,
        outputs: planned.outputs,
        rejects: sinks.rejects,
    })))
}

/// Whether there are incremental sources, and none has anything that was not read before.
fn nothing_new(sources: &[OpenedSource]) -> bool {
    let mut incremental = sources.iter().filter(|source| source.incremental).peekable();
    incremental.peek().is_some() && incremental.all(|source| source.source.files().is_empty())
}

fn build_run(job: &Job, id: &str) -> Arc<Run> {
    let mut run = Run::builder(TENANT, id)
        .limits(job.limits.clone())
        .state(job.state.clone());
    for (name, value) in &job.parameters {
        run = run.parameter(name, value);
    }
    for (name, secret) in &job.secrets {
        run = run.secret(name, secret.reveal());
    }
    for grant in &job.http {
        run = run.allow_http(grant.clone());
    }
    run.build()
}

/// An id that sorts by time and that nobody else has: microseconds since the epoch, the process, a number in it.
pub(crate) fn run_id() -> String {
    static RUNS: AtomicU32 = AtomicU32::new(1);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (process, number) = (std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
    format!("{:014x}-{process:x}-{number:x}", since_epoch.as_micros())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Something by name of the step or sink that it belongs to.
pub(crate) type ByName<T> = HashMap<String, T>;
