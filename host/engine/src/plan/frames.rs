//! Logical plans of sources and steps, each built from those that it reads.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::datasource::provider_as_source;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{Extension, LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::SessionContext;
use tenon_runtime::Run;

use super::plugins::Loaded;
use super::{Layout, OpenedSource};
use crate::error::Error;
use crate::job::Job;
use crate::node::PluginNode;
use crate::shared::{SharedStage, SharedTable};
use crate::step::{PluginStep, Step};
use crate::steps;

/// Logical plans of everything that a sink needs.
pub(crate) struct Frames {
    /// What a reader of each source and step plans on.
    plans: BTreeMap<String, LogicalPlan>,
    /// Steps and sources that several read, each after what it reads.
    pub stages: Vec<Stage>,
    /// Plugin steps.
    pub steps: Vec<PlannedStep>,
}

/// A shared step and how it comes about.
pub(super) struct Stage {
    pub shared: Arc<SharedStage>,
    pub plan: LogicalPlan,
}

/// A plugin step as it was planned.
#[derive(Debug, Clone)]
pub(crate) struct PlannedStep {
    pub name: String,
    pub plugin: String,
    /// The plugin's file.
    pub file: PathBuf,
    pub digest: String,
    pub function: String,
    /// Columns that the function is given.
    pub input: SchemaRef,
}

/// The tables that the queries of a job read, by step.
pub(super) fn tables(job: &Job, session: &SessionContext) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let mut tables = BTreeMap::new();
    for (name, step) in &job.steps {
        let Step::Sql { query, inputs } = step else { continue };
        let read = steps::tables_of(query, session).map_err(|source| bad_step(name, source))?;
        // A table that stands for an input under another name.
        let read = read
            .into_iter()
            .map(|table| inputs.get(&table).cloned().unwrap_or(table));
        tables.insert(name.clone(), read.collect());
    }
    Ok(tables)
}

/// Plans sources and steps in order.
pub(super) async fn plan(
    job: &Job,
    layout: &Layout,
    sources: &[OpenedSource],
    loaded: &Loaded,
    run: &Arc<Run>,
) -> Result<Frames, Error> {
    let Layout {
        graph, tables, session, ..
    } = layout;
    let mut frames = Frames {
        plans: BTreeMap::new(),
        stages: Vec::new(),
        steps: Vec::new(),
    };
    for name in &graph.order {
        let plan = if let Some(source) = sources.iter().find(|source| source.name == *name) {
            scan(source).map_err(|error| bad_step(name, error))?
        } else {
            match job.steps.get(name) {
                Some(Step::Plugin(step)) => frames.plugin(name, step, loaded, run).await?,
                Some(step) => {
                    let inputs = frames.inputs(step, tables.get(name));
                    let plan = steps::plan_of(step, &inputs, session).await;
                    plan.map_err(|error| bad_step(name, error))?
                }
                None => return Err(Error::Internal(format!("{name} is neither a source nor a step"))),
            }
        };
        let plan = if graph.is_shared(name) {
            frames.share(name, plan).map_err(|error| bad_step(name, error))?
        } else {
            plan
        };
        frames.plans.insert(name.clone(), plan);
    }
    Ok(frames)
}

impl Frames {
    /// What a reader of this source or step plans on.
    pub fn of(&self, name: &str) -> Result<LogicalPlan, Error> {
        let missing = || Error::Internal(format!("{name} was not planned"));
        self.plans.get(name).cloned().ok_or_else(missing)
    }

    /// The columns of a source or step.
    pub fn schema(&self, name: &str) -> Result<SchemaRef, Error> {
        Ok(Arc::clone(self.of(name)?.schema().inner()))
    }

    fn inputs(&self, step: &Step, tables: Option<&Vec<String>>) -> BTreeMap<String, LogicalPlan> {
        let tables = tables.into_iter().flatten().map(String::as_str);
        let named = step.inputs().into_iter().chain(tables);
        named
            .filter_map(|name| Some((name.to_owned(), self.plans.get(name)?.clone())))
            .collect()
    }

    async fn plugin(
        &mut self,
        name: &str,
        step: &PluginStep,
        loaded: &Loaded,
        run: &Arc<Run>,
    ) -> Result<LogicalPlan, Error> {
        let (plan, planned) = call_node(name, step, self.of(&step.from)?, loaded, run).await?;
        self.steps.push(planned);
        Ok(plan)
    }

    /// Puts a place where several can read between a step and its readers.
    fn share(&mut self, name: &str, plan: LogicalPlan) -> DataFusionResult<LogicalPlan> {
        let shared = SharedStage::new(name, Arc::clone(plan.schema().inner()));
        let table = provider_as_source(Arc::new(SharedTable(Arc::clone(&shared))));
        self.stages.push(Stage { shared, plan });
        LogicalPlanBuilder::scan(datafusion::common::TableReference::bare(name), table, None)?.build()
    }
}

/// The call of a plugin's function on `input`. Opens the function once, to learn its columns.
pub(crate) async fn call_node(
    name: &str,
    step: &PluginStep,
    input: LogicalPlan,
    loaded: &Loaded,
    run: &Arc<Run>,
) -> Result<(LogicalPlan, PlannedStep), Error> {
    let input = match &step.reads {
        None => input,
        Some(columns) => narrowed(input, columns).map_err(|error| bad_step(name, error))?,
    };
    let schema = Arc::clone(input.schema().inner());
    let (call, output) = loaded.open(name, step, &schema, run).await?;
    let (plugin, function) = loaded.of_step(name)?;
    let planned = PlannedStep {
        name: name.to_owned(),
        plugin: plugin.name().to_owned(),
        file: step.plugin.clone(),
        digest: plugin.digest().to_owned(),
        function: function.name.clone(),
        input: schema,
    };
    let node = PluginNode::try_new(call, input, &output).map_err(|error| bad_step(name, error))?;
    Ok((LogicalPlan::Extension(Extension { node: Arc::new(node) }), planned))
}

/// The rows of a source.
pub(crate) fn scan(source: &OpenedSource) -> DataFusionResult<LogicalPlan> {
    let table: Arc<dyn datafusion::catalog::TableProvider> = Arc::clone(&source.table) as _;
    let name = datafusion::common::TableReference::bare(source.name.as_str());
    LogicalPlanBuilder::scan(name, provider_as_source(table), None)?.build()
}

/// Only these columns, in the input's order.
fn narrowed(input: LogicalPlan, columns: &[String]) -> DataFusionResult<LogicalPlan> {
    steps::known_columns(&input, columns)?;
    let schema = Arc::clone(input.schema());
    let kept = schema.iter().filter(|(_, field)| columns.contains(field.name()));
    let kept: Vec<_> = kept.map(datafusion::logical_expr::Expr::from).collect();
    if kept.is_empty() {
        // A function that reads nothing still counts the rows.
        return Ok(input);
    }
    LogicalPlanBuilder::from(input).project(kept)?.build()
}

/// Only the columns at these positions.
pub(super) fn projected(plan: LogicalPlan, columns: &[usize]) -> DataFusionResult<LogicalPlan> {
    if columns.len() == plan.schema().fields().len() {
        return Ok(plan);
    }
    let schema = Arc::clone(plan.schema());
    let kept = columns.iter().map(|column| {
        let (qualifier, field) = schema.qualified_field(*column);
        datafusion::logical_expr::Expr::from((qualifier, field))
    });
    let kept: Vec<_> = kept.collect();
    LogicalPlanBuilder::from(plan).project(kept)?.build()
}

/// A step that cannot be planned.
pub(crate) fn bad_step(step: &str, source: datafusion::error::DataFusionError) -> Error {
    match Error::from_plan(source) {
        Error::Plan(source) => Error::BadStep {
            step: step.to_owned(),
            source,
        },
        own => own,
    }
}
