//! What is written and read, and what is there then.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use datafusion::prelude::SessionContext;
use tenon_connect::file::{self, Begun, Part, Prepared, ReadConfig, Sink, StoreOptions, WriteConfig};
use tenon_connect::{Error, Secret};
use tenon_tests::services::S3;

pub fn batch(rows: std::ops::Range<i64>) -> RecordBatch {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.clone()));
    let carrier: ArrayRef = Arc::new(StringArray::from_iter_values(rows.map(|n| format!("C {}", n % 3))));
    RecordBatch::try_from_iter([("id", id), ("carrier", carrier)]).expect("a batch")
}

pub fn options(server: &S3) -> StoreOptions {
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

pub fn config(server: &S3, key: &str) -> WriteConfig {
    let mut config = WriteConfig::new(format!("s3://{}/{key}", server.bucket));
    config.store = options(server);
    config
}

pub async fn begin(config: &WriteConfig, run: &str) -> Sink {
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

pub async fn parts(sink: &Sink, ranges: &[(i64, i64)]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (partition, (first, end)) in ranges.iter().enumerate() {
        let mut writer = sink.writer(partition, 1);
        writer.write(&batch(*first..*end)).await.expect("written");
        parts.push(writer.finish().await.expect("finished"));
    }
    parts
}

pub async fn write(config: &WriteConfig, run: &str, ranges: &[(i64, i64)]) {
    let sink = begin(config, run).await;
    let parts = parts(&sink, ranges).await;
    sink.commit(parts).await.expect("committed");
}

pub async fn prepare(config: &WriteConfig, run: &str, ranges: &[(i64, i64)]) -> Prepared {
    let sink = begin(config, run).await;
    let parts = parts(&sink, ranges).await;
    sink.prepare(parts).await.expect("prepared")
}

/// Count and sum of ids.
pub async fn ids(config: &WriteConfig) -> (usize, i64) {
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
pub fn objects(server: &S3, folder: &str) -> Vec<String> {
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

pub fn data(server: &S3, folder: &str) -> Vec<String> {
    let mut found = objects(server, folder);
    found.retain(|name| !name.contains("_tenon/"));
    found
}

/// What a finished run leaves beside the data: its manifest.
pub fn notes(server: &S3, folder: &str) -> Vec<String> {
    let mut found = objects(server, folder);
    found.retain(|name| name.contains("_tenon/"));
    found
}
