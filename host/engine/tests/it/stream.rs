//! Micro-batches, through the library.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tenon_connect::Bookmark;
use tenon_connect::file::{Mode, ReadConfig, WriteConfig};
use tenon_engine::{Error, Incremental, Job, Status};

use crate::stage::{causes, engine};

/// Copies what comes to the folder `in`, where there is a file with two rows, in micro-batches.
fn copying(folder: &Path, to: &str, mode: Mode) -> Job {
    let path = |name: &str| folder.join(name).display().to_string();
    fs::create_dir(path("in")).expect("made");
    fs::write(path("in/a.csv"), "id\n1\n2\n").expect("written");
    let sink = WriteConfig {
        mode,
        ..WriteConfig::new(path(to))
    };
    let mut job = Job::new("orders")
        .source("orders", ReadConfig::new(path("in/")))
        .sink("out", "orders", sink);
    job.stream = Some(Duration::from_millis(100));
    job
}

fn all_is_new() -> Incremental {
    Incremental {
        since: Bookmark::None,
        ..Incremental::default()
    }
}

#[tokio::test]
async fn each_micro_batch_reads_what_the_ones_before_have_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut job = copying(folder.path(), "out/", Mode::Append);

    let refused = engine().stream(&job, Some(1), |_| {}, std::future::pending()).await;
    let refused = refused.expect_err("nothing says what is new");
    assert!(matches!(refused, Error::Conflict { .. }), "{refused}");

    job.incremental.insert("orders".to_owned(), all_is_new());
    let mut seen = Vec::new();
    let each = |report: &tenon_engine::Report| {
        seen.push((report.status, report.rows_in));
        if seen.len() == 1 {
            fs::write(path("in/b.csv"), "id\n3\n").expect("written");
        }
    };
    let streamed = engine().stream(&job, Some(3), each, std::future::pending()).await;
    let streamed = streamed.unwrap_or_else(|error| panic!("{}", causes(&error)));
    assert_eq!(
        seen,
        [(Status::Succeeded, 2), (Status::Succeeded, 1), (Status::NothingNew, 0)]
    );
    assert_eq!((streamed.batches, streamed.batches_empty), (3, 1));
    assert_eq!((streamed.rows_in, streamed.rows_out), (3, 3));

    // It is over when somebody says so, and not only between two.
    let stopped = engine().stream(&job, None, |_| {}, std::future::ready(())).await;
    let stopped = stopped.unwrap_or_else(|error| panic!("{}", causes(&error)));
    assert!(stopped.batches <= 1, "{stopped:?}");

    job.timeout = Some(Duration::from_secs(1));
    let late = engine().stream(&job, None, |_| {}, std::future::pending()).await;
    let late = late.expect_err("it takes too long");
    assert!(
        matches!(late, Error::Timeout { limit } if limit == Duration::from_secs(1)),
        "{late}"
    );
}

#[tokio::test]
async fn a_micro_batch_without_rows_leaves_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut job = copying(folder.path(), "last.csv", Mode::Overwrite);
    job.incremental.insert("orders".to_owned(), all_is_new());
    let mut seen = Vec::new();
    let each = |report: &tenon_engine::Report| {
        seen.push(report.status);
        if seen.len() == 1 {
            // New, and without a row.
            fs::write(path("in/b.csv"), "id\n").expect("written");
        }
    };
    let streamed = engine().stream(&job, Some(3), each, std::future::pending()).await;
    let streamed = streamed.unwrap_or_else(|error| panic!("{}", causes(&error)));
    assert_eq!(seen, [Status::Succeeded, Status::NothingNew, Status::NothingNew]);
    assert_eq!(streamed.rows_out, 2);
    assert_eq!(fs::read_to_string(path("last.csv")).expect("there"), "id\n1\n2\n");
    let left = fs::read_dir(folder.path()).expect("listed").count();
    assert_eq!(left, 2, "nothing staged is left");
}
