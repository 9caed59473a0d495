//! `tenon new`: what it makes can be built and run.

use std::fs;
use std::path::Path;

use crate::place::{Ended, Place};

/// What is said of a machine that lacks a language's tools, or a network to get them by.
pub const LACKS: [&str; 9] = [
    "nothing on this machine can build guests",
    "network failure",
    "network error",
    "Could not resolve host",
    "failed to download",
    "offline mode",
    "TENON_OFFLINE",
    "is not installed",
    "is too old",
];

/// Has what is built in Rust share what it depends on with other tests, which otherwise each compile it. The variable for
/// that would be of no use: the toolchain keeps settings of the cargo run around it from guests.
pub fn share_dependencies(place: &Place) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new");
    let settings = format!("[build]\ntarget-dir = {:?}\n", target.display().to_string());
    fs::create_dir(place.path(".cargo")).expect("made");
    fs::write(place.path(".cargo/config.toml"), settings).expect("written");
}

/// The command in a folder, with the machine's own cache: the toolchain may lie there.
fn tenon(place: &Place, folder: &str, arguments: &[&str]) -> Ended {
    let mut command = place.command(arguments);
    command.current_dir(place.path(folder)).env_remove("TENON_CACHE");
    Ended::from(command.output().expect("started"))
}

/// Whether what was made could be built; a machine without the toolchain, or without a network, can't.
fn built(test: &str, ended: &Ended) -> bool {
    match ended.code {
        Some(0) => true,
        _ if LACKS.iter().any(|lack| ended.stderr.contains(lack)) => {
            let reason = ended.stderr.lines().last().unwrap_or_default();
            println!("\nSKIPPED {test}, what `tenon new` made cannot be built here: {reason}");
            false
        }
        _ => panic!("{}", ended.stderr),
    }
}

/// What every template makes of the orders that come with it.
fn has_classified_orders(place: &Place, project: &str) {
    let written = |name: &str| fs::read_to_string(place.path(project).join("out").join(name)).expect("readable");
    let rows = written("classified.csv");
    assert!(
        rows.starts_with("id,customer,country,amount,size\n1,Ada,GB,120.5,large\n2,Grace,US,35.0,small\n"),
        "{rows}"
    );
    assert_eq!(rows.lines().count(), 6);
    let rejected = written("rejected.ndjson");
    assert!(
        rejected.contains("Barbara") && rejected.contains("the amount is negative"),
        "{rejected}"
    );
}

/// A new transform, and the job file beside it.
fn runs_at_once(language: &str) {
    let place = Place::new();
    share_dependencies(&place);
    let said = place.tenon(&["new", "shop", "--lang", language]).succeeded().stdout;
    assert!(said.contains("cd shop\n  tenon run job.toml"), "{said}");
    let ended = tenon(&place, "shop", &["build", "."]);
    if !built(&format!("a new transform in {language}"), &ended) {
        return;
    }
    assert!(ended.stdout.trim_end().ends_with(": transform"), "{}", ended.stdout);
    let report = tenon(&place, "shop", &["run", "job.toml", "--json"]).succeeded().json();
    assert_eq!((&report["job"], &report["rows_in"]), (&"shop".into(), &6.into()));
    has_classified_orders(&place, "shop");
}

/// A new job as a script, with a function of its own.
fn job_runs_at_once(language: &str) {
    let place = Place::new();
    share_dependencies(&place);
    let said = place.tenon(&["new", "monthly", "--lang", language, "--kind", "job"]);
    let said = said.succeeded().stdout;
    assert!(said.contains("cd monthly\n  tenon run ."), "{said}");
    let ended = tenon(&place, "monthly", &["build", "."]);
    if !built(&format!("a new job in {language}"), &ended) {
        return;
    }
    assert!(
        ended.stdout.trim_end().ends_with(": transform, job"),
        "{}",
        ended.stdout
    );
    let shown = tenon(&place, "monthly", &["inspect", ".", "--json"]).succeeded().json();
    assert_eq!(
        (&shown["interfaces"]["job"], &shown["functions"][0]["name"]),
        (&true.into(), &"classify".into())
    );
    let report = tenon(&place, "monthly", &["run", ".", "--json"]).succeeded().json();
    assert_eq!(
        (&report["job"], &report["rows_rejected"]),
        (&"monthly".into(), &1.into())
    );
    has_classified_orders(&place, "monthly");
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
fn a_new_job_in_rust_runs_at_once() {
    job_runs_at_once("rust");
}

#[test]
fn a_new_job_in_python_runs_at_once() {
    job_runs_at_once("python");
}

#[test]
fn a_new_job_in_javascript_runs_at_once() {
    job_runs_at_once("js");
}

#[test]
fn a_new_job_in_typescript_runs_at_once() {
    job_runs_at_once("ts");
}

#[test]
fn a_new_job_in_go_runs_at_once() {
    job_runs_at_once("go");
}

#[test]
fn a_new_job_in_c_runs_at_once() {
    job_runs_at_once("c");
}

#[test]
fn a_new_job_in_cpp_runs_at_once() {
    job_runs_at_once("cpp");
}

#[test]
fn a_new_job_in_zig_runs_at_once() {
    job_runs_at_once("zig");
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
