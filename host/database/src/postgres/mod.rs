//! PostgreSQL, and Amazon Redshift, which speaks its protocol.

mod address;
mod cancel;
mod catalog;
mod changes;
mod connect;
mod connection;
mod copy;
mod copying;
mod cursor;
mod describe;
mod dialect;
mod discover;
mod endpoint;
mod failure;
mod filter;
mod last;
mod line;
mod part;
#[cfg(feature = "redshift")]
mod redshift;
mod scan;
mod session;
mod snapshot;
mod socket;
mod split;
mod statement;
mod target;
mod types;
mod wire;
mod write;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_postgres::types::Type;

use self::connect::connect;
use self::session::{Idle, Session};
use self::target::Target;
use self::wire::Reading;
use crate::{
    Begun, Changes, ChangesRequest, Committed, ConnectionConfig, Database, Description, Discover, Driver, Error, Found,
    Key, LoadRequest, Predicate, Prepared, Pushdown, ReadConfig, Relation, Scan, ScanRequest, Value,
};

pub(crate) use self::connection::{Connection, Running};
pub(crate) use self::dialect::{PostgresDialect, RedshiftDialect};

/// Makes a database of this kind ready to be used.
pub(crate) fn open(driver: Driver, config: &ConnectionConfig) -> Result<Arc<dyn Database>, Error> {
    Ok(Arc::new(Postgres {
        target: Arc::new(Target::new(driver, config)?),
        idle: Arc::default(),
    }))
}

/// A PostgreSQL or Redshift database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Postgres {
    target: Arc<Target>,
    idle: Arc<Idle>,
}

impl Postgres {
    /// A connection for a few statements: the one that the last caller has left, or a new one.
    async fn session(&self) -> Result<Session, Error> {
        let connection = match self.idle.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Session::new(connection, Arc::clone(&self.idle)))
    }

    /// A new connection of its own, logged in, with the session's settings made.
    pub(crate) async fn connect(&self) -> Result<Connection, Error> {
        connect(&self.target).await
    }

    /// What it is called in errors.
    pub(crate) fn name(&self) -> &str {
        &self.target.name
    }

    /// Which of the two it is.
    pub(crate) fn driver(&self) -> Driver {
        self.target.driver
    }

    /// How a column of a type is read.
    fn reading(&self, data_type: &Type, modifier: i32) -> Reading {
        let reading = Reading::of(data_type, modifier);
        if self.driver() == Driver::Redshift {
            cursor::reading(data_type, reading)
        } else {
            reading
        }
    }

    /// Connections at most, at the same time.
    pub(crate) fn connections(&self) -> usize {
        self.target.connections
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Postgres").field(&self.target.name).finish()
    }
}

#[async_trait]
impl Database for Postgres {
    fn driver(&self) -> Driver {
        self.target.driver
    }

    fn name(&self) -> &str {
        &self.target.name
    }

    async fn check(&self) -> Result<String, Error> {
        let connection = Session::new(self.connect().await?, Arc::clone(&self.idle));
        connection.text("asking for the version", "select version()").await
    }

    async fn discover(&self, what: &Discover) -> Result<Vec<Found>, Error> {
        discover::discover(self, what).await
    }

    async fn schemas(&self) -> Result<Vec<String>, Error> {
        discover::schemas(self).await
    }

    async fn describe(&self, relation: &Relation, config: &ReadConfig) -> Result<Description, Error> {
        describe::describe(self, relation, config).await
    }

    fn pushdown(&self, predicate: &Predicate, description: &Description) -> Pushdown {
        filter::pushdown(predicate, description)
    }

    async fn last(
        &self,
        relation: &Relation,
        keys: &[Key],
        description: &Description,
    ) -> Result<Option<Vec<Value>>, Error> {
        last::last(self, relation, keys, description).await
    }

    async fn scan(&self, request: ScanRequest) -> Result<Arc<dyn Scan>, Error> {
        scan::scan(self, request).await
    }

    async fn changes(&self, request: ChangesRequest) -> Result<Changes, Error> {
        changes::open(self, request).await
    }

    async fn begin(&self, request: LoadRequest) -> Result<Begun, Error> {
        #[cfg(feature = "redshift")]
        if self.target.driver == Driver::Redshift {
            return redshift::begin(self, request).await;
        }
        write::begin(self, request).await
    }

    async fn commit(&self, prepared: &Prepared) -> Result<Committed, Error> {
        #[cfg(feature = "redshift")]
        if self.target.driver == Driver::Redshift {
            return redshift::commit(self, prepared).await;
        }
        write::commit(self, prepared).await
    }

    async fn abort(&self, prepared: &Prepared) -> Result<(), Error> {
        #[cfg(feature = "redshift")]
        if self.target.driver == Driver::Redshift {
            return redshift::abort(self, prepared).await;
        }
        write::abort(self, prepared).await
    }
}
