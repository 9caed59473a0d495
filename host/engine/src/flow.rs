//! Which steps' rows can be counted, and where.
//!
//! A plugin's function counts what it takes and makes, and a step that several read counts what it hands out. What a
//! query gives to a plugin or a sink is counted there. The rest is part of a larger query once it is planned: such a step
//! has no rows of its own, and is named with the step that it became a part of.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use crate::graph::Graph;
use crate::job::{Feed, Job};
use crate::metrics;
use crate::shared::SharedStage;
use crate::step::Step;

/// A step, or several that run as one, and where its rows are counted.
#[derive(Debug)]
pub(crate) struct StepFlow {
    pub name: String,
    pub meter: Meter,
    /// Steps that run as a part of it.
    pub parts: Vec<String>,
    /// Sources and counted steps that its rows come from.
    pub inputs: Vec<String>,
}

/// Where the rows are counted that come out of a step.
#[derive(Debug)]
pub(crate) enum Meter {
    /// By the plugin's function itself.
    Plugin,
    /// Where several read them.
    Shared(SharedRows),
    /// By the plugin step that takes them.
    Step(String),
    /// By the sink that takes them.
    Sink(String),
}

/// Rows of a step that several read. The step belongs to the run: held here, it would outlive it.
#[derive(Debug)]
pub(crate) struct SharedRows {
    stage: Weak<SharedStage>,
    last: AtomicU64,
}

impl SharedRows {
    /// Rows that it has handed out so far.
    pub fn count(&self) -> u64 {
        let stage = self.stage.upgrade();
        let rows = stage.and_then(|stage| stage.plan().map(metrics::rows)).unwrap_or(0);
        self.last.fetch_max(rows, Ordering::Relaxed).max(rows)
    }
}

/// The steps that a sink needs, each after what it reads. `tables` are the tables that each query reads.
pub(crate) fn flows(
    job: &Job,
    graph: &Graph,
    tables: &BTreeMap<String, Vec<String>>,
    stages: &[Arc<SharedStage>],
) -> Vec<StepFlow> {
    let mut flows: Vec<StepFlow> = Vec::new();
    // Steps whose rows nobody counts, each with its parts and inputs.
    let mut merged: BTreeMap<&str, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for name in &graph.order {
        let Some(step) = job.steps.get(name) else { continue };
        let (mut parts, mut inputs) = (Vec::new(), Vec::new());
        for input in reads(name, step, tables) {
            match merged.get(input) {
                Some((before, from)) => {
                    parts.extend(before.iter().cloned());
                    parts.push(input.to_owned());
                    inputs.extend(from.iter().cloned());
                }
                None => inputs.push(input.to_owned()),
            }
        }
        match meter(name, step, job, graph, tables, stages) {
            Some(meter) => flows.push(StepFlow {
                name: name.clone(),
                meter,
                parts,
                inputs,
            }),
            None => {
                merged.insert(name, (parts, inputs));
            }
        }
    }
    flows
}

fn meter(
    name: &str,
    step: &Step,
    job: &Job,
    graph: &Graph,
    tables: &BTreeMap<String, Vec<String>>,
    stages: &[Arc<SharedStage>],
) -> Option<Meter> {
    if matches!(step, Step::Plugin(_)) {
        return Some(Meter::Plugin);
    }
    if graph.is_shared(name) {
        let stage = stages.iter().find(|stage| stage.name() == name)?;
        return Some(Meter::Shared(SharedRows {
            stage: Arc::downgrade(stage),
            last: AtomicU64::new(0),
        }));
    }
    // There is only one reader now.
    let mut sinks = job.sinks.iter();
    if let Some((sink, _)) = sinks.find(|(_, output)| output.feed == Feed::Rows(name.to_owned())) {
        return Some(Meter::Sink(sink.clone()));
    }
    let reader = graph.order.iter().find(|reader| {
        let step = job.steps.get(*reader);
        step.is_some_and(|step| reads(reader, step, tables).contains(&name))
    })?;
    matches!(job.steps.get(reader), Some(Step::Plugin(_))).then(|| Meter::Step(reader.clone()))
}

fn reads<'a>(name: &str, step: &'a Step, tables: &'a BTreeMap<String, Vec<String>>) -> Vec<&'a str> {
    match step {
        Step::Sql { .. } => tables.get(name).into_iter().flatten().map(String::as_str).collect(),
        _ => step.inputs(),
    }
}

#[cfg(test)]
mod tests {
    use tenon_connect::file::{ReadConfig, WriteConfig};

    use super::*;
    use crate::step::PluginStep;

    #[test]
    fn rows_are_counted_where_somebody_takes_them() {
        let filter = |from: &str| Step::Filter {
            from: from.to_owned(),
            predicate: "true".to_owned(),
        };
        let job = Job::new("j")
            .source("orders", ReadConfig::new("o.csv"))
            .step("paid", filter("orders"))
            .step("recent", filter("paid"))
            .step("masked", PluginStep::new("recent", "mask.wasm"))
            .step("large", filter("masked"))
            .sink("out", "large", WriteConfig::new("out/"));
        let sinks = job.sinks.iter().map(|(name, output)| (name.as_str(), &output.feed));
        let graph = Graph::of(&job, &BTreeMap::new(), sinks).expect("a graph");
        let flows = flows(&job, &graph, &BTreeMap::new(), &[]);
        let told: Vec<(&str, &[String], &[String])> = flows
            .iter()
            .map(|flow| (flow.name.as_str(), flow.parts.as_slice(), flow.inputs.as_slice()))
            .collect();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (paid, orders, recent, masked) = (
            names(&["paid"]),
            names(&["orders"]),
            names(&["recent"]),
            names(&["masked"]),
        );
        assert_eq!(
            told,
            [
                ("recent", &paid[..], &orders[..]),
                ("masked", &[], &recent[..]),
                ("large", &[], &masked[..]),
            ]
        );
        assert!(matches!(&flows[0].meter, Meter::Step(step) if step == "masked"));
        assert!(matches!(&flows[2].meter, Meter::Sink(sink) if sink == "out"));
    }
}
