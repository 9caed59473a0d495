//! TPC-H through `sql` steps of job files, next to plain DataFusion.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use tenon_engine::{Engine, Progress};
use tenon_tests::bench::{Figures, emptied, median};
use tenon_tests::jobs;
use tenon_tests::tpch::{ANSWERED_SCALE, Answer, Query, TABLES, answers_folder, generate, queries, queries_folder};

use crate::{Bench, tenon};
use tenon_tests::peer::script;

pub async fn measure(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let scale = bench.effort.scale;
    let data = bench.folder.join(format!("data/tpch-{scale}"));
    generate(&data, scale)?;
    let (queries, answers) = (queries(scale)?, answers(bench, &data)?);
    let to = bench.folder.join("out");
    emptied(&to)?;
    let engine = jobs::engine(&bench.folder.join("cache"))?;

    let mut right = 0;
    let mut seconds: Vec<[Vec<f64>; 2]> = vec![Default::default(); queries.len()];
    for round in 0..=bench.effort.tpch_rounds {
        for (query, [ours, theirs]) in queries.iter().zip(&mut seconds) {
            let alone = plain(query, &data, &to.join("plain.parquet")).await?;
            let file = to.join(format!("{}.parquet", query.name));
            let taken = through_a_job(&engine, query, &data, &file).await?;
            if round > 0 {
                theirs.push(alone);
                ours.push(taken);
                continue;
            }
            // The first round is not timed, its answers are looked at.
            let Some(answers) = &answers else { continue };
            let expected = Answer::read(answers, &query.name)?;
            match Answer::of_parquet(&file).await?.check(&expected) {
                Ok(()) => right += 1,
                Err(error) => eprintln!("  {} is not DuckDB's answer: {error}", query.name),
            }
        }
    }
    if answers.is_some() {
        figures.at_least(
            format!("TPC-H at scale {scale}, answers that are DuckDB's"),
            f64::from(right),
            "of 22",
            22.0,
        );
    }
    show(&queries, &seconds, scale, figures);
    Ok(())
}

fn show(queries: &[Query], seconds: &[[Vec<f64>; 2]], scale: f64, figures: &mut Figures) {
    let rounds = seconds.first().map_or(0, |query| query[0].len());
    let total = |side: usize, round: usize| seconds.iter().map(|query| query[side][round]).sum::<f64>();
    let totals = |side| median(&mut (0..rounds).map(|round| total(side, round)).collect::<Vec<_>>());
    figures.note(
        format!("TPC-H at scale {scale}, plain DataFusion, all queries"),
        totals(1),
        "s",
    );
    figures.note(
        format!("TPC-H at scale {scale}, `sql` steps, all queries"),
        totals(0),
        "s",
    );
    let mut ratios: Vec<f64> = (0..rounds).map(|round| total(0, round) / total(1, round)).collect();
    let name = format!("TPC-H at scale {scale}, `sql` steps against plain DataFusion");
    figures.at_most(name, median(&mut ratios), "x", 1.1);
    for (query, [ours, theirs]) in queries.iter().zip(seconds) {
        let mut ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
        figures.note(
            format!("TPC-H {}, against plain DataFusion", query.name),
            median(&mut ratios),
            "x",
        );
    }
}

/// Where DuckDB's answers are: those of the repository, or new ones; none where nobody can give them.
fn answers(bench: &Bench, data: &Path) -> anyhow::Result<Option<PathBuf>> {
    let scale = bench.effort.scale;
    if let Some(python) = &bench.python {
        let folder = bench.folder.join(format!("data/tpch-{scale}-answers"));
        let mut command = std::process::Command::new(python);
        command.arg(script("tpch_duckdb.py")).arg(data).arg(queries_folder());
        tenon::timed(command.arg(scale.to_string()).arg(&folder)).context("DuckDB gave no answers")?;
        return Ok(Some(folder));
    }
    Ok((scale == ANSWERED_SCALE).then(answers_folder))
}

/// As anybody would write it: tables, a query, a file.
async fn plain(query: &Query, data: &Path, to: &Path) -> anyhow::Result<f64> {
    std::fs::remove_file(to).ok();
    let began = Instant::now();
    let session = SessionContext::new();
    for table in TABLES.iter().filter(|table| query.reads(table)) {
        let file = data.join(format!("{table}.parquet"));
        session
            .register_parquet(*table, file.to_string_lossy(), ParquetReadOptions::default())
            .await?;
    }
    let options = DataFrameWriteOptions::new().with_single_file_output(true);
    let answer = session.sql(&query.sql).await?;
    answer.write_parquet(&to.to_string_lossy(), options, None).await?;
    Ok(began.elapsed().as_secs_f64())
}

async fn through_a_job(engine: &Engine, query: &Query, data: &Path, to: &Path) -> anyhow::Result<f64> {
    let job = jobs::job(&query.job(data, to))?;
    let began = Instant::now();
    engine
        .run(&job, &Progress::default())
        .await
        .with_context(|| format!("{} failed", query.name))?;
    Ok(began.elapsed().as_secs_f64())
}
