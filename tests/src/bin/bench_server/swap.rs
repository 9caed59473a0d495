//! A plugin that is replaced while as many runs as fit use it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use axum::http::Method;
use serde_json::json;
use tenon_metadata::row;
use tenon_tests::bench::Figures;
use tenon_tests::guests::guest;

use crate::Bench;
use crate::served::{ROWS, Served, in_sandbox, names, pairs};
use crate::throughput::accept;

/// Those who ask for runs at the same time.
const CLIENTS: usize = 32;
const JOBS: usize = 32;
/// How often is looked whether enough runs have ended.
const LOOK: Duration = Duration::from_millis(5);

pub async fn measure(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let mut served = Served::open(&bench.emptied("swap")?).await?;
    served.run();
    let (tenants, jobs, runs) = (names("shop", 1)?, names("job", JOBS)?, bench.effort.swapped);
    let tenant = &tenants[0];
    served.tenants(&tenants).await?;
    let first = std::fs::read(guest("echo")?)?;
    let second = another_version(&first);
    served.upload(tenant, "echo", first).await?;
    // Its artifact is in the cache.
    let version = served.upload(tenant, "echo", second).await?;
    let digest = version["digest"]
        .as_str()
        .context("a version without a digest")?
        .to_owned();
    let pairs = Arc::new(pairs(&tenants, &jobs));
    served.jobs(&pairs, |job| in_sandbox(job, "log = \"here\"")).await?;

    let served = Arc::new(served);
    let load = tokio::spawn({
        let (served, pairs) = (Arc::clone(&served), Arc::clone(&pairs));
        async move { accept(&served, &pairs, runs, CLIENTS).await }
    });
    while !load.is_finished() && succeeded(&served).await? < runs as u64 / 3 {
        tokio::time::sleep(LOOK).await;
    }
    let path = format!("/v1/tenants/{tenant}/plugins/echo/aliases/stable");
    let asked = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros() as i64;
    served
        .ask(Method::PUT, &path, &json!({ "version": version["version"] }))
        .await?;
    load.await??;
    // It fails where a run has not succeeded.
    let ended = served.ended(runs as u64).await;
    let failed = runs as u64 - succeeded(&served).await?;
    ended?;
    let lost = (runs as u64 * ROWS).abs_diff(served.rows_of(tenant)?);
    let served_after = (first_batch(&served, &digest).await? - asked) as f64 / 1e3;

    let of = "plugin replaced under full load";
    figures.at_most(format!("{of}: runs that failed"), failed as f64, "runs", 0.0);
    figures.at_most(format!("{of}: rows lost or written twice"), lost as f64, "rows", 0.0);
    figures.at_most(
        format!("{of}: first batch in the new version after"),
        served_after,
        "ms",
        200.0,
    );
    if let Some(served) = Arc::into_inner(served) {
        served.stop().await?;
    }
    Ok(())
}

async fn succeeded(served: &Served) -> anyhow::Result<u64> {
    let found = served.metadata().read(|tx| {
        let row = tx.one(
            "select coalesce(sum(total), 0) from run_totals where state = 'SUCCEEDED'",
            row![],
        )?;
        row.get(0)
    });
    Ok(found.await?)
}

/// When a guest of this version had its first batch, in microseconds since 1970.
async fn first_batch(served: &Served, digest: &str) -> anyhow::Result<i64> {
    let pattern = format!("%{digest}%");
    let found = served.metadata().read(move |tx| {
        let row = tx.one(
            "select min(l.time) from runs r join run_log l on l.run = r.number where r.plugins like ?1",
            row![&pattern],
        )?;
        row.get::<Option<i64>>(0)
    });
    found.await?.context("no run has used the new version")
}

/// The same component with a section of its own that says nothing: other bytes, and so another version.
fn another_version(component: &[u8]) -> Vec<u8> {
    let mut other = component.to_vec();
    // A custom section of six bytes: the name `again` with its length.
    other.extend_from_slice(b"\x00\x06\x05again");
    other
}
