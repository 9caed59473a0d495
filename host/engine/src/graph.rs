//! The job as a graph: who reads whom, and in which order things can be planned.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::job::{Feed, Job};

/// What sources and steps read each other, as far as a sink needs it.
#[derive(Debug)]
pub(crate) struct Graph {
    /// Sources and steps that a sink needs, each after what it reads.
    pub order: Vec<String>,
    /// How often each is read.
    readers: BTreeMap<String, usize>,
}

impl Graph {
    /// `tables` are the tables that each query reads, `readers` the sinks.
    pub fn of<'a>(
        job: &Job,
        tables: &BTreeMap<String, Vec<String>>,
        readers: impl Iterator<Item = (&'a str, &'a Feed)> + Clone,
    ) -> Result<Self, Error> {
        if let Some(name) = job.steps.keys().find(|name| job.sources.contains_key(*name)) {
            return Err(Error::NameTaken { name: name.clone() });
        }
        if readers.clone().next().is_none() {
            return Err(Error::Conflict {
                reason: "it has no sink, so that nothing would come of it".to_owned(),
            });
        }
        let mut walk = Walk {
            job,
            tables,
            path: Vec::new(),
            graph: Self {
                order: Vec::new(),
                readers: BTreeMap::new(),
            },
        };
        for (sink, feed) in readers.clone() {
            match feed {
                Feed::Rows(from) => walk.read(sink, from)?,
                Feed::RejectsOf(step) => {
                    let is_plugin = matches!(job.steps.get(step), Some(crate::step::Step::Plugin(_)));
                    let is_sink = job
                        .sinks
                        .get(step)
                        .is_some_and(|output| matches!(output.feed, Feed::Rows(_)));
                    if !is_plugin && !is_sink && !job.sources.contains_key(step) {
                        return Err(Error::NoRejects {
                            sink: sink.to_owned(),
                            step: step.clone(),
                        });
                    }
                }
            }
        }
        let graph = walk.graph;
        for (sink, feed) in readers {
            if let Feed::RejectsOf(step) = feed
                && !graph.order.contains(step)
                && !job.sinks.contains_key(step)
            {
                let reason = format!("`{step}`, whose rejected rows go to `{sink}`, leads to no sink");
                return Err(Error::Conflict { reason });
            }
        }
        Ok(graph)
    }

    /// Whether several read it.
    pub fn is_shared(&self, name: &str) -> bool {
        self.readers.get(name).is_some_and(|readers| *readers > 1)
    }
}

struct Walk<'a> {
    job: &'a Job,
    tables: &'a BTreeMap<String, Vec<String>>,
    /// Steps that are being looked at, from the outside in.
    path: Vec<String>,
    graph: Graph,
}

impl Walk<'_> {
    fn read(&mut self, reader: &str, name: &str) -> Result<(), Error> {
        *self.graph.readers.entry(name.to_owned()).or_default() += 1;
        if self.graph.order.iter().any(|done| done == name) {
            return Ok(());
        }
        if let Some(start) = self.path.iter().position(|step| step == name) {
            let mut cycle = self.path[start..].to_vec();
            cycle.push(name.to_owned());
            return Err(Error::Cycle { steps: cycle });
        }
        if let Some(step) = self.job.steps.get(name) {
            self.path.push(name.to_owned());
            let tables = self.tables.get(name).map(Vec::as_slice).unwrap_or_default();
            let inputs: Vec<&str> = match step {
                crate::step::Step::Sql { .. } => tables.iter().map(String::as_str).collect(),
                _ => step.inputs(),
            };
            for input in inputs {
                self.read(name, input)?;
            }
            self.path.pop();
        } else if !self.job.sources.contains_key(name) {
            return Err(Error::UnknownInput {
                reader: reader.to_owned(),
                input: name.to_owned(),
                known: self.job.sources.keys().chain(self.job.steps.keys()).cloned().collect(),
            });
        }
        self.graph.order.push(name.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tenon_connect::file::{ReadConfig, WriteConfig};

    use super::*;
    use crate::step::Step;

    fn limit(from: &str) -> Step {
        Step::Limit {
            from: from.to_owned(),
            rows: 1,
            offset: 0,
        }
    }

    fn job() -> Job {
        Job::new("j").source("a", ReadConfig::new("a.csv"))
    }

    fn of(job: &Job) -> Result<Graph, Error> {
        let sinks = job.sinks.iter().map(|(name, output)| (name.as_str(), &output.feed));
        Graph::of(job, &BTreeMap::new(), sinks)
    }

    #[test]
    fn steps_come_after_what_they_read() {
        let union = Step::Union {
            inputs: vec!["x".to_owned(), "a".to_owned()],
            distinct: false,
        };
        let job = job()
            .step("b", union)
            .step("x", limit("a"))
            .step("unused", limit("a"))
            .sink("s", "b", WriteConfig::new("s/"));
        let graph = of(&job).expect("a graph");
        assert_eq!(graph.order, ["a", "x", "b"]);
        assert!(graph.is_shared("a") && !graph.is_shared("x"));
    }

    #[test]
    fn a_cycle_is_shown() {
        let job = job()
            .step("x", limit("y"))
            .step("y", limit("x"))
            .sink("s", "x", WriteConfig::new("s/"));
        let error = of(&job).expect_err("a cycle").to_string();
        assert!(error.contains("x -> y -> x"), "{error}");
    }

    #[test]
    fn a_dangling_input_is_named() {
        let job = job().step("x", limit("aa")).sink("s", "x", WriteConfig::new("s/"));
        let error = of(&job).expect_err("dangling").to_string();
        assert!(error.contains("`x` reads `aa`") && error.contains("`a`"), "{error}");
    }
}
