//! What plans are made and executed in.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::execution::memory_pool::{FairSpillPool, PeakRecordingPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionStateBuilder, TaskContext};
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::context::RunContext;
use crate::error::Error;
use crate::job::Job;
use crate::metrics::machine_memory;
use crate::planner::Planner;
use crate::progress::Progress;

/// Rows per batch.
const BATCH_ROWS: usize = 8192;
/// Memory of a run where neither the job nor the system says anything.
const DEFAULT_MEMORY: usize = 1 << 30;
/// Consumers of memory that are named when it runs out.
const NAMED_CONSUMERS: std::num::NonZeroUsize = std::num::NonZeroUsize::MIN.saturating_add(4);

/// Memory of a run, in bytes.
pub(crate) fn memory(job: &Job) -> usize {
    let fallback = || machine_memory().map_or(DEFAULT_MEMORY, |bytes| bytes / 4);
    job.memory.unwrap_or_else(fallback)
}

/// Memory and temporary files of one run.
pub(crate) fn environment(memory: usize, progress: &Progress) -> Result<Arc<RuntimeEnv>, Error> {
    let pool = TrackConsumersPool::new(FairSpillPool::new(memory), NAMED_CONSUMERS);
    let pool = Arc::new(PeakRecordingPool::new(Arc::new(pool)));
    progress.takes_from(&pool);
    let environment = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc();
    environment.map_err(Error::from_plan)
}

/// Whether queries and expressions are planned. To register all that these may call takes a good part of the time that a
/// tiny job takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Queries {
    Some,
    None,
}

/// A session without tables, to plan in.
pub(super) fn session(partitions: usize, environment: &Arc<RuntimeEnv>, queries: Queries) -> SessionContext {
    let mut config = config(partitions);
    if queries == Queries::None {
        // There is nothing in such a plan that one rule leaves for another to go on with.
        config.options_mut().optimizer.max_passes = 1;
    }
    let builder = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(Arc::clone(environment))
        .with_query_planner(Arc::new(Planner));
    let builder = match queries {
        Queries::Some => builder.with_default_features(),
        Queries::None => builder,
    };
    SessionContext::new_with_state(builder.build())
}

/// What plans are executed in. They hold the functions that they call, so that here are none to be looked up.
pub(super) fn task(partitions: usize, environment: &Arc<RuntimeEnv>, context: RunContext) -> Arc<TaskContext> {
    Arc::new(TaskContext::new(
        None,
        context.run.id().to_owned(),
        config(partitions).with_extension(Arc::new(context)),
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        Arc::clone(environment),
    ))
}

fn config(partitions: usize) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(partitions)
        .with_batch_size(BATCH_ROWS);
    let options = config.options_mut();
    // Plugins get the text type that their SDKs read without a detour.
    options.execution.parquet.schema_force_view_types = false;
    // Filters skip row groups and pages by their statistics. Evaluating them row by row while decoding costs more than
    // decoding what they drop, unless next to nothing is left: a tenth of the orders benchmark's CPU time, a fifth of
    // TPC-H's.
    options.execution.parquet.pushdown_filters = false;
    // Columns are named as they are written in the file.
    options.sql_parser.enable_ident_normalization = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    config
}
