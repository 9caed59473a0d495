//! What may be there before.

use std::fs;

use tenon_connect::Error;
use tenon_connect::file::{self, Begun, Mode, Sink, WriteConfig};

use crate::support::{batch, begin, ids, names, part, parts, refusal, rows, url, visible, write};

#[tokio::test]
async fn nothing_is_visible_before_the_commit() {
    let parent = tempfile::tempdir().expect("a folder");
    let config = WriteConfig::new(url(parent.path(), "out/"));
    let sink = begin(&config, "run").await;
    let parts = parts(&sink, &[(0, 10), (10, 30)]).await;
    let folder = parent.path().join("out");
    assert_eq!(visible(&folder), [""; 0]);

    let committed = sink.commit(parts).await.expect("committed");
    assert_eq!(names(&folder), ["part-00000-run.parquet", "part-00001-run.parquet"]);
    assert_eq!((committed.rows, committed.files.len()), (30, 2));
    let sizes: u64 = committed
        .files
        .iter()
        .map(|file| fs::metadata(file).expect("a file").len())
        .sum();
    assert_eq!(committed.bytes, sizes);
    assert_eq!(ids(&config.url).await, (30, 435));
}

#[tokio::test]
async fn a_sink_that_is_dropped_leaves_no_trace() {
    let parent = tempfile::tempdir().expect("a folder");
    let sink = begin(&WriteConfig::new(url(parent.path(), "out/")), "run").await;
    let finished = part(&sink, 0, &batch(0..10)).await;
    let mut writer = sink.writer(1, 1);
    writer.write(&batch(0..10)).await.expect("written");
    assert_eq!(finished.rows, 10);
    drop(sink);
    drop(writer);
    assert_eq!(names(parent.path()), [""; 0]);
}

#[tokio::test]
async fn modes_for_a_folder() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    write(&config, "first", &[(0, 10), (10, 20)]).await;

    let error = refusal(&config).await;
    assert!(
        matches!(error, Error::Exists { .. }) && error.to_string().contains("`append`"),
        "{error}"
    );
    config.mode = Mode::Ignore;
    let ignored = Sink::begin(&config, batch(0..1).schema(), "ignored")
        .await
        .expect("begun");
    assert!(matches!(ignored, Begun::Ignored));
    config.mode = Mode::Append;
    write(&config, "more", &[(20, 25)]).await;
    assert_eq!(rows(&config.url).await, 25);
    config.mode = Mode::Overwrite;
    let sink = begin(&config, "fresh").await;
    let folder = parent.path().canonicalize().expect("there").join("out");
    let expected: Vec<String> = names(&folder)
        .iter()
        .filter(|name| name.starts_with("part-"))
        .map(|name| url(&folder, name))
        .collect();
    assert_eq!(sink.replaced(), expected);
    let parts = parts(&sink, &[(0, 3)]).await;
    sink.commit(parts).await.expect("committed");
    assert_eq!(names(&folder), ["part-00000-fresh.parquet"]);
    assert_eq!(rows(&config.url).await, 3);
}

#[tokio::test]
async fn overwriting_spares_what_is_not_data() {
    for name in ["thesis.docx", "raw/orders.csv"] {
        let parent = tempfile::tempdir().expect("a folder");
        let precious = parent.path().join(name);
        fs::create_dir_all(precious.parent().expect("a folder")).expect("made");
        fs::write(&precious, "precious").expect("written");
        let mut config = WriteConfig::new(format!("{}/", parent.path().display()));
        config.mode = Mode::Overwrite;
        let error = refusal(&config).await;
        let first = &name[..name.find('/').map_or(name.len(), |slash| slash + 1)];
        assert!(
            matches!(&error, Error::Foreign { name, .. } if name == first),
            "{error}"
        );
        assert_eq!(fs::read_to_string(precious).expect("still there"), "precious");
        assert_eq!(names(parent.path()).len(), 1);
    }
}

#[tokio::test]
async fn modes_for_a_file() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut config = WriteConfig::new(url(parent.path(), "out.parquet"));
    assert!(begin(&config, "probe").await.is_single_file());
    write(&config, "first", &[(0, 10)]).await;
    assert_eq!(names(parent.path()), ["out.parquet"]);

    assert!(matches!(refusal(&config).await, Error::Exists { append: "", .. }));
    config.mode = Mode::Append;
    assert!(matches!(refusal(&config).await, Error::Config { .. }));
    config.mode = Mode::Ignore;
    let ignored = Sink::begin(&config, batch(0..1).schema(), "ignored")
        .await
        .expect("begun");
    assert!(matches!(ignored, Begun::Ignored));
    config.mode = Mode::Overwrite;
    let sink = begin(&config, "fresh").await;
    let whole = parent.path().canonicalize().expect("there").join("out.parquet");
    assert_eq!(sink.replaced(), [whole.to_string_lossy()]);
    let parts = parts(&sink, &[(0, 3)]).await;
    assert_eq!(rows(&config.url).await, 10, "the old file stays until the commit");
    sink.commit(parts).await.expect("committed");
    assert_eq!(rows(&config.url).await, 3);
    assert_eq!(names(parent.path()), ["out.parquet"]);
}

#[tokio::test]
async fn no_rows_add_no_file_to_those_that_are_there() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    config.mode = Mode::Append;
    let folder = parent.path().join("out");
    let first = write(&config, "first", &[]).await;
    assert_eq!((first.rows, visible(&folder).len()), (0, 1), "it tells the columns");
    write(&config, "second", &[(0, 10)]).await;
    let before = visible(&folder);
    assert_eq!(before.len(), 2);

    let sink = begin(&config, "third").await;
    let prepared = sink.prepare(Vec::new()).await.expect("prepared");
    let committed = sink.publish(&prepared).await.expect("committed");
    assert_eq!((committed.rows, committed.files.len()), (0, 0));
    assert_eq!(visible(&folder), before);
    let again = file::commit(&config, &prepared)
        .await
        .expect("once is as good as twice");
    assert_eq!(again, committed);
    assert_eq!(visible(&folder), before);
    assert_eq!(ids(&config.url).await, (10, 45));

    // What replaces the others has to tell the columns.
    config.mode = Mode::Overwrite;
    write(&config, "fourth", &[]).await;
    assert_eq!(visible(&folder).len(), 1);
    assert_eq!(rows(&config.url).await, 0);
}

#[tokio::test]
async fn two_runs_cannot_write_to_one_target() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    config.mode = Mode::Append;
    let first = begin(&config, "first").await;
    assert!(matches!(refusal(&config).await, Error::Busy { .. }));
    drop(first);
    write(&config, "second", &[(0, 1)]).await;
}

#[tokio::test]
async fn targets_that_cannot_be_written_are_named() {
    let parent = tempfile::tempdir().expect("a folder");
    let refused = async |name: &str| refusal(&WriteConfig::new(url(parent.path(), name))).await;
    assert!(matches!(refused("out.xlsx").await, Error::UnknownFormat { .. }));
    let compressed = refused("out.parquet.gz").await;
    assert!(
        compressed.to_string().contains("leave the name's last extension out"),
        "{compressed}"
    );
    let orc = refused("out.orc").await;
    assert!(orc.to_string().contains("ORC can be read but not written"), "{orc}");
    let web = refusal(&WriteConfig::new("https://example.com/x.csv")).await;
    assert!(
        web.to_string().contains("web servers can be read but not written"),
        "{web}"
    );
    fs::write(parent.path().join("file"), "").expect("written");
    let below_a_file = refused("file/out/").await;
    assert!(matches!(below_a_file, Error::Write { .. }), "{below_a_file}");
    let config = WriteConfig::new(url(parent.path(), "out/"));
    let run = Sink::begin(&config, batch(0..1).schema(), "../x")
        .await
        .expect_err("refused");
    assert!(run.to_string().contains("letters, digits"), "{run}");
}
