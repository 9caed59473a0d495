//! The job benchmark still works, and its ways to do the job come to the same result. Times are not looked at.

use std::process::Command;

#[test]
fn the_benchmark_runs_on_little_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let json = folder.path().join("figures.json");
    let output = Command::new(env!("CARGO_BIN_EXE_bench_job"))
        .args(["--tiny", "--folder"])
        .arg(folder.path().join("bench"))
        .arg("--json")
        .arg(&json)
        .output()
        .expect("it starts");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stderr}");
    assert!(stdout.contains("SKIPPED the peers"), "{stdout}");
    let written = std::fs::read(&json).expect("figures");
    let figures: Vec<serde_json::Value> = serde_json::from_slice(&written).expect("a list");
    let value = |name: &str| {
        let figure = figures.iter().find(|figure| figure["figure"] == name);
        figure.and_then(|figure| figure["value"].as_f64())
    };
    assert!(
        value("snappy: Tenon, plugin, against plain DataFusion").is_some_and(|ratio| ratio > 0.0),
        "{stdout}"
    );
    assert_eq!(
        value("TPC-H at scale 0.05, answers that are DuckDB's"),
        Some(22.0),
        "{stderr}"
    );
}
