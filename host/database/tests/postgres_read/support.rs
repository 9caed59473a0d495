//! A server that the tests share, and short ways to read from it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use futures::TryStreamExt;
use tenon_database::{
    ConnectionConfig, Database, Description, Driver, Error, Predicate, ReadConfig, Relation, Scan, ScanRequest, open,
};
use tenon_servers::{Postgres, or_skip};

static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

/// A database of its own on the shared server, which ends with the last test that uses it.
pub struct Fixture {
    pub server: Arc<Postgres>,
    database: String,
}

impl Fixture {
    /// None where there is no server to be had, which is said.
    pub fn new(test: &str) -> Option<Self> {
        let server = {
            let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(server) = shared.upgrade() {
                server
            } else {
                let server = Arc::new(or_skip(test, Postgres::start())?);
                *shared = Arc::downgrade(&server);
                server
            }
        };
        server
            .psql_in("postgres", &format!("create database \"{test}\""))
            .expect(test);
        Some(Self {
            server,
            database: test.to_owned(),
        })
    }

    pub fn psql(&self, sql: &str) -> String {
        self.server
            .psql_in(&self.database, sql)
            .unwrap_or_else(|error| panic!("{error:#}, in: {sql}"))
    }

    pub fn config(&self) -> ConnectionConfig {
        ConnectionConfig::new(self.server.url_of(&self.database))
    }

    pub fn open(&self) -> Arc<dyn Database> {
        open(Driver::Postgres, &self.config()).expect("a URL")
    }
}

pub fn table(name: &str) -> Relation {
    Relation::Table(name.parse().expect(name))
}

pub fn query(sql: &str) -> Relation {
    Relation::Query(sql.to_owned())
}

/// Columns read as other types.
pub fn cast(columns: &[(&str, &str)]) -> ReadConfig {
    let own = |(name, to): &(&str, &str)| ((*name).to_owned(), (*to).to_owned());
    ReadConfig {
        schema: columns.iter().map(own).collect(),
        ..ReadConfig::default()
    }
}

pub async fn describe(database: &Arc<dyn Database>, relation: &Relation) -> Description {
    database
        .describe(relation, &ReadConfig::default())
        .await
        .expect("a description")
}

/// What reads all columns, in one part.
pub fn request(relation: &Relation, description: &Description) -> ScanRequest {
    ScanRequest {
        relation: relation.clone(),
        schema: Arc::clone(&description.schema),
        predicate: None,
        limit: None,
        parts: 1,
        split_by: None,
        batch_rows: 8192,
    }
}

pub async fn collect(scan: &Arc<dyn Scan>, part: usize) -> Result<Vec<RecordBatch>, Error> {
    scan.read(part).try_collect().await
}

/// All rows of a relation as one batch.
pub async fn read(
    database: &Arc<dyn Database>,
    relation: &Relation,
    config: &ReadConfig,
) -> Result<RecordBatch, Error> {
    let description = database.describe(relation, config).await?;
    let scan = database.scan(request(relation, &description)).await?;
    let batches = collect(&scan, 0).await?;
    Ok(concat_batches(&description.schema, &batches).expect("batches of one schema"))
}

/// Rows that a predicate leaves, and how well it was pushed down.
pub async fn filtered(
    database: &Arc<dyn Database>,
    relation: &Relation,
    predicate: Predicate,
) -> Result<(RecordBatch, tenon_database::Pushdown), Error> {
    let description = database.describe(relation, &ReadConfig::default()).await?;
    let pushdown = database.pushdown(&predicate, &description);
    let scan = database
        .scan(ScanRequest {
            predicate: Some(predicate),
            ..request(relation, &description)
        })
        .await?;
    let batches = collect(&scan, 0).await?;
    Ok((
        concat_batches(&description.schema, &batches).expect("batches of one schema"),
        pushdown,
    ))
}

pub fn shown(batch: &RecordBatch) -> String {
    arrow::util::pretty::pretty_format_batches(std::slice::from_ref(batch))
        .expect("a table")
        .to_string()
}

/// The texts of the first column.
pub fn texts(batch: &RecordBatch) -> Vec<Option<String>> {
    use arrow::array::AsArray;
    batch
        .column(0)
        .as_string::<i32>()
        .iter()
        .map(|text| text.map(str::to_owned))
        .collect()
}
