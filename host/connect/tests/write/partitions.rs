//! Folders by the values of columns.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use tenon_connect::file::{Format, Mode, Overwrite, WriteConfig};

use crate::support::{begin_with, names, part, url};

fn flights(rows: std::ops::Range<i64>, carriers: i64) -> RecordBatch {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.clone()));
    let carrier: ArrayRef = Arc::new(
        rows.clone()
            .map(|n| (n % carriers != 0).then(|| format!("C{}", n % carriers)))
            .collect::<StringArray>(),
    );
    let year: ArrayRef = Arc::new(rows.map(|n| Some(2013 + n % 2)).collect::<Int64Array>());
    RecordBatch::try_from_iter([("id", id), ("carrier", carrier), ("year", year)]).expect("a batch")
}

async fn write(config: &WriteConfig, run: &str, batches: &[RecordBatch]) {
    let sink = begin_with(config, &batches[0], run).await;
    let mut parts = Vec::new();
    for (partition, rows) in batches.iter().enumerate() {
        parts.push(part(&sink, partition, rows).await);
    }
    sink.commit(parts).await.expect("committed");
}

/// The ids of all CSV files below a folder, by the folder that they are in.
fn found(folder: &Path) -> BTreeSet<(String, i64)> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for name in names(&next) {
            let path = next.join(&name);
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("readable");
            let below = next.strip_prefix(folder).expect("below").to_string_lossy().into_owned();
            assert_eq!(text.lines().next(), Some("id"), "the other columns are folders");
            for id in text.lines().skip(1) {
                assert!(
                    found.insert((below.clone(), id.parse().expect("a number"))),
                    "{id} is there twice"
                );
            }
        }
    }
    found
}

fn expected(rows: std::ops::Range<i64>, carriers: i64) -> BTreeSet<(String, i64)> {
    rows.map(|n| {
        let carrier = match n % carriers {
            0 => "__HIVE_DEFAULT_PARTITION__".to_owned(),
            n => format!("C{n}"),
        };
        (format!("year={}/carrier={carrier}", 2013 + n % 2), n)
    })
    .collect()
}

fn config(folder: &Path) -> WriteConfig {
    let mut config = WriteConfig::new(url(folder, "out/"));
    config.format = Some(Format::Csv);
    config.partition_by = vec!["year".to_owned(), "carrier".to_owned()];
    config
}

#[tokio::test]
async fn values_become_folders() {
    let parent = tempfile::tempdir().expect("a folder");
    let config = config(parent.path());
    write(&config, "run", &[flights(0..500, 7), flights(500..1000, 7)]).await;
    let out = parent.path().join("out");
    assert_eq!(found(&out), expected(0..1000, 7));
    assert_eq!(names(&out), ["year=2013", "year=2014"]);
    assert_eq!(
        names(&out.join("year=2013/carrier=C3")),
        ["part-00000-run.csv", "part-00001-run.csv"]
    );
}

#[tokio::test]
async fn overwriting_replaces_all_or_only_the_partitions_that_are_written() {
    let parent = tempfile::tempdir().expect("a folder");
    let out = parent.path().join("out");
    let mut config = config(parent.path());
    write(&config, "first", &[flights(0..100, 5)]).await;
    config.mode = Mode::Overwrite;
    config.overwrite = Overwrite::Partitions;
    // Ids 1000, 1010 and so on: one year, no carrier.
    let one = flights(1000..1001, 5);
    write(&config, "second", &[one]).await;
    let mut kept = expected(0..100, 5);
    kept.retain(|(folder, _)| folder != "year=2013/carrier=__HIVE_DEFAULT_PARTITION__");
    kept.extend(expected(1000..1001, 5));
    assert_eq!(found(&out), kept);

    config.overwrite = Overwrite::All;
    write(&config, "third", &[flights(0..2, 5)]).await;
    assert_eq!(found(&out), expected(0..2, 5));
    assert_eq!(
        names(&out.join("year=2013")),
        ["carrier=__HIVE_DEFAULT_PARTITION__"],
        "empty folders are gone"
    );
}

#[tokio::test]
async fn more_folders_than_may_be_open() {
    let parent = tempfile::tempdir().expect("a folder");
    let config = config(parent.path());
    let sink = begin_with(&config, &flights(0..1, 2), "run").await;
    let mut writer = sink.writer(0, 1);
    for start in 0..40 {
        writer
            .write(&flights(start * 8192..(start + 1) * 8192, 301))
            .await
            .expect("written");
    }
    let part = writer.finish().await.expect("finished");
    let committed = sink.commit(vec![part]).await.expect("committed");
    assert_eq!(committed.rows, 40 * 8192);
    assert_eq!(found(&parent.path().join("out")), expected(0..40 * 8192, 301));
    // Each of the 602 folders may get a file whenever gathered rows are written, which is once or twice.
    assert!(committed.files.len() <= 2 * 602, "{} files", committed.files.len());
}

#[tokio::test]
async fn no_rows_make_no_files() {
    let parent = tempfile::tempdir().expect("a folder");
    let config = config(parent.path());
    let sink = begin_with(&config, &flights(0..1, 2), "run").await;
    let part = sink.writer(0, 1).finish().await.expect("finished");
    let committed = sink.commit(vec![part]).await.expect("committed");
    assert_eq!((committed.rows, committed.files.len()), (0, 0));
}
