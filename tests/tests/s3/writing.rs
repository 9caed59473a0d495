//! Writing, and reading back.

use std::io::Write;
use std::time::Duration;

use tenon_connect::Error;
use tenon_connect::file::{self, Begun, Format, Mode, Overwrite, Prepared, Sink};
use tenon_tests::services::S3;

use crate::support::{batch, begin, config, data, ids, notes, objects, parts, prepare, write};

#[tokio::test]
async fn a_folder_appears_at_the_commit_and_is_read_back() {
    let Some(server) = S3::start_or_skip("s3::a_folder").await else {
        return;
    };
    let config = config(&server, "lake/orders/");
    let sink = begin(&config, "run").await;
    let parts = parts(&sink, &[(0, 10), (10, 30)]).await;
    assert_eq!(data(&server, "lake"), [""; 0]);
    let error = Sink::begin(&config, batch(0..1).schema(), "other")
        .await
        .expect_err("locked");
    assert!(matches!(error, Error::Busy { .. }), "{error}");

    let committed = sink.commit(parts).await.expect("committed");
    assert_eq!(committed.rows, 30);
    assert_eq!(committed.files[0], "s3://bucket/lake/orders/part-00000-run.parquet");
    assert_eq!(data(&server, "lake").len(), 2);
    assert_eq!(notes(&server, "lake"), ["lake/orders/_tenon/run.json"]);
    let manifest = std::fs::read_to_string(server.bucket_folder().join("lake/orders/_tenon/run.json")).expect("there");
    assert!(
        manifest.contains("\"done\"") && !manifest.contains("test-secret"),
        "{manifest}"
    );
    assert_eq!(ids(&config).await, (30, 435));
}

#[tokio::test]
async fn modes() {
    let Some(server) = S3::start_or_skip("s3::modes").await else {
        return;
    };
    for key in ["out/", "single/out.parquet"] {
        let mut config = config(&server, key);
        let is_folder = key.ends_with('/');
        write(&config, "first", &[(0, 10)]).await;
        let error = Sink::begin(&config, batch(0..1).schema(), "second")
            .await
            .expect_err("exists");
        assert!(matches!(error, Error::Exists { .. }), "{error}");
        config.mode = Mode::Ignore;
        let ignored = Sink::begin(&config, batch(0..1).schema(), "third")
            .await
            .expect("begun");
        assert!(matches!(ignored, Begun::Ignored));
        if is_folder {
            config.mode = Mode::Append;
            write(&config, "fourth", &[(10, 20)]).await;
            assert_eq!(ids(&config).await, (20, 190));
        }
        config.mode = Mode::Overwrite;
        let sink = begin(&config, "fifth").await;
        assert!(
            sink.replaced().iter().all(|name| name.starts_with("s3://bucket/")),
            "{:?}",
            sink.replaced()
        );
        assert_eq!(sink.replaced().len(), if is_folder { 2 } else { 1 });
        let parts = parts(&sink, &[(0, 3)]).await;
        sink.commit(parts).await.expect("committed");
        assert_eq!(ids(&config).await, (3, 3));
        assert_eq!(data(&server, key.split('/').next().expect("a folder")).len(), 1);
    }
}

#[tokio::test]
async fn what_is_prepared_is_committed_once_by_anyone() {
    let Some(server) = S3::start_or_skip("s3::prepared").await else {
        return;
    };
    let mut config = config(&server, "out/");
    let prepared = prepare(&config, "run", &[(0, 10), (10, 30)]).await;
    assert_eq!(data(&server, "out"), [""; 0]);
    let text = serde_json::to_string(&prepared).expect("serialised");
    assert!(!text.contains("test-secret") && !text.contains("test-key"), "{text}");
    let again: Prepared = serde_json::from_str(&text).expect("deserialised");
    let committed = file::commit(&config, &again).await.expect("committed");
    assert_eq!(file::commit(&config, &prepared).await.expect("committed"), committed);
    assert_eq!(ids(&config).await, (30, 435));

    config.mode = Mode::Append;
    let aborted = prepare(&config, "aborted", &[(0, 10)]).await;
    file::abort(&config, &aborted).await.expect("aborted");
    let error = file::commit(&config, &aborted).await.expect_err("gone");
    assert!(matches!(error, Error::Gone { .. }), "{error}");
    let error = file::abort(&config, &prepared).await.expect_err("decided");
    assert!(matches!(error, Error::Decided { .. }), "{error}");
    assert_eq!(ids(&config).await, (30, 435));
}

/// As a process leaves it that is killed between the decision and its end.
#[tokio::test]
async fn a_commit_that_died_is_completed() {
    let Some(server) = S3::start_or_skip("s3::died").await else {
        return;
    };
    for by_next_run in [true, false] {
        let mut config = config(&server, if by_next_run { "one/" } else { "two/" });
        write(&config, "old", &[(0, 5)]).await;
        config.mode = Mode::Overwrite;
        let prepared = prepare(&config, "dead", &[(0, 10), (10, 30)]).await;
        let value = serde_json::to_value(&prepared).expect("a value");
        let manifest = serde_json::json!({
            "run": "dead",
            "state": "committing",
            "files": value["files"],
            "remove": ["part-00000-old.parquet"],
        });
        let folder = config.url.trim_start_matches("s3://bucket/").to_owned();
        let path = server.bucket_folder().join(&folder).join("_tenon/dead.json");
        std::fs::File::create(path)
            .expect("made")
            .write_all(manifest.to_string().as_bytes())
            .expect("written");
        if by_next_run {
            begin(&config, "next").await.abandon().await;
        } else {
            file::commit(&config, &prepared).await.expect("committed");
        }
        assert_eq!(data(&server, &folder).len(), 2);
        assert_eq!(ids(&config).await, (30, 435));
        file::commit(&config, &prepared).await.expect("committed again");
        assert_eq!(ids(&config).await, (30, 435));
    }
}

#[tokio::test]
async fn what_dead_runs_leave_is_swept_and_what_is_dropped_goes() {
    let Some(server) = S3::start_or_skip("s3::swept").await else {
        return;
    };
    let config = config(&server, "out/");
    let sink = begin(&config, "dead").await;
    let _uploaded = parts(&sink, &[(0, 10)]).await;
    assert!(
        notes(&server, "out").iter().any(|name| name.contains("/dead/upload-")),
        "{:?}",
        notes(&server, "out")
    );
    // As if the process had been killed: nothing is cleaned, and the lock has expired.
    std::mem::forget(sink);
    let expired = r#"{"run":"dead","expires":0}"#;
    std::fs::write(server.bucket_folder().join("out/_tenon/lock"), expired).expect("written");

    let sink = begin(&config, "next").await;
    assert_eq!(notes(&server, "out"), ["out/_tenon/lock"]);
    let _uploaded = parts(&sink, &[(0, 10)]).await;
    drop(sink);
    for _ in 0..200 {
        if notes(&server, "out").is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(objects(&server, "out"), [""; 0]);
}

#[tokio::test]
async fn a_run_gives_back_the_lock_that_it_has_and_no_other() {
    let Some(server) = S3::start_or_skip("s3::given_back").await else {
        return;
    };
    let config = config(&server, "out/");
    // As if the process had been killed.
    std::mem::forget(begin(&config, "dead").await);
    let lock = server.bucket_folder().join("out/_tenon/lock");
    for (holder, stays) in [("other", true), ("dead", false)] {
        // Anybody can take it over by now.
        let expired = format!(r#"{{"run":"{holder}","expires":0}}"#);
        std::fs::write(&lock, expired).expect("written");
        file::forget(&config, "dead").await.expect("forgotten");
        assert_eq!(lock.exists(), stays, "{holder}");
    }
}

#[tokio::test]
async fn partitions() {
    let Some(server) = S3::start_or_skip("s3::partitions").await else {
        return;
    };
    let mut config = config(&server, "out/");
    config.format = Some(Format::Csv);
    config.partition_by = vec!["carrier".to_owned()];
    write(&config, "first", &[(0, 300), (300, 600)]).await;
    assert_eq!(data(&server, "out").len(), 6);
    config.mode = Mode::Overwrite;
    config.overwrite = Overwrite::Partitions;
    write(&config, "second", &[(600, 601)]).await;
    let found = data(&server, "out");
    assert_eq!(found.len(), 5, "{found:?}");
    assert_eq!(found[0], "out/carrier=C 0/part-00000-second.csv");
}

#[tokio::test]
async fn objects_of_many_parts() {
    let Some(server) = S3::start_or_skip("s3::parts").await else {
        return;
    };
    let mut config = config(&server, "large.csv");
    config.format = Some(Format::Csv);
    let sink = begin(&config, "run").await;
    let mut writer = sink.writer(0, 1);
    // 45 MB, in parts of 21.
    for start in 0..40 {
        writer
            .write(&batch(start * 100_000..(start + 1) * 100_000))
            .await
            .expect("written");
    }
    let part = writer.finish().await.expect("finished");
    let committed = sink.commit(vec![part]).await.expect("committed");
    assert!(committed.bytes > 43_000_000, "{} bytes", committed.bytes);
    let size = std::fs::metadata(server.bucket_folder().join("large.csv"))
        .expect("there")
        .len();
    assert_eq!(size, committed.bytes);
    assert_eq!(ids(&config).await, (4_000_000, 4_000_000 * 3_999_999 / 2));
}
