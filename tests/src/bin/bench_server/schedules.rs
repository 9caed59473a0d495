//! A hundred thousand schedules: what they cost while nothing is due, and how late they fire.

use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use tenon_metadata::{Name, row};
use tenon_schedule::{Expression, Schedule};
use tenon_tests::bench::{Figures, median, quantile};
use tenon_triggers::{Action, Definition, When, triggers};

use crate::Bench;
use crate::child::Child;
use crate::served::{Served, copying, names, pairs};

/// Of one tenant.
const TRIGGERS: usize = 1_000;
const TOGETHER: usize = 500;
/// Time between two that are due.
const APART: TimeDelta = TimeDelta::milliseconds(10);
/// From when the schedules are made until the first is due.
const SOON: TimeDelta = TimeDelta::seconds(2);

pub async fn measure(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let (folder, waiting) = (bench.emptied("schedules")?, bench.effort.schedules);
    let mut served = Served::open(&folder).await?;
    let tenants = names("tenant", waiting.div_ceil(TRIGGERS))?;
    let jobs = names("job", 1)?;
    served.tenants(&tenants).await?;
    served.jobs(&pairs(&tenants, &jobs), copying).await?;
    // Once a year, from in a year.
    let far = Utc::now() + TimeDelta::days(365);
    let wait = |number: usize| (tenants[number / TRIGGERS].clone(), format!("waits-{number}"), far);
    trigger(&served, (0..waiting).map(wait).collect(), &jobs[0]).await?;
    let first = Utc::now() + SOON;
    let due = |number: usize| {
        let tenant = tenants[number % tenants.len()].clone();
        (tenant, format!("due-{number}"), first + APART * number as i32)
    };
    trigger(&served, (0..bench.effort.due).map(due).collect(), &jobs[0]).await?;
    served.run();
    served.ended(bench.effort.due as u64).await?;
    let mut late = late(&served).await?;
    ensure!(late.len() == bench.effort.due, "{} schedules have fired", late.len());
    served.stop().await?;
    let of = format!("with {waiting} schedules");
    figures.note(format!("{of}, from due to fired, p50"), median(&mut late), "ms");
    figures.at_most(
        format!("{of}, from due to fired, the latest"),
        quantile(&mut late, 1.0),
        "ms",
        100.0,
    );

    if !bench.without_command {
        let child = Child::serve(&folder)?;
        let used = child.used_while_idle(Duration::from_secs(bench.effort.idle)).await?;
        figures.at_most(format!("{of}, idle"), used.core_percent, "% core", 1.0);
        child.end().await?;
    }
    Ok(())
}

/// Makes schedules that are due from a time on, each a year after the other.
async fn trigger(served: &Served, wanted: Vec<(Name, String, DateTime<Utc>)>, job: &Name) -> anyhow::Result<()> {
    let expression: Expression = "rate(365 days)".parse()?;
    for some in wanted.chunks(TOGETHER) {
        let mut made = Vec::new();
        for (tenant, name, start) in some {
            let schedule = Schedule {
                start: Some(*start),
                ..Schedule::new(expression.clone())
            };
            let definition = Definition {
                description: String::new(),
                when: When::Schedule(schedule),
                actions: vec![Action::job(job.clone())],
            };
            made.push((tenant.clone(), Name::new(name.as_str())?, definition));
        }
        let creating = served.metadata().write(move |tx| {
            made.iter().try_for_each(|(tenant, name, definition)| {
                triggers::create(tx, tenant, name, definition, true).map(drop)
            })
        });
        creating.await?;
    }
    Ok(())
}

/// How long after it was due each schedule's run was in the queue, in milliseconds.
async fn late(served: &Served) -> anyhow::Result<Vec<f64>> {
    let found = served.metadata().read(|tx| {
        tx.query(
            "select f.due, r.created from trigger_firings f join triggers t on t.id = f.trigger_id
             join runs r on r.tenant = t.tenant and r.trigger_name = t.name",
            row![],
        )
    });
    let mut late = Vec::new();
    for row in found.await? {
        let (due, created) = (row.get::<i64>(0)?, row.get::<i64>(1)?);
        late.push((created - due) as f64 / 1e3);
    }
    late.first().context("no schedule has fired")?;
    Ok(late)
}
