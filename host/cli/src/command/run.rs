use serde_json::Value;
use tenon_host::connect::file::{Mode, ParquetWrite, WriteConfig};
use tenon_host::engine::{Engine, Job, MaxRejects, Progress, Report, Secret, Transform};

use crate::args::{CompressionArgument, ModeArgument, RunArguments};
use crate::exit::Failure;
use crate::job::Prepared;
use crate::progress::Watch;
use crate::record::Record;
use crate::{incremental, interrupt, job, plugin, report};

/// `tenon run`
pub async fn run(arguments: Box<RunArguments>, quiet: bool) -> Result<(), Failure> {
    let record = Record::begin(&arguments);
    let ended = execute(&arguments, &record, quiet).await;
    record.end(&ended);
    let done = ended?;
    if arguments.json {
        let text = serde_json::to_string_pretty(&done).map_err(|error| Failure::failed(error.into()))?;
        println!("{text}");
    } else if !quiet {
        report::print(&done);
    }
    Ok(())
}

async fn execute(arguments: &RunArguments, record: &Record, quiet: bool) -> Result<Report, Failure> {
    let (mut job, bookmarked) = if job::is_job_file(&arguments.job) {
        from_file(arguments, quiet).await?
    } else {
        let mut transform = transform(arguments)?;
        transform.plugin = plugin::component(&arguments.job, quiet).await?;
        (transform.job(), Vec::new())
    };
    let engine = Engine::new(plugin::runtime(arguments.memory_limit)?);
    job.run = record.history().map(|(_, id)| id.to_owned());
    let engine = incremental::prepare(engine, &mut job, &bookmarked, record, arguments).await?;
    let progress = Progress::default();
    let watch = Watch::start(&progress, quiet);
    let following = record.follow(&progress);
    let stop = async {
        interrupt::requested().await;
        record.stopping();
    };
    let ended = engine.run_until(&job, &progress, stop).await;
    drop((watch, following));
    Ok(ended?)
}

/// The job of a job file, with what the command line says about how it runs, and the sources that have bookmarks.
async fn from_file(arguments: &RunArguments, quiet: bool) -> Result<(Job, Vec<String>), Failure> {
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
        ("the CSV options", !arguments.csv.is_empty()),
    ];
    if let Some((option, _)) = said.iter().find(|(_, said)| *said) {
        return Err(Failure::usage(format!(
            "{option} cannot be given with a job file, which says that itself; make it a parameter there and use --param"
        )));
    }
    let Prepared { definition, mut job } = job::open(&arguments.job, &arguments.param, quiet).await?;
    let sources = definition.sources.keys();
    let bookmarked = sources
        .filter(|source| definition.bookmarked(source))
        .cloned()
        .collect();
    if let Some(rows) = arguments.max_rejects {
        job.max_rejects = Some(MaxRejects::Rows(rows));
    }
    job.partitions = arguments.partitions.map(usize::from).or(job.partitions);
    job.timeout = arguments.timeout.or(job.timeout);
    if let Some(bytes) = arguments.memory_limit {
        job.limits.memory = bytes;
    }
    Ok((job, bookmarked))
}

fn transform(arguments: &RunArguments) -> Result<Transform, Failure> {
    let (Some(from), Some(to)) = (&arguments.from, &arguments.to) else {
        return Err(Failure::usage(
            "a plugin needs --from FILE to read and --to PATH to write; a job file needs neither".to_owned(),
        ));
    };
    let source = arguments.csv.source(from);
    let parquet = ParquetWrite {
        compression: arguments.compression.unwrap_or(CompressionArgument::Zstd).into(),
        ..ParquetWrite::default()
    };
    let sink = WriteConfig {
        mode: arguments.mode.unwrap_or(ModeArgument::Error).into(),
        parquet: parquet.clone(),
        ..WriteConfig::new(to.clone())
    };
    let mut job = Transform::new(&arguments.job, source, sink);
    job.function.clone_from(&arguments.function);
    job.config = Value::Object(config(arguments));
    job.rejects = arguments.rejects.as_ref().map(|url| {
        // What an earlier run rejected says nothing about this one.
        WriteConfig {
            mode: Mode::Overwrite,
            parquet,
            ..WriteConfig::new(url.clone())
        }
    });
    job.max_rejects = arguments.max_rejects.map(MaxRejects::Rows);
    job.partitions = arguments.partitions.map(usize::from);
    job.parameters = arguments.param.iter().cloned().collect();
    job.http.clone_from(&arguments.allow_http);
    job.timeout = arguments.timeout;
    if let Some(bytes) = arguments.memory_limit {
        job.limits.memory = bytes;
    }
    for (name, variable) in &arguments.secret {
        let value = std::env::var(variable).map_err(|_| {
            Failure::usage(format!(
                "the secret `{name}` is to come from {variable}, which is not set or not text"
            ))
        })?;
        job.secrets.insert(name.clone(), Secret::new(value));
    }
    Ok(job)
}

fn config(arguments: &RunArguments) -> serde_json::Map<String, Value> {
    let mut config = arguments.config.clone().unwrap_or_default();
    config.extend(arguments.set.iter().cloned());
    config
}
