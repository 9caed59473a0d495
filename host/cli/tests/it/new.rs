//! `tenon new`: what it makes can be built and run.

use std::fs;
use std::path::Path;

use crate::place::{Ended, Place};

/// The command, building where others build too, so that dependencies are compiled once.
fn tenon(place: &Place, folder: &str, arguments: &[&str]) -> Ended {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new");
    let mut command = place.command(arguments);
    command
        .current_dir(place.path(folder))
        // The machine's own: the toolchain may lie there.
        .env_remove("TENON_CACHE")
        .env("CARGO_TARGET_DIR", target);
    Ended::from(command.output().expect("started"))
}

/// Whether what was made could be built; a machine without the toolchain, or without a network, can't.
fn built(test: &str, ended: &Ended) -> bool {
    let lacks = [
        "no toolchain",
        "wasm32-unknown-unknown",
        "network",
        "Could not resolve host",
        "failed to download",
        "TENON_OFFLINE",
        "is not installed",
        "is too old",
    ];
    match ended.code {
        Some(0) => true,
        _ if lacks.iter().any(|lack| ended.stderr.contains(lack)) => {
            let reason = ended.stderr.lines().last().unwrap_or_default();
            println!("\nSKIPPED {test}, what `tenon new` made cannot be built here: {reason}");
            false
        }
        _ => panic!("{}", ended.stderr),
    }
}

/// What every language's template makes of the orders that come with it.
fn runs_at_once(language: &str) {
    let place = Place::new();
    let said = place.tenon(&["new", "shop", "--lang", language]).succeeded().stdout;
    assert!(said.contains("cd shop\n  tenon run job.toml"), "{said}");
    let ended = tenon(&place, "shop", &["build", "."]);
    if !built(&format!("a new transform in {language}"), &ended) {
        return;
    }
    assert!(ended.stdout.trim_end().ends_with(": transform"), "{}", ended.stdout);
    let report = tenon(&place, "shop", &["run", "job.toml", "--json"]).succeeded().json();
    assert_eq!((&report["job"], &report["rows_in"]), (&"shop".into(), &6.into()));
    let rows = fs::read_to_string(place.path("shop/out/classified.csv")).expect("readable");
    assert!(
        rows.starts_with("id,customer,country,amount,size\n1,Ada,GB,120.5,large\n2,Grace,US,35.0,small\n"),
        "{rows}"
    );
    assert_eq!(rows.lines().count(), 6);
    let rejected = fs::read_to_string(place.path("shop/out/rejected.ndjson")).expect("readable");
    assert!(
        rejected.contains("Barbara") && rejected.contains("the amount is negative"),
        "{rejected}"
    );
}

#[test]
fn a_new_transform_in_rust_runs_at_once() {
    runs_at_once("rust");
}

#[test]
fn a_new_transform_in_python_runs_at_once() {
    runs_at_once("python");
}

#[test]
fn a_new_transform_in_javascript_runs_at_once() {
    runs_at_once("js");
}

#[test]
fn a_new_transform_in_typescript_runs_at_once() {
    runs_at_once("ts");
}

#[test]
fn a_new_transform_in_go_runs_at_once() {
    runs_at_once("go");
}

#[test]
fn a_new_transform_in_c_runs_at_once() {
    runs_at_once("c");
}

#[test]
fn a_new_transform_in_cpp_runs_at_once() {
    runs_at_once("cpp");
}

#[test]
fn a_new_transform_in_zig_runs_at_once() {
    runs_at_once("zig");
}

#[test]
fn a_new_job_can_be_built() {
    let place = Place::new();
    place.tenon(&["new", "monthly", "--kind", "job"]).succeeded();
    let ended = tenon(&place, "monthly", &["build", ".", "-o", "monthly.wasm"]);
    if !built("a_new_job_can_be_built", &ended) {
        return;
    }
    let shown = place
        .tenon(&["inspect", "monthly/monthly.wasm", "--json"])
        .succeeded()
        .json();
    assert_eq!(
        (&shown["interfaces"]["job"], &shown["functions"][0]["name"]),
        (&true.into(), &"classify".into())
    );
}

#[test]
fn nothing_is_overwritten() {
    let place = Place::new();
    fs::create_dir(place.path("shop")).expect("made");
    fs::write(place.path("shop/mine"), "mine").expect("written");
    let said = place.tenon(&["new", "shop"]).failed(3);
    assert!(said.contains("shop is there already"), "{said}");
    assert_eq!(place.names("shop"), ["mine"]);
    let said = place.tenon(&["new", "9lives"]).failed(2);
    assert!(said.contains("`9lives` cannot be the name of a plugin"), "{said}");
    assert_eq!(place.names(""), ["shop"]);
}
