//! The server benchmark still works, and loses and repeats nothing. Times are not looked at.

use std::process::Command;

#[test]
fn the_benchmark_runs_on_little_data() {
    let guest = tenon_tests::guests::guest("echo");
    if let Err(reason) = guest {
        println!("SKIPPED the_benchmark_runs_on_little_data, {reason}");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let json = folder.path().join("figures.json");
    let output = Command::new(env!("CARGO_BIN_EXE_bench_server"))
        .args(["--tiny", "--folder"])
        .arg(folder.path().join("bench"))
        .arg("--json")
        .arg(&json)
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = std::fs::read(&json).expect("figures");
    let figures: Vec<serde_json::Value> = serde_json::from_slice(&written).expect("a list");
    let value = |name: &str| {
        let figure = figures.iter().find(|figure| figure["figure"] == name);
        figure.and_then(|figure| figure["value"].as_f64())
    };
    for figure in [
        "50 runs of 5 tenants: lost",
        "50 runs of 5 tenants: carried out twice",
        "50 runs of 5 tenants: rows too few or too many",
        "plugin replaced under full load: runs that failed",
        "plugin replaced under full load: rows lost or written twice",
    ] {
        assert_eq!(value(figure), Some(0.0), "{figure}");
    }
}
