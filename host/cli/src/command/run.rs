mod own;
mod script;
mod stream;
mod watched;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use tenon_host::connect::SinkConfig;
use tenon_host::connect::file::{Mode, ParquetWrite, WriteConfig};
use tenon_host::engine::{
    Engine, Incremental, Job, MaxRejects, Progress, Report, SCRIPT_FUNCTION, Streamed, Transform, script_config,
};
use tenon_host::job::{Job as Definition, Node, Step, interpreter_of};

use crate::args::{CompressionArgument, ModeArgument, RunArguments};
use crate::exit::Failure;
use crate::inputs::Inputs;
use crate::interrupt::Interrupt;
use crate::progress::Watch;
use crate::record::Record;
use crate::{connections, incremental, job, output, plugin, report};
use own::Own;

/// `tenon run`
pub async fn run(arguments: Box<RunArguments>, quiet: bool) -> Result<(), Failure> {
    let mut runner = Runner::new(*arguments, quiet);
    if runner.arguments.watch {
        return Box::pin(watched::run(runner)).await;
    }
    let ended = runner.once().await;
    runner.show(&ended?)
}

/// What a run has done.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Done {
    /// All that there was.
    Once(Box<Report>),
    /// Micro-batches.
    Stream(Streamed),
}

/// Runs what the command line says, once or again and again.
pub(super) struct Runner {
    pub arguments: RunArguments,
    pub quiet: bool,
    pub interrupt: Interrupt,
    /// What the runs so far were made of.
    pub inputs: Inputs,
    own: Own,
    engine: Option<Engine>,
}

impl Runner {
    fn new(arguments: RunArguments, quiet: bool) -> Self {
        Self {
            arguments,
            quiet,
            interrupt: Interrupt::listen(),
            inputs: Inputs::default(),
            own: Own::default(),
            engine: None,
        }
    }

    /// One run, recorded from begin to end.
    pub async fn once(&mut self) -> Result<Done, Failure> {
        self.inputs.add_plugin(&self.arguments.job);
        let definition = if job::is_job_file(&self.arguments.job) {
            job::load(&self.arguments.job, &self.arguments.param, self.quiet).map(Some)
        } else {
            Ok(None)
        };
        let definition = match definition {
            Ok(definition) => definition,
            Err(failure) => {
                let ended = Err(failure);
                Record::begin(&self.arguments, None).end(&ended, &Progress::default());
                return ended;
            }
        };
        let record = Record::begin(&self.arguments, definition.as_ref());
        let mut progress = Progress::default();
        let mut ended = self.execute(definition.as_ref(), &record, &mut progress).await;
        if self.arguments.watch {
            self.inputs.add_elsewhere();
        }
        if let Err(failure) = ended {
            let config = |step: &str| match &definition {
                Some(definition) => step_config(definition, step),
                None => function(&self.arguments).map(|(_, config)| config).unwrap_or_default(),
            };
            let hint = record.keep(&failure, &config);
            ended = Err(match hint {
                Some(hint) => failure.hinted(hint),
                None => failure,
            });
        }
        record.end(&ended, &progress);
        ended
    }

    /// Prints what a run has done.
    pub fn show(&self, done: &Done) -> Result<(), Failure> {
        if self.arguments.json {
            let text = serde_json::to_string_pretty(done).map_err(|error| Failure::failed(error.into()))?;
            return output::print(&text);
        }
        match done {
            _ if self.quiet => Ok(()),
            Done::Once(report) => report::print(report),
            Done::Stream(streamed) => report::print_stream(streamed),
        }
    }

    async fn execute(
        &mut self,
        definition: Option<&Definition>,
        record: &Record,
        progress: &mut Progress,
    ) -> Result<Done, Failure> {
        stream::check(&self.arguments, definition)?;
        let stopped = self.interrupt.clone();
        let engine = match &self.engine {
            Some(engine) => engine.clone(),
            None => Engine::new(plugin::runtime(self.arguments.memory_limit)?),
        };
        self.engine = Some(engine.clone());
        let (mut job, bookmarked) = tokio::select! {
            opened = self.open(definition, &engine) => opened?,
            () = stopped.requested() => return Err(tenon_host::engine::Error::Cancelled.into()),
        };
        job.keep_failed = self.arguments.keep_failed.or(job.keep_failed);
        job.run = record.history().map(|(_, id)| id.to_owned());
        self.inputs.add_job(&job);
        if let Some(every) = job.stream {
            let streamed = stream::run(self, &engine, job, every, &bookmarked, record, progress).await?;
            return Ok(Done::Stream(streamed));
        }
        let report = self
            .drive(engine, &mut job, &bookmarked, record, progress, None)
            .await?;
        self.inputs.add_report(&report);
        if self.arguments.watch {
            self.own.add(&job, &report, self.quiet);
        }
        Ok(Done::Once(Box::new(report)))
    }

    /// A job, or one of its micro-batches, from its bookmarks to its commit. `earlier` is what the micro-batches before have
    /// done.
    async fn drive(
        &mut self,
        engine: Engine,
        job: &mut Job,
        bookmarked: &Bookmarked,
        record: &Record,
        progress: &Progress,
        earlier: Option<&Streamed>,
    ) -> Result<Report, Failure> {
        let engine = incremental::prepare(engine, job, bookmarked, record, &self.arguments).await?;
        if self.arguments.watch {
            self.own.replaced_by(job, self.quiet);
        }
        let watch = Watch::start(progress, self.quiet);
        let following = record.follow(progress, earlier);
        let stopped = self.interrupt.clone();
        let stop = async {
            stopped.requested().await;
            record.stopping();
        };
        let ended = engine.run_until(job, progress, stop).await;
        drop((watch, following));
        Ok(ended?.of_whole_process())
    }

    /// The job, with its plugins built, and the sources that have bookmarks, with how much of them is read.
    async fn open(&mut self, definition: Option<&Definition>, engine: &Engine) -> Result<(Job, Bookmarked), Failure> {
        let Some(definition) = definition else {
            if self.arguments.from.is_none() && self.arguments.to.is_none() {
                return Ok((self.script(engine).await?, Bookmarked::new()));
            }
            let mut transform = transform(&self.arguments)?;
            if let Some(url) = transform.source.file_url() {
                self.inputs.add_url(url);
            }
            transform.plugin = plugin::component(&self.arguments.job, self.quiet).await?;
            return Ok((transform.job(), Bookmarked::new()));
        };
        for plugin in definition.plugins().into_iter().chain(definition.scripts()) {
            self.inputs.add_plugin(Path::new(plugin));
        }
        from_file(&self.arguments, definition, self.quiet).await
    }
}

impl Runner {
    /// The job of a component that drives it itself.
    async fn script(&self, engine: &Engine) -> Result<Job, Failure> {
        let arguments = &self.arguments;
        let component = plugin::component(&arguments.job, self.quiet).await?;
        let loaded = engine.load(&component).await?;
        if !loaded.interfaces().job {
            return Err(Failure::usage(
                "a plugin needs --from FILE to read and --to PATH to write, unless it has a job of its own, which this \
                 one has not; a job file needs neither"
                    .to_owned(),
            ));
        }
        script::job(arguments, &component)
    }
}

/// The configuration of a plugin step, with references in the place of secrets.
fn step_config(definition: &Definition, step: &str) -> Value {
    match definition.steps.get(step) {
        Some(Step::Script(step)) => {
            let (file, function) = (Path::new(&step.script), step.function.as_deref());
            script_config(file, function, &step.config.to_json()).unwrap_or_default()
        }
        Some(step) => step.config().map(Node::to_json).unwrap_or_default(),
        None => Value::Null,
    }
}

/// Sources that have bookmarks, and how much of them a run reads.
type Bookmarked = BTreeMap<String, Incremental>;

/// The job of a job file, with what the command line says about how it runs, and the sources that have bookmarks.
async fn from_file(
    arguments: &RunArguments,
    definition: &Definition,
    quiet: bool,
) -> Result<(Job, Bookmarked), Failure> {
    let said = [
        ("--from", arguments.from.is_some()),
        ("--to", arguments.to.is_some()),
        ("--mode", arguments.mode.is_some()),
        ("--rejects", arguments.rejects.is_some()),
        ("--compression", arguments.compression.is_some()),
        ("--function", arguments.function.is_some()),
        ("--config", arguments.config.is_some()),
        ("--set", !arguments.set.is_empty()),
        ("--secret", !arguments.secret.is_empty()),
        ("--allow-http", !arguments.allow_http.is_empty()),
        ("--allow", !arguments.allow.is_empty()),
        ("--plugin", !arguments.plugin.is_empty()),
        ("an option for reading files", !arguments.csv.is_empty()),
    ];
    if let Some((option, _)) = said.iter().find(|(_, said)| *said) {
        return Err(Failure::usage(format!(
            "{option} cannot be given with a job file, which says that itself; make it a parameter there and use --param"
        )));
    }
    let mut job = job::build(definition, quiet).await?;
    let sources = definition.sources.iter();
    let bookmarked = sources
        .filter(|(name, _)| definition.bookmarked(name))
        .map(|(name, source)| (name.clone(), Incremental::of(source)))
        .collect();
    job.max_rejects = arguments.max_rejects.map(MaxRejects::from).or(job.max_rejects);
    job.partitions = arguments.partitions.map(usize::from).or(job.partitions);
    job.timeout = arguments.timeout.or(job.timeout);
    if let Some(bytes) = arguments.memory_limit {
        job.limits.memory = bytes;
    }
    Ok((job, bookmarked))
}

/// The function that the command line names, and its configuration; of a script the interpreter's.
fn function(arguments: &RunArguments) -> Result<(Option<String>, Value), Failure> {
    let config = Value::Object(arguments.function_config());
    if interpreter_of(&arguments.job).is_none() {
        return Ok((arguments.function.clone(), config));
    }
    let config = script_config(&arguments.job, arguments.function.as_deref(), &config)?;
    Ok((Some(SCRIPT_FUNCTION.to_owned()), config))
}

fn transform(arguments: &RunArguments) -> Result<Transform, Failure> {
    let (Some(from), Some(to)) = (&arguments.from, &arguments.to) else {
        return Err(Failure::usage(
            "a plugin needs --from FILE to read and --to PATH to write; a job file needs neither".to_owned(),
        ));
    };
    let source = arguments.csv.source(from)?;
    let parquet = ParquetWrite {
        compression: arguments.compression.unwrap_or(CompressionArgument::Zstd).into(),
        ..ParquetWrite::default()
    };
    let mode = arguments.mode.unwrap_or(ModeArgument::Error);
    let sink = match connections::sink(to, mode)? {
        Some(table) => table,
        None => SinkConfig::from(WriteConfig {
            mode: mode.into(),
            parquet: parquet.clone(),
            ..WriteConfig::new(to.clone())
        }),
    };
    let mut job = Transform::new(&arguments.job, source, sink);
    (job.function, job.config) = function(arguments)?;
    if interpreter_of(&arguments.job).is_some() {
        let stem = arguments
            .job
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        job.name = arguments.function.clone().or(stem);
    }
    job.rejects = arguments.rejects.as_ref().map(|url| {
        // What an earlier run rejected says nothing about this one.
        SinkConfig::from(WriteConfig {
            mode: Mode::Overwrite,
            parquet,
            ..WriteConfig::new(url.clone())
        })
    });
    job.max_rejects = arguments.max_rejects.map(MaxRejects::from);
    job.partitions = arguments.partitions.map(usize::from);
    job.parameters = arguments.param.iter().cloned().collect();
    job.http.clone_from(&arguments.allow_http);
    job.timeout = arguments.timeout;
    if let Some(bytes) = arguments.memory_limit {
        job.limits.memory = bytes;
    }
    job.secrets = plugin::secrets(&arguments.secret)?;
    Ok(job)
}
