//! Logical plans of sources and steps, each built from those that it reads.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{Extension, LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::SessionContext;
use tenon_runtime::Run;

use super::plugins::Loaded;
use super::{Layout, OpenedSource};
use crate::error::Error;
use crate::job::{Feed, Job};
use crate::node::PluginNode;
use crate::scalar::{self, Functions};
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
        let read = read.into_iter().map(|table| {
            // A table that stands for an input under another name.
            if let Some(alias) = steps::named(&table, inputs.keys()) {
                return inputs[alias].clone();
            }
            let known = job.sources.keys().chain(job.steps.keys());
            steps::named(&table, known).cloned().unwrap_or(table)
        });
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
                Some(Step::Plugin(step)) => {
                    let keeps_rejects = job.max_rejects.is_some() || keeps_rejects_of(job, name);
                    frames.plugin(name, step, loaded, run, keeps_rejects).await?
                }
                Some(step) => {
                    let inputs = frames.inputs(step, tables.get(name));
                    frames.query(name, step, &inputs, loaded, run, session).await?
                }
                None => return Err(Error::Internal(format!("{name} is neither a source nor a step"))),
            }
        };
        // The optimiser would take conditions that name no column, such as `random() < 0.1`, below a function for which
        // it matters which rows it sees.
        let plan = if graph.is_shared(name) || loaded.is_stateful(name) {
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
        keeps_rejects: bool,
    ) -> Result<LogicalPlan, Error> {
        let input = self.of(&step.from)?;
        let (plan, planned) = call_node(name, step, input, loaded, run, keeps_rejects).await?;
        self.steps.push(planned);
        Ok(plan)
    }

    /// The plan of a step that is a query or an expression, with its calls of plugins' functions.
    async fn query(
        &mut self,
        name: &str,
        step: &Step,
        inputs: &BTreeMap<String, LogicalPlan>,
        loaded: &Loaded,
        run: &Arc<Run>,
        session: &SessionContext,
    ) -> Result<LogicalPlan, Error> {
        let (plan, called) = query_node(name, step, inputs, &loaded.functions, run, session).await?;
        for called in called {
            if !self.steps.iter().any(|step| step.name == called.name) {
                self.steps.push(called);
            }
        }
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

/// The call of a plugin's function on `input`. Opens the function to learn its columns. `keeps_rejects` says whether what
/// it rejects matters to anybody.
pub(crate) async fn call_node(
    name: &str,
    step: &PluginStep,
    input: LogicalPlan,
    loaded: &Loaded,
    run: &Arc<Run>,
    keeps_rejects: bool,
) -> Result<(LogicalPlan, PlannedStep), Error> {
    let input = match &step.reads {
        None => input,
        Some(columns) => narrowed(input, columns).map_err(|error| bad_step(name, error))?,
    };
    let schema = Arc::clone(input.schema().inner());
    let opened = loaded.open(name, step, &schema, run, keeps_rejects).await?;
    let (plugin, function) = loaded.of_step(name)?;
    let planned = PlannedStep {
        name: name.to_owned(),
        plugin: plugin.name().to_owned(),
        file: step.plugin.clone(),
        digest: plugin.digest().to_owned(),
        function: function.name.clone(),
        input: schema,
    };
    let node = PluginNode::try_new(opened.call, input, &opened.output, opened.passage);
    let node = node.map_err(|error| bad_step(name, error))?;
    Ok((LogicalPlan::Extension(Extension { node: Arc::new(node) }), planned))
}

/// The plan of a step that is a query or an expression, with its calls of plugins' functions, and what these are.
pub(crate) async fn query_node(
    name: &str,
    step: &Step,
    inputs: &BTreeMap<String, LogicalPlan>,
    functions: &Functions,
    run: &Arc<Run>,
    session: &SessionContext,
) -> Result<(LogicalPlan, Vec<PlannedStep>), Error> {
    // A function is asked about types when a plan has come across them; then the plan is made again.
    let plan = loop {
        let plan = steps::plan_of(step, inputs, session).await;
        let plan = plan.and_then(|plan| scalar::extract(plan, name));
        if !functions.learn(run).await? {
            break plan;
        }
    };
    let (plan, used) = plan.map_err(|error| bad_step(name, error))?;
    let called = used.into_iter().map(|used| PlannedStep {
        name: format!("{}()", used.name),
        plugin: used.plugin,
        file: used.file,
        digest: used.digest,
        function: used.function,
        input: Arc::new(Schema::empty()),
    });
    Ok((plan, called.collect()))
}

fn keeps_rejects_of(job: &Job, step: &str) -> bool {
    let mut sinks = job.sinks.values();
    sinks.any(|sink| matches!(&sink.feed, Feed::RejectsOf(of) if of == step))
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
