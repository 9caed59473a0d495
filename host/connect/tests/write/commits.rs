//! Two phases: prepared, then committed, by whomever.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use datafusion::prelude::SessionContext;
use tenon_connect::Error;
use tenon_connect::file::{self, Mode, Prepared, ReadConfig, ReadOptions, WriteConfig};

use crate::support::{batch, begin, ids, names, part, parts, url, visible, write};

async fn prepared(config: &WriteConfig, run: &str, ranges: &[(i64, i64)]) -> Prepared {
    let sink = begin(config, run).await;
    let parts = parts(&sink, ranges).await;
    sink.prepare(parts).await.expect("prepared")
}

#[tokio::test]
async fn what_is_prepared_outlives_the_sink_and_is_committed_once() {
    let parent = tempfile::tempdir().expect("a folder");
    let config = WriteConfig::new(url(parent.path(), "out/"));
    let prepared = prepared(&config, "run", &[(0, 10), (10, 30)]).await;
    let folder = parent.path().join("out");
    assert_eq!(visible(&folder), [""; 0]);
    assert_eq!((prepared.rows(), prepared.files()), (30, 2));

    let text = serde_json::to_string(&prepared).expect("serialised");
    let again: Prepared = serde_json::from_str(&text).expect("deserialised");
    let committed = file::commit(&config, &again).await.expect("committed");
    assert_eq!(file::commit(&config, &prepared).await.expect("committed"), committed);
    assert_eq!(names(&folder), ["part-00000-run.parquet", "part-00001-run.parquet"]);
    assert_eq!(ids(&config.url).await, (30, 435));
}

#[tokio::test]
async fn what_is_prepared_can_be_aborted_until_it_is_committed() {
    let parent = tempfile::tempdir().expect("a folder");
    let config = WriteConfig::new(url(parent.path(), "out/"));
    let prepared = prepared(&config, "run", &[(0, 10)]).await;
    file::abort(&config, &prepared).await.expect("aborted");
    assert_eq!(names(&parent.path().join("out")), [""; 0]);
    let error = file::commit(&config, &prepared).await.expect_err("gone");
    assert!(matches!(error, Error::Gone { .. }), "{error}");
    file::abort(&config, &prepared).await.expect("aborted twice");
}

#[tokio::test]
async fn the_sink_holds_the_lock_until_the_commit() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    config.mode = Mode::Append;
    let sink = begin(&config, "run").await;
    let parts = parts(&sink, &[(0, 10)]).await;
    let prepared = sink.prepare(parts).await.expect("prepared");
    let error = file::Sink::begin(&config, batch(0..1).schema(), "other")
        .await
        .expect_err("locked");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    // The same run, in this process: it is its own lock.
    file::commit(&config, &prepared).await.expect("committed");
    drop(sink);
    assert_eq!(ids(&config.url).await.0, 10);
    write(&config, "other", &[(0, 5)]).await;
    assert_eq!(ids(&config.url).await.0, 15);

    // Nobody else can commit while another run writes.
    let prepared = prepared_alone(&config).await;
    let other = begin(&config, "third").await;
    let error = file::commit(&config, &prepared).await.expect_err("locked");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    drop(other);
    file::commit(&config, &prepared).await.expect("committed");
    assert_eq!(ids(&config.url).await.0, 17);
}

async fn prepared_alone(config: &WriteConfig) -> Prepared {
    prepared(config, "alone", &[(0, 2)]).await
}

#[tokio::test]
async fn a_later_run_leaves_what_is_prepared_alone_for_a_day() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    config.mode = Mode::Overwrite;
    let waiting = prepared(&config, "waiting", &[(0, 10)]).await;
    write(&config, "later", &[(0, 3)]).await;
    assert_eq!(ids(&config.url).await.0, 3);
    // Overwriting is decided at the commit: what came later goes.
    file::commit(&config, &waiting).await.expect("committed");
    assert_eq!(ids(&config.url).await.0, 10);

    let forgotten = prepared(&config, "forgotten", &[(0, 20)]).await;
    let journal = parent.path().join("out/.tenon-forgotten.prepared");
    let file = fs::File::options().write(true).open(journal).expect("a journal");
    let yesterday = SystemTime::now() - Duration::from_secs(25 * 60 * 60);
    file.set_modified(yesterday).expect("changed");
    write(&config, "last", &[(0, 4)]).await;
    assert_eq!(names(&parent.path().join("out")), ["part-00000-last.parquet"]);
    let error = file::commit(&config, &forgotten).await.expect_err("swept");
    assert!(matches!(error, Error::Gone { .. }), "{error}");
}

#[tokio::test]
async fn what_a_dead_run_prepared_can_be_forgotten_at_once() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("out");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    config.mode = Mode::Append;
    file::forget(&config, "dead").await.expect("nothing is there");
    let dead = prepared(&config, "dead", &[(0, 10)]).await;
    let other = prepared(&config, "dead-2", &[(0, 3)]).await;
    file::forget(&config, "dead").await.expect("forgotten");
    let error = file::commit(&config, &dead).await.expect_err("gone");
    assert!(matches!(error, Error::Gone { .. }), "{error}");
    file::commit(&config, &other)
        .await
        .expect("another run's is left alone");
    assert_eq!(names(&folder), ["part-00000-dead-2.parquet"]);

    // What was decided is not given up.
    let journal = folder.join(".tenon-decided.commit");
    fs::write(&journal, r#"{ "run": "decided", "remove": [], "publish": [] }"#).expect("written");
    file::forget(&config, "decided").await.expect("left alone");
    assert!(journal.exists());
}

#[tokio::test]
async fn a_commit_of_one_file_that_was_cut_short_is_finished() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("out");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    config.mode = Mode::Append;
    let cut_short = prepared(&config, "run", &[(0, 10)]).await;
    assert_eq!(
        names(&folder),
        [".tenon-run.prepared"],
        "the file itself says that it is prepared"
    );
    // As a process leaves it that was killed between the rename and what comes after it.
    fs::rename(
        folder.join(".tenon-run.prepared"),
        folder.join("part-00000-run.parquet"),
    )
    .expect("renamed");
    write(&config, "other", &[(0, 5)]).await;
    file::commit(&config, &cut_short).await.expect("finished");
    assert_eq!(ids(&config.url).await.0, 15);
    assert_eq!(names(&folder), ["part-00000-other.parquet", "part-00000-run.parquet"]);

    // Who has lost what was prepared is told so.
    let lost = prepared(&config, "lost", &[(0, 10)]).await;
    fs::remove_file(folder.join(".tenon-lost.prepared")).expect("removed");
    let error = file::commit(&config, &lost).await.expect_err("lost");
    assert!(matches!(error, Error::Gone { .. }), "{error}");
}

#[tokio::test]
async fn what_a_dead_run_has_left_is_found_after_any_number_of_runs() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("out");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    config.mode = Mode::Append;
    for number in 0..3 {
        for run in 0..2 {
            write(&config, &format!("{number}-{run}"), &[(0, 5)]).await;
        }
        fs::write(folder.join(".tenon-dead.00000-1-0.staged"), "").expect("written");
    }
    write(&config, "last", &[(0, 5)]).await;
    assert_eq!(names(&folder).len(), 7, "{:?}", names(&folder));
    assert_eq!(ids(&config.url).await.0, 35);
}

#[tokio::test]
async fn the_same_run_again_replaces_what_it_wrote() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    for mode in [Mode::Error, Mode::Append] {
        config.mode = mode;
        write(&config, "run", &[(0, 10), (10, 20)]).await;
    }
    assert_eq!(ids(&config.url).await, (20, 190));
    // Another number of partitions leaves nothing of the first time.
    write(&config, "run", &[(0, 20)]).await;
    assert_eq!(names(&parent.path().join("out")), ["part-00000-run.parquet"]);
    assert_eq!(ids(&config.url).await, (20, 190));
    // Nor do other partitions.
    for partition in [3, 5] {
        let sink = begin(&config, "run").await;
        let parts = vec![part(&sink, partition, &batch(0..partition as i64)).await];
        sink.commit(parts).await.expect("committed");
        assert_eq!(ids(&config.url).await.0, partition);
    }
    assert_eq!(names(&parent.path().join("out")), ["part-00000-run.parquet"]);
}

#[tokio::test]
async fn of_several_attempts_at_a_partition_one_counts() {
    let parent = tempfile::tempdir().expect("a folder");
    let config = WriteConfig::new(url(parent.path(), "out/"));
    let sink = begin(&config, "run").await;
    let first = part(&sink, 0, &batch(0..10)).await;
    let mut half = sink.writer(1, 1);
    half.write(&batch(0..10)).await.expect("written");
    drop(half);
    let mut second = sink.writer(0, 2);
    second.write(&batch(0..10)).await.expect("written");
    let second = second.finish().await.expect("finished");
    let committed = sink.commit(vec![second, first]).await.expect("committed");
    assert_eq!((committed.rows, ids(&config.url).await), (10, (10, 45)));
    assert_eq!(names(&parent.path().join("out")), ["part-00000-run.parquet"]);
}

#[tokio::test]
async fn a_commit_that_died_is_completed_by_the_next_run_or_by_a_second_commit() {
    for by_next_run in [true, false] {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("out");
        let mut config = WriteConfig::new(url(parent.path(), "out/"));
        write(&config, "old", &[(0, 5)]).await;
        config.mode = Mode::Overwrite;
        let prepared = prepared(&config, "dead", &[(0, 10), (10, 30)]).await;
        // As a process leaves it that is killed after the decision and the first rename.
        let staged: Vec<String> = names(&folder)
            .into_iter()
            .filter(|name| name.ends_with(".staged"))
            .collect();
        let published = ["part-00000-dead.parquet", "part-00001-dead.parquet"];
        let journal = serde_json::json!({
            "run": "dead",
            "remove": ["part-00000-old.parquet"],
            "publish": [[staged[0], published[0]], [staged[1], published[1]]],
        });
        fs::write(folder.join(".tenon-dead.commit"), journal.to_string()).expect("written");
        fs::rename(folder.join(&staged[0]), folder.join(published[0])).expect("renamed");

        if by_next_run {
            drop(begin(&config, "next").await);
        } else {
            file::commit(&config, &prepared).await.expect("committed");
        }
        assert_eq!(names(&folder), published);
        assert_eq!(ids(&config.url).await, (30, 435));
        file::commit(&config, &prepared).await.expect("committed again");
        assert_eq!(names(&folder), published);
    }
}

#[tokio::test]
async fn a_folder_with_a_part_of_a_commit_is_not_read() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("out");
    let config = WriteConfig::new(url(parent.path(), "out/"));
    let prepared = prepared(&config, "dead", &[(0, 10), (10, 30)]).await;
    let staged = staged(&folder);
    let published = ["part-00000-dead.parquet", "year=2013/part-00000-dead.parquet"];
    let journal = serde_json::json!({
        "run": "dead",
        "remove": [],
        "publish": [[staged[0], published[0]], [staged[1], published[1]]],
    });
    let journal_file = folder.join(".tenon-dead.commit");
    fs::write(&journal_file, journal.to_string()).expect("written");
    fs::create_dir(folder.join("year=2013")).expect("made");
    fs::rename(folder.join(&staged[1]), folder.join(published[1])).expect("renamed");
    let reading = ["out/", "*/*/*.parquet", "out/year=2013/", "out/year=*/", ""].map(|name| {
        let source = ReadConfig::new(url(parent.path(), name));
        async move {
            let opened = file::open(&source, &ReadOptions::default(), &SessionContext::new()).await;
            opened.expect_err(&source.url)
        }
    });
    for error in futures::future::join_all(reading).await {
        assert!(
            matches!(&error, Error::HalfVisible { run, .. } if run == "dead"),
            "{error}"
        );
        assert!(error.may_pass(), "{error}");
    }

    // Whoever waits for a commit that is only slow reads all of it.
    let whole = ReadConfig::new(url(parent.path(), "out/*.parquet"));
    let (options, session) = (ReadOptions::default(), SessionContext::new());
    let (opened, committed) = tokio::join!(file::open(&whole, &options, &session), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        file::commit(&config, &prepared).await
    });
    committed.expect("committed");
    assert_eq!(opened.expect("opened").files().len(), 1);
    assert!(!journal_file.exists());
}

/// Names of the staged files in a folder.
fn staged(folder: &Path) -> Vec<String> {
    let mut names = names(folder);
    names.retain(|name| name.ends_with(".staged"));
    names
}

#[tokio::test]
async fn a_commit_that_has_lost_a_file_fails_and_removes_nothing() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("out");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    write(&config, "old", &[(0, 5)]).await;
    config.mode = Mode::Overwrite;
    let lost = prepared(&config, "lost", &[(0, 10), (10, 30)]).await;
    fs::remove_file(folder.join(&staged(&folder)[1])).expect("removed");
    let error = file::commit(&config, &lost).await.expect_err("lost");
    assert!(matches!(error, Error::Gone { .. }), "{error}");
    assert_eq!(visible(&folder), ["part-00000-old.parquet"]);
    file::abort(&config, &lost).await.expect("it was not decided");

    // The same after it was decided, and begun.
    let dead = prepared(&config, "dead", &[(0, 10), (10, 30)]).await;
    let staged = staged(&folder);
    let published = ["part-00000-dead.parquet", "part-00001-dead.parquet"];
    let journal = serde_json::json!({
        "run": "dead",
        "remove": ["part-00000-old.parquet"],
        "publish": [[staged[0], published[0]], [staged[1], published[1]]],
    });
    let path = folder.join(".tenon-dead.commit");
    fs::write(&path, journal.to_string()).expect("written");
    fs::remove_file(folder.join(&staged[1])).expect("removed");
    for _ in 0..2 {
        let error = file::commit(&config, &dead).await.expect_err("lost");
        let text = error.to_string();
        assert!(matches!(error, Error::Lost { .. }), "{text}");
        assert!(
            text.contains(published[1]) && text.contains(".tenon-dead.commit"),
            "{text}"
        );
        let error = file::Sink::begin(&config, batch(0..1).schema(), "next").await;
        assert!(matches!(error, Err(Error::Lost { .. })), "{error:?}");
    }
    assert_eq!(visible(&folder), [published[0], "part-00000-old.parquet"]);
    fs::remove_file(path).expect("removed");
    write(&config, "next", &[(0, 3)]).await;
    assert_eq!(ids(&config.url).await.0, 3);
}

#[tokio::test]
async fn a_commit_that_died_is_completed_before_what_was_prepared_earlier_replaces_it() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("out");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    config.mode = Mode::Overwrite;
    let waiting = prepared(&config, "waiting", &[(0, 3), (3, 7)]).await;
    let before = staged(&folder);
    let dead = prepared(&config, "dead", &[(0, 10), (10, 30)]).await;
    let mut staged = staged(&folder);
    staged.retain(|name| !before.contains(name));
    let published = ["part-00000-dead.parquet", "part-00001-dead.parquet"];
    let journal = serde_json::json!({
        "run": "dead",
        "remove": [],
        "publish": [[staged[0], published[0]], [staged[1], published[1]]],
    });
    fs::write(folder.join(".tenon-dead.commit"), journal.to_string()).expect("written");
    fs::rename(folder.join(&staged[0]), folder.join(published[0])).expect("renamed");

    file::commit(&config, &waiting).await.expect("committed");
    // What the dead run had yet to do is not done later, on top.
    drop(begin(&config, "next").await);
    assert_eq!(ids(&config.url).await, (7, 21));
    let replaced = file::commit(&config, &dead).await.expect_err("replaced");
    assert!(matches!(replaced, Error::Gone { .. }), "{replaced}");
}

#[tokio::test]
async fn a_journal_that_leads_out_of_the_folder_is_refused() {
    let parent = tempfile::tempdir().expect("a folder");
    let out = parent.path().join("out");
    fs::create_dir(&out).expect("made");
    fs::write(parent.path().join("precious"), "").expect("written");
    for journal in [
        r#"{"run":"x","remove":["../precious"],"publish":[]}"#,
        r#"{"run":"x","remove":[],"publish":[["../precious","y"]]}"#,
        r#"{"run":"x","remove":["/etc/hostname"],"publish":[]}"#,
    ] {
        fs::write(out.join(".tenon-x.commit"), journal).expect("written");
        let config = WriteConfig::new(url(parent.path(), "out/"));
        let error = file::Sink::begin(&config, batch(0..1).schema(), "next")
            .await
            .expect_err("refused");
        assert!(matches!(error, Error::Journal { .. }), "{error}");
    }
    assert!(parent.path().join("precious").exists());
}

#[tokio::test]
async fn a_commit_needs_the_target_that_was_prepared() {
    let parent = tempfile::tempdir().expect("a folder");
    let config = WriteConfig::new(url(parent.path(), "out/"));
    let prepared = prepared(&config, "run", &[(0, 10)]).await;
    let other = WriteConfig::new(url(parent.path(), "other/"));
    let error = file::commit(&other, &prepared).await.expect_err("another target");
    let text = error.to_string();
    assert!(
        text.contains(&format!("was prepared for {}", prepared.target())),
        "{text}"
    );
    assert!(text.contains("put that URL back"), "{text}");
    assert!(!parent.path().join("other").exists(), "nothing was written there");

    // As it says: with the URL that it had, it can be finished.
    file::commit(&config, &prepared).await.expect("committed");
    assert_eq!(ids(&config.url).await.0, 10);
}
