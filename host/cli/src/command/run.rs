use serde_json::Value;
use tenon_host::connect::file::{CsvRead, Mode, ParquetWrite, ReadConfig, WriteConfig};
use tenon_host::engine::{Engine, MaxRejects, Progress, Report, Secret, Transform};

use crate::args::RunArguments;
use crate::exit::Failure;
use crate::progress::Watch;
use crate::record::Record;
use crate::{interrupt, plugin, report};

/// `tenon run`
pub async fn run(arguments: Box<RunArguments>, quiet: bool) -> Result<(), Failure> {
    let job = transform(&arguments)?;
    let record = Record::begin(&arguments);
    let ended = execute(&arguments, job, &record, quiet).await;
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

async fn execute(
    arguments: &RunArguments,
    mut job: Transform,
    record: &Record,
    quiet: bool,
) -> Result<Report, Failure> {
    job.plugin = plugin::component(&arguments.plugin, quiet).await?;
    let engine = Engine::new(plugin::runtime(arguments.memory_limit)?);
    let progress = Progress::default();
    let watch = Watch::start(&progress, quiet);
    let following = record.follow(&progress);
    let stop = async {
        interrupt::requested().await;
        record.stopping();
    };
    let ended = engine.run_until(&job.job(), &progress, stop).await;
    drop((watch, following));
    let mut done = ended?;
    record.name(&mut done.run);
    Ok(done)
}

fn transform(arguments: &RunArguments) -> Result<Transform, Failure> {
    let source = ReadConfig {
        csv: CsvRead {
            delimiter: arguments.delimiter,
            header: !arguments.no_header,
            null: arguments.null.clone(),
            ..CsvRead::default()
        },
        infer_rows: arguments.infer_rows,
        schema: arguments.types.iter().cloned().collect(),
        ..ReadConfig::new(arguments.from.clone())
    };
    let parquet = ParquetWrite {
        compression: arguments.compression.into(),
    };
    let sink = WriteConfig {
        mode: arguments.mode.into(),
        parquet: parquet.clone(),
        ..WriteConfig::new(arguments.to.clone())
    };
    let mut job = Transform::new(&arguments.plugin, source, sink);
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
