//! From a job file's job to one that runs.

mod connectors;
mod script;
mod steps;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use connectors::{FILE, sink, source};
use tenon_connect::database::Connections;
use tenon_connect::file::OnError;
use tenon_connect::{SinkConfig, SourceConfig};
use tenon_job::{Lookup, Node, Problem, SinkInput};
use tenon_runtime::Limits;

use crate::job::{Feed, Job, MaxRejects, Output, Retries, Secret};

/// The files of what a job file names.
#[derive(Debug, Clone, Default)]
pub struct Artifacts {
    /// Components of plugins, and interpreters of scripts, by what the job file calls these; by default the file of that
    /// name.
    pub plugins: BTreeMap<String, PathBuf>,
    /// Scripts, by what the job file calls them; by default the file of that name.
    pub scripts: BTreeMap<String, PathBuf>,
    /// Where relative paths of a component that drives the job begin; the working folder by default.
    pub folder: Option<PathBuf>,
}

impl Artifacts {
    fn plugin(&self, named: &str) -> PathBuf {
        self.plugins.get(named).cloned().unwrap_or_else(|| PathBuf::from(named))
    }

    fn script(&self, named: &str) -> PathBuf {
        self.scripts.get(named).cloned().unwrap_or_else(|| PathBuf::from(named))
    }
}

impl Job {
    /// What a job file says, ready to run. `artifacts` are the files of its plugins and scripts; secrets that it grants
    /// come from `lookup`, stored connections from `connections`.
    ///
    /// # Errors
    /// [`tenon_job::Error`], at its place in the file, for a connector that there is none of, a configuration that the
    /// connector doesn't take, and a secret or host that can't be granted.
    pub fn from_definition(
        job: &tenon_job::Job,
        artifacts: &Artifacts,
        lookup: &dyn Lookup,
        connections: &dyn Connections,
    ) -> Result<Self, tenon_job::Error> {
        let settings = &job.settings;
        let mut made = Self::new(&job.name);
        for (name, source) in &job.sources {
            let config = connectors::source(&source.connector, &source.config, &job.name, name, connections);
            let mut config = config.map_err(|problem| job.error(problem))?;
            if let SourceConfig::File(config) = &mut config
                && source.config.get("on_error").is_none()
                && settings.on_error == tenon_job::OnError::Reject
            {
                config.on_error = OnError::Reject;
            }
            made.sources.insert(name.clone(), config);
        }
        for (name, step) in &job.steps {
            let step = steps::step(step, artifacts).map_err(|problem| job.error(problem))?;
            made.steps.insert(name.clone(), step);
        }
        for (name, function) in &job.functions {
            let function = steps::function(function, artifacts).map_err(|problem| job.error(problem))?;
            made.functions.insert(name.clone(), function);
        }
        for (name, sink) in &job.sinks {
            let mut to =
                connectors::sink(&sink.connector, &sink.config, connections).map_err(|problem| job.error(problem))?;
            if let SinkConfig::Database(to) = &mut to
                && sink.config.get("on_error").is_none()
                && settings.on_error == tenon_job::OnError::Reject
            {
                to.write.on_error = tenon_database::OnError::Reject;
            }
            let feed = match &sink.input {
                SinkInput::From(from) => Feed::Rows(from.clone()),
                SinkInput::RejectsOf(step) => Feed::RejectsOf(step.clone()),
            };
            if settings.stream.is_some() && to.needs_empty() {
                return Err(job.error(second_batch(name, &sink.config)));
            }
            made.sinks.insert(name.clone(), Output { feed, to });
        }
        // Where a server keeps them is not for its tenants to know.
        for named in job.plugins().into_iter().chain(job.scripts()) {
            let name = made.names.entry(artifacts.plugin(named));
            name.or_insert_with(|| named.to_owned());
        }
        if let Some(script) = &settings.script {
            let script = self::script::script(script, artifacts, connections);
            made.script = Some(script.map_err(|problem| job.error(problem))?);
        }
        for (name, param) in &job.params {
            made.parameters.insert(name.clone(), text(&param.value));
        }
        for name in &settings.secrets {
            let missing = || job.error(Problem::new(format!("the secret `{name}` has no value")));
            let value = lookup.secret(name).ok_or_else(missing)?;
            made.secrets.insert(name.clone(), Secret::new(value));
        }
        for host in &settings.http {
            let grant = host
                .parse()
                .map_err(|error: tenon_runtime::Error| job.error(Problem::new(error.to_string())))?;
            made.http.push(grant);
        }
        made.max_rejects = settings.max_rejects.map(MaxRejects::from);
        made.partitions = settings.partitions.map(|partitions| partitions.get() as usize);
        made.memory = settings.memory.map(|size| bytes(size.0));
        made.timeout = settings.timeout.map(|time| time.0);
        made.stream = settings.stream.map(|stream| stream.every.0);
        made.retries = Retries {
            max: settings.retries.max,
            initial: settings.retries.initial.0,
            factor: settings.retries.factor,
            longest: settings.retries.max_delay.0,
        };
        made.limits = limits(&settings.limits);
        made.keep_failed = settings.limits.keep_failed.map(|size| bytes(size.0));
        Ok(made)
    }
}

/// Why a sink whose target has to be empty is none for a job that runs in micro-batches.
fn second_batch(sink: &str, config: &Node) -> Problem {
    let message = format!(
        "the mode of the sink `{sink}` leaves alone what holds data, so that only the first micro-batch could write there"
    );
    let at = config.get("mode").and_then(Node::span).or(config.span());
    let problem = Problem::new(message).at(at).under(sink).under("sinks");
    problem.help("say `mode = \"append\"`, or remove [stream]")
}

/// The JSON Schema of job files, with every connector's settings, for editors and other tools.
pub fn job_schema() -> serde_json::Value {
    tenon_job::schema(&connectors::schemas())
}

/// A parameter as plugins are given it.
fn text(node: &Node) -> String {
    match node.to_json() {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

fn limits(given: &tenon_job::Limits) -> Limits {
    let defaults = Limits::default();
    let millis = |time: Option<tenon_job::Timespan>, default: u64| time.map_or(default, |time| milliseconds(time.0));
    let size = |size: Option<tenon_job::Size>, default: usize| size.map_or(default, |size| bytes(size.0));
    Limits {
        memory: size(given.memory, defaults.memory),
        table_elements: given.table_elements.map_or(defaults.table_elements, bytes),
        cpu_per_call_ms: millis(given.cpu_per_call, defaults.cpu_per_call_ms),
        cpu_per_run_ms: millis(given.cpu_per_run, defaults.cpu_per_run_ms),
        wall_per_call_ms: millis(given.wall_per_call, defaults.wall_per_call_ms),
        handles: given.handles.map_or(defaults.handles, bytes),
        held_bytes: size(given.held_bytes, defaults.held_bytes),
        call_bytes: size(given.call_bytes, defaults.call_bytes),
        out_bytes: given.out_bytes.map_or(defaults.out_bytes, |size| size.0),
        log_bytes: size(given.log_bytes, defaults.log_bytes),
        state_bytes: size(given.state_bytes, defaults.state_bytes),
        ..defaults
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn bytes(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}
