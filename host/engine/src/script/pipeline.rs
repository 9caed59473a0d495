//! What a script may ask for, and what it has come to.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use parking_lot::Mutex;
use serde_json::Value;
use tenon_connect::{SinkConfig, SourceConfig};
use tenon_database::TableName;
use tenon_job::{Node, Problem};
use tenon_runtime::{Fault, Plugin, Run, Runtime};
use tokio::sync::watch;

use super::Script;
use super::fault::fault;
use super::frame::ScriptFrame;
use super::places::allowed;
use super::query::{Made, Query};
use crate::commit::Durable;
use crate::definition;
use crate::error::Error;
use crate::job::Job;
use crate::plan::{OpenedSource, PlannedStep, bad_step, query_node, scan};
use crate::progress::Progress;
use crate::scalar::Functions;
use crate::step::Step;
use crate::steps;

/// One script at work. Its frames share it.
pub(super) struct Desk {
    pub runtime: Runtime,
    pub job: Job,
    pub script: Script,
    pub component: Plugin,
    pub run: Arc<Run>,
    pub environment: Arc<RuntimeEnv>,
    /// What queries may call.
    pub functions: Functions,
    /// What frames are checked in. They run in sessions of their own.
    pub session: SessionContext,
    pub progress: Progress,
    /// Held while a frame writes.
    pub writing: tokio::sync::Mutex<()>,
    /// Whether the script is to stop.
    pub stopped: watch::Receiver<bool>,
    pub done: Mutex<Done>,
}

/// What a script has come to.
#[derive(Default)]
pub(super) struct Done {
    names: HashSet<String>,
    plugins: BTreeMap<PathBuf, Plugin>,
    pub reads: Vec<(SourceConfig, Arc<Query>)>,
    pub sources: Vec<OpenedSource>,
    pub steps: Vec<PlannedStep>,
    /// What it has written, by the target's absolute URL.
    pub written: BTreeMap<String, Durable>,
}

/// The script's side of a desk.
pub(super) struct ScriptPipeline(pub Arc<Desk>);

#[async_trait]
impl tenon_runtime::Pipeline for ScriptPipeline {
    async fn read(&self, source: &str) -> Result<Arc<dyn tenon_runtime::Frame>, Fault> {
        let query = self.0.read(source).await.map_err(|error| fault(&error))?;
        Ok(ScriptFrame::shared(&self.0, query))
    }

    async fn sql(
        &self,
        query: &str,
        inputs: Vec<(String, Arc<dyn tenon_runtime::Frame>)>,
    ) -> Result<Arc<dyn tenon_runtime::Frame>, Fault> {
        let mut queries = Vec::new();
        let mut names = BTreeMap::new();
        for (name, frame) in inputs {
            let input = ScriptFrame::of(&*frame)?;
            names.insert(name, input.name.clone());
            queries.push(Arc::clone(input));
        }
        let made = self.0.sql(query, names, queries).await.map_err(|error| fault(&error))?;
        Ok(ScriptFrame::shared(&self.0, made))
    }
}

impl Desk {
    /// A name that no other query has, made of what it is about.
    pub fn name(&self, about: &str) -> String {
        let names = &mut self.done.lock().names;
        let mut name = about.to_owned();
        let mut number = 1;
        while !names.insert(name.clone()) {
            number += 1;
            name = format!("{about}-{number}");
        }
        name
    }

    /// Refuses to begin anything when the script is to stop.
    pub fn check_stopped(&self) -> Result<(), Error> {
        if *self.stopped.borrow() {
            Err(Error::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Waits until the script is to stop.
    pub async fn stopping(&self) {
        let mut stopped = self.stopped.clone();
        // Without a sender nobody stops it any more.
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// A step that is no function, checked against its inputs.
    pub async fn step(&self, step: Step, inputs: Vec<Arc<Query>>) -> Result<Arc<Query>, Error> {
        let plans: BTreeMap<String, LogicalPlan> = inputs
            .iter()
            .map(|input| (input.name.clone(), input.plan.clone()))
            .collect();
        let name = self.name(step.kind());
        let planned = query_node(&name, &step, &plans, &self.functions, &self.run, &self.session);
        let (plan, called) = planned.await?;
        self.done.lock().steps.extend(called);
        Ok(Arc::new(Query {
            name,
            plan,
            made: Made::Step(step),
            inputs,
        }))
    }

    /// The plugin of a file, loaded once.
    pub async fn plugin(&self, name: &str) -> Result<(PathBuf, Plugin), Error> {
        let own = self.script.plugins.get(name).cloned();
        let beside = || {
            // The name is the script's: it must not lead elsewhere.
            let plain = !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.');
            let folder = self.script.component.parent().unwrap_or(Path::new(""));
            plain.then(|| folder.join(format!("{name}.wasm")))
        };
        let file = own
            .or_else(beside)
            .filter(|file| file.exists())
            .ok_or_else(|| Error::NoPlugin {
                plugin: name.to_owned(),
                known: self.script.plugins.keys().cloned().collect(),
            })?;
        if let Some(plugin) = self.done.lock().plugins.get(&file) {
            return Ok((file, plugin.clone()));
        }
        let loaded = self.runtime.load(&file).await.map_err(|source| Error::Plugin {
            plugin: name.to_owned(),
            source: Box::new(source),
        })?;
        self.done.lock().plugins.insert(file.clone(), loaded.clone());
        Ok((file, loaded))
    }

    /// What a sink's JSON says, and its absolute URL.
    pub fn sink(&self, sink: &str) -> Result<(SinkConfig, String), Error> {
        let mut config = match parse("sink", sink)? {
            Value::String(url) => self.script.sink(&url)?,
            table => {
                let (connector, node) = of_table("sink", table)?;
                definition::sink(&connector, &node, &self.script).map_err(|problem| refused("sink", &problem))?
            }
        };
        let url = match &mut config {
            SinkConfig::File(config) => {
                config.url = self.script.absolute(&config.url);
                self.script.confine(&mut config.store);
                allowed(&self.script.places, &config.url, &config.store)?
            }
            SinkConfig::Database(config) => {
                let connection = config.write.connection.as_deref();
                self.script.check_granted(connection)?;
                format!("connection:{}#{}", connection.unwrap_or_default(), config.write.table)
            }
        };
        Ok((config, url))
    }

    async fn read(&self, source: &str) -> Result<Arc<Query>, Error> {
        self.check_stopped()?;
        let value = parse("source", source)?;
        if let Value::String(name) = &value
            && let Some(config) = self.job.sources.get(name)
        {
            return self.open(name, config.clone(), true).await;
        }
        let mut config = match value {
            Value::String(url) => self.script.source(&url)?,
            table => {
                let (connector, node) = of_table("source", table)?;
                let config = definition::source(&connector, &node, &self.job.name, "source", &self.script);
                config.map_err(|problem| refused("source", &problem))?
            }
        };
        let name = match &mut config {
            SourceConfig::File(config) => {
                config.url = self.script.absolute(&config.url);
                self.script.confine(&mut config.store);
                about(&allowed(&self.script.places, &config.url, &config.store)?).to_owned()
            }
            SourceConfig::Database(config) => {
                self.script.check_granted(config.read.connection.as_deref())?;
                let table = config
                    .read
                    .table
                    .as_ref()
                    .and_then(|table| table.parse::<TableName>().ok());
                table.map_or_else(|| "query".to_owned(), |name| name.table)
            }
        };
        self.open(&name, config, false).await
    }

    async fn open(&self, name: &str, config: SourceConfig, of_job: bool) -> Result<Arc<Query>, Error> {
        let known = |done: &Done| {
            let known = done.reads.iter().find(|(known, _)| *known == config);
            known.map(|(_, query)| Arc::clone(query))
        };
        if let Some(query) = known(&self.done.lock()) {
            return Ok(query);
        }
        let name = self.name(name);
        let incremental = self.job.incremental.get(&name).filter(|_| of_job);
        let opened = OpenedSource::open(&name, &config, incremental, &self.session, &self.progress, false).await?;
        let query = Arc::new(Query {
            name,
            plan: scan(&opened).map_err(Error::from_plan)?,
            made: Made::Source(Box::new((config.clone(), opened.clone()))),
            inputs: Vec::new(),
        });
        let mut done = self.done.lock();
        done.sources.push(opened);
        done.reads.push((config, Arc::clone(&query)));
        Ok(query)
    }

    async fn sql(
        &self,
        query: &str,
        names: BTreeMap<String, String>,
        inputs: Vec<Arc<Query>>,
    ) -> Result<Arc<Query>, Error> {
        let tables = steps::tables_of(query, &self.session).map_err(|error| bad_step("sql", error))?;
        if let Some(unknown) = tables.iter().find(|table| steps::named(table, names.keys()).is_none()) {
            return Err(Error::UnknownInput {
                reader: "sql".to_owned(),
                input: unknown.clone(),
                known: names.into_keys().collect(),
            });
        }
        let step = Step::Sql {
            query: query.to_owned(),
            inputs: names,
        };
        self.step(step, inputs).await
    }
}

fn parse(what: &'static str, text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| Error::Table {
        what,
        reason: format!("it is no JSON: {error}"),
    })
}

fn refused(what: &'static str, problem: &Problem) -> Error {
    Error::Table {
        what,
        reason: problem.to_string(),
    }
}

/// The connector and the configuration in a source's or sink's table.
fn of_table(what: &'static str, mut table: Value) -> Result<(String, Node), Error> {
    let refused = |reason: String| Error::Table { what, reason };
    let Some(entries) = table.as_object_mut() else {
        return Err(refused("expected a text or a table".to_owned()));
    };
    let connector = entries.remove("connector");
    let connector = connector.as_ref().map_or(Some(definition::FILE), Value::as_str);
    let connector = connector.ok_or_else(|| refused("`connector` is to be a text".to_owned()))?;
    Ok((connector.to_owned(), Node::from_json(table)))
}

/// What a URL is about: the name of its file or folder, without extensions and patterns.
fn about(url: &str) -> &str {
    let last = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let stem = last.split(['.', '*', '?', '[', '{']).next().unwrap_or_default();
    if stem.is_empty() { "source" } else { stem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_urls() {
        for (url, expected) in [
            ("file:///data/flights-2013.csv.gz", "flights-2013"),
            ("s3://lake/orders/", "orders"),
            ("s3://lake/orders/*.parquet", "source"),
            ("s3://lake/part-*.csv", "part-"),
        ] {
            assert_eq!(about(url), expected, "{url}");
        }
    }

    #[test]
    fn tables_say_what_is_wrong() {
        let script = Script::new("script.wasm");
        let wrong = |json: &str| {
            let (connector, node) = of_table("source", parse("source", json)?)?;
            let config = definition::source(&connector, &node, "job", "source", &script);
            config.map(drop).map_err(|problem| refused("source", &problem))
        };
        wrong(r#"{"connector": "file", "url": "x.csv", "csv": {"null": ["NA"]}}"#).expect("it is right");
        for (json, expected) in [
            ("{", "no JSON"),
            ("7", "expected a text or a table"),
            (r#"{"connector": "kafka"}"#, "no connector `kafka`"),
            (r#"{"url": "x.csv", "csv": {"nul": "NA"}}"#, "unknown key `nul`"),
        ] {
            let error = wrong(json).expect_err(json).to_string();
            assert!(error.contains(expected), "{json}: {error}");
        }
    }
}
