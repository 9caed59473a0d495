//! Rows that sources can't read.

use std::fs;
use std::path::Path;

use tenon_connect::file::{OnError, ReadConfig, WriteConfig};
use tenon_engine::{Error, Job, MaxRejects, Outcome, Progress};

use crate::stage::engine;

const MESSY: &str = "\
id,name,amount
1,Ann,10
2,Bob
3,Cid,x7
4,\"Dee
and Dan\",40
5,Eve,50,60
6,Fay,60
";

fn job(folder: &Path, on_error: OnError) -> Job {
    let url = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let mut config = ReadConfig::new(url("messy.csv"));
    config.on_error = on_error;
    config
        .schema
        .insert("amount".to_owned(), "bigint".parse().expect("a type"));
    Job::new("messy")
        .source("messy", config)
        .sink("out", "messy", WriteConfig::new(url("out.csv")))
}

fn with_rejects(folder: &Path) -> Job {
    fs::write(folder.join("messy.csv"), MESSY).expect("written");
    let bad = folder.join("bad.ndjson").to_string_lossy().into_owned();
    job(folder, OnError::Reject).rejects("bad", "messy", WriteConfig::new(bad))
}

#[tokio::test]
async fn they_are_kept_as_they_stand_with_line_and_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let job = with_rejects(folder.path());
    let progress = Progress::default();
    let report = engine().run(&job, &progress).await.expect("it runs");
    assert_eq!((report.rows_in, report.rows_out, report.rows_rejected), (6, 3, 3));
    let flow = &report.sources[0];
    assert_eq!((flow.rows_in, flow.rows_out, flow.rows_rejected), (6, 3, 3));
    assert_eq!(report.reject_files.len(), 1);
    let out = fs::read_to_string(folder.path().join("out.csv")).expect("readable");
    assert_eq!(out, "id,name,amount\n1,Ann,10\n4,\"Dee\nand Dan\",40\n6,Fay,60\n");

    let bad = fs::read_to_string(folder.path().join("bad.ndjson")).expect("readable");
    let bad: Vec<serde_json::Value> = bad
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let lines: Vec<(u64, &str)> = bad
        .iter()
        .map(|row| {
            (
                row["rejected_row"].as_u64().expect("a line"),
                row["raw"].as_str().expect("text"),
            )
        })
        .collect();
    assert_eq!(lines, [(3, "2,Bob"), (4, "3,Cid,x7"), (7, "5,Eve,50,60")]);
    assert!(bad.iter().all(|row| row["rejected_by"] == "messy"));
    assert!(bad[0]["file"].as_str().expect("text").ends_with("messy.csv"));
    let reason = bad[1]["rejected_because"].as_str().expect("text");
    assert!(reason.contains("`amount` holds `x7`"), "{reason}");
}

#[tokio::test]
async fn they_count_towards_max_rejects() {
    let folder = tempfile::tempdir().expect("a folder");
    for (limit, passes) in [
        (MaxRejects::Rows(3), true),
        (MaxRejects::Rows(2), false),
        (MaxRejects::Share(0.5), true),
        (MaxRejects::Share(0.4), false),
    ] {
        let mut job = with_rejects(folder.path());
        job.max_rejects = Some(limit);
        let ended = engine().run(&job, &Progress::default()).await;
        match ended {
            Ok(_) => assert!(passes, "{limit:?}"),
            Err(error) => {
                assert!(!passes, "{error}");
                assert_eq!(error.outcome(), Outcome::Limit, "{error}");
                assert!(!folder.path().join("out.csv").exists() && !folder.path().join("bad.ndjson").exists());
            }
        }
        fs::remove_file(folder.path().join("out.csv")).ok();
        fs::remove_file(folder.path().join("bad.ndjson")).ok();
    }
}

#[tokio::test]
async fn by_default_the_first_of_them_ends_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("messy.csv"), "id,name,amount\n1,Ann,10\n2,Bob,x\n").expect("written");
    let error = engine()
        .run(&job(folder.path(), OnError::Fail), &Progress::default())
        .await
        .expect_err("it fails");
    let Error::Source(source) = &error else {
        panic!("{error}")
    };
    let text = source.to_string();
    assert!(text.contains("messy.csv, line 3: column `amount` holds `x`"), "{text}");
    assert_eq!(error.outcome(), Outcome::Failed);
}

#[tokio::test]
async fn more_of_them_than_memory_should_hold_are_written_as_they_come() {
    let folder = tempfile::tempdir().expect("a folder");
    let job = with_rejects(folder.path());
    let rows: String = (0..200_000)
        .map(|id| format!("{id},{}\n", "x".repeat(50)))
        .collect::<Vec<_>>()
        .concat();
    fs::write(
        folder.path().join("messy.csv"),
        format!("id,name,amount\n1,a,1\n{rows}"),
    )
    .expect("written");
    let report = engine().run(&job, &Progress::default()).await.expect("it runs");
    assert_eq!((report.rows_out, report.rows_rejected), (1, 200_000));
    let bad = fs::read_to_string(folder.path().join("bad.ndjson")).expect("readable");
    assert_eq!(bad.lines().count(), 200_000);
}

#[tokio::test]
async fn a_step_that_rejects_nothing_has_no_rejects() {
    let folder = tempfile::tempdir().expect("a folder");
    let limit = tenon_engine::Step::Limit {
        from: "messy".to_owned(),
        rows: 1,
        offset: 0,
    };
    let job = with_rejects(folder.path())
        .step("first", limit)
        .sink(
            "one",
            "first",
            WriteConfig::new(folder.path().join("one.csv").to_string_lossy()),
        )
        .rejects(
            "more",
            "first",
            WriteConfig::new(folder.path().join("more.csv").to_string_lossy()),
        );
    let error = engine()
        .run(&job, &Progress::default())
        .await
        .expect_err("it is refused");
    assert!(matches!(error, Error::NoRejects { .. }), "{error}");
}
