//! A database that is reached by blocking sessions.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    Begun, Committed, Database, Description, Discover, Driver, Error, Found, Key, LoadRequest, Predicate, Prepared,
    Pushdown, ReadConfig, Relation, Scan, ScanRequest, Value,
};

use super::catalog::is_own;
use super::load::GenericLoad;
use super::worker::Worker;
use super::{Connector, Dbms, Session, begin, commit, describe, pushdown, scan};

/// A database.
#[derive(Debug)]
pub(crate) struct Generic<C> {
    connector: Arc<C>,
    /// What is at the other end, once that is known.
    dbms: parking_lot::Mutex<Option<Dbms>>,
}

impl<C: Connector> Generic<C> {
    /// Of what makes connections.
    pub(crate) fn new(connector: C) -> Self {
        Self {
            connector: Arc::new(connector),
            dbms: parking_lot::Mutex::default(),
        }
    }

    async fn worker(&self) -> Result<Worker<C>, Error> {
        let worker = Worker::connect(Arc::clone(&self.connector)).await?;
        if self.dbms.lock().is_none() {
            let dbms = worker.run(|session| Ok(session.dbms())).await?;
            *self.dbms.lock() = Some(dbms);
        }
        Ok(worker)
    }

    /// Connects and does something that asks for little.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut C::Session, &str) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let name = self.connector.name().to_owned();
        self.worker().await?.run(move |session| work(session, &name)).await
    }
}

#[async_trait]
impl<C: Connector> Database for Generic<C> {
    fn driver(&self) -> Driver {
        self.connector.driver()
    }

    fn name(&self) -> &str {
        self.connector.name()
    }

    async fn check(&self) -> Result<String, Error> {
        self.ask(|session, name| {
            session
                .version()
                .map_err(|fault| fault.error(name, name, "to tell its version"))
        })
        .await
    }

    async fn discover(&self, what: &Discover) -> Result<Vec<Found>, Error> {
        let what = what.clone();
        self.ask(move |session, name| {
            let found = session
                .tables(&what)
                .map_err(|fault| fault.error(name, name, "to list its tables"))?;
            let mut found: Vec<Found> = found
                .into_iter()
                .filter(|found| what.fits(&found.name) && !is_own(&found.name.table))
                .collect();
            found.sort_by(|left, right| left.name.cmp(&right.name));
            Ok(found)
        })
        .await
    }

    async fn describe(&self, relation: &Relation, config: &ReadConfig) -> Result<Description, Error> {
        let (relation, config) = (relation.clone(), config.clone());
        self.ask(move |session, name| describe::describe(session, name, &relation, &config))
            .await
    }

    fn pushdown(&self, predicate: &Predicate, description: &Description) -> Pushdown {
        // A description came from a connection, so it is known by then.
        let dbms = self.dbms.lock().unwrap_or(Dbms::Standard);
        pushdown::pushdown(dbms, predicate, &description.schema)
    }

    async fn last(
        &self,
        relation: &Relation,
        keys: &[Key],
        description: &Description,
    ) -> Result<Option<Vec<Value>>, Error> {
        let (relation, keys, schema) = (relation.clone(), keys.to_vec(), Arc::clone(&description.schema));
        self.ask(move |session, name| scan::last(session, name, &relation, &keys, &schema))
            .await
    }

    async fn scan(&self, request: ScanRequest) -> Result<Arc<dyn Scan>, Error> {
        Ok(Arc::new(scan::scan(Arc::clone(&self.connector), request).await?))
    }

    async fn begin(&self, request: LoadRequest) -> Result<Begun, Error> {
        let worker = self.worker().await?;
        let (name, asked) = (self.connector.name().to_owned(), request.clone());
        let plan = worker.run(move |session| begin::begin(session, &name, &asked)).await?;
        Ok(match plan {
            None => Begun::Ignored,
            Some(plan) => {
                let load = GenericLoad::new(Arc::clone(&self.connector), plan, worker, &request);
                Begun::Ready(Box::new(load))
            }
        })
    }

    async fn commit(&self, prepared: &Prepared) -> Result<Committed, Error> {
        let prepared = prepared.clone();
        self.ask(move |session, name| commit::commit_again(session, name, &prepared))
            .await
    }

    async fn abort(&self, prepared: &Prepared) -> Result<(), Error> {
        let prepared = prepared.clone();
        self.ask(move |session, name| commit::abort(session, name, &prepared))
            .await
    }
}
