//! MySQL, MariaDB and what speaks their protocol and their SQL.

mod catalog;
mod decode;
mod describe;
mod dialect;
mod failure;
mod kind;
mod last;
mod pushdown;
mod read;
mod scan;
mod session;
mod split;
mod statement;
mod target;
mod write;

use std::sync::Arc;

use async_trait::async_trait;

use crate::mysql::session::Session;
use crate::mysql::target::Target;
use crate::{
    Begun, Committed, ConnectionConfig, Database, Description, Discover, Driver, Error, Found, Key, LoadRequest,
    Predicate, Prepared, Pushdown, ReadConfig, Relation, Scan, ScanRequest, Value,
};

/// Makes a server ready to be used.
pub(crate) fn open(config: &ConnectionConfig) -> Result<Arc<dyn Database>, Error> {
    Ok(Arc::new(MySql {
        target: Arc::new(Target::new(config)?),
    }))
}

/// A database on a server.
#[derive(Debug)]
struct MySql {
    target: Arc<Target>,
}

#[async_trait]
impl Database for MySql {
    fn driver(&self) -> Driver {
        Driver::Mysql
    }

    fn name(&self) -> &str {
        &self.target.name
    }

    async fn check(&self) -> Result<String, Error> {
        let session = Session::open(&self.target).await?;
        let product = if session.is_mariadb() { "MariaDB" } else { "MySQL" };
        let number = session.version.split('-').next().unwrap_or_default();
        Ok(format!("{product} {number}"))
    }

    async fn discover(&self, what: &Discover) -> Result<Vec<Found>, Error> {
        describe::discover(&mut Session::open(&self.target).await?, what).await
    }

    async fn schemas(&self) -> Result<Vec<String>, Error> {
        describe::schemas(&mut Session::open(&self.target).await?).await
    }

    async fn describe(&self, relation: &Relation, config: &ReadConfig) -> Result<Description, Error> {
        describe::describe(&mut Session::open(&self.target).await?, relation, config).await
    }

    fn pushdown(&self, predicate: &Predicate, description: &Description) -> Pushdown {
        pushdown::pushdown(predicate, description)
    }

    async fn last(
        &self,
        relation: &Relation,
        keys: &[Key],
        description: &Description,
    ) -> Result<Option<Vec<Value>>, Error> {
        last::last(&mut Session::open(&self.target).await?, relation, keys, description).await
    }

    async fn scan(&self, request: ScanRequest) -> Result<Arc<dyn Scan>, Error> {
        Ok(Arc::new(scan::scan(&self.target, request).await?))
    }

    async fn begin(&self, request: LoadRequest) -> Result<Begun, Error> {
        write::begin(&self.target, request).await
    }

    async fn commit(&self, prepared: &Prepared) -> Result<Committed, Error> {
        write::commit(&self.target, prepared).await
    }

    async fn abort(&self, prepared: &Prepared) -> Result<(), Error> {
        write::abort(&self.target, prepared).await
    }
}
