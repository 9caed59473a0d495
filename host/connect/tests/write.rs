//! Writing files: what is visible when.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::prelude::SessionContext;
use tenon_connect::Error;
use tenon_connect::file::{
    self, Begun, Committed, Format, Mode, ParquetCompression, ReadConfig, ReadOptions, Sink, WriteConfig,
};

fn batch(rows: std::ops::Range<i64>) -> RecordBatch {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.clone()));
    let name: ArrayRef = Arc::new(
        rows.map(|n| (n % 3 != 0).then(|| format!("n,{n}")))
            .collect::<StringArray>(),
    );
    RecordBatch::try_from_iter([("id", id), ("name", name)]).expect("a batch")
}

fn begin(config: &WriteConfig, run: &str) -> Sink {
    match Sink::begin(config, batch(0..1).schema(), run).expect("begun") {
        Begun::Ready(sink) => sink,
        Begun::Ignored => panic!("nothing was there"),
    }
}

fn refusal(config: &WriteConfig) -> Error {
    Sink::begin(config, batch(0..1).schema(), "refused").expect_err("refused")
}

fn write(config: &WriteConfig, run: &str, parts: &[(i64, i64)]) -> Committed {
    let sink = begin(config, run);
    let parts = parts.iter().enumerate().map(|(partition, (first, end))| {
        let mut writer = sink.writer(partition, 1);
        writer.write(&batch(*first..*end)).expect("written");
        writer.finish().expect("finished")
    });
    let parts = parts.collect();
    sink.commit(parts).expect("committed")
}

fn visible(folder: &Path) -> Vec<String> {
    names(folder)
        .into_iter()
        .filter(|name| !name.starts_with('.'))
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    names.sort_unstable();
    names
}

async fn rows(url: &str) -> usize {
    let session = SessionContext::new();
    let source = file::open(&ReadConfig::new(url), &ReadOptions::default(), &session)
        .await
        .expect("opened");
    session
        .read_table(source.table())
        .expect("a table")
        .count()
        .await
        .expect("counted")
}

fn url(folder: &Path, name: &str) -> String {
    folder.join(name).to_string_lossy().into_owned()
}

#[tokio::test]
async fn nothing_is_visible_before_the_commit() {
    let parent = tempfile::tempdir().expect("a folder");
    let config = WriteConfig::new(url(parent.path(), "out/"));
    let sink = begin(&config, "run");
    let mut one = sink.writer(0, 1);
    one.write(&batch(0..10)).expect("written");
    let mut two = sink.writer(1, 1);
    two.write(&batch(10..30)).expect("written");
    let parts = vec![one.finish().expect("finished"), two.finish().expect("finished")];
    let folder = parent.path().join("out");
    assert_eq!(visible(&folder), [""; 0]);

    let committed = sink.commit(parts).expect("committed");
    assert_eq!(names(&folder), ["part-00000-run.parquet", "part-00001-run.parquet"]);
    assert_eq!((committed.rows, committed.files.len()), (30, 2));
    let sizes: u64 = committed
        .files
        .iter()
        .map(|file| fs::metadata(file).expect("a file").len())
        .sum();
    assert_eq!(committed.bytes, sizes);
    assert_eq!(rows(&config.url).await, 30);
}

#[test]
fn a_sink_that_is_dropped_leaves_no_trace() {
    let parent = tempfile::tempdir().expect("a folder");
    let sink = begin(&WriteConfig::new(url(parent.path(), "out/")), "run");
    let mut writer = sink.writer(0, 1);
    writer.write(&batch(0..10)).expect("written");
    drop(sink);
    drop(writer);
    assert_eq!(names(parent.path()), [""; 0]);
}

/// A process that is killed runs no destructors: this test is its own victim.
#[tokio::test]
async fn a_killed_writer_leaves_nothing_visible_and_the_next_run_sweeps() {
    const TARGET: &str = "TENON_TEST_KILLED_TARGET";
    if let Ok(target) = std::env::var(TARGET) {
        let sink = begin(&WriteConfig::new(target), "killed");
        let mut writer = sink.writer(0, 1);
        writer.write(&batch(0..100_000)).expect("written");
        let part = writer.finish().expect("finished");
        println!("staged {} rows", part.rows);
        std::process::abort();
    }
    let parent = tempfile::tempdir().expect("a folder");
    let target = url(parent.path(), "out/");
    let output = std::process::Command::new(std::env::current_exe().expect("this test"))
        .args([
            "--exact",
            "a_killed_writer_leaves_nothing_visible_and_the_next_run_sweeps",
            "--nocapture",
        ])
        .env(TARGET, &target)
        .output()
        .expect("started");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("staged 100000 rows"));
    let folder = parent.path().join("out");
    assert_eq!(visible(&folder), [""; 0]);
    assert!(
        names(&folder).iter().any(|name| name.ends_with(".staged")),
        "it was killed while files were staged"
    );

    write(&WriteConfig::new(target.clone()), "next", &[(0, 10)]);
    assert_eq!(names(&folder), ["part-00000-next.parquet"]);
    assert_eq!(rows(&target).await, 10);
}

#[tokio::test]
async fn modes_for_a_folder() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    write(&config, "first", &[(0, 10), (10, 20)]);

    let error = refusal(&config);
    assert!(
        matches!(error, Error::Exists { .. }) && error.to_string().contains("`append`"),
        "{error}"
    );
    config.mode = Mode::Ignore;
    let ignored = Sink::begin(&config, batch(0..1).schema(), "ignored").expect("begun");
    assert!(matches!(ignored, Begun::Ignored));
    config.mode = Mode::Append;
    write(&config, "more", &[(20, 25)]);
    assert_eq!(rows(&config.url).await, 25);
    config.mode = Mode::Overwrite;
    write(&config, "fresh", &[(0, 3)]);
    assert_eq!(names(&parent.path().join("out")), ["part-00000-fresh.parquet"]);
    assert_eq!(rows(&config.url).await, 3);
}

#[test]
fn overwriting_spares_what_is_not_data() {
    let parent = tempfile::tempdir().expect("a folder");
    fs::write(parent.path().join("thesis.docx"), "precious").expect("written");
    let mut config = WriteConfig::new(format!("{}/", parent.path().display()));
    config.mode = Mode::Overwrite;
    let error = refusal(&config);
    assert!(
        matches!(&error, Error::Foreign { name, .. } if name == "thesis.docx"),
        "{error}"
    );
    assert_eq!(names(parent.path()), ["thesis.docx"]);
}

#[tokio::test]
async fn modes_for_a_file() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut config = WriteConfig::new(url(parent.path(), "out.parquet"));
    assert!(begin(&config, "probe").is_single_file());
    write(&config, "first", &[(0, 10)]);
    assert_eq!(names(parent.path()), ["out.parquet"]);

    assert!(matches!(refusal(&config), Error::Exists { append: "", .. }));
    config.mode = Mode::Append;
    assert!(matches!(refusal(&config), Error::Config { .. }));
    config.mode = Mode::Ignore;
    let ignored = Sink::begin(&config, batch(0..1).schema(), "ignored").expect("begun");
    assert!(matches!(ignored, Begun::Ignored));
    config.mode = Mode::Overwrite;
    let sink = begin(&config, "fresh");
    let mut writer = sink.writer(0, 1);
    writer.write(&batch(0..3)).expect("written");
    let part = writer.finish().expect("finished");
    assert_eq!(rows(&config.url).await, 10, "the old file stays until the commit");
    sink.commit(vec![part]).expect("committed");
    assert_eq!(rows(&config.url).await, 3);
    assert_eq!(names(parent.path()), ["out.parquet"]);
}

#[tokio::test]
async fn formats() {
    let parent = tempfile::tempdir().expect("a folder");
    for (name, expected) in [
        ("x.csv", "id,name\n0,\n1,\"n,1\"\n"),
        ("x.tsv", "id\tname\n0\t\n1\tn,1\n"),
        ("x.ndjson", "{\"id\":0}\n{\"id\":1,\"name\":\"n,1\"}\n"),
    ] {
        let config = WriteConfig::new(url(parent.path(), name));
        write(&config, "run", &[(0, 2)]);
        assert_eq!(
            fs::read_to_string(parent.path().join(name)).expect("readable"),
            expected
        );
        assert_eq!(rows(&config.url).await, 2);
    }
    for compression in [
        ParquetCompression::Zstd,
        ParquetCompression::Snappy,
        ParquetCompression::None,
    ] {
        let mut config = WriteConfig::new(url(parent.path(), "x.parquet"));
        config.mode = Mode::Overwrite;
        config.parquet.compression = compression;
        write(&config, "run", &[(0, 1000)]);
        assert_eq!(rows(&config.url).await, 1000, "{compression:?}");
    }
    let mut config = WriteConfig::new(url(parent.path(), "folder"));
    config.format = Some(Format::Csv);
    write(&config, "run", &[(0, 2), (2, 4)]);
    assert_eq!(
        names(&parent.path().join("folder")),
        ["part-00000-run.csv", "part-00001-run.csv"]
    );
}

#[tokio::test]
async fn no_rows_still_tell_the_columns() {
    let parent = tempfile::tempdir().expect("a folder");
    let session = SessionContext::new();
    for name in ["out/", "empty.parquet", "empty.csv"] {
        let config = WriteConfig::new(url(parent.path(), name));
        let sink = begin(&config, "run");
        let part = sink.writer(0, 1).finish().expect("finished");
        let committed = sink.commit(vec![part]).expect("committed");
        assert_eq!((committed.rows, committed.files.len()), (0, 1), "{name}");
        let source = file::open(&ReadConfig::new(config.url), &ReadOptions::default(), &session)
            .await
            .expect("opened");
        let columns: Vec<String> = source
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        assert_eq!(columns, ["id", "name"], "{name}");
    }
}

#[test]
fn two_runs_cannot_write_to_one_target() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    config.mode = Mode::Append;
    let first = begin(&config, "first");
    assert!(matches!(refusal(&config), Error::Busy { .. }));
    drop(first);
    write(&config, "second", &[(0, 1)]);
}

#[test]
fn targets_that_cannot_be_written_are_named() {
    let parent = tempfile::tempdir().expect("a folder");
    let unknown = refusal(&WriteConfig::new(url(parent.path(), "out.xlsx")));
    assert!(matches!(unknown, Error::UnknownFormat { .. }), "{unknown}");
    let compressed = refusal(&WriteConfig::new(url(parent.path(), "out.csv.gz")));
    assert!(matches!(compressed, Error::Config { .. }), "{compressed}");
    let remote = refusal(&WriteConfig::new("s3://bucket/out/"));
    assert!(matches!(remote, Error::Config { .. }), "{remote}");
    fs::write(parent.path().join("file"), "").expect("written");
    let below_a_file = refusal(&WriteConfig::new(url(parent.path(), "file/out/")));
    assert!(matches!(below_a_file, Error::Write { .. }), "{below_a_file}");
}
