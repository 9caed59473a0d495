//! Makes a plan of a job: everything that can be refused is refused here.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use arrow::datatypes::SchemaRef;
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::{Extension, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use tenon_connect::file::{self, Begun, Part, Sink, Source};
use tenon_runtime::{Function, Plugin, Run, Runtime, Shape};
use tokio::task::JoinHandle;

use crate::context::RunContext;
use crate::drive::fit_to_sink;
use crate::error::Error;
use crate::job::Job;
use crate::node::{Call, PluginNode};
use crate::planner::Planner;
use crate::progress::Progress;
use crate::rejects::{self, RejectedRows};
use crate::report::{Report, Status};

/// Rows per batch.
const BATCH_ROWS: usize = 8192;

/// Whose runs these are, where there is only one user.
const TENANT: &str = "local";

/// What planning came to.
pub(crate) enum Plan {
    Ready(Box<Planned>),
    Skipped(Box<Report>),
}

/// A job that is ready to run.
pub(crate) struct Planned {
    pub name: String,
    pub plugin: Plugin,
    pub function: Function,
    pub run: Arc<Run>,
    pub session: SessionContext,
    pub source: Source,
    pub plan: Arc<dyn ExecutionPlan>,
    pub sink: Sink,
    pub rejects: Option<RejectSink>,
}

/// The sink of rejected rows and the task that writes to it.
pub(crate) struct RejectSink {
    pub sink: Sink,
    pub writing: JoinHandle<Result<Part, Error>>,
}

/// Loads the plugin, finds the files, opens the function once to learn its columns, and prepares the sinks.
pub(crate) async fn plan(runtime: &Runtime, job: &Job, progress: &Progress) -> Result<Plan, Error> {
    let shown = job.plugin.display().to_string();
    let plugin = runtime.load(&job.plugin).await;
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
                ..Report::begun(name, &plugin, &function, &run, &source)
            })));
        }
    };
    spare_source(&source, &sink)?;
    let (reject_rows, rejects) = begin_rejects(job, &source, &sink, &run).await?;
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
    job: &Job,
    source: &Source,
    sink: &Sink,
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
        Begun::Ready(rejects) => {
            spare_source(source, &rejects)?;
            if !sink.is_single_file() && same_file(sink.folder(), rejects.folder()) {
                let reason = format!("rejected rows cannot go into {}, the folder of the sink", job.sink.url);
                return Err(Error::Conflict { reason });
            }
            let (rows, writing) = RejectedRows::written(job.max_rejects, rejects.writer(0, 1));
            Ok((rows, Some(RejectSink { sink: rejects, writing })))
        }
    }
}

/// Refuses a job that would replace what it reads.
fn spare_source(source: &Source, sink: &Sink) -> Result<(), Error> {
    for replaced in sink.replaced() {
        if source.files().iter().any(|file| same_file(file, &replaced)) {
            let reason = format!("it would replace {}, which it reads", replaced.display());
            return Err(Error::Conflict { reason });
        }
    }
    Ok(())
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
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

/// An id that sorts by time and that nobody else has: microseconds since the epoch, the process, a number in it.
fn run_id() -> String {
    static RUNS: AtomicU32 = AtomicU32::new(1);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (process, number) = (std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
    format!("{:014x}-{process:x}-{number:x}", since_epoch.as_micros())
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
    output: &SchemaRef,
) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
    let scan = LogicalPlanBuilder::scan("source", provider_as_source(source.table()), None)?.build()?;
    let node = PluginNode::try_new(call, scan, output)?;
    let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
    session.state().create_physical_plan(&plan).await
}

async fn begin(config: &file::WriteConfig, schema: &SchemaRef, run: &Run) -> Result<Begun, tenon_connect::Error> {
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
