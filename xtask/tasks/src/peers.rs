use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::steps::{step, succeed};
use crate::workspace::{cargo, root, target};

/// The figure of ours that the peer's is compared with.
const OURS: &str = "gcd of 1,024 pairs in the guest, whole call";

/// Builds and times the peers of the runtime benchmark, and adds their figures to ours.
pub(crate) fn compare(figures: &mut Vec<Value>) -> Result<()> {
    let folder = root().join("tests/peers/arrow-udf");
    let built = target()?.join("peers");
    let manifest = folder.join("Cargo.toml");
    step("building arrow-udf's gcd example for WebAssembly", || {
        build(
            &manifest,
            &built,
            &["--package", "gcd", "--target", "wasm32-unknown-unknown"],
        )
    })?;
    step(
        "building arrow-udf-runtime, with a WebAssembly compiler of its own",
        || build(&manifest, &built, &["--package", "peer-arrow-udf"]),
    )?;
    let output = Command::new(built.join("release/peer-arrow-udf"))
        .arg(built.join("wasm32-unknown-unknown/release/gcd.wasm"))
        .output()
        .context("could not run peer-arrow-udf")?;
    let measured: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("peer-arrow-udf says: {}", String::from_utf8_lossy(&output.stderr)))?;
    let theirs = measured["call_us"].as_f64().context("peer-arrow-udf names no time")?;
    add(
        figures,
        "gcd of 1,024 pairs through arrow-udf-runtime, whole call",
        theirs,
        "us",
    );
    if let Some(ratio) = measured["ratio"].as_f64() {
        add(
            figures,
            "gcd of 1,024 pairs through arrow-udf-runtime, against native code",
            ratio,
            "x",
        );
    }
    let ours = figures
        .iter()
        .find(|figure| figure["figure"] == OURS)
        .and_then(|figure| figure["value"].as_f64());
    if let Some(ours) = ours {
        add(
            figures,
            "gcd of 1,024 pairs, Tenon's call as a share of arrow-udf-runtime's",
            ours / theirs,
            "x",
        );
    }
    Ok(())
}

fn build(manifest: &Path, built: &Path, selection: &[&str]) -> Result<()> {
    let mut build = cargo();
    build
        .args(["build", "--release", "--locked", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(built)
        .args(selection);
    succeed(&mut build)
}

fn add(figures: &mut Vec<Value>, figure: &str, value: f64, unit: &str) {
    println!("{figure}: {value:.3} {unit}");
    figures.push(json!({ "figure": figure, "value": value, "unit": unit, "reach": null, "better": "lower" }));
}
