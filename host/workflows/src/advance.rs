//! What follows once nodes have ended.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tenon_metadata::{Name, Transaction, row};

use crate::decide::{Verdict, decide};
use crate::definition::{Definition, End, OnFailure};
use crate::graph::Graph;
use crate::jobs::{self, Submission};
use crate::record::{Asked, Mark, NodeRecord, Record};
use crate::references::{self, Reference};
use crate::{Error, NodeState, RunState, ending, properties, when, workflows};

/// Accounts for the nodes of a run that have ended, starts and skips those that follow, and ends the run if nothing is
/// left. Calling it without need, or twice, or on two servers at once, does no harm: it works on what the tables say, and
/// one at a time. [`Driver`](crate::Driver) calls it when a node's run has ended.
///
/// # Errors
/// [`Error::UnknownRun`].
pub fn advance(tx: &mut Transaction<'_>, run: &str) -> Result<RunState, Error> {
    let record = Record::of_any(tx, run)?;
    if record.state.is_final() {
        return Ok(record.state);
    }
    let mut board = Board::of(tx, record)?;
    board.settle(tx)?;
    Ok(board.record.state)
}

/// A run with its nodes, which are in the order of the graph's numbers. What changes is written at once.
#[derive(Debug)]
pub(crate) struct Board {
    pub record: Record,
    pub definition: Definition,
    pub graph: Graph,
    pub nodes: Vec<NodeRecord>,
    /// When a node that could not be put into the queue is tried again.
    again: Option<i64>,
}

impl Board {
    pub fn of(tx: &mut Transaction<'_>, record: Record) -> Result<Self, Error> {
        let definition = workflows::kept(tx, &record.tenant, &record.workflow, record.version)?.definition;
        let rows = NodeRecord::all(tx, &record.id)?;
        let (names, nodes): (Vec<String>, Vec<NodeRecord>) = rows.into_iter().unzip();
        let same = names
            .iter()
            .map(String::as_str)
            .eq(definition.nodes.keys().map(Name::as_str));
        if !same {
            return Err(record.unreadable("its nodes are not those of its workflow"));
        }
        Self::new(record, definition, nodes)
    }

    pub fn new(record: Record, definition: Definition, nodes: Vec<NodeRecord>) -> Result<Self, Error> {
        let graph = Graph::of(&definition).map_err(|_| record.unreadable("the nodes of its workflow are a circle"))?;
        Ok(Self {
            record,
            definition,
            graph,
            nodes,
            again: None,
        })
    }

    /// Goes on until nothing changes any more: what is asked to stop may have stopped at once, and so on.
    pub fn settle(&mut self, tx: &mut Transaction<'_>) -> Result<(), Error> {
        loop {
            let mut changed = self.account(tx)?;
            changed |= self.stop_late(tx)?;
            changed |= match self.record.state {
                RunState::Stopping => self.halt(tx)?,
                _ => self.follow(tx)?,
            };
            if !changed {
                break;
            }
        }
        if self.nodes.iter().all(|node| node.state.end().is_some()) {
            ending::end(tx, self)?;
        } else {
            self.record.due = self.due();
            self.record.update(tx)?;
        }
        tx.notify(crate::TOPIC, &self.record.id);
        Ok(())
    }

    /// How each node ended.
    pub fn ends(&self) -> Vec<Option<End>> {
        self.nodes.iter().map(|node| node.state.end()).collect()
    }

    /// Records the runs that have ended.
    fn account(&mut self, tx: &mut Transaction<'_>) -> Result<bool, Error> {
        let ended = jobs::ended(tx, &self.record.id)?;
        for (name, run) in &ended {
            let number = self.graph.number(name);
            let number = number.ok_or_else(|| self.record.unreadable("a node that ended is not one of its own"))?;
            let looked = jobs::look(tx, &self.record.tenant, run)?;
            let mut state = NodeState::from(looked.state);
            if state == NodeState::Stopped && self.nodes[number].asked == Some(Asked::Timeout) {
                state = NodeState::Timeout;
            }
            let at = looked.ended.map_or(tx.now(), |ended| ended.timestamp_micros());
            tx.execute(
                "update workflow_node_runs set state = ?2, ended = ?3 where run = ?1",
                row![run, state.as_str(), at],
            )?;
            let reason = looked.error.map(|failure| failure.sentence);
            // An older run of the node says nothing about the node.
            if self.nodes[number].run.as_ref() == Some(run) {
                self.finish(tx, number, state, reason)?;
            }
        }
        Ok(!ended.is_empty())
    }

    /// Stops the runs that take too long.
    fn stop_late(&mut self, tx: &mut Transaction<'_>) -> Result<bool, Error> {
        let now = tx.now();
        let mut changed = false;
        for number in 0..self.nodes.len() {
            let node = &self.nodes[number];
            let late = node.deadline.is_some_and(|deadline| deadline <= now);
            if late && node.at_work() && node.asked.is_none() {
                self.ask(tx, number, Asked::Timeout)?;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// Skips what has not started, and stops what is at work.
    fn halt(&mut self, tx: &mut Transaction<'_>) -> Result<bool, Error> {
        let mut changed = false;
        for number in 0..self.nodes.len() {
            let node = &self.nodes[number];
            if node.waits() {
                self.nodes[number].mark = Some(Mark::Unreached);
                let reason = "the workflow's run was stopped before".to_owned();
                self.finish(tx, number, NodeState::Skipped, Some(reason))?;
                changed = true;
            } else if node.at_work() && node.asked.is_none() {
                self.ask(tx, number, Asked::Stop)?;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// Starts and skips what can be.
    fn follow(&mut self, tx: &mut Transaction<'_>) -> Result<bool, Error> {
        let mut ends = self.ends();
        let mut changed = false;
        for number in self.graph.order.clone() {
            if !self.nodes[number].waits() {
                continue;
            }
            let chosen = self.nodes[number].mark == Some(Mark::Chosen);
            let verdict = if chosen {
                Verdict::Start
            } else {
                decide(&self.graph, number, &ends)
            };
            let verdict = if verdict == Verdict::Start && !chosen {
                self.when(tx, number)?
            } else {
                verdict
            };
            match verdict {
                Verdict::Wait => continue,
                Verdict::Start => changed |= self.start(tx, number)?,
                Verdict::Fail(reason) => {
                    self.finish(tx, number, NodeState::Error, Some(reason))?;
                    changed = true;
                }
                Verdict::Skip(reason) => {
                    self.finish(tx, number, NodeState::Skipped, Some(reason))?;
                    changed = true;
                }
            }
            ends[number] = self.nodes[number].state.end();
            if self.record.state == RunState::Stopping {
                break;
            }
        }
        Ok(changed)
    }

    /// Whether a node's own condition lets it start.
    fn when(&self, tx: &mut Transaction<'_>, number: usize) -> Result<Verdict, Error> {
        let defined = self.definition.nodes.get(&self.graph.names[number]);
        let Some(condition) = defined.and_then(|node| node.when.as_deref()) else {
            return Ok(Verdict::Start);
        };
        let shared = properties::all(tx, &self.record.id)?;
        let states = self
            .graph
            .names
            .iter()
            .zip(&self.nodes)
            .map(|(name, node)| (name, node.state));
        Ok(when::decide(condition, &self.record, &shared, states))
    }

    /// Puts a node's run into the queue; a node for which that is impossible ends as ERROR. Answers whether anything
    /// became of it.
    fn start(&mut self, tx: &mut Transaction<'_>, number: usize) -> Result<bool, Error> {
        let now = tx.now();
        let name = self.graph.names[number].clone();
        let Some(node) = self.definition.nodes.get(&name).cloned() else {
            return Ok(false);
        };
        let submission = match self.arguments(tx, &node.arguments)? {
            Ok(arguments) => jobs::submit(tx, &self.record, &name, &node.job, arguments)?,
            Err(reason) => Submission::Refused(format!("its arguments cannot be made: {reason}")),
        };
        match submission {
            Submission::Queued(run) => {
                let timeout = node.timeout.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
                let deadline = timeout.map(|seconds| now.saturating_add(seconds.saturating_mul(1_000_000)));
                tx.execute(
                    "insert into workflow_node_runs (run, workflow_run, node, attempt, deadline, started)
                     values (?1, ?2, ?3, ?4, ?5, ?6)",
                    row![&run, &self.record.id, &name, self.record.attempt, deadline, now],
                )?;
                self.nodes[number] = NodeRecord {
                    run: Some(run),
                    deadline,
                    started: Some(now),
                    ..NodeRecord::WAITING
                };
                self.nodes[number].put(tx, &self.record.id, &name)?;
                Ok(true)
            }
            Submission::Later(pause, reason) => {
                let at = now.saturating_add(pause);
                self.again = Some(self.again.map_or(at, |again| again.min(at)));
                self.nodes[number].reason = Some(reason);
                self.nodes[number].put(tx, &self.record.id, &name)?;
                Ok(false)
            }
            Submission::Refused(reason) => {
                self.finish(tx, number, NodeState::Error, Some(reason))?;
                Ok(true)
            }
        }
    }

    /// Records how a node ended, and what that means for the run.
    fn finish(
        &mut self,
        tx: &mut Transaction<'_>,
        number: usize,
        state: NodeState,
        reason: Option<String>,
    ) -> Result<(), Error> {
        let name = &self.graph.names[number];
        let node = &mut self.nodes[number];
        (node.state, node.reason, node.ended) = (state, reason, Some(tx.now()));
        node.put(tx, &self.record.id, name)?;
        let failed = state.end().is_some_and(End::is_failure);
        let stops = self
            .definition
            .nodes
            .get(name)
            .is_some_and(|node| node.on_failure == OnFailure::Stop);
        if failed && stops && self.record.state == RunState::Running {
            self.record.state = RunState::Stopping;
            self.record.error = Some(match &node.reason {
                Some(reason) => format!("the node `{name}` ended as {state}: {reason}"),
                None => format!("the node `{name}` ended as {state}"),
            });
        }
        Ok(())
    }

    fn ask(&mut self, tx: &mut Transaction<'_>, number: usize, what: Asked) -> Result<(), Error> {
        let node = &mut self.nodes[number];
        let Some(run) = &node.run else { return Ok(()) };
        node.asked = Some(what);
        let (asked, reason) = match what {
            Asked::Stop => ("stop", "its workflow is stopped"),
            Asked::Timeout => ("timeout", "it took longer than its workflow lets it"),
        };
        tx.execute(
            "update workflow_node_runs set asked = ?2 where run = ?1",
            row![run, asked],
        )?;
        jobs::stop(tx, &self.record.tenant, run, reason)
    }

    /// A node's arguments with their references replaced, or a sentence.
    fn arguments(
        &self,
        tx: &mut Transaction<'_>,
        arguments: &Map<String, Value>,
    ) -> Result<Result<Map<String, Value>, String>, Error> {
        let mut wanted = Vec::new();
        let collected = references::each(arguments, &mut |reference| {
            wanted.push(reference);
            Ok(())
        });
        if let Err(reason) = collected {
            return Ok(Err(reason));
        }
        if wanted.is_empty() {
            return Ok(references::resolve(arguments, &mut |_| Ok(Value::Null)));
        }
        let shared = properties::all(tx, &self.record.id)?;
        let mut runs = BTreeMap::new();
        for reference in wanted {
            if let Reference::Node(path) = reference
                && let Some((name, _)) = references::split(path, |name| self.graph.number(name).is_some())
                && let Some(run) = self
                    .graph
                    .number(name)
                    .and_then(|number| self.nodes[number].run.as_ref())
                && !runs.contains_key(name)
            {
                runs.insert(name, jobs::look(tx, &self.record.tenant, run)?);
            }
        }
        Ok(references::resolve(arguments, &mut |reference| match reference {
            Reference::Property(name) => {
                let value = shared.get(name).map(|value| Value::from(value.as_str()));
                value.ok_or_else(|| format!("there is no run property `{name}`"))
            }
            Reference::Node(path) => {
                let known = |name: &str| self.graph.number(name).is_some();
                let (name, field) = references::split(path, known).unwrap_or((path, ""));
                let run = runs.get(name).ok_or_else(|| format!("the node `{name}` has no run"))?;
                let value = jobs::field(run, field);
                value.ok_or_else(|| format!("the run `{}` of the node `{name}` reports no `{field}`", run.id))
            }
        }))
    }

    /// When to look at the run even if no node ends.
    fn due(&self) -> Option<i64> {
        let at_work = self.nodes.iter().filter(|node| node.at_work() && node.asked.is_none());
        at_work.filter_map(|node| node.deadline).chain(self.again).min()
    }
}
