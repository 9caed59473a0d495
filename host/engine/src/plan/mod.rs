//! Makes plans of a job: everything that can be refused is refused here.

mod frames;
mod plugins;
mod session;
mod sinks;
mod sources;
mod stages;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use datafusion::execution::TaskContext;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use tenon_connect::{Part, Sink};
use tenon_runtime::{Run, Runtime};
use tokio::task::JoinHandle;

use frames::Frames;
pub(crate) use frames::{PlannedStep, bad_step, call_node, query_node, scan};
pub(crate) use plugins::{Loaded, batchwise, choose, functions, load_one};
use session::Queries;
pub(crate) use session::{environment, memory};
use sinks::Target;
pub(crate) use sources::{OpenedSource, WatchedTable};

use crate::context::RunContext;
use crate::drive::fit_to_sink;
use crate::error::Error;
use crate::flow::flows;
use crate::graph::Graph;
use crate::job::{Feed, Job, Output};
use crate::progress::Progress;
use crate::rejects::RejectedRows;
use crate::report::{Report, Status};
use crate::shared::SharedStage;
use crate::step::Step;

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
    /// Where each sink leaves the rows that its target refuses.
    pub refused: ByName<RejectedRows>,
}

/// Rows that go to no sink.
pub(crate) struct Rows {
    pub plan: Arc<dyn ExecutionPlan>,
    /// They run as long as they are kept.
    pub stages: Vec<Arc<SharedStage>>,
    pub task: Arc<TaskContext>,
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

/// Loads the plugins, finds what is to be read, opens every function once to learn its columns, prepares the sinks, and
/// plans. `dry` where nothing of it is going to be executed.
pub(crate) async fn plan(
    runtime: &Runtime,
    job: &Job,
    run_id: &str,
    progress: &Progress,
    dry: bool,
) -> Result<Plan, Error> {
    let run = build_run(job, run_id);
    progress.uses(&run);
    let loaded = plugins::load(runtime, job).await?;
    progress.loaded(loaded.used(job));
    let environment = session::environment(session::memory(job), progress)?;
    let layout = Layout::of(job, &loaded, &environment)?;
    let opened = sources::open(job, &layout, run.id(), progress, dry).await?;
    let waits = opened.is_none();
    let sources = opened.unwrap_or_default();
    if waits || nothing_new(&sources) {
        let report = Report {
            status: Status::NothingNew,
            ..Report::begun(job, &run, &sources, &[])
        };
        return Ok(Plan::Skipped(Box::new(report)));
    }
    let opened = Opened {
        run,
        loaded,
        sources,
        environment,
        keep_failed: job.keep_failed,
    };
    opened.plan(job, &layout, progress).await
}

/// In which order a job is planned, and the session for it.
pub(crate) struct Layout {
    partitions: usize,
    pub session: SessionContext,
    /// The tables that each query reads.
    tables: BTreeMap<String, Vec<String>>,
    graph: Graph,
}

impl Layout {
    pub fn of(job: &Job, loaded: &Loaded, environment: &Arc<RuntimeEnv>) -> Result<Self, Error> {
        let sinks = job.sinks.iter().map(|(name, output)| (name.as_str(), &output.feed));
        Self::reading(job, loaded, environment, sinks)
    }

    /// The layout for `readers`, by name, instead of the job's sinks.
    pub fn reading<'a>(
        job: &Job,
        loaded: &Loaded,
        environment: &Arc<RuntimeEnv>,
        readers: impl Iterator<Item = (&'a str, &'a Feed)> + Clone,
    ) -> Result<Self, Error> {
        let partitions = if loaded.keeps_state() {
            // Rows in the file's order need one partition from the source on.
            1
        } else {
            job.partitions.unwrap_or_else(cores).max(1)
        };
        let session = session::session(partitions, environment, queries_of(job));
        loaded.functions.register(&session)?;
        let tables = frames::tables(job, &session)?;
        Ok(Self {
            partitions,
            graph: Graph::of(job, &tables, readers)?,
            tables,
            session,
        })
    }
}

/// What a job reads and calls, ready to be planned with.
pub(crate) struct Opened {
    pub run: Arc<Run>,
    pub loaded: Loaded,
    pub sources: Vec<OpenedSource>,
    pub environment: Arc<RuntimeEnv>,
    /// As the job says it.
    pub keep_failed: Option<usize>,
}

impl Opened {
    /// Opens every function once to learn its columns, prepares the sinks, and plans.
    pub async fn plan(self, job: &Job, layout: &Layout, progress: &Progress) -> Result<Plan, Error> {
        let frames = frames::plan(job, layout, &self.sources, &self.loaded, &self.run).await?;
        let mut report = Report::begun(job, &self.run, &self.sources, &frames.steps);
        self.watch(job, layout, &frames, &job.sinks, progress);

        let sinks = sinks::begin(job, &frames, &self.sources, &self.run).await?;
        if sinks.outputs.is_empty() {
            report.status = Status::Skipped;
            return Ok(Plan::Skipped(Box::new(report)));
        }
        let ends: Vec<LogicalPlan> = sinks.outputs.iter().map(|target| target.plan.clone()).collect();
        let planned = stages::plan(frames.stages, &ends, &layout.session)
            .await
            .map_err(Error::from_plan)?;
        let task = self.task(job, layout, sinks.rejected, progress);
        let outputs = sinks.outputs.into_iter().zip(planned.outputs);
        Ok(Plan::Ready(Box::new(Planned {
            report,
            run: self.run,
            task,
            sources: self.sources,
            stages: planned.stages,
            outputs: outputs
                .map(|(Target { name, sink, .. }, plan)| PlannedOutput {
                    plan: fit_to_sink(plan, &sink),
                    name,
                    sink,
                })
                .collect(),
            rejects: sinks.rejects,
            refused: sinks.refused,
        })))
    }

    /// Plans the rows of one source or step, for whoever wants to look at them.
    pub async fn rows(self, job: &Job, layout: &Layout, name: &str, progress: &Progress) -> Result<Rows, Error> {
        let frames = frames::plan(job, layout, &self.sources, &self.loaded, &self.run).await?;
        self.watch(job, layout, &frames, &BTreeMap::new(), progress);
        let mut rejected = sinks::counted(job, &self.sources, &frames.steps);
        sinks::begin_unreadable(&self.sources, &mut rejected);
        let end = frames.of(name)?;
        let mut planned = stages::plan(frames.stages, &[end], &layout.session)
            .await
            .map_err(Error::from_plan)?;
        let missing = || Error::Internal(format!("{name} was not planned"));
        Ok(Rows {
            plan: planned.outputs.pop().ok_or_else(missing)?,
            stages: planned.stages,
            task: self.task(job, layout, rejected, progress),
        })
    }

    /// Has what was planned counted.
    fn watch(
        &self,
        job: &Job,
        layout: &Layout,
        frames: &Frames,
        sinks: &BTreeMap<String, Output>,
        progress: &Progress,
    ) {
        let shared: Vec<_> = frames.stages.iter().map(|stage| Arc::clone(&stage.shared)).collect();
        let flows = flows(job, &layout.graph, &layout.tables, &shared);
        progress.add(&self.sources, &frames.steps, flows, sinks);
    }

    fn task(&self, job: &Job, layout: &Layout, rejects: ByName<RejectedRows>, progress: &Progress) -> Arc<TaskContext> {
        let context = RunContext {
            run: Arc::clone(&self.run),
            plugins: self.loaded.by_digest(),
            rejects,
            progress: progress.clone(),
            memory: session::memory(job),
            keep_failed: self.keep_failed,
        };
        session::task(layout.partitions, &self.environment, context)
    }
}

fn queries_of(job: &Job) -> Queries {
    let all_are_plugins = job.steps.values().all(|step| matches!(step, Step::Plugin(_)));
    // Functions for queries are compared with those that are there already.
    if all_are_plugins && job.functions.is_empty() {
        Queries::None
    } else {
        Queries::Some
    }
}

/// Whether there are incremental sources, and none has anything that was not read before.
pub(crate) fn nothing_new(sources: &[OpenedSource]) -> bool {
    let mut incremental = sources.iter().filter(|source| source.incremental).peekable();
    incremental.peek().is_some() && incremental.all(|source| source.source.has_nothing_new())
}

/// The run as sandboxes know it.
pub(crate) fn build_run(job: &Job, id: &str) -> Arc<Run> {
    let mut run = Run::builder(&job.tenant, id)
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
    if let Some(sink) = &job.log {
        run = run.log_to(sink.clone());
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
    // To ask takes a dozen system calls.
    static CORES: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));
    *CORES
}

/// A session for checking steps, which runs nothing.
pub(crate) fn planning_session(environment: &Arc<RuntimeEnv>) -> SessionContext {
    session::session(cores(), environment, Queries::Some)
}

/// Something by name of the step or sink that it belongs to.
pub(crate) type ByName<T> = HashMap<String, T>;
