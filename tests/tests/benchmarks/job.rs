//! The ways to do a job come to the same result.

use crate::measured;

#[test]
fn the_benchmark_runs_on_little_data() {
    let measured = measured(env!("CARGO_BIN_EXE_bench_job"));
    let (stdout, stderr) = (&measured.stdout, &measured.stderr);
    assert!(stdout.contains("SKIPPED the peers"), "{stdout}");
    assert!(
        measured
            .value("snappy: Tenon, plugin, against plain DataFusion")
            .is_some_and(|ratio| ratio > 0.0),
        "{stdout}"
    );
    assert_eq!(
        measured.value("TPC-H at scale 0.05, answers that are DuckDB's"),
        Some(22.0),
        "{stderr}"
    );
}
