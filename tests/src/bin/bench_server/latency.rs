//! From the acceptance of a run to the first batch in its sandbox, on an idle server.

use std::time::Duration;

use tenon_metadata::row;
use tenon_tests::bench::{Figures, median, quantile};
use tenon_tests::guests::guest;

use crate::served::{Served, in_sandbox, names};
use crate::{Bench, direct};

/// Between two runs, so that the server is idle.
const PAUSE: Duration = Duration::from_millis(20);
/// Runs that are not counted: the first ones find nothing warm.
const WARM_UP: usize = 10;
/// What the guest says of its first batch.
const SAYS: &str = "log = \"here\"";

/// Where a run was when, in milliseconds since it was accepted.
#[derive(Default)]
struct Ways {
    /// A server has taken it.
    taken: Vec<f64>,
    /// A batch is in the sandbox.
    first_batch: Vec<f64>,
    /// Its end is noted.
    ended: Vec<f64>,
}

pub async fn measure(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let mut served = Served::open(&bench.emptied("latency")?).await?;
    served.run();
    let (tenants, jobs) = (names("shop", 1)?, names("job", 1)?);
    let (tenant, job) = (&tenants[0], &jobs[0]);
    served.tenants(&tenants).await?;
    served.upload(tenant, "echo", std::fs::read(guest("echo")?)?).await?;
    let pair = [(tenant.clone(), job.clone())];
    served.jobs(&pair, |job| in_sandbox(job, SAYS)).await?;
    for run in 0..bench.effort.accepted + WARM_UP {
        served.start(tenant, job).await?;
        served.ended(run as u64 + 1).await?;
        tokio::time::sleep(PAUSE).await;
    }
    let mut ways = ways(&served).await?;
    let input = served.files(tenant).join("in.csv");
    served.stop().await?;
    let mut direct = direct::first_batches(bench, &input, WARM_UP).await?;

    let p50 = median(&mut ways.first_batch);
    figures.at_most("accepted run to first batch in the sandbox, idle, p50", p50, "ms", 5.0);
    let p99 = quantile(&mut ways.first_batch, 0.99);
    figures.at_most("accepted run to first batch in the sandbox, idle, p99", p99, "ms", 20.0);
    figures.note("accepted run to its being taken, p50", median(&mut ways.taken), "ms");
    figures.note("accepted run to its end on record, p50", median(&mut ways.ended), "ms");
    let alone = median(&mut direct);
    figures.note("the same job to first batch, by the engine alone, p50", alone, "ms");
    figures.note(
        "accepted run to first batch, against the engine alone",
        p50 / alone,
        "x",
    );
    Ok(())
}

async fn ways(served: &Served) -> anyhow::Result<Ways> {
    let found = served.metadata().read(|tx| {
        tx.query(
            "select r.created, r.started, min(l.time), r.ended from runs r join run_log l on l.run = r.number
             group by r.number order by r.number",
            row![],
        )
    });
    let mut ways = Ways::default();
    for row in found.await?.iter().skip(WARM_UP) {
        let created: i64 = row.get(0)?;
        let since = |column| Ok::<_, tenon_metadata::Error>((row.get::<i64>(column)? - created) as f64 / 1e3);
        ways.taken.push(since(1)?);
        ways.first_batch.push(since(2)?);
        ways.ended.push(since(3)?);
    }
    Ok(ways)
}
