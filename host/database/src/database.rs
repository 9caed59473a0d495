//! What every database can be asked for.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    Begun, ChangesBookmark, ChangesConfig, Committed, Description, Discover, Driver, Error, Found, Key, LoadRequest,
    Predicate, Prepared, Pushdown, ReadConfig, Relation, Scan, ScanRequest, TableName, Value,
};

/// A database that can be read and written. Connects when something is asked of it, and not before.
#[async_trait]
pub trait Database: fmt::Debug + Send + Sync {
    /// Its kind.
    fn driver(&self) -> Driver;

    /// What it is called in errors and reports: the URL without the password and without options that hold secrets.
    fn name(&self) -> &str;

    /// Connects, logs in, and asks for the version, which is the answer. An [`Error::Connect`] says how far it came.
    async fn check(&self) -> Result<String, Error>;

    /// Tables and views, by name. Those of the system, and those that Tenon keeps for itself, are left out.
    async fn discover(&self, what: &Discover) -> Result<Vec<Found>, Error>;

    /// Schemas, by name, in MySQL databases. Those of the system are left out. Postgres, MySQL and SQLite tell of those
    /// without tables, too.
    async fn schemas(&self) -> Result<Vec<String>, Error> {
        let found = self.discover(&Discover::default()).await?;
        let schemas: BTreeSet<String> = found.into_iter().filter_map(|found| found.name.schema).collect();
        Ok(schemas.into_iter().collect())
    }

    /// The columns of a relation in Arrow, as `config` wants them, and what is known of its size.
    ///
    /// # Errors
    /// [`Error::NoTable`] with the nearest name, and whatever the database says of a query.
    async fn describe(&self, relation: &Relation, config: &ReadConfig) -> Result<Description, Error>;

    /// How well it can filter by a predicate on this relation. Of the parts of [`Predicate::All`] each is asked for by
    /// itself.
    fn pushdown(&self, predicate: &Predicate, description: &Description) -> Pushdown;

    /// The keys of the last row in the order of the keys, among rows for which none of them is null; none where there is no
    /// row. Answered from an index where there is one on the keys.
    async fn last(
        &self,
        relation: &Relation,
        keys: &[Key],
        description: &Description,
    ) -> Result<Option<Vec<Value>>, Error>;

    /// Prepares to read. May ask for statistics to split by, and answers without reading rows.
    async fn scan(&self, request: ScanRequest) -> Result<Arc<dyn Scan>, Error>;

    /// Prepares to read what has changed in a table, from the database's own log.
    ///
    /// # Errors
    /// [`Error::Config`] where the database or the driver has no such log.
    async fn changes(&self, request: ChangesRequest) -> Result<Changes, Error> {
        Err(Error::Config {
            subject: format!("`changes` of {}", request.table),
            reason: format!(
                "the connector `{}` does not read changes; `postgres` does",
                self.driver()
            ),
        })
    }

    /// Begins to write to a table: checks the mode, the columns and the permissions, sweeps what dead runs have left, and
    /// makes a staging table that nobody looks at.
    async fn begin(&self, request: LoadRequest) -> Result<Begun, Error>;

    /// Makes visible what was prepared by another process or an earlier one. Doing so again changes nothing and gives the
    /// same answer.
    ///
    /// # Errors
    /// [`Error::Gone`] where nothing is left of it.
    async fn commit(&self, prepared: &Prepared) -> Result<Committed, Error>;

    /// Gives up what was prepared.
    ///
    /// # Errors
    /// [`Error::Decided`] where it is visible already.
    async fn abort(&self, prepared: &Prepared) -> Result<(), Error>;
}

/// Changes of a table to read.
#[derive(Debug, Clone)]
pub struct ChangesRequest {
    /// The table.
    pub table: TableName,
    /// How.
    pub config: ChangesConfig,
    /// The rest of the source's configuration.
    pub read: ReadConfig,
    /// Where the last committed run ended. Without one, all rows are read first, as inserted, and changes from then on.
    pub since: Option<ChangesBookmark>,
    /// Whether it is only planned or looked at: then nothing is made on the server, such as a slot, and nothing is let go.
    pub dry: bool,
    /// Parts at most, of the initial copy. Changes are one part: they have an order.
    pub parts: usize,
    /// Rows in a batch at most.
    pub batch_rows: usize,
}

/// Changes that are ready to be read.
#[derive(Debug)]
pub struct Changes {
    /// The table's columns, all of them nullable, after `_op` (`insert`, `update`, `delete`, `truncate`), `_position`,
    /// `_committed_at` (a timestamp in microseconds, UTC) and `_sequence` (the change's place in its transaction, from 0).
    pub description: Description,
    /// The rows.
    pub scan: Arc<dyn Scan>,
    /// To save with what the run commits.
    pub next: ChangesBookmark,
}
