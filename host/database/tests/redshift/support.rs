//! A stand-in for each test, and short ways to use it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use async_trait::async_trait;
use futures::TryStreamExt;
use parking_lot::Mutex;
use tenon_database::{
    Begun, Committed, ConnectOptions, ConnectionConfig, Database, Driver, Error, Load, LoadRequest, Mode, Prepared,
    ReadConfig, RejectedRows, Relation, ScanRequest, Secret, WriteConfig, open,
};
use tenon_servers::{Redshift, or_skip};

pub struct Fixture {
    pub server: Redshift,
}

impl Fixture {
    pub fn new(test: &str) -> Option<Self> {
        let server = or_skip(&format!("redshift::{test}"), Redshift::start())?;
        Some(Self { server })
    }

    pub fn options(&self) -> ConnectOptions {
        let s3 = &self.server.s3;
        ConnectOptions {
            temp_dir: Some(format!("s3://{}/tmp/", s3.bucket)),
            iam_role: Some("arn:aws:iam::123456789012:role/redshift".to_owned()),
            s3_region: Some("us-east-1".to_owned()),
            s3_endpoint: Some(s3.endpoint.clone()),
            s3_access_key_id: Some(s3.access_key.clone()),
            s3_secret_access_key: Some(Secret::new(&s3.secret_key)),
            ..ConnectOptions::default()
        }
    }

    pub fn database_with(&self, options: ConnectOptions) -> Arc<dyn Database> {
        let config = ConnectionConfig {
            options,
            ..ConnectionConfig::new(self.server.url_of("test"))
        };
        open(Driver::Redshift, &config).expect("the options are sound")
    }

    /// With a bucket.
    pub fn database(&self) -> Arc<dyn Database> {
        self.database_with(self.options())
    }

    /// Without one.
    pub fn plain(&self) -> Arc<dyn Database> {
        self.database_with(ConnectOptions::default())
    }

    pub fn psql(&self, sql: &str) -> String {
        self.server.postgres.psql(sql).trim_end().to_owned()
    }

    /// Files in the bucket.
    pub fn files(&self) -> usize {
        fn count(folder: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| match entry.path() {
                    path if path.is_dir() => count(&path),
                    path => usize::from(
                        !path
                            .file_name()
                            .is_some_and(|name| name.to_string_lossy().starts_with('.')),
                    ),
                })
                .sum()
        }
        count(&self.server.s3.bucket_folder())
    }

    /// Waits until there are none.
    pub async fn until_no_files(&self) {
        let began = Instant::now();
        while self.files() > 0 {
            assert!(began.elapsed() < Duration::from_secs(20), "{} files stay", self.files());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub fn leftovers(&self) -> String {
        self.psql("select relname from pg_class where relkind = 'r' and relname ~ '^_tenon_[0-9a-f]{20}$'")
    }
}

pub async fn read(database: &Arc<dyn Database>, relation: &Relation, parts: usize) -> Result<RecordBatch, Error> {
    let description = database.describe(relation, &ReadConfig::default()).await?;
    let scan = database.scan(request(relation, &description, parts)).await?;
    let mut batches = Vec::new();
    for part in 0..scan.parts() {
        batches.extend(scan.read(part).try_collect::<Vec<_>>().await?);
    }
    Ok(concat_batches(&description.schema, &batches).expect("batches of one schema"))
}

pub fn request(relation: &Relation, description: &tenon_database::Description, parts: usize) -> ScanRequest {
    ScanRequest {
        relation: relation.clone(),
        schema: Arc::clone(&description.schema),
        predicate: None,
        limit: None,
        parts,
        split_by: None,
        batch_rows: 1000,
    }
}

pub fn table(name: &str) -> Relation {
    Relation::Table(name.parse().expect("a name"))
}

pub fn to(table: &str, mode: Mode) -> WriteConfig {
    WriteConfig {
        table: table.to_owned(),
        mode,
        ..WriteConfig::default()
    }
}

/// Rows of two columns, `id` and `name`.
pub fn rows(ids: &[i64]) -> RecordBatch {
    let names: Vec<String> = ids.iter().map(|id| format!("name {id}")).collect();
    batch(vec![
        ("id", Arc::new(Int64Array::from(ids.to_vec()))),
        ("name", Arc::new(StringArray::from(names))),
    ])
}

/// Such rows with a mark of those that are deleted.
pub fn marked(ids: &[(i64, bool)]) -> RecordBatch {
    let (ids, marks): (Vec<i64>, Vec<bool>) = ids.iter().copied().unzip();
    let names: Vec<String> = ids.iter().map(|id| format!("new {id}")).collect();
    batch(vec![
        ("id", Arc::new(Int64Array::from(ids))),
        ("name", Arc::new(StringArray::from(names))),
        ("gone", Arc::new(BooleanArray::from(marks))),
    ])
}

pub fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .expect("columns of one length")
}

pub async fn begin(
    database: &Arc<dyn Database>,
    run: &str,
    config: WriteConfig,
    batch: &RecordBatch,
) -> Result<Box<dyn Load>, Error> {
    let request = LoadRequest {
        table: config.table.parse().expect("a name"),
        config,
        schema: batch.schema(),
        run: run.to_owned(),
        sink: "sink".to_owned(),
    };
    match database.begin(request).await? {
        Begun::Ready(load) => Ok(load),
        Begun::Ignored => panic!("it was ignored"),
    }
}

pub async fn prepare(
    database: &Arc<dyn Database>,
    run: &str,
    config: WriteConfig,
    batches: &[RecordBatch],
    rejected: &dyn RejectedRows,
) -> Result<(Box<dyn Load>, Prepared), Error> {
    let mut load = begin(database, run, config, &batches[0]).await?;
    let mut parts = Vec::new();
    for (partition, batch) in batches.iter().enumerate() {
        let mut writer = load.writer(partition);
        let written = async {
            writer.write(batch).await?;
            writer.finish().await
        };
        match written.await {
            Ok(part) => parts.push(part),
            Err(error) => {
                load.abandon().await;
                return Err(error);
            }
        }
    }
    match load.prepare(parts, rejected).await {
        Ok(prepared) => Ok((load, prepared)),
        Err(error) => {
            load.abandon().await;
            Err(error)
        }
    }
}

pub async fn write(
    database: &Arc<dyn Database>,
    run: &str,
    config: WriteConfig,
    batches: &[RecordBatch],
) -> Result<Committed, Error> {
    let (load, _) = prepare(database, run, config, batches, &Kept::default()).await?;
    load.commit().await
}

/// Keeps what is rejected.
#[derive(Default)]
pub struct Kept(pub Mutex<Vec<(RecordBatch, Vec<String>)>>);

#[async_trait]
impl RejectedRows for Kept {
    async fn reject(&self, rows: &RecordBatch, reasons: &[String]) -> Result<(), Error> {
        self.0.lock().push((rows.clone(), reasons.to_vec()));
        Ok(())
    }
}
