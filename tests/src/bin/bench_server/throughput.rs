//! Durable runs a second: accepted, taken, carried out, committed and noted.

use std::sync::Arc;
use std::time::Instant;

use tenon_metadata::Name;
use tenon_tests::bench::Figures;
use tenon_tests::guests::guest;
use tokio::task::JoinSet;

use crate::served::{ROWS, Served, copying, in_sandbox, names, pairs};
use crate::{Bench, bare, direct};

/// Those who ask for runs at the same time.
const CLIENTS: usize = 32;
const TENANTS: usize = 8;
/// Of each tenant. Two runs of one job cannot write to one place at the same time.
const JOBS: usize = 8;
/// Runs that are not counted.
const WARM_UP: usize = 64;

pub async fn measure(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let runs = bench.effort.durable;
    let durable = served(bench, "throughput", runs, copying).await?;
    figures.at_least(
        "durable runs of a job of 10 rows",
        durable.per_second,
        "runs/s",
        1_000.0,
    );
    figures.note("changes of the database per run", durable.changes, "");
    figures.note("changes that one flush makes durable", durable.together, "");

    let writes = (durable.changes * runs as f64) as usize;
    let bare = bare::changes_per_second(&bench.emptied("bare")?, writes, CLIENTS).await?;
    figures.note("the database's bare changes of one row", bare, "1/s");
    let share = durable.per_second * durable.changes / bare;
    figures.note("changes of the runs, against the bare ones", share, "x");
    let input = bench.folder.join("throughput/tenants/shop-00000/files/in.csv");
    let alone = direct::runs_per_second(bench, &input, runs, 8).await?;
    figures.note("the same job by the engine alone, nothing on record", alone, "runs/s");
    figures.note(
        "durable runs, against the engine alone",
        durable.per_second / alone,
        "x",
    );

    let sandboxed = served(bench, "throughput", runs, |job| in_sandbox(job, "")).await?;
    figures.at_least(
        "durable runs of a job of 10 rows through a sandbox",
        sandboxed.per_second,
        "runs/s",
        1_000.0,
    );
    Ok(())
}

/// What was seen of many runs.
struct Durable {
    per_second: f64,
    /// Of the database, for each run.
    changes: f64,
    /// Changes for each flush to the disk.
    together: f64,
}

async fn served(bench: &Bench, folder: &str, runs: usize, text: impl Fn(&Name) -> String) -> anyhow::Result<Durable> {
    let mut served = Served::open(&bench.emptied(folder)?).await?;
    served.run();
    let (tenants, jobs) = (names("shop", TENANTS)?, names("job", JOBS)?);
    served.tenants(&tenants).await?;
    for tenant in &tenants {
        served.upload(tenant, "echo", std::fs::read(guest("echo")?)?).await?;
    }
    let pairs = Arc::new(pairs(&tenants, &jobs));
    served.jobs(&pairs, text).await?;
    let served = Arc::new(served);
    accept(&served, &pairs, WARM_UP, CLIENTS).await?;
    served.ended(WARM_UP as u64).await?;

    let (before, began) = (served.metadata().statistics(), Instant::now());
    accept(&served, &pairs, runs, CLIENTS).await?;
    served.ended((WARM_UP + runs) as u64).await?;
    let (took, after) = (began.elapsed(), served.metadata().statistics());
    let mut rows = 0;
    for tenant in &tenants {
        rows += served.rows_of(tenant)?;
    }
    let expected = (WARM_UP + runs) as u64 * ROWS;
    anyhow::ensure!(rows == expected, "{rows} rows were written, and not {expected}");
    let changes = (after.changes - before.changes) as f64;
    let flushes = (after.commits - before.commits) as f64;
    if let Some(served) = Arc::into_inner(served) {
        served.stop().await?;
    }
    Ok(Durable {
        per_second: runs as f64 / took.as_secs_f64(),
        changes: changes / runs as f64,
        together: changes / flushes,
    })
}

/// Has so many runs accepted, of all jobs in turns, by clients that each wait for the answer before they go on.
pub async fn accept(
    served: &Arc<Served>,
    pairs: &Arc<Vec<(Name, Name)>>,
    runs: usize,
    clients: usize,
) -> anyhow::Result<()> {
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let (served, pairs) = (Arc::clone(served), Arc::clone(pairs));
        tasks.spawn(async move {
            for run in (client..runs).step_by(clients) {
                let (tenant, job) = &pairs[run % pairs.len()];
                served.start(tenant, job).await?;
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}
