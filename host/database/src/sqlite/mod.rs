//! SQLite: a file.

mod apply;
mod columns;
mod commit;
mod connection;
mod decode;
mod describe;
mod dialect;
mod discover;
mod encode;
mod function;
mod json;
mod last;
mod load;
mod merge;
mod moments;
mod plan;
mod predicate;
mod read;
mod rejects;
mod scan;
mod snapshot;
mod split;
mod staging;
mod tokens;
mod types;
mod url;
mod values;
mod writer;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use self::connection::{Opener, Purpose};
use crate::{
    Begun, Committed, ConnectionConfig, Database, Description, Discover, Driver, Error, Found, Key, LoadRequest,
    Predicate, Prepared, Pushdown, ReadConfig, Relation, Scan, ScanRequest, Stage, Value,
};

/// Makes a database of this kind ready to be used.
pub(crate) fn open(config: &ConnectionConfig) -> Result<Arc<dyn Database>, Error> {
    let location = url::parse(config)?;
    Ok(Arc::new(Sqlite {
        opener: Opener {
            name: format!("sqlite:{}", location.path.display()).into(),
            location,
            options: config.options.clone(),
        },
    }))
}

/// A file.
#[derive(Debug)]
struct Sqlite {
    opener: Opener,
}

#[async_trait]
impl Database for Sqlite {
    fn driver(&self) -> Driver {
        Driver::Sqlite
    }

    fn name(&self) -> &str {
        &self.opener.name
    }

    async fn check(&self) -> Result<String, Error> {
        let version = format!("SQLite {}", rusqlite::version());
        let location = &self.opener.location;
        if location.create && !location.path.exists() {
            return will_be_made(&self.opener).map(|()| format!("{version}; the file will be made"));
        }
        self.opener.work(Purpose::Read, |_, _| Ok(())).await?;
        Ok(version)
    }

    async fn discover(&self, what: &Discover) -> Result<Vec<Found>, Error> {
        let what = what.clone();
        let discover = move |opener: &Opener, connection| discover::discover(opener, &connection, &what);
        self.opener.work(Purpose::Read, discover).await
    }

    async fn schemas(&self) -> Result<Vec<String>, Error> {
        self.opener.work(Purpose::Read, |_, _| Ok(())).await?;
        Ok(vec![dialect::MAIN.to_owned()])
    }

    async fn describe(&self, relation: &Relation, config: &ReadConfig) -> Result<Description, Error> {
        let (relation, config) = (relation.clone(), config.clone());
        let describe = move |opener: &Opener, connection| describe::describe(opener, &connection, &relation, &config);
        self.opener.work(Purpose::Read, describe).await
    }

    fn pushdown(&self, predicate: &Predicate, description: &Description) -> Pushdown {
        predicate::pushdown(predicate, description)
    }

    async fn last(
        &self,
        relation: &Relation,
        keys: &[Key],
        description: &Description,
    ) -> Result<Option<Vec<Value>>, Error> {
        let (relation, keys, description) = (relation.clone(), keys.to_vec(), description.clone());
        let last = move |opener: &Opener, connection| last::last(opener, &connection, &relation, &keys, &description);
        self.opener.work(Purpose::Read, last).await
    }

    async fn scan(&self, request: ScanRequest) -> Result<Arc<dyn Scan>, Error> {
        let plan = move |opener: &Opener, connection| scan::plan(opener, &connection, &request);
        let scan = self.opener.work(Purpose::Read, plan).await?;
        Ok(Arc::new(scan))
    }

    async fn begin(&self, request: LoadRequest) -> Result<Begun, Error> {
        let begin = move |opener: &Opener, connection| load::begin(opener, &connection, request);
        self.opener.work(Purpose::Write, begin).await
    }

    async fn commit(&self, prepared: &Prepared) -> Result<Committed, Error> {
        let prepared = prepared.clone();
        let commit = move |opener: &Opener, connection| commit::commit(opener, &connection, &prepared);
        self.opener.work(Purpose::Write, commit).await
    }

    async fn abort(&self, prepared: &Prepared) -> Result<(), Error> {
        let prepared = prepared.clone();
        let abort = move |opener: &Opener, connection| commit::abort(opener, &connection, &prepared);
        self.opener.work(Purpose::Write, abort).await
    }
}

fn will_be_made(opener: &Opener) -> Result<(), Error> {
    let folder = opener
        .location
        .path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if folder.is_dir() {
        return Ok(());
    }
    Err(Error::Connect {
        database: opener.name.to_string(),
        stage: Stage::Database,
        reason: format!("there is no folder {}", folder.display()),
        transient: false,
    })
}
