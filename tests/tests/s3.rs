//! Writing to S3, and reading back, against a real server.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use datafusion::prelude::SessionContext;
use tenon_connect::file::{
    self, Begun, Format, Mode, Overwrite, Part, Prepared, ReadConfig, Sink, StoreOptions, WriteConfig,
};
use tenon_connect::{Error, ErrorKind, Secret};
use tenon_tests::services::S3;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn batch(rows: std::ops::Range<i64>) -> RecordBatch {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.clone()));
    let carrier: ArrayRef = Arc::new(StringArray::from_iter_values(rows.map(|n| format!("C {}", n % 3))));
    RecordBatch::try_from_iter([("id", id), ("carrier", carrier)]).expect("a batch")
}

fn options(server: &S3) -> StoreOptions {
    StoreOptions {
        endpoint: Some(server.endpoint.clone()),
        allow_http: Some(true),
        region: Some("us-east-1".to_owned()),
        access_key_id: Some(server.access_key.clone()),
        secret_access_key: Some(Secret::new(&server.secret_key)),
        retries: Some(2),
        ..StoreOptions::default()
    }
}

fn config(server: &S3, key: &str) -> WriteConfig {
    let mut config = WriteConfig::new(format!("s3://{}/{key}", server.bucket));
    config.store = options(server);
    config
}

async fn begin(config: &WriteConfig, run: &str) -> Sink {
    let began = Instant::now();
    loop {
        match Sink::begin(config, batch(0..1).schema(), run).await {
            Ok(Begun::Ready(sink)) => return sink,
            Ok(Begun::Ignored) => panic!("nothing was there"),
            // A sink that was dropped just now unlocks its target a moment later.
            Err(Error::Busy { .. }) if began.elapsed() < Duration::from_secs(20) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

async fn parts(sink: &Sink, ranges: &[(i64, i64)]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (partition, (first, end)) in ranges.iter().enumerate() {
        let mut writer = sink.writer(partition, 1);
        writer.write(&batch(*first..*end)).await.expect("written");
        parts.push(writer.finish().await.expect("finished"));
    }
    parts
}

async fn write(config: &WriteConfig, run: &str, ranges: &[(i64, i64)]) {
    let sink = begin(config, run).await;
    let parts = parts(&sink, ranges).await;
    sink.commit(parts).await.expect("committed");
}

async fn prepare(config: &WriteConfig, run: &str, ranges: &[(i64, i64)]) -> Prepared {
    let sink = begin(config, run).await;
    let parts = parts(&sink, ranges).await;
    sink.prepare(parts).await.expect("prepared")
}

/// Count and sum of ids.
async fn ids(config: &WriteConfig) -> (usize, i64) {
    let read = ReadConfig {
        store: config.store.clone(),
        ..ReadConfig::new(config.url.clone())
    };
    let session = SessionContext::new();
    let source = file::open(&read, &file::ReadOptions::default(), &session)
        .await
        .expect("opened");
    let table = session.read_table(source.table()).expect("a table");
    let batches = table
        .select_columns(&["id"])
        .expect("an id")
        .collect()
        .await
        .expect("read");
    let ids = batches
        .iter()
        .flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec());
    ids.fold((0, 0), |(count, sum), id| (count + 1, sum + id))
}

/// Objects below a folder of the bucket, without the server's own notes.
fn objects(server: &S3, folder: &str) -> Vec<String> {
    let root = server.bucket_folder();
    let (mut found, mut folders) = (Vec::new(), vec![root.join(folder)]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(&root)
                    .unwrap_or(Path::new(""))
                    .to_string_lossy()
                    .into_owned();
                found.push(name);
            }
        }
    }
    found.retain(|name| !name.contains(".s3s-fs") && !name.contains("/.") && !name.starts_with('.'));
    found.sort_unstable();
    found
}

fn data(server: &S3, folder: &str) -> Vec<String> {
    let mut found = objects(server, folder);
    found.retain(|name| !name.contains("_tenon/"));
    found
}

/// What a finished run leaves beside the data: its manifest.
fn notes(server: &S3, folder: &str) -> Vec<String> {
    let mut found = objects(server, folder);
    found.retain(|name| name.contains("_tenon/"));
    found
}

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

#[tokio::test]
async fn wrong_keys_are_named() {
    let Some(server) = S3::start_or_skip("s3::wrong_keys").await else {
        return;
    };
    let refused = async |config: &WriteConfig| {
        let error = Sink::begin(config, batch(0..1).schema(), "run")
            .await
            .expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::BadConfig, "{error}");
        assert!(!error.to_string().contains("wrong-secret"), "{error}");
        error.to_string()
    };
    let mut wrong = config(&server, "out/");
    wrong.store.secret_access_key = Some(Secret::new("wrong-secret"));
    let error = refused(&wrong).await;
    assert!(
        error.contains("s3://bucket/out/_tenon/lock") && error.contains("secret_access_key"),
        "{error}"
    );
    let mut wrong = config(&server, "out/");
    wrong.store.access_key_id = Some("nobody".to_owned());
    let error = refused(&wrong).await;
    assert!(error.contains("key"), "{error}");
}

/// Stands between a writer and the server: answers some requests itself.
async fn proxy(server: &S3, answer: fn(usize) -> Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let upstream = server.endpoint.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        let mut count = 0;
        while let Ok((mut client, _)) = listener.accept().await {
            count += 1;
            let (upstream, answer) = (upstream.clone(), answer(count));
            tokio::spawn(async move {
                match answer {
                    Answer::Hang => tokio::time::sleep(Duration::from_secs(60)).await,
                    Answer::Say(text) => {
                        let mut request = vec![0; 64 * 1024];
                        let _ = client.read(&mut request).await;
                        let _ = client.write_all(text.as_bytes()).await;
                        let _ = client.shutdown().await;
                    }
                    Answer::PassOn => {
                        let mut server = TcpStream::connect(upstream).await.expect("the server");
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                }
            });
        }
    });
    format!("http://{address}")
}

enum Answer {
    Hang,
    Say(&'static str),
    PassOn,
}

const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_server_that_is_busy_for_a_while_is_asked_again() {
    let Some(server) = S3::start_or_skip("s3::busy_for_a_while").await else {
        return;
    };
    // The first two connections fail, the others are the server's.
    let endpoint = proxy(
        &server,
        |count| if count <= 2 { Answer::Say(BUSY) } else { Answer::PassOn },
    )
    .await;
    let mut config = config(&server, "out/");
    config.store.endpoint = Some(endpoint);
    config.store.retries = Some(5);
    write(&config, "run", &[(0, 10)]).await;
    assert_eq!(ids(&config).await, (10, 45));
}

#[tokio::test]
async fn a_server_that_is_always_busy_or_hangs_is_named() {
    let Some(server) = S3::start_or_skip("s3::always_busy").await else {
        return;
    };
    let endpoints = [
        proxy(&server, |_| Answer::Say(BUSY)).await,
        proxy(&server, |_| Answer::Hang).await,
    ];
    for endpoint in endpoints {
        let mut config = config(&server, "out/");
        config.store.endpoint = Some(endpoint.clone());
        (config.store.retries, config.store.timeout) = (Some(1), Some(1));
        let error = Sink::begin(&config, batch(0..1).schema(), "run")
            .await
            .expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::System, "{error}");
        assert!(error.to_string().contains(&endpoint), "{error}");
    }
}

#[tokio::test]
async fn a_bucket_in_another_region_is_named() {
    const ELSEWHERE: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 184\r\nConnection: close\r\n\r\n\
        <Error><Code>AuthorizationHeaderMalformed</Code><Message>The region 'us-east-1' is wrong; expecting \
        'eu-north-1'</Message><Region>eu-north-1</Region><RequestId>0123</RequestId></Error>";
    let Some(server) = S3::start_or_skip("s3::region").await else {
        return;
    };
    let mut config = config(&server, "out/");
    config.store.endpoint = Some(proxy(&server, |_| Answer::Say(ELSEWHERE)).await);
    let error = Sink::begin(&config, batch(0..1).schema(), "run")
        .await
        .expect_err("refused");
    assert!(error.to_string().contains("set `region = \"eu-north-1\"`"), "{error}");
}
