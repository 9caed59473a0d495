//! What the tests of reading share.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::{SessionConfig, SessionContext};
use parking_lot::Mutex;
use tenon_connect::file::{self, OnError, ReadConfig, ReadOptions, RejectedRows, Source};

pub fn session(partitions: usize) -> SessionContext {
    SessionContext::new_with_config(SessionConfig::new().with_target_partitions(partitions))
}

pub async fn open(config: &ReadConfig) -> Source {
    let opened = file::open(config, &ReadOptions::default(), &session(1)).await;
    opened.unwrap_or_else(|error| panic!("{error}"))
}

/// The rows of a source, in no particular order if there are several files.
pub async fn batches(source: &Source, sql: &str) -> Vec<RecordBatch> {
    let session = session(2);
    session.register_table("t", source.table()).expect("registered");
    let frame = session.sql(sql).await.unwrap_or_else(|error| panic!("{error}"));
    frame.collect().await.unwrap_or_else(|error| panic!("{error}"))
}

pub async fn query(config: &ReadConfig, sql: &str) -> String {
    let source = open(config).await;
    pretty_format_batches(&batches(&source, sql).await)
        .expect("printable")
        .to_string()
}

/// The values of a query's result, row by row, joined with blanks and slashes.
pub async fn rows(config: &ReadConfig, sql: &str) -> String {
    flat(&batches(&open(config).await, sql).await)
}

pub fn flat(batches: &[RecordBatch]) -> String {
    let mut lines = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let value = |column: &arrow::array::ArrayRef| {
                arrow::util::display::array_value_to_string(column, row).expect("printable")
            };
            lines.push(batch.columns().iter().map(value).collect::<Vec<_>>().join(" "));
        }
    }
    lines.join(" / ")
}

/// Why a source can't be opened or read, in the words of the error that is at fault.
pub async fn failure(config: &ReadConfig) -> String {
    let session = session(2);
    let source = match file::open(config, &ReadOptions::default(), &session).await {
        Err(error) => return error.to_string(),
        Ok(source) => source,
    };
    let table = session.read_table(source.table()).expect("a table");
    let error = table.collect().await.expect_err("unreadable");
    tenon_connect::Error::find_in(&error).map_or_else(|| error.to_string(), ToString::to_string)
}

pub fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("created");
    fs::write(&path, bytes).expect("written");
    path.to_string_lossy().into_owned()
}

/// Remembers rejected rows as `line: reason | raw`.
#[derive(Default)]
pub struct Rejects(pub Mutex<Vec<String>>);

impl RejectedRows for Rejects {
    fn reject(&self, file: &str, line: u64, reason: String, raw: &[u8]) {
        let name = file.rsplit('/').next().unwrap_or_default();
        let raw = String::from_utf8_lossy(raw);
        self.0.lock().push(format!("{name}:{line}: {reason} | {raw}"));
    }
}

impl Rejects {
    pub fn taken(self: &Arc<Self>) -> Vec<String> {
        let mut taken = self.0.lock().clone();
        taken.sort();
        taken
    }
}

/// What a query reads while rows that can't be read are rejected, and these.
pub async fn rejected(mut config: ReadConfig, sql: &str) -> (String, Vec<String>) {
    config.on_error = OnError::Reject;
    let rejects = Arc::new(Rejects::default());
    let options = ReadOptions {
        rejects: Some(Arc::clone(&rejects) as Arc<dyn file::RejectedRows>),
        ..ReadOptions::default()
    };
    let source = file::open(&config, &options, &session(2)).await.expect("opened");
    let read = flat(&batches(&source, sql).await);
    (read, rejects.taken())
}
