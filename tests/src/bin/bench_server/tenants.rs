//! A thousand tenants that trigger ten jobs each within a minute.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use tenon_metadata::{Name, row};
use tenon_tests::bench::{Figures, median, quantile};

use crate::Bench;
use crate::served::{ROWS, Served, copying, names, pairs};
use crate::throughput::accept;

const JOBS: usize = 10;
/// Those who ask for runs at the same time.
const CLIENTS: usize = 64;
/// A step through all runs that comes by each of them once: so neither tenants nor jobs come one after the other.
const STRIDE: usize = 7_919;

pub async fn measure(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let mut served = Served::open(&bench.emptied("tenants")?).await?;
    served.run();
    let (tenants, jobs) = (names("tenant", bench.effort.tenants)?, names("job", JOBS)?);
    served.tenants(&tenants).await?;
    let in_order = pairs(&tenants, &jobs);
    served.jobs(&in_order, copying).await?;
    let count = in_order.len();
    let mixed = (0..count).map(|number| in_order[number * STRIDE % count].clone());
    let (mixed, served) = (Arc::new(mixed.collect::<Vec<_>>()), Arc::new(served));

    let began = Instant::now();
    accept(&served, &mixed, count, CLIENTS).await?;
    let accepted = began.elapsed();
    served.ended(count as u64).await?;
    let took = began.elapsed();

    let of = format!("{count} runs of {} tenants", tenants.len());
    figures.at_most(format!("{of}: accepted within"), accepted.as_secs_f64(), "s", 60.0);
    figures.note(format!("{of}: all done within"), took.as_secs_f64(), "s");
    let (lost, twice) = lost_and_twice(&served, &in_order).await?;
    figures.at_most(format!("{of}: lost"), lost as f64, "runs", 0.0);
    figures.at_most(format!("{of}: carried out twice"), twice as f64, "runs", 0.0);
    let mut rows = 0;
    for tenant in &tenants {
        rows += served.rows_of(tenant)?;
    }
    let wrong = rows.abs_diff(count as u64 * ROWS);
    figures.at_most(format!("{of}: rows too few or too many"), wrong as f64, "rows", 0.0);
    let mut waits = waits(&served).await?;
    let (middle, longest) = (median(&mut waits), quantile(&mut waits, 1.0));
    figures.note("a tenant's wait for a server, mean of its runs, median", middle, "s");
    figures.at_most(
        "the longest tenant's wait, against the median",
        longest / middle,
        "x",
        3.0,
    );
    if let Some(served) = Arc::into_inner(served) {
        served.stop().await?;
    }
    Ok(())
}

/// Jobs of which no run is on record as succeeded, and runs of which more than one is, or more than one attempt.
async fn lost_and_twice(served: &Served, wanted: &[(Name, Name)]) -> anyhow::Result<(usize, usize)> {
    let found = served.metadata().read(|tx| {
        tx.query(
            "select r.tenant, r.job, count(*) from runs r join run_attempts a on a.run = r.id
             where r.state = 'SUCCEEDED' group by r.tenant, r.job",
            row![],
        )
    });
    let mut attempts: BTreeMap<(String, String), i64> = BTreeMap::new();
    for row in found.await? {
        attempts.insert((row.get(0)?, row.get(1)?), row.get(2)?);
    }
    let is_lost = |pair: &&(Name, Name)| !attempts.contains_key(&(pair.0.to_string(), pair.1.to_string()));
    let lost = wanted.iter().filter(is_lost).count();
    let twice = attempts.values().filter(|attempts| **attempts > 1).count();
    Ok((lost, twice))
}

/// How long each tenant's runs waited until a server took them, on average, in seconds.
async fn waits(served: &Served) -> anyhow::Result<Vec<f64>> {
    let found = served.metadata().read(|tx| {
        tx.query(
            "select sum(started - created), count(*) from runs group by tenant",
            row![],
        )
    });
    let mut waits = Vec::new();
    for row in found.await? {
        waits.push(row.get::<i64>(0)? as f64 / row.get::<i64>(1)? as f64 / 1e6);
    }
    Ok(waits)
}
