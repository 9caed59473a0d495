//! What went through sources, steps and sinks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use serde::Serialize;

use crate::at_work::AtWork;
use crate::flow::{Meter, StepFlow};
use crate::job::{Feed, Output};
use crate::plan::{OpenedSource, PlannedStep, WatchedTable};
use crate::report::PluginUsed;

/// What went through one source, step or sink.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Name of the source, step or sink.
    pub name: String,
    /// Steps that ran as a part of this one, in one query, so that their rows have not been counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Rows that went in; for a source, rows that were read.
    pub rows_in: u64,
    /// Rows that came out; for a sink, rows that were written.
    pub rows_out: u64,
    /// Rows that the source or step rejected.
    pub rows_rejected: u64,
    /// Bytes, where they are counted: of a source as stored, of a plugin step the columns that its function was handed,
    /// of a sink as encoded.
    pub bytes: Option<u64>,
    /// Bytes that there are, of a source as stored. None of formats of which only the columns are read that are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_total: Option<u64>,
    /// Rows that there are, of a source as it estimates them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_total: Option<u64>,
    /// From its first batch to its last, where that is known.
    #[serde(skip)]
    pub at_work: Option<(SystemTime, SystemTime)>,
    /// Batches that went in, where they are counted.
    #[serde(skip)]
    pub batches: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub plugins: Vec<PluginUsed>,
    pub sources: Vec<SourceCounts>,
    pub flows: Vec<StepFlow>,
    /// By plugin step.
    pub steps: BTreeMap<String, StepCounts>,
    pub sinks: BTreeMap<String, SinkCounts>,
}

#[derive(Debug)]
pub(super) struct SourceCounts {
    pub name: String,
    pub bytes: u64,
    /// Rows that there are, where that is estimated.
    pub rows: Option<u64>,
    /// Whether all of it is read, whichever columns somebody needs.
    pub is_whole: bool,
    pub table: Arc<WatchedTable>,
}

#[derive(Debug, Default)]
pub(super) struct StepCounts {
    pub rows_in: AtomicU64,
    pub rows_out: AtomicU64,
    pub rejected: AtomicU64,
    pub bytes: AtomicU64,
    pub at_work: AtWork,
}

#[derive(Debug, Default)]
pub(super) struct SinkCounts {
    pub rows: AtomicU64,
    pub bytes: AtomicU64,
    pub at_work: AtWork,
    /// The source or step whose rejected rows it takes.
    pub rejects_of: Option<String>,
}

impl Counts {
    /// More was planned.
    pub fn add(
        &mut self,
        sources: &[OpenedSource],
        steps: &[PlannedStep],
        flows: Vec<StepFlow>,
        sinks: &BTreeMap<String, Output>,
    ) {
        for source in sources {
            if !self.sources.iter().any(|known| known.name == source.name) {
                self.sources.push(SourceCounts {
                    name: source.name.clone(),
                    bytes: source.source.bytes(),
                    rows: source.source.rows().filter(|_| !source.incremental),
                    is_whole: source.source.is_read_whole(),
                    table: Arc::clone(&source.table),
                });
            }
        }
        for step in steps {
            self.steps.entry(step.name.clone()).or_default();
            if !self.plugins.iter().any(|known| known.step == step.name) {
                self.plugins.push(PluginUsed::by(step));
            }
        }
        for flow in flows {
            self.flows.retain(|known| known.name != flow.name);
            self.flows.push(flow);
        }
        for (name, output) in sinks {
            let rejects_of = match &output.feed {
                Feed::RejectsOf(step) => Some(step.clone()),
                Feed::Rows(_) => None,
            };
            self.sinks.entry(name.clone()).or_insert_with(|| SinkCounts {
                rejects_of,
                ..SinkCounts::default()
            });
        }
    }

    /// As [`Progress::steps`](super::Progress::steps).
    pub fn steps(&self) -> Vec<Flow> {
        let steps = self.flows.iter().map(|flow| self.step(flow));
        let is_step = |name: &str| self.flows.iter().any(|flow| flow.name == name);
        // Functions that queries call.
        let called = self.steps.iter().filter(|(name, _)| !is_step(name));
        let called = called.map(|(name, own)| Flow {
            name: name.clone(),
            rows_in: load(&own.rows_in),
            rows_out: load(&own.rows_out),
            rows_rejected: load(&own.rejected),
            bytes: Some(load(&own.bytes)),
            at_work: own.at_work.period(),
            batches: Some(own.at_work.times()),
            ..Flow::default()
        });
        steps.chain(called).collect()
    }

    /// What went to the sinks. `rejected_by` says how many rows a source or step has rejected.
    pub fn sinks(&self, rejected_by: impl Fn(&str) -> u64) -> Vec<Flow> {
        let flow = |(name, sink): (&String, &SinkCounts)| {
            let rows = match &sink.rejects_of {
                Some(from) => rejected_by(from),
                None => load(&sink.rows),
            };
            Flow {
                name: name.clone(),
                rows_in: rows,
                rows_out: rows,
                bytes: sink.rejects_of.is_none().then(|| load(&sink.bytes)),
                at_work: sink.at_work.period(),
                batches: sink.rejects_of.is_none().then(|| sink.at_work.times()),
                ..Flow::default()
            }
        };
        self.sinks.iter().map(flow).collect()
    }

    fn step(&self, flow: &StepFlow) -> Flow {
        let own = self.steps.get(&flow.name);
        let rows_in = match own {
            Some(own) => load(&own.rows_in),
            None => flow.inputs.iter().map(|input| self.rows_out(input)).sum(),
        };
        Flow {
            name: flow.name.clone(),
            parts: flow.parts.clone(),
            rows_in,
            rows_out: self.rows_out(&flow.name),
            rows_rejected: own.map_or(0, |own| load(&own.rejected)),
            bytes: own.map(|own| load(&own.bytes)),
            at_work: own.and_then(|own| own.at_work.period()),
            batches: own.map(|own| own.at_work.times()),
            ..Flow::default()
        }
    }

    /// Rows that came out of a source or step.
    fn rows_out(&self, name: &str) -> u64 {
        if let Some(source) = self.sources.iter().find(|source| source.name == name) {
            return source.flow().rows_out;
        }
        let flow = self.flows.iter().find(|flow| flow.name == name);
        let of_step = |step: &String, count: fn(&StepCounts) -> &AtomicU64| {
            self.steps.get(step).map_or(0, |counts| load(count(counts)))
        };
        match flow.map(|flow| &flow.meter) {
            Some(Meter::Plugin) => of_step(&name.to_owned(), |counts| &counts.rows_out),
            Some(Meter::Step(reader)) => of_step(reader, |counts| &counts.rows_in),
            Some(Meter::Sink(sink)) => self.sinks.get(sink).map_or(0, |sink| load(&sink.rows)),
            Some(Meter::Shared(shared)) => shared.count(),
            None => 0,
        }
    }
}

impl SourceCounts {
    pub fn flow(&self) -> Flow {
        let (rows, rejected) = (self.table.rows(), self.table.unreadable().count());
        Flow {
            name: self.name.clone(),
            rows_in: rows,
            rows_out: rows.saturating_sub(rejected),
            rows_rejected: rejected,
            bytes: Some(match self.bytes {
                0 => self.table.bytes(),
                total => self.table.bytes().min(total),
            }),
            bytes_total: self.is_whole.then_some(self.bytes),
            rows_total: self.rows,
            ..Flow::default()
        }
    }
}

pub(super) fn load(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}
