//! What the engine does with every kind of function: the test guest `echo` has them.

use std::fs;
use std::path::Path;

use crate::flights::{files, target};
use serde_json::json;
use tenon_connect::file::{ReadConfig, WriteConfig};
use tenon_engine::{Error, Outcome, Progress, Secret, Transform};

use crate::stage::{causes, engine, plugin};

/// Rows of the input: enough for several partitions and many batches.
const ROWS: u64 = 300_000;

/// A job with `ROWS` rows, numbered from 0.
fn job(folder: &Path, function: &str, config: serde_json::Value) -> Transform {
    let text: String = std::iter::once("id,name\n".to_owned())
        .chain((0..ROWS).map(|id| format!("{id},name {id}\n")))
        .collect();
    let source = folder.join("rows.csv");
    fs::write(&source, text).expect("written");
    let sink = WriteConfig::new(folder.join("out.csv").to_string_lossy());
    let mut job = Transform::new(plugin("echo"), ReadConfig::new(source.to_string_lossy()), sink);
    job.function = Some(function.to_owned());
    job.config = config;
    job.partitions = Some(4);
    job
}

fn written(folder: &Path) -> String {
    fs::read_to_string(folder.join("out.csv")).expect("readable")
}

#[tokio::test]
async fn a_function_with_state_sees_every_row_in_one_sandbox() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut job = job(folder.path(), "stateful", json!({}));
    let report = engine().run(&job.job(), &Progress::default()).await.expect("it runs");
    assert_eq!((report.rows_in, report.rows_out, report.partitions), (ROWS, 1, 1));
    let answer = written(folder.path());
    assert!(answer.starts_with(&format!("rows,batches\n{ROWS},")), "{answer}");

    fs::write(folder.path().join("none.csv"), "id,name\n").expect("written");
    files(&mut job).url = folder.path().join("none.csv").to_string_lossy().into_owned();
    target(&mut job).url = folder.path().join("count.csv").to_string_lossy().into_owned();
    engine().run(&job.job(), &Progress::default()).await.expect("it runs");
    let answer = fs::read_to_string(folder.path().join("count.csv")).expect("readable");
    assert_eq!(answer, "rows,batches\n0,0\n", "no rows have an answer too");
}

#[tokio::test]
async fn a_function_with_state_sees_rows_in_the_order_of_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let job = job(folder.path(), "services", json!({}));
    engine().run(&job.job(), &Progress::default()).await.expect("it runs");
    let text = written(folder.path());
    let ids = text.lines().skip(1).map(|line| line.split(',').next().expect("an id"));
    assert!(ids.eq((0..ROWS).map(|id| id.to_string()).collect::<Vec<_>>()));
}

#[tokio::test]
async fn no_row_is_lost_or_doubled_on_the_way_through_many_sandboxes() {
    let folder = tempfile::tempdir().expect("a folder");
    let job = job(folder.path(), "pass", json!({}));
    let report = engine().run(&job.job(), &Progress::default()).await.expect("it runs");
    assert_eq!((report.rows_in, report.rows_out), (ROWS, ROWS));
    let text = written(folder.path());
    let mut ids: Vec<u64> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().and_then(|id| id.parse().ok()).expect("an id"))
        .collect();
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..ROWS));
}

#[tokio::test]
async fn failures_name_the_step_and_how_far_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let fails = async |config: serde_json::Value| {
        let job = job(folder.path(), "fail", config);
        let error = engine()
            .run(&job.job(), &Progress::default())
            .await
            .expect_err("it fails");
        assert!(!folder.path().join("out.csv").exists());
        error
    };

    let error = fails(json!({ "kind": "bad-data", "message": "no such day", "context": ["reading dates"] })).await;
    let text = causes(&error);
    assert!(
        text.starts_with("the step `fail` failed after 0 rows of partition 0: "),
        "{text}"
    );
    assert!(
        text.ends_with("function `fail` failed: reading dates: no such day"),
        "{text}"
    );
    assert_eq!(error.outcome(), Outcome::Failed);

    let error = fails(json!({ "kind": "bad-config", "at": "open", "message": "no" })).await;
    assert!(
        causes(&error).starts_with("the step `fail` cannot start: "),
        "{}",
        causes(&error)
    );
    assert_eq!(error.outcome(), Outcome::Refused);

    let error = fails(json!({ "kind": "limit", "at": "finish", "message": "full" })).await;
    assert!(
        causes(&error).starts_with(&format!("the step `fail` failed after {ROWS} rows")),
        "{}",
        causes(&error)
    );
    assert_eq!(error.outcome(), Outcome::Limit);

    let error = fails(json!({ "kind": "panic", "message": "impossible" })).await;
    let text = causes(&error);
    assert!(text.contains("trapped") && text.contains("impossible"), "{text}");
    assert_eq!(error.outcome(), Outcome::Failed);
}

#[tokio::test]
async fn a_plugin_gets_what_the_job_grants_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = json!({ "parameter": "year", "secret": "key", "count": "rows.seen" });
    let mut job = job(folder.path(), "services", config);
    let error = engine()
        .run(&job.job(), &Progress::default())
        .await
        .expect_err("the secret was not granted");
    assert!(causes(&error).contains("key"), "{}", causes(&error));

    job.parameters.insert("year".to_owned(), "2013".to_owned());
    job.secrets.insert("key".to_owned(), Secret::new("hunter2"));
    let report = engine().run(&job.job(), &Progress::default()).await.expect("it runs");
    assert!((report.counters["rows.seen"] - ROWS as f64).abs() < 0.5);
    let text = written(folder.path());
    let first = text.lines().nth(1).expect("a row");
    assert!(first.starts_with("0,name 0,2013,7,"), "{first}");
    assert!(!text.contains("hunter2"));
}

#[tokio::test]
async fn a_plugin_with_several_functions_leaves_a_choice() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut job = job(folder.path(), "pass", json!({}));
    job.function = None;
    let error = engine()
        .run(&job.job(), &Progress::default())
        .await
        .expect_err("which one?");
    assert!(
        matches!(&error, Error::ChooseFunction { known, .. } if known.len() > 5),
        "{error}"
    );
    assert!(error.to_string().contains("`stateful`"), "{error}");
    assert_eq!(error.outcome(), Outcome::Refused);
}

#[tokio::test]
async fn messages_call_a_plugin_as_the_job_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let lost = folder.path().join("lost.wasm");
    for file in [plugin("echo"), lost] {
        let mut wrong = job(folder.path(), "none", json!({}));
        wrong.plugin.clone_from(&file);
        let mut job = wrong.job();
        let told = |error: Error| match error {
            Error::UnknownFunction { plugin, .. } | Error::Plugin { plugin, .. } => plugin,
            other => panic!("{other}"),
        };
        let failed = engine().run(&job, &Progress::default()).await;
        assert_eq!(told(failed.expect_err("it is wrong")), file.display().to_string());
        job.names.insert(file, "echo@stable".to_owned());
        let failed = engine().run(&job, &Progress::default()).await;
        assert_eq!(told(failed.expect_err("it is wrong")), "echo@stable");
    }
}
