//! The same job by the engine alone: no database, no queue, no tenants.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tenon_engine::{Engine, Job, Progress};
use tenon_metadata::Name;
use tenon_runtime::LogSink;
use tenon_tests::guests::guest;
use tenon_tests::jobs;

use crate::Bench;
use crate::served::{copying, in_sandbox};

/// From the start of each run to its first batch in the sandbox, in milliseconds.
pub async fn first_batches(bench: &Bench, input: &Path, warm_up: usize) -> anyhow::Result<Vec<f64>> {
    let folder = bench.emptied("direct")?;
    let engine = jobs::engine(&folder.join("cache"))?;
    let text = absolute(&in_sandbox(&Name::new("job")?, "log = \"here\""), input, &folder)?;
    // Kept loaded, as a server does.
    let _echo = engine.load(&guest("echo")?).await?;
    let mut waits = Vec::new();
    for run in 0..bench.effort.accepted + warm_up {
        let first = Arc::new(Mutex::new(None));
        let began = Instant::now();
        let mut job = jobs::job(&text)?;
        job.log = Some(LogSink::new({
            let first = Arc::clone(&first);
            move |_| {
                first.lock().get_or_insert_with(|| began.elapsed());
            }
        }));
        engine.run(&job, &Progress::default()).await?;
        let first = first.lock().take();
        waits.extend(first.filter(|_| run >= warm_up).map(|wait| wait.as_secs_f64() * 1e3));
    }
    Ok(waits)
}

/// Runs a second of the job without a sandbox, so many at once.
pub async fn runs_per_second(bench: &Bench, input: &Path, runs: usize, at_once: usize) -> anyhow::Result<f64> {
    let folder = bench.emptied("direct")?;
    let engine = jobs::engine(&folder.join("cache"))?;
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..at_once {
        let text = absolute(&copying(&Name::new(format!("job-{task}"))?), input, &folder)?;
        let (engine, share) = (engine.clone(), runs / at_once);
        tasks.spawn(async move { run_all(&engine, &text, share).await });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok((runs / at_once * at_once) as f64 / began.elapsed().as_secs_f64())
}

async fn run_all(engine: &Engine, text: &str, runs: usize) -> anyhow::Result<()> {
    for _ in 0..runs {
        let job: Job = jobs::job(text)?;
        engine.run(&job, &Progress::default()).await?;
    }
    Ok(())
}

/// A job's text with the paths that a server would find for its names.
fn absolute(text: &str, input: &Path, folder: &Path) -> anyhow::Result<String> {
    let (input, out) = (input.display().to_string(), folder.display().to_string());
    let text = text.replace("\"in.csv\"", &format!("\"{input}\""));
    let text = text.replace("\"out/", &format!("\"{out}/out/"));
    Ok(text.replace("\"echo\"", &format!("\"{}\"", guest("echo")?.display())))
}
