//! A script's frames.

use std::any::Any;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, SchemaRef};
use async_trait::async_trait;
use datafusion::physical_plan::execute_stream;
use futures::{StreamExt, TryStreamExt};
use serde_json::Value;
use tenon_runtime::{Batches, Fault, JoinKind, Written};

use super::fault::fault;
use super::pipeline::Desk;
use super::query::{Closure, Made, Query};
use super::write::write;
use crate::error::Error;
use crate::job::Feed;
use crate::plan::{Layout, Loaded, Opened, Rows, batchwise, call_node, choose};
use crate::step::{Emits, JoinHow, JoinStep, PluginStep, Step};

/// A query that has not run, and the desk where it can be.
pub(super) struct ScriptFrame {
    desk: Arc<Desk>,
    query: Arc<Query>,
}

impl ScriptFrame {
    pub fn shared(desk: &Arc<Desk>, query: Arc<Query>) -> Arc<dyn tenon_runtime::Frame> {
        Arc::new(Self {
            desk: Arc::clone(desk),
            query,
        })
    }

    /// The query of a frame that the runtime hands back.
    pub fn of(frame: &dyn tenon_runtime::Frame) -> Result<&Arc<Query>, Fault> {
        let foreign = || fault(&Error::Internal("a frame of another script".to_owned()));
        frame
            .as_any()
            .downcast_ref::<Self>()
            .map(|frame| &frame.query)
            .ok_or_else(foreign)
    }

    async fn step(&self, step: Step) -> Answer {
        self.with(step, Vec::new()).await
    }

    async fn with(&self, step: Step, others: Vec<Arc<Query>>) -> Answer {
        let mut inputs = vec![Arc::clone(&self.query)];
        inputs.extend(others);
        let query = self.desk.step(step, inputs).await.map_err(|error| fault(&error))?;
        Ok(Self::shared(&self.desk, query))
    }

    fn from(&self) -> String {
        self.query.name.clone()
    }

    async fn apply(&self, function: &str, config: &str) -> Result<Arc<Query>, Error> {
        self.desk.check_stopped()?;
        let (file, plugin, name) = match function.rsplit_once(':') {
            None => (
                self.desk.script.component.clone(),
                self.desk.component.clone(),
                function,
            ),
            Some((plugin, name)) => {
                let (file, plugin) = self.desk.plugin(plugin).await?;
                (file, plugin, name)
            }
        };
        let config: Value = serde_json::from_str(config).map_err(|error| Error::Table {
            what: "configuration",
            reason: format!("it is no JSON: {error}"),
        })?;
        let found = choose(plugin.name(), &plugin, Some(name))?.clone();
        batchwise(&found)?;
        let step = PluginStep {
            function: Some(name.to_owned()),
            config,
            ..PluginStep::new(self.from(), file)
        };
        let made = (step, plugin, found);
        self.function(&self.desk.name(function), made, Arc::clone(&self.query))
            .await
    }

    async fn function(
        &self,
        name: &str,
        (step, plugin, function): (PluginStep, tenon_runtime::Plugin, tenon_runtime::Function),
        input: Arc<Query>,
    ) -> Result<Arc<Query>, Error> {
        let steps = [(name.to_owned(), (plugin.clone(), function.clone()))];
        let loaded = Loaded::of(steps.into(), self.desk.functions.clone());
        let (plan, planned) = call_node(name, &step, input.plan.clone(), &loaded, &self.desk.run, true).await?;
        self.desk.done.lock().steps.push(planned);
        Ok(Arc::new(Query {
            name: name.to_owned(),
            plan,
            made: Made::Function { step, plugin, function },
            inputs: vec![input],
        }))
    }

    async fn rejected(&self) -> Result<Arc<Query>, Error> {
        let mut rejected = Vec::new();
        for query in self.query.functions() {
            let (Made::Function { step, plugin, function }, [input]) = (&query.made, query.inputs.as_slice()) else {
                continue;
            };
            let step = PluginStep {
                emits: Emits::RejectedBy(query.name.clone()),
                ..step.clone()
            };
            let name = self.desk.name(&format!("{}.rejected", query.name));
            let made = (step, plugin.clone(), function.clone());
            rejected.push(self.function(&name, made, Arc::clone(input)).await?);
        }
        match rejected.len() {
            0 => Err(Error::NothingRejects),
            1 => Ok(rejected.remove(0)),
            _ => {
                let inputs = rejected.iter().map(|query| query.name.clone()).collect();
                let union = Step::Union {
                    inputs,
                    distinct: false,
                };
                self.desk.step(union, rejected).await
            }
        }
    }

    async fn execute(&self) -> Result<Batches, Error> {
        self.desk.check_stopped()?;
        let Closure { job, sources, loaded } = self.query.closure(&self.desk.job, &self.desk.functions);
        let feed = Feed::Rows(self.from());
        let reader = [("collect", &feed)];
        let layout = Layout::reading(&job, &loaded, &self.desk.environment, reader.into_iter())?;
        let opened = Opened {
            run: Arc::clone(&self.desk.run),
            loaded,
            sources,
            environment: Arc::clone(&self.desk.environment),
            keep_failed: self.desk.job.keep_failed,
        };
        let rows = opened
            .rows(&job, &layout, &self.query.name, &self.desk.progress)
            .await?;
        let Rows { plan, stages, task } = rows;
        let rows = execute_stream(plan, task).map_err(Error::from_plan)?;
        let rows = rows.map(move |batch| {
            // They are driven by whoever reads them, as long as they are there.
            let _stages = &stages;
            batch.map_err(|error| fault(&Error::from_plan(error)))
        });
        Ok(rows.boxed())
    }

    async fn count(&self) -> Result<u64, Fault> {
        let counted = self
            .step(Step::Aggregate {
                from: self.from(),
                group_by: Vec::new(),
                values: vec!["count(*) as rows".to_owned()],
            })
            .await?;
        let rows: Vec<_> = counted.execute().await?.try_collect().await?;
        let numbers = rows.iter().filter(|batch| batch.num_rows() > 0).filter_map(|batch| {
            let number = batch.column(0).as_primitive_opt::<Int64Type>()?.value(0);
            u64::try_from(number).ok()
        });
        Ok(numbers.sum())
    }
}

/// A frame, or why there is none.
type Answer = Result<Arc<dyn tenon_runtime::Frame>, Fault>;

#[async_trait]
impl tenon_runtime::Frame for ScriptFrame {
    async fn schema(&self) -> Result<SchemaRef, Fault> {
        Ok(Arc::clone(self.query.plan.schema().inner()))
    }

    async fn filter(&self, predicate: &str) -> Answer {
        let predicate = predicate.to_owned();
        self.step(Step::Filter {
            from: self.from(),
            predicate,
        })
        .await
    }

    async fn project(&self, expressions: &[String]) -> Answer {
        let expressions = expressions.to_vec();
        self.step(Step::Select {
            from: self.from(),
            expressions,
        })
        .await
    }

    async fn join(&self, other: &dyn tenon_runtime::Frame, on: &[String], kind: JoinKind) -> Answer {
        let other = Arc::clone(Self::of(other)?);
        let step = Step::Join(JoinStep {
            from: self.from(),
            with: other.name.clone(),
            on: on.iter().map(|column| (column.clone(), column.clone())).collect(),
            how: match kind {
                JoinKind::Inner => JoinHow::Inner,
                JoinKind::Left => JoinHow::Left,
                JoinKind::Right => JoinHow::Right,
                JoinKind::Full => JoinHow::Full,
                JoinKind::Semi => JoinHow::Semi,
                JoinKind::Anti => JoinHow::Anti,
            },
        });
        self.with(step, vec![other]).await
    }

    async fn union(&self, other: &dyn tenon_runtime::Frame) -> Answer {
        let other = Arc::clone(Self::of(other)?);
        let inputs = vec![self.from(), other.name.clone()];
        self.with(
            Step::Union {
                inputs,
                distinct: false,
            },
            vec![other],
        )
        .await
    }

    async fn aggregate(&self, group_by: &[String], expressions: &[String]) -> Answer {
        self.step(Step::Aggregate {
            from: self.from(),
            group_by: group_by.to_vec(),
            values: expressions.to_vec(),
        })
        .await
    }

    async fn sort(&self, by: &[String]) -> Answer {
        let by = by.to_vec();
        self.step(Step::Sort { from: self.from(), by }).await
    }

    async fn limit(&self, rows: u32) -> Answer {
        self.step(Step::Limit {
            from: self.from(),
            rows: rows as usize,
            offset: 0,
        })
        .await
    }

    async fn apply(&self, function: &str, config: &str) -> Answer {
        let query = self.apply(function, config).await;
        Ok(Self::shared(&self.desk, query.map_err(|error| fault(&error))?))
    }

    async fn rejected(&self) -> Answer {
        let query = self.rejected().await;
        Ok(Self::shared(&self.desk, query.map_err(|error| fault(&error))?))
    }

    async fn write(&self, sink: &str) -> Result<Written, Fault> {
        write(Arc::clone(&self.desk), Arc::clone(&self.query), sink.to_owned())
            .await
            .map_err(|error| fault(&error))
    }

    async fn execute(&self) -> Result<Batches, Fault> {
        self.execute().await.map_err(|error| fault(&error))
    }

    async fn count(&self) -> Result<u64, Fault> {
        self.count().await
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
