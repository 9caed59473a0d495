//! Tenon's ways to do the orders job and others', in turns.

use std::path::Path;

use anyhow::ensure;
use tenon_tests::bench::{Figures, emptied, median};
use tenon_tests::jobs;

use crate::Bench;
use crate::orders::{Checksum, Orders};
use crate::ways::{SHA256, Step, UPPER, Way};
use tenon_tests::peer::Peer;

/// One way, and how long it took in each round.
struct Contender<'a> {
    name: &'static str,
    way: Way<'a>,
    seconds: Vec<f64>,
}

/// Contenders that must come to the same result.
type Group<'a> = Vec<Contender<'a>>;

pub async fn measure(bench: &Bench, data: &Orders, figures: &mut Figures) -> anyhow::Result<()> {
    let engine = jobs::engine(&bench.folder.join("cache"))?;
    let start = |script| {
        let python = bench.python.as_deref();
        python
            .map(|python| Peer::start(python, script, &[&data.orders, &data.rates]))
            .transpose()
    };
    for compression in ["snappy", "zstd"] {
        let (mut duckdb, mut polars) = (start("orders_duckdb.py")?, start("orders_polars.py")?);
        let mut hashed = vec![
            contender("plain DataFusion", Way::Plain(SHA256)),
            contender("Tenon, plugin", Way::Tenon(&engine, Step::Guest)),
            contender("Tenon, kernel", Way::Tenon(&engine, Step::Kernel(SHA256))),
            contender("Tenon, no plugin", Way::Tenon(&engine, Step::Sql(SHA256))),
        ];
        if let Some(peer) = &mut duckdb {
            hashed.push(contender("DuckDB", Way::Peer(peer, "sha256")));
        }
        rounds(bench, data, compression, &mut hashed).await?;
        show(&hashed, compression, "", figures);
        let at_most = |figures: &mut Figures, group: &Group<'_>, one, other, reach| {
            if let Some(ratio) = ratio(group, one, other) {
                figures.at_most(format!("{compression}: {one}, against {other}"), ratio, "x", reach);
            }
        };
        for other in ["plain DataFusion", "Tenon, no plugin"] {
            at_most(figures, &hashed, "Tenon, plugin", other, 1.25);
            at_most(figures, &hashed, "Tenon, kernel", other, 1.02);
        }
        at_most(figures, &hashed, "Tenon, kernel", "DuckDB", 1.0);
        drop(hashed);

        // A group for what only some peers have, each next to Tenon's same.
        let mut upper = vec![contender("Tenon, upper", Way::Tenon(&engine, Step::Kernel(UPPER)))];
        let (Some(duckdb), Some(polars)) = (&mut duckdb, &mut polars) else {
            continue;
        };
        upper.push(contender("DuckDB, upper", Way::Peer(duckdb, "upper")));
        upper.push(contender("Polars, upper", Way::Peer(polars, "upper")));
        rounds(bench, data, compression, &mut upper).await?;
        show(&upper, compression, "", figures);
        at_most(figures, &upper, "Tenon, upper", "DuckDB, upper", 1.0);
        at_most(figures, &upper, "Tenon, upper", "Polars, upper", 1.0);
        drop(upper);

        let mut python = vec![
            contender("Tenon, plugin", Way::Tenon(&engine, Step::Guest)),
            contender("DuckDB with a Python function", Way::Peer(duckdb, "sha256-python")),
            contender("Polars with a Python function", Way::Peer(polars, "sha256-python")),
        ];
        rounds(bench, data, compression, &mut python).await?;
        show(&python, compression, ", next to Python", figures);
        for other in ["DuckDB with a Python function", "Polars with a Python function"] {
            if let Some(ratio) = ratio(&python, other, "Tenon, plugin") {
                figures.at_least(
                    format!("{compression}: {other}, against Tenon, plugin"),
                    ratio,
                    "x",
                    2.5,
                );
            }
        }
    }
    Ok(())
}

fn contender<'a>(name: &'static str, way: Way<'a>) -> Contender<'a> {
    Contender {
        name,
        way,
        seconds: Vec::new(),
    }
}

/// Times each contender once per round, after a round that is not timed and whose results are compared.
async fn rounds(bench: &Bench, data: &Orders, compression: &str, group: &mut Group<'_>) -> anyhow::Result<()> {
    let to = bench.folder.join("out");
    let mut expected: Option<Checksum> = None;
    for contender in group.iter_mut() {
        run(contender, data, compression, &to).await?;
        let found = Checksum::of(&to.join("orders")).await?;
        let expected = expected.get_or_insert_with(|| found.clone());
        ensure!(
            found.agrees_with(expected),
            "{} came to another result: {found:?} instead of {expected:?}",
            contender.name
        );
    }
    for _ in 0..bench.effort.rounds {
        for contender in group.iter_mut() {
            let seconds = run(contender, data, compression, &to).await?;
            contender.seconds.push(seconds);
        }
    }
    Ok(())
}

async fn run(contender: &mut Contender<'_>, data: &Orders, compression: &str, to: &Path) -> anyhow::Result<f64> {
    emptied(to)?;
    contender.way.run(data, compression, &to.join("orders")).await
}

fn show(group: &Group<'_>, compression: &str, remark: &str, figures: &mut Figures) {
    for contender in group {
        let seconds = median(&mut contender.seconds.clone());
        figures.note(format!("{compression}: {}{remark}", contender.name), seconds, "s");
    }
}

/// How many times as long as the other one takes, as the median over the rounds; none if one of them is not there.
fn ratio(group: &Group<'_>, one: &str, other: &str) -> Option<f64> {
    let seconds = |name| {
        group
            .iter()
            .find(|contender| contender.name == name)
            .map(|found| &found.seconds)
    };
    let rounds = seconds(one)?.iter().zip(seconds(other)?);
    Some(median(&mut rounds.map(|(one, other)| one / other).collect::<Vec<_>>()))
}
