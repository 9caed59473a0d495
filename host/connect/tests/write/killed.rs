//! Processes that are killed run no destructors.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tenon_connect::file::{Mode, WriteConfig};

use crate::support::{TARGET, batch, begin, child, ids, names, part, rows, url, visible, write};

const BATCHES: i64 = 40;
const ROWS: i64 = BATCHES * 8192;

async fn write_slowly(config: &WriteConfig, run: &str) {
    let sink = begin(config, run).await;
    let mut parts = Vec::new();
    for partition in 0..4 {
        let mut writer = sink.writer(partition as usize, 1);
        for number in 0..BATCHES / 4 {
            let start = (partition * BATCHES / 4 + number) * 8192;
            writer.write(&batch(start..start + 8192)).await.expect("written");
        }
        parts.push(writer.finish().await.expect("finished"));
    }
    let prepared = sink.prepare(parts).await.expect("prepared");
    tenon_connect::file::commit(config, &prepared).await.expect("committed");
}

#[tokio::test]
async fn a_writer_that_died_leaves_nothing_visible_and_the_next_run_sweeps() {
    if let Ok(target) = std::env::var(TARGET) {
        let sink = begin(&WriteConfig::new(target), "killed").await;
        // The first of a sink's small files stays in memory for now.
        for partition in 0..2 {
            let part = part(&sink, partition, &batch(0..100_000)).await;
            println!("staged {} rows", part.rows);
        }
        std::process::abort();
    }
    let parent = tempfile::tempdir().expect("a folder");
    let target = url(parent.path(), "out/");
    let test = "killed::a_writer_that_died_leaves_nothing_visible_and_the_next_run_sweeps";
    let output = child(test, &target).output().expect("started");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("staged 100000 rows"));
    let folder = parent.path().join("out");
    assert_eq!(visible(&folder), [""; 0]);
    assert!(
        names(&folder).iter().any(|name| name.ends_with(".staged")),
        "it was killed while files were staged"
    );

    write(&WriteConfig::new(target.clone()), "next", &[(0, 10)]).await;
    assert_eq!(names(&folder), ["part-00000-next.parquet"]);
    assert_eq!(rows(&target).await, 10);
}

/// Kills a writer at ten moments over the time that a whole write takes, and lets it finish after.
#[tokio::test]
async fn a_writer_that_is_killed_at_any_moment_writes_all_or_nothing() {
    if let Ok(target) = std::env::var(TARGET) {
        let mut config = WriteConfig::new(target);
        config.mode = Mode::Overwrite;
        println!("begin");
        write_slowly(&config, "run").await;
        println!("end");
        return;
    }
    let parent = tempfile::tempdir().expect("a folder");
    let target = url(parent.path(), "out/");
    let folder = parent.path().join("out");
    let mut config = WriteConfig::new(target.clone());
    write(&config, "old", &[(0, 7)]).await;
    config.mode = Mode::Overwrite;
    let whole = run_for(&target, None);
    let expected = (ROWS as usize, ROWS * (ROWS - 1) / 2);
    assert_eq!(ids(&target).await, expected);

    let mut before = expected;
    for moment in 1..=10 {
        // What was there before differs from what the killed run writes.
        if moment % 2 == 0 {
            write(&config, "old", &[(0, 7)]).await;
            before = (7, 21);
        }
        run_for(&target, Some(whole * moment / 10));
        if decided(&folder) {
            // Killed between the decision and its end: the next run completes it.
            drop(begin(&config, "sweeper").await);
        }
        let found = ids(&target).await;
        assert!(
            found == expected || found == before,
            "after {moment}/10: {found:?}, before {before:?}"
        );
        before = found;
    }
    run_for(&target, None);
    assert_eq!(ids(&target).await, expected);
    assert_eq!(names(&folder).len(), 4, "nothing else is left: {:?}", names(&folder));
}

fn decided(folder: &Path) -> bool {
    names(folder).iter().any(|name| name.ends_with(".commit"))
}

/// Runs the writer, up to some time after it has begun; how long it took.
fn run_for(target: &str, time: Option<Duration>) -> Duration {
    let test = "killed::a_writer_that_is_killed_at_any_moment_writes_all_or_nothing";
    let mut child = child(test, target).stdout(Stdio::piped()).spawn().expect("started");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("begin") {
        line.clear();
        assert!(
            output.read_line(&mut line).expect("readable") > 0,
            "the child has ended"
        );
    }
    let began = Instant::now();
    if let Some(time) = time {
        std::thread::sleep(time);
        child.kill().expect("killed");
    }
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("readable");
    let status = child.wait().expect("ended");
    assert!(time.is_some() || status.success(), "{rest}");
    began.elapsed()
}
