//! The model of a job.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::{Document, Error, Function, Located, Node, Param, Problem, Settings, Size, Step};

/// A job: where data comes from, what happens to it, and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its name. Default: that of its file, without the ending.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its parameters with the values of this run. They have been put into everything below.
    pub params: BTreeMap<String, Param>,
    /// Where data comes from.
    pub sources: BTreeMap<String, Source>,
    /// What happens to it.
    pub steps: BTreeMap<String, Step>,
    /// Functions of plugins that SQL may call.
    pub functions: BTreeMap<String, Function>,
    /// Where it goes.
    pub sinks: BTreeMap<String, Sink>,
    /// How the job runs.
    pub settings: Settings,
    pub(crate) origin: Origin,
}

/// A place that data comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// What reads it. Default: `file`.
    pub connector: String,
    /// Whether it is read from where the last committed run ended. Default: what the job says.
    pub bookmark: Option<bool>,
    /// How many files a run reads at most, the oldest first; the next run reads on. Default: all that are new.
    pub max_files: Option<NonZeroU32>,
    /// How many bytes of files, as stored, a run reads at most, but always one file. Default: all that are new.
    pub max_bytes: Option<Size>,
    /// What the connector is configured with: everything else.
    pub config: Node,
}

/// A place that data goes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Sink {
    /// What it takes.
    pub input: SinkInput,
    /// What writes it. Default: `file`.
    pub connector: String,
    /// What the connector is configured with: everything else.
    pub config: Node,
}

/// What a sink takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkInput {
    /// The rows of a source or step.
    From(String),
    /// The rows that a source or step rejected, or that the target of a sink refused.
    RejectsOf(String),
}

impl SinkInput {
    /// The source or step.
    pub fn name(&self) -> &str {
        match self {
            SinkInput::From(name) | SinkInput::RejectsOf(name) => name,
        }
    }
}

impl Job {
    /// The steps in an order in which each comes after those that it reads.
    pub fn order(&self) -> Vec<&str> {
        let mut order: Vec<&str> = Vec::with_capacity(self.steps.len());
        let mut waiting: Vec<_> = self.steps.iter().collect();
        while !waiting.is_empty() {
            let before = waiting.len();
            waiting.retain(|(name, step)| {
                let inputs = step.inputs();
                let ready = inputs
                    .iter()
                    .all(|input| !self.steps.contains_key(input.from) || order.contains(&input.from));
                if ready {
                    order.push(name);
                }
                !ready
            });
            // A loaded job has no cycle; one that was put together by hand may have.
            if waiting.len() == before {
                order.extend(waiting.drain(..).map(|(name, _)| name.as_str()));
            }
        }
        order
    }

    /// Whether a source is read from where the last committed run ended.
    pub fn bookmarked(&self, source: &str) -> bool {
        let own = self.sources.get(source).and_then(|source| source.bookmark);
        own.unwrap_or(self.settings.bookmark || self.settings.stream.is_some())
    }

    /// The plugins of steps, functions and the script, and the script's component, each once.
    pub fn plugins(&self) -> Vec<&str> {
        let steps = self.steps.values().filter_map(|step| match step {
            Step::Plugin(step) => Some(step.plugin.as_str()),
            _ => None,
        });
        let mut plugins = Vec::new();
        let functions = self.functions.values().map(|function| function.plugin.as_str());
        let script = self.settings.script.iter();
        let components = script.clone().map(|script| script.component.as_str());
        let applied = script.flat_map(|script| script.plugins.values().map(String::as_str));
        for plugin in steps.chain(functions).chain(components).chain(applied) {
            if !plugins.contains(&plugin) {
                plugins.push(plugin);
            }
        }
        plugins
    }

    /// The scripts of steps, each once.
    pub fn scripts(&self) -> BTreeSet<&str> {
        let steps = self.steps.values().filter_map(|step| match step {
            Step::Script(step) => Some(step.script.as_str()),
            _ => None,
        });
        steps.collect()
    }

    /// An error at its place in the job file, for what only the reader of a configuration finds.
    pub fn error(&self, problem: Problem) -> Error {
        Error::Invalid {
            problems: vec![Located::error(problem, self.origin.0.clone())],
        }
    }

    /// A text with the values of the job's secrets replaced by asterisks.
    pub fn redact(&self, text: &str) -> String {
        let configs = self.sources.values().map(|source| &source.config);
        let configs = configs.chain(self.sinks.values().map(|sink| &sink.config));
        let configs = configs.chain(self.steps.values().filter_map(Step::config));
        let configs = configs.chain(self.functions.values().map(|function| &function.config));
        let secrets = configs.chain(self.params.values().map(|param| &param.value));
        secrets.fold(text.to_owned(), |text, node| node.redact(&text))
    }
}

/// Where a job was read from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin(pub Option<Arc<Document>>);

impl PartialEq for Origin {
    /// Where a job was read from makes no difference.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
