//! The benchmarks still work: their programs run on little data. Times are not looked at.

mod job;
mod server;

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// What a benchmark has measured and said.
struct Measured {
    figures: Vec<Value>,
    stdout: String,
    stderr: String,
}

impl Measured {
    /// The figure of this name.
    fn value(&self, name: &str) -> Option<f64> {
        let figure = self.figures.iter().find(|figure| figure["figure"] == name);
        figure.and_then(|figure| figure["value"].as_f64())
    }
}

/// Runs this program of a benchmark. One at a time: each takes the whole machine.
fn measured(program: &str) -> Measured {
    static MACHINE: Mutex<()> = Mutex::new(());

    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let json = folder.path().join("figures.json");
    let output = Command::new(program)
        .args(["--tiny", "--folder"])
        .arg(folder.path().join("bench"))
        .arg("--json")
        .arg(&json)
        .output()
        .expect("it starts");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{stderr}");
    let written = std::fs::read(&json).expect("figures");
    Measured {
        figures: serde_json::from_slice(&written).expect("a list"),
        stdout,
        stderr,
    }
}
