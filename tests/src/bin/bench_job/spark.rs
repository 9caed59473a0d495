//! Spark and Tenon as whole processes, from start to exit.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use tenon_tests::bench::{Figures, emptied, median};

use crate::orders::{Checksum, Orders};
use crate::ways::{SHA256, Step, job_file};
use crate::{Bench, tenon};
use tenon_tests::peer::script;

pub async fn measure(bench: &Bench, data: &Orders, figures: &mut Figures) -> anyhow::Result<()> {
    let python = bench.python.as_deref().context("Spark needs Python")?;
    let to = bench.folder.join("out");
    let cases = [
        ("PySpark, native", "sha256", "Tenon, kernel", Step::Kernel(SHA256)),
        ("PySpark, mapInArrow", "sha256-python", "Tenon, plugin", Step::Guest),
    ];
    for compression in ["snappy", "zstd"] {
        for (spark, hash, ours, step) in cases {
            let (mut ratios, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..bench.effort.spark_rounds {
                emptied(&to)?;
                let job = to.join("job.toml");
                let (by_tenon, by_spark) = (to.join("tenon"), to.join("spark"));
                std::fs::write(&job, job_file(&data.orders, &data.rates, step, compression, &by_tenon)?)?;
                let (tenon, _) = tenon::timed(tenon::command(bench)?.args(["run", "--quiet"]).arg(&job))?;
                let (took, _) = tenon::timed(&mut spark_job(python, data, hash, compression, &by_spark))?;
                let (found, expected) = (Checksum::of(&by_spark).await?, Checksum::of(&by_tenon).await?);
                ensure!(
                    found.agrees_with(&expected),
                    "{spark} came to {found:?} instead of {expected:?}"
                );
                ratios.push(took.as_secs_f64() / tenon.as_secs_f64());
                theirs.push(took.as_secs_f64());
            }
            figures.note(
                format!("{compression}: {spark}, start included"),
                median(&mut theirs),
                "s",
            );
            let name = format!("{compression}: {spark}, against {ours}, start included");
            figures.at_least(name, median(&mut ratios), "x", 5.0);
        }
    }
    Ok(())
}

fn spark_job(python: &Path, data: &Orders, hash: &str, compression: &str, to: &Path) -> Command {
    let mut command = Command::new(python);
    command
        .env("PYSPARK_PYTHON", python)
        .env("PYSPARK_DRIVER_PYTHON", python)
        .arg(script("orders_spark.py"))
        .args([&data.orders, &data.rates])
        .args([hash, compression])
        .arg(to);
    command
}
