//! What a server with a hundred jobs uses while nobody asks for anything.

use std::time::Duration;

use tenon_tests::bench::Figures;

use crate::Bench;
use crate::child::Child;
use crate::served::{Served, copying, names, pairs};

const JOBS: usize = 100;

pub async fn measure(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    if bench.without_command {
        return Ok(());
    }
    let folder = bench.emptied("idle")?;
    let served = Served::open(&folder).await?;
    let tenants = names("shop", 1)?;
    served.tenants(&tenants).await?;
    served.jobs(&pairs(&tenants, &names("job", JOBS)?), copying).await?;
    served.stop().await?;
    let child = Child::serve(&folder)?;
    let used = child.used_while_idle(Duration::from_secs(bench.effort.idle)).await?;
    figures.at_most(
        "idle server with 100 jobs, resident memory",
        used.resident,
        "MiB",
        100.0,
    );
    figures.at_most("idle server with 100 jobs", used.core_percent, "% core", 0.5);
    child.end().await
}
