//! Reading and writing in one call each.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use futures::TryStreamExt;
use parking_lot::Mutex;
use tenon_database::{
    Begun, Committed, Database, Description, Error, Load, LoadRequest, Mode, Predicate, ReadConfig, RejectedRows,
    Relation, ScanRequest, TableName, WriteConfig,
};

/// Runs a case to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// A table by its name alone.
pub(crate) fn table(name: &str) -> Relation {
    Relation::Table(TableName::new(None, name))
}

/// A run that no other is called.
pub(crate) fn new_run() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static RUNS: AtomicU32 = AtomicU32::new(0);
    format!("run-{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed))
}

/// A configuration with a mode.
pub(crate) fn mode(mode: Mode) -> WriteConfig {
    WriteConfig {
        mode,
        ..WriteConfig::default()
    }
}

/// What a run asks for.
pub(crate) fn request(name: &str, config: WriteConfig, schema: SchemaRef) -> LoadRequest {
    LoadRequest {
        table: TableName::new(None, name),
        config,
        schema,
        run: new_run(),
        sink: "sink".to_owned(),
    }
}

/// Begins, where that is not ignored.
pub(crate) async fn begin(database: &dyn Database, request: LoadRequest) -> Result<Box<dyn Load>, Error> {
    match database.begin(request).await? {
        Begun::Ready(load) => Ok(load),
        Begun::Ignored => panic!("ignored"),
    }
}

/// Writes batches by as many writers as there may be.
pub(crate) async fn fill(load: &dyn Load, batches: &[RecordBatch]) -> Result<Vec<tenon_database::Part>, Error> {
    let writers = load.writers().clamp(1, 3);
    let mut parts = Vec::new();
    for partition in 0..writers {
        let mut writer = load.writer(partition);
        for batch in batches.iter().skip(partition).step_by(writers) {
            writer.write(batch).await?;
        }
        parts.push(writer.finish().await?);
    }
    Ok(parts)
}

/// Writes rows to a table and commits.
pub(crate) async fn write(
    database: &dyn Database,
    name: &str,
    config: WriteConfig,
    batches: &[RecordBatch],
) -> Result<Committed, Error> {
    write_rejecting(database, name, config, batches, &Rejected::default()).await
}

/// The same, with somebody who takes refused rows.
pub(crate) async fn write_rejecting(
    database: &dyn Database,
    name: &str,
    config: WriteConfig,
    batches: &[RecordBatch],
    rejected: &Rejected,
) -> Result<Committed, Error> {
    let mut load = begin(database, request(name, config, batches[0].schema())).await?;
    let parts = fill(load.as_ref(), batches).await?;
    load.prepare(parts, rejected).await?;
    load.commit().await
}

/// Rows that were refused, and why.
#[derive(Default)]
pub(crate) struct Rejected(pub Mutex<Vec<(RecordBatch, Vec<String>)>>);

#[async_trait]
impl RejectedRows for Rejected {
    async fn reject(&self, rows: &RecordBatch, reasons: &[String]) -> Result<(), Error> {
        assert_eq!(rows.num_rows(), reasons.len());
        self.0.lock().push((rows.clone(), reasons.to_vec()));
        Ok(())
    }
}

/// What to read.
#[derive(Default, Clone)]
pub(crate) struct Read {
    pub columns: Option<Vec<String>>,
    pub predicate: Option<Predicate>,
    pub limit: Option<u64>,
    pub parts: usize,
    pub split_by: Option<String>,
}

/// A relation's description.
pub(crate) async fn describe(database: &dyn Database, relation: &Relation) -> Description {
    database.describe(relation, &ReadConfig::default()).await.unwrap()
}

/// A scan's request.
pub(crate) fn scan(relation: &Relation, description: &Description, read: &Read) -> ScanRequest {
    let schema = match &read.columns {
        None => Arc::clone(&description.schema),
        Some(names) => {
            let fields = names
                .iter()
                .map(|name| description.schema.field_with_name(name).unwrap().clone());
            Arc::new(Schema::new(fields.collect::<Vec<_>>()))
        }
    };
    ScanRequest {
        relation: relation.clone(),
        schema,
        predicate: read.predicate.clone(),
        limit: read.limit,
        parts: read.parts.max(1),
        split_by: read.split_by.clone(),
        batch_rows: 1_000,
    }
}

/// Each part's rows.
pub(crate) async fn read_parts(
    database: &dyn Database,
    relation: &Relation,
    read: &Read,
) -> Result<Vec<RecordBatch>, Error> {
    let description = describe(database, relation).await;
    let request = scan(relation, &description, read);
    let schema = Arc::clone(&request.schema);
    let scan = database.scan(request).await?;
    let mut parts = Vec::new();
    for part in 0..scan.parts() {
        let batches: Vec<RecordBatch> = scan.read(part).try_collect().await?;
        assert!(
            batches.iter().all(|batch| batch.num_rows() <= 1_000),
            "batches are no larger than asked for"
        );
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        parts.push(if schema.fields().is_empty() {
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            RecordBatch::try_new_with_options(Arc::clone(&schema), Vec::new(), &options).unwrap()
        } else {
            concat_batches(&schema, &batches).unwrap()
        });
    }
    Ok(parts)
}

/// All rows.
pub(crate) async fn read(database: &dyn Database, relation: &Relation, read: &Read) -> RecordBatch {
    let parts = read_parts(database, relation, read).await.unwrap();
    concat_batches(&parts[0].schema(), &parts).unwrap()
}

/// Rows of two columns, a number and a text, as pairs in the order of the numbers; a missing text is `-`.
pub(crate) async fn pairs(database: &dyn Database, name: &str) -> Vec<String> {
    let batch = read(database, &table(name), &Read::default()).await;
    let mut rows: Vec<String> = (0..batch.num_rows())
        .map(|row| {
            let cells = batch.columns().iter().map(|column| {
                let text = arrow::util::display::array_value_to_string(column, row).unwrap();
                if column.is_null(row) { "-".to_owned() } else { text }
            });
            cells.collect::<Vec<_>>().join(" ")
        })
        .collect();
    rows.sort();
    rows
}
