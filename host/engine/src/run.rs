//! Runs a job from its plugin to its commit.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::{Extension, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use tenon_connect::file::{self, Begun, Committed, Part, Sink, Source};
use tenon_runtime::{Function, Plugin, Run, Runtime, Shape};
use tokio::task::JoinHandle;

use crate::context::RunContext;
use crate::drive::{Drive, Written, fit_to_sink};
use crate::error::Error;
use crate::job::Job;
use crate::metrics;
use crate::node::{Call, PluginNode};
use crate::planner::Planner;
use crate::progress::{Phase, Progress};
use crate::rejects::{self, RejectedRows};
use crate::report::{Report, Status, Timings};

/// Rows per batch.
const BATCH_ROWS: usize = 8192;

/// Whose runs these are, where there is only one user.
const TENANT: &str = "local";

/// Runs jobs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    runtime: Runtime,
}

/// A job that is ready to run.
struct Planned {
    name: String,
    plugin: Plugin,
    function: Function,
    run: Arc<Run>,
    session: SessionContext,
    source: Source,
    plan: Arc<dyn ExecutionPlan>,
    sink: Sink,
    rejects: Option<RejectSink>,
}

/// The sink of rejected rows and the task that writes to it.
struct RejectSink {
    sink: Sink,
    writing: JoinHandle<Result<Part, Error>>,
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
            match job.timeout {
                Some(limit) => tokio::select! {
                    () = stop => Error::Cancelled,
                    () = tokio::time::sleep(limit) => Error::Timeout { limit },
                },
                None => {
                    stop.await;
                    Error::Cancelled
                }
            }
        };
        tokio::pin!(interrupted);

        progress.enter(Phase::Planning);
        let planned = tokio::select! {
            planned = self.plan(job, progress) => planned?,
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
        let span = tracing::info_span!("run", run = planned.run.id(), step = planned.name);
        let mut drive = Drive::start(&planned.plan, &planned.session.task_ctx(), &planned.sink, progress)?;
        tracing::debug!(parent: &span, plan = %datafusion::physical_plan::displayable(planned.plan.as_ref()).indent(false), "planned");
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

    async fn plan(&self, job: &Job, progress: &Progress) -> Result<Plan, Error> {
        let shown = job.plugin.display().to_string();
        let plugin = self.runtime.load(&job.plugin).await;
        let plugin = plugin.map_err(|source| Error::Plugin {
            plugin: shown.clone(),
            source: Box::new(source),
        })?;
        let function = choose(&shown, &plugin, job.function.as_deref())?.clone();
        let name = job.name.clone().unwrap_or_else(|| function.name.clone());
        let run = build_run(job);

        // Rows in the file's order need one partition from the source on.
        let partitions = if function.stateless {
            job.partitions.unwrap_or_else(cores)
        } else {
            1
        };
        let source_session = session(partitions, None);
        let source = file::open(&job.source, &source_session).await;
        let source = source.map_err(|error| Error::Source(Box::new(error)))?;

        let call = Call {
            step: name.clone(),
            plugin: plugin.digest().to_owned(),
            function: function.name.clone(),
            config: job.config.to_string(),
            stateless: function.stateless,
        };
        let opening = |source| Error::Open {
            step: name.clone(),
            source: Box::new(source),
        };
        let mut sandbox = plugin.checkout(&run).await.map_err(opening)?;
        let output = sandbox
            .open(&call.function, &call.config, &source.schema())
            .await
            .map_err(opening)?;
        drop(sandbox);

        let sink = match begin(&job.sink, &output, &run)
            .await
            .map_err(|error| Error::Sink(Box::new(error)))?
        {
            Begun::Ready(sink) => sink,
            Begun::Ignored => {
                return Ok(Plan::Skipped(Box::new(Report {
                    status: Status::Skipped,
                    ..report_on(name, &plugin, &function, &run, &source)
                })));
            }
        };
        let (reject_rows, rejects) = self.begin_rejects(job, &source, &run).await?;
        let context = RunContext {
            run: Arc::clone(&run),
            plugins: HashMap::from([(plugin.digest().to_owned(), plugin.clone())]),
            rejects: reject_rows,
            progress: progress.clone(),
        };
        let session = session(partitions, Some(context));
        let plan = physical_plan(&session, &source, call, &output)
            .await
            .map_err(Error::from_plan)?;
        let plan = fit_to_sink(plan, &sink);
        Ok(Plan::Ready(Box::new(Planned {
            name,
            plugin,
            function,
            run,
            session,
            source,
            plan,
            sink,
            rejects,
        })))
    }

    async fn begin_rejects(
        &self,
        job: &Job,
        source: &Source,
        run: &Arc<Run>,
    ) -> Result<(RejectedRows, Option<RejectSink>), Error> {
        let Some(config) = &job.rejects else {
            return Ok((RejectedRows::counted(job.max_rejects), None));
        };
        let schema = rejects::schema_of(&source.schema());
        match begin(config, &schema, run)
            .await
            .map_err(|error| Error::Rejects(Box::new(error)))?
        {
            Begun::Ignored => Ok((RejectedRows::counted(job.max_rejects), None)),
            Begun::Ready(sink) => {
                let (rows, writing) = RejectedRows::written(job.max_rejects, sink.writer(0, 1));
                Ok((rows, Some(RejectSink { sink, writing })))
            }
        }
    }
}

/// What planning came to.
enum Plan {
    Ready(Box<Planned>),
    Skipped(Box<Report>),
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
        let committed = publish(sink, written.parts)
            .await?
            .map_err(|error| Error::Sink(Box::new(error)))?;
        let rejected = match rejects {
            Some((sink, part)) => publish(sink, vec![part])
                .await?
                .map_err(|error| Error::Rejects(Box::new(error)))?,
            None => Committed::default(),
        };
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
            ..report_on(name, &plugin, &function, &run, &source)
        })
    }
}

fn choose<'a>(shown: &str, plugin: &'a Plugin, wanted: Option<&str>) -> Result<&'a Function, Error> {
    let functions = plugin.functions();
    let known = || functions.iter().map(|function| function.name.clone()).collect();
    let function = match (wanted, functions) {
        (Some(wanted), _) => functions
            .iter()
            .find(|function| function.name == wanted)
            .ok_or_else(|| Error::UnknownFunction {
                plugin: shown.to_owned(),
                function: wanted.to_owned(),
                known: known(),
            })?,
        (None, [only]) => only,
        (None, _) => {
            return Err(Error::ChooseFunction {
                plugin: shown.to_owned(),
                known: known(),
            });
        }
    };
    match function.shape {
        Shape::Batchwise => Ok(function),
        Shape::Scalar => Err(Error::Scalar {
            function: function.name.clone(),
        }),
    }
}

fn build_run(job: &Job) -> Arc<Run> {
    let mut run = Run::builder(TENANT, run_id()).limits(job.limits.clone());
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

/// An id that sorts by time and that no other process has: microseconds since the epoch and the process's number.
fn run_id() -> String {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:014x}-{:x}", since_epoch.as_micros(), std::process::id())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn session(partitions: usize, context: Option<RunContext>) -> SessionContext {
    let mut config = SessionConfig::new()
        .with_target_partitions(partitions.max(1))
        .with_batch_size(BATCH_ROWS);
    // Plugins get the text type that their SDKs read without a detour.
    config.options_mut().execution.parquet.schema_force_view_types = false;
    if let Some(context) = context {
        config = config.with_extension(Arc::new(context));
    }
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features()
        .with_query_planner(Arc::new(Planner))
        .build();
    SessionContext::new_with_state(state)
}

async fn physical_plan(
    session: &SessionContext,
    source: &Source,
    call: Call,
    output: &arrow::datatypes::SchemaRef,
) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
    let scan = LogicalPlanBuilder::scan("source", provider_as_source(source.table()), None)?.build()?;
    let node = PluginNode::try_new(call, scan, output)?;
    let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
    session.state().create_physical_plan(&plan).await
}

async fn begin(
    config: &file::WriteConfig,
    schema: &arrow::datatypes::SchemaRef,
    run: &Run,
) -> Result<Begun, tenon_connect::Error> {
    let (config, schema, run) = (config.clone(), Arc::clone(schema), run.id().to_owned());
    let target = config.url.clone();
    let began = tokio::task::spawn_blocking(move || Sink::begin(&config, schema, &run)).await;
    began.unwrap_or_else(|error| {
        Err(tenon_connect::Error::Config {
            subject: target,
            reason: format!("preparing it broke down: {error}"),
        })
    })
}

async fn publish(sink: Sink, parts: Vec<Part>) -> Result<Result<Committed, tenon_connect::Error>, Error> {
    joined(tokio::task::spawn_blocking(move || sink.commit(parts)).await)
}

fn joined<T>(result: Result<T, tokio::task::JoinError>) -> Result<T, Error> {
    result.map_err(|error| Error::Internal(error.to_string()))
}

/// What is known before the run, with every count at zero.
fn report_on(name: String, plugin: &Plugin, function: &Function, run: &Run, source: &Source) -> Report {
    Report {
        run: run.id().to_owned(),
        job: name,
        status: Status::Succeeded,
        plugin: plugin.name().to_owned(),
        plugin_digest: plugin.digest().to_owned(),
        function: function.name.clone(),
        rows_in: 0,
        rows_out: 0,
        rows_rejected: 0,
        files_read: source.files(),
        bytes_read: source.bytes(),
        files_written: Vec::new(),
        bytes_written: 0,
        reject_files: Vec::new(),
        partitions: 0,
        sandboxes: 0,
        rows_per_second: 0.0,
        seconds: Timings::default(),
        sandbox_peak_memory: 0,
        peak_memory: None,
        counters: std::collections::BTreeMap::new(),
    }
}
