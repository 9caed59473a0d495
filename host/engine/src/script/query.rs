//! How a frame comes about, as a part of a job's graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;
use tenon_connect::SourceConfig;
use tenon_runtime::{Function, Plugin};

use crate::job::Job;
use crate::plan::{Loaded, OpenedSource};
use crate::scalar::Functions;
use crate::step::{Emits, PluginStep, Step};

/// A source, or a step over other queries.
pub(super) struct Query {
    /// No other query of the script has it.
    pub name: String,
    pub made: Made,
    pub inputs: Vec<Arc<Query>>,
    /// What a step that reads it is checked against.
    pub plan: LogicalPlan,
}

/// What makes a query's rows.
pub(super) enum Made {
    Source(Box<(SourceConfig, OpenedSource)>),
    Step(Step),
    Function {
        step: PluginStep,
        plugin: Plugin,
        function: Function,
    },
}

/// A job of one query and everything that it is made of.
pub(super) struct Closure {
    pub job: Job,
    pub sources: Vec<OpenedSource>,
    pub loaded: Loaded,
}

impl Query {
    /// Everything that this query is made of, in a job with the settings of `base` and without sinks.
    pub fn closure(self: &Arc<Self>, base: &Job, functions: &Functions) -> Closure {
        let mut job = Job {
            script: None,
            sources: BTreeMap::new(),
            steps: BTreeMap::new(),
            sinks: BTreeMap::new(),
            ..base.clone()
        };
        let (mut sources, mut loaded) = (Vec::new(), BTreeMap::new());
        for query in self.ancestry() {
            let name = query.name.clone();
            match &query.made {
                Made::Source(source) => {
                    job.sources.insert(name, source.0.clone());
                    sources.push(source.1.clone());
                }
                Made::Step(step) => {
                    job.steps.insert(name, step.clone());
                }
                Made::Function { step, plugin, function } => {
                    job.steps.insert(name.clone(), Step::Plugin(step.clone()));
                    loaded.insert(name, (plugin.clone(), function.clone()));
                }
            }
        }
        Closure {
            job,
            sources,
            loaded: Loaded::of(loaded, functions.clone()),
        }
    }

    /// The functions on the way to this query whose rejected rows nobody has asked for yet, each after what it reads.
    pub fn functions(self: &Arc<Self>) -> Vec<Arc<Query>> {
        let mut functions = self.ancestry();
        functions.retain(|query| matches!(&query.made, Made::Function { step, .. } if step.emits == Emits::Rows));
        functions
    }

    /// This query and all that it is made of, once each, after what it reads.
    fn ancestry(self: &Arc<Self>) -> Vec<Arc<Query>> {
        let mut done: Vec<Arc<Query>> = Vec::new();
        // The second look at a query comes when its inputs are done.
        let mut waiting = vec![(Arc::clone(self), false)];
        while let Some((query, looked_at)) = waiting.pop() {
            if done.iter().any(|known| Arc::ptr_eq(known, &query)) {
                continue;
            }
            if looked_at {
                done.push(query);
                continue;
            }
            let inputs = query.inputs.iter().map(|input| (Arc::clone(input), false));
            let inputs: Vec<_> = inputs.collect();
            waiting.push((query, true));
            waiting.extend(inputs);
        }
        done
    }
}
