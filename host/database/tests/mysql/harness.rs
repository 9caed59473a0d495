//! A server that tests share, and a database on it for each of them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::pretty::pretty_format_batches;
use async_trait::async_trait;
use futures::TryStreamExt;
use tenon_database::{
    Begun, Committed, ConnectionConfig, Database, Driver, Error, Load, LoadRequest, Prepared, ReadConfig, RejectedRows,
    Relation, ScanRequest, TableName, WriteConfig, open,
};
use tenon_servers::{MariaDb, or_skip};

/// Ends with the last test that uses it.
static SERVER: Mutex<Weak<MariaDb>> = Mutex::new(Weak::new());

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A database of a test's own.
pub struct Fixture {
    pub server: Arc<MariaDb>,
    pub schema: String,
    pub database: Arc<dyn Database>,
}

/// None where there is no server.
pub fn fixture(test: &str) -> Option<Fixture> {
    let server = {
        let mut shared = SERVER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            server
        } else {
            let server = Arc::new(or_skip(&format!("mysql::{test}"), MariaDb::start())?);
            *shared = Arc::downgrade(&server);
            server
        }
    };
    Some(on(server))
}

/// A database on a server.
pub fn on(server: Arc<MariaDb>) -> Fixture {
    let schema = format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    server.client(&format!("create database {schema} character set utf8mb4"));
    let database = connect(&server.url_of(&schema));
    Fixture {
        server,
        schema,
        database,
    }
}

pub fn connect(url: &str) -> Arc<dyn Database> {
    open(Driver::Mysql, &ConnectionConfig::new(url)).unwrap()
}

impl Fixture {
    /// What the client prints.
    pub fn client(&self, sql: &str) -> String {
        self.server.client_in(&self.schema, sql).unwrap()
    }

    /// All rows of a table.
    pub async fn read(&self, table: &str) -> RecordBatch {
        self.read_as(table, &ReadConfig::default()).await.unwrap()
    }

    pub async fn read_as(&self, table: &str, config: &ReadConfig) -> Result<RecordBatch, Error> {
        read(&self.database, Relation::Table(TableName::new(None, table)), config, 1).await
    }

    pub async fn write(&self, config: &WriteConfig, run: &str, batch: &RecordBatch) -> Result<Committed, Error> {
        write(&self.database, config, run, batch, &Nobody).await
    }
}

/// All rows of a relation, read in parts.
pub async fn read(
    database: &Arc<dyn Database>,
    relation: Relation,
    config: &ReadConfig,
    parts: usize,
) -> Result<RecordBatch, Error> {
    let description = database.describe(&relation, config).await?;
    let request = ScanRequest {
        relation,
        schema: Arc::clone(&description.schema),
        predicate: None,
        limit: None,
        parts,
        split_by: config.split_by.clone(),
        batch_rows: 1000,
    };
    scan(database, request).await
}

pub async fn scan(database: &Arc<dyn Database>, request: ScanRequest) -> Result<RecordBatch, Error> {
    let schema = Arc::clone(&request.schema);
    let scan = database.scan(request).await?;
    let mut batches = Vec::new();
    for part in 0..scan.parts() {
        batches.extend(scan.read(part).try_collect::<Vec<_>>().await?);
    }
    Ok(concat_batches(&schema, &batches).unwrap())
}

/// What is to be written.
pub fn request(config: &WriteConfig, run: &str, batch: &RecordBatch) -> LoadRequest {
    LoadRequest {
        table: config.table.parse().unwrap(),
        config: config.clone(),
        schema: batch.schema(),
        run: run.to_owned(),
        sink: "sink".to_owned(),
    }
}

pub async fn begin(database: &Arc<dyn Database>, request: LoadRequest) -> Result<Box<dyn Load>, Error> {
    match database.begin(request).await? {
        Begun::Ready(load) => Ok(load),
        Begun::Ignored => panic!("it was ignored"),
    }
}

/// Writes and prepares.
pub async fn prepare(
    database: &Arc<dyn Database>,
    request: LoadRequest,
    batch: &RecordBatch,
    rejected: &dyn RejectedRows,
) -> Result<(Box<dyn Load>, Prepared), Error> {
    let mut load = begin(database, request).await?;
    let mut parts = Vec::new();
    let half = batch.num_rows() / 2;
    for (partition, slice) in [batch.slice(0, half), batch.slice(half, batch.num_rows() - half)]
        .iter()
        .enumerate()
    {
        let mut writer = load.writer(partition);
        let written = writer.write(slice).await;
        let part = match written {
            Ok(()) => writer.finish().await,
            Err(error) => Err(error),
        };
        match part {
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

/// Writes and commits.
pub async fn write(
    database: &Arc<dyn Database>,
    config: &WriteConfig,
    run: &str,
    batch: &RecordBatch,
    rejected: &dyn RejectedRows,
) -> Result<Committed, Error> {
    let (load, _) = prepare(database, request(config, run, batch), batch, rejected).await?;
    load.commit().await
}

/// Where nothing is to be rejected.
pub struct Nobody;

#[async_trait]
impl RejectedRows for Nobody {
    async fn reject(&self, rows: &RecordBatch, reasons: &[String]) -> Result<(), Error> {
        panic!("{} rows were rejected: {reasons:?}", rows.num_rows());
    }
}

/// Keeps what was rejected.
#[derive(Default)]
pub struct Rejects(pub Mutex<Vec<(RecordBatch, Vec<String>)>>);

#[async_trait]
impl RejectedRows for Rejects {
    async fn reject(&self, rows: &RecordBatch, reasons: &[String]) -> Result<(), Error> {
        self.0.lock().unwrap().push((rows.clone(), reasons.to_vec()));
        Ok(())
    }
}

pub fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let columns = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

pub fn shown(batch: &RecordBatch) -> String {
    // Names of time zones can't be shown without a table of them.
    let columns = batch.columns().iter().map(|column| match column.data_type() {
        DataType::Timestamp(unit, Some(_)) => cast(column, &DataType::Timestamp(*unit, None)).unwrap(),
        _ => Arc::clone(column),
    });
    let names = batch.schema();
    let named = names.fields().iter().map(|field| field.name().clone()).zip(columns);
    let batch = RecordBatch::try_from_iter(named).unwrap();
    pretty_format_batches(&[batch]).unwrap().to_string()
}

pub fn config(table: &str, mode: tenon_database::Mode) -> WriteConfig {
    WriteConfig {
        table: table.to_owned(),
        mode,
        ..WriteConfig::default()
    }
}
