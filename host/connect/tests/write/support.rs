use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use datafusion::prelude::SessionContext;
use tenon_connect::Error;
use tenon_connect::file::{self, Begun, Committed, Part, ReadConfig, Sink, WriteConfig};

pub fn batch(rows: std::ops::Range<i64>) -> RecordBatch {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.clone()));
    let name: ArrayRef = Arc::new(
        rows.map(|n| (n % 3 != 0).then(|| format!("n,{n}")))
            .collect::<StringArray>(),
    );
    RecordBatch::try_from_iter([("id", id), ("name", name)]).expect("a batch")
}

pub async fn begin(config: &WriteConfig, run: &str) -> Sink {
    begin_with(config, &batch(0..1), run).await
}

pub async fn begin_with(config: &WriteConfig, rows: &RecordBatch, run: &str) -> Sink {
    match Sink::begin(config, rows.schema(), run).await.expect("begun") {
        Begun::Ready(sink) => sink,
        Begun::Ignored => panic!("nothing was there"),
    }
}

pub async fn refusal(config: &WriteConfig) -> Error {
    let begun = Sink::begin(config, batch(0..1).schema(), "refused").await;
    begun.expect_err("refused")
}

pub async fn part(sink: &Sink, partition: usize, rows: &RecordBatch) -> Part {
    let mut writer = sink.writer(partition, 1);
    writer.write(rows).await.expect("written");
    writer.finish().await.expect("finished")
}

/// A partition for each range of rows.
pub async fn parts(sink: &Sink, ranges: &[(i64, i64)]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (partition, (first, end)) in ranges.iter().enumerate() {
        parts.push(part(sink, partition, &batch(*first..*end)).await);
    }
    parts
}

pub async fn write(config: &WriteConfig, run: &str, ranges: &[(i64, i64)]) -> Committed {
    let sink = begin(config, run).await;
    let parts = parts(&sink, ranges).await;
    sink.commit(parts).await.expect("committed")
}

pub fn visible(folder: &Path) -> Vec<String> {
    let mut names = names(folder);
    names.retain(|name| !name.starts_with('.'));
    names
}

pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    names.sort_unstable();
    names
}

/// Count and sum of ids.
pub async fn ids(url: &str) -> (usize, i64) {
    let session = SessionContext::new();
    let source = file::open(&ReadConfig::new(url), &file::ReadOptions::default(), &session)
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

pub async fn rows(url: &str) -> usize {
    ids(url).await.0
}

pub fn url(folder: &Path, name: &str) -> String {
    folder.join(name).to_string_lossy().into_owned()
}

/// Runs one test of this program again, as a child process that knows its target by an environment variable.
pub fn child(test: &str, target: &str) -> std::process::Command {
    let mut child = std::process::Command::new(std::env::current_exe().expect("this test"));
    child.args(["--exact", test, "--nocapture"]).env(TARGET, target);
    child
}

pub const TARGET: &str = "TENON_TEST_TARGET";
