//! A server for all tests of this suite, and short ways to write to it.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use async_trait::async_trait;
use tenon_database::{
    Begun, Committed, ConnectionConfig, Database, Driver, Error, Load, LoadRequest, Mode, Part, Prepared, RejectedRows,
    WriteConfig, open,
};
use tenon_servers::Postgres;

static SERVER: LazyLock<Option<Mutex<Option<Postgres>>>> = LazyLock::new(|| {
    let server = Postgres::start_or_skip("postgres_write")?;
    // SAFETY: `end` lives as long as the program, and does not unwind into whoever calls it.
    unsafe { atexit(end) };
    Some(Mutex::new(Some(server)))
});

unsafe extern "C" {
    fn atexit(function: extern "C" fn()) -> i32;
}

/// Ends the server with the tests: statics are not dropped.
extern "C" fn end() {
    if let Some(server) = &*SERVER {
        drop(server.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// A database of a test's own.
pub struct Fixture {
    name: String,
    pub url: String,
}

impl Fixture {
    /// None where there is no server, which has been said.
    pub fn new(name: &str) -> Option<Self> {
        let server = SERVER.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let server = server.as_ref()?;
        server
            .psql_in("postgres", &format!("create database {name}"))
            .expect("a database is made");
        Some(Self {
            url: server.url_of(name),
            name: name.to_owned(),
        })
    }

    /// What psql says; rows on lines, columns with `|` between them.
    pub fn psql(&self, sql: &str) -> String {
        let server = SERVER
            .as_ref()
            .expect("it runs")
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let answer = server.as_ref().expect("it runs").psql_in(&self.name, sql);
        answer
            .unwrap_or_else(|error| panic!("{error:#} in {sql}"))
            .trim_end()
            .to_owned()
    }

    pub fn database(&self) -> Arc<dyn Database> {
        open(Driver::Postgres, &ConnectionConfig::new(&self.url)).expect("the URL is sound")
    }

    pub fn database_with(&self, change: impl FnOnce(&mut ConnectionConfig)) -> Arc<dyn Database> {
        let mut config = ConnectionConfig::new(&self.url);
        change(&mut config);
        open(Driver::Postgres, &config).expect("the URL is sound")
    }

    /// Tables that Tenon has left, but for the ledger.
    pub fn leftovers(&self) -> String {
        self.psql("select relname from pg_class where relkind = 'r' and relname ~ '^_tenon_[0-9a-f]{20}$'")
    }

    /// Writes all of it, with one writer for each batch.
    pub async fn write(&self, run: &str, config: WriteConfig, batches: &[RecordBatch]) -> Result<Committed, Error> {
        self.write_rejecting(run, config, batches, &NoneRejected).await
    }

    pub async fn write_rejecting(
        &self,
        run: &str,
        config: WriteConfig,
        batches: &[RecordBatch],
        rejected: &dyn RejectedRows,
    ) -> Result<Committed, Error> {
        let (load, _) = self.prepare(run, config, batches, rejected).await?;
        load.commit().await
    }

    pub async fn prepare(
        &self,
        run: &str,
        config: WriteConfig,
        batches: &[RecordBatch],
        rejected: &dyn RejectedRows,
    ) -> Result<(Box<dyn Load>, Prepared), Error> {
        let mut load = ready(self.database().begin(request(run, config, &batches[0])).await?);
        let parts = match write_parts(&*load, batches).await {
            Ok(parts) => parts,
            Err(error) => {
                load.abandon().await;
                return Err(error);
            }
        };
        match load.prepare(parts, rejected).await {
            Ok(prepared) => Ok((load, prepared)),
            Err(error) => {
                load.abandon().await;
                Err(error)
            }
        }
    }
}

pub async fn write_parts(load: &dyn Load, batches: &[RecordBatch]) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    for (partition, batch) in batches.iter().enumerate() {
        let mut writer = load.writer(partition);
        writer.write(batch).await?;
        parts.push(writer.finish().await?);
    }
    Ok(parts)
}

pub fn request(run: &str, config: WriteConfig, batch: &RecordBatch) -> LoadRequest {
    LoadRequest {
        table: config.table.parse().expect("a name"),
        config,
        schema: batch.schema(),
        run: run.to_owned(),
        sink: "sink".to_owned(),
    }
}

pub fn ready(begun: Begun) -> Box<dyn Load> {
    match begun {
        Begun::Ready(load) => load,
        Begun::Ignored => panic!("it was ignored"),
    }
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
    named(ids, |id| format!("name {id}"))
}

pub fn named(ids: &[i64], name: impl Fn(i64) -> String) -> RecordBatch {
    let names: Vec<String> = ids.iter().map(|id| name(*id)).collect();
    batch(vec![
        ("id", Arc::new(Int64Array::from(ids.to_vec()))),
        ("name", Arc::new(StringArray::from(names))),
    ])
}

pub fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .expect("columns of one length")
}

/// For tests in which no row is rejected.
pub struct NoneRejected;

#[async_trait]
impl RejectedRows for NoneRejected {
    async fn reject(&self, _: &RecordBatch, reasons: &[String]) -> Result<(), Error> {
        panic!("rejected: {reasons:?}")
    }
}

/// Keeps what is rejected.
#[derive(Default)]
pub struct Kept(pub Mutex<Vec<(RecordBatch, Vec<String>)>>);

#[async_trait]
impl RejectedRows for Kept {
    async fn reject(&self, rows: &RecordBatch, reasons: &[String]) -> Result<(), Error> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push((rows.clone(), reasons.to_vec()));
        Ok(())
    }
}

impl Kept {
    pub fn reasons(&self) -> Vec<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().flat_map(|(_, reasons)| reasons.clone()).collect()
    }

    pub fn rows(&self) -> Vec<RecordBatch> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|(rows, _)| rows.clone()).collect()
    }
}
