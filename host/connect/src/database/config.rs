//! What a job says about databases, with its connections found.

use std::fmt;
use std::sync::Arc;

use tenon_database::{
    ConnectOptions, ConnectionConfig, Database, Driver, ReadConfig, Relation, Secret, TableName, WriteConfig,
};
use url::Url;

use crate::Error;

/// A table, a query, or the changes of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceConfig {
    /// What kind of database it is.
    pub driver: Driver,
    /// How to reach it.
    pub connection: ConnectionConfig,
    /// What to read, and how.
    pub read: ReadConfig,
    /// The name of a replication slot where `changes` has none: no other source has the same.
    pub slot: String,
}

/// A table to write.
#[derive(Debug, Clone, PartialEq)]
pub struct SinkConfig {
    /// What kind of database it is.
    pub driver: Driver,
    /// How to reach it.
    pub connection: ConnectionConfig,
    /// What to write to, and how.
    pub write: WriteConfig,
}

/// Finds stored connections by name.
pub trait Connections: Send + Sync {
    /// The connection of this name: what kind of database, and how to reach it.
    ///
    /// # Errors
    /// A sentence that says what is wrong, such as that there is none, with the nearest name.
    fn find(&self, name: &str) -> Result<(Driver, ConnectionConfig), String>;
}

/// Where no connections are stored.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoConnections;

impl Connections for NoConnections {
    fn find(&self, name: &str) -> Result<(Driver, ConnectionConfig), String> {
        Err(format!(
            "there is no stored connection `{name}` here; give the database's `url`"
        ))
    }
}

impl SourceConfig {
    /// A source with its connection found. `slot` names a replication slot where one is needed and none is given.
    ///
    /// # Errors
    /// [`Error::Config`] where it says nothing of a connection or too much, and where a stored one is of another kind.
    pub fn find(driver: Driver, read: ReadConfig, slot: &str, connections: &dyn Connections) -> Result<Self, Error> {
        let (name, url) = (read.connection.as_deref(), read.url.as_ref());
        let connection = connection(driver, name, url, &read.connect, connections)?;
        Ok(Self {
            driver,
            connection,
            read,
            slot: slot.to_owned(),
        })
    }

    /// What is read.
    ///
    /// # Errors
    /// [`Error::Config`] unless it is either a table or a query.
    pub fn relation(&self) -> Result<Relation, Error> {
        match (&self.read.table, &self.read.query) {
            (Some(table), None) => Ok(Relation::Table(table_name(table)?)),
            (None, Some(query)) => Ok(Relation::Query(query.clone())),
            (table, _) => {
                let much = if table.is_some() { "has both" } else { "needs" };
                Err(Error::Config {
                    subject: format!("a source of the connector `{}`", self.driver),
                    reason: format!("it {much} `table` and `query`; say one of them, what is to be read"),
                })
            }
        }
    }

    /// What it is called in messages.
    pub fn place(&self) -> String {
        let relation = self
            .relation()
            .map_or_else(|_| "nothing".to_owned(), |relation| relation.to_string());
        format!("{relation} of {}", shown(self.driver, self.read.connection.as_deref()))
    }

    /// What tells its database from others in a bookmark: the host and the name, or the file's name. Without the port, which
    /// tunnels and poolers change, and without user and password. None where the URL does not say.
    pub(super) fn identity(&self) -> Option<String> {
        let url = Url::parse(self.connection.url.reveal()).ok()?;
        match self.driver {
            Driver::Postgres | Driver::Redshift | Driver::Mysql | Driver::Mssql => {
                let host = url.host_str().filter(|host| !host.is_empty())?.to_ascii_lowercase();
                Some(format!("{host}/{}", url.path().trim_matches('/')))
            }
            Driver::Sqlite => {
                let name = url.path().rsplit('/').next()?;
                (!name.is_empty()).then(|| name.to_owned())
            }
            Driver::Odbc | Driver::Adbc => None,
        }
    }

    /// The database.
    pub fn database(&self) -> Result<Arc<dyn Database>, Error> {
        tenon_database::open(self.driver, &self.connection).map_err(Error::from)
    }
}

impl SinkConfig {
    /// A sink with its connection found.
    ///
    /// # Errors
    /// As [`SourceConfig::find`].
    pub fn find(driver: Driver, write: WriteConfig, connections: &dyn Connections) -> Result<Self, Error> {
        let (name, url) = (write.connection.as_deref(), write.url.as_ref());
        let connection = connection(driver, name, url, &write.connect, connections)?;
        Ok(Self {
            driver,
            connection,
            write,
        })
    }

    /// The table.
    ///
    /// # Errors
    /// [`Error::Config`] where the name is none.
    pub fn table(&self) -> Result<TableName, Error> {
        table_name(&self.write.table)
    }

    /// What it is called in messages.
    pub fn place(&self) -> String {
        let database = shown(self.driver, self.write.connection.as_deref());
        format!("{} of {database}", self.write.table)
    }

    /// The database.
    pub fn database(&self) -> Result<Arc<dyn Database>, Error> {
        tenon_database::open(self.driver, &self.connection).map_err(Error::from)
    }
}

/// The parts of a URL that names a table of a database: `postgres://user@host/database#schema.table`, or
/// `connection:NAME#schema.table` for a stored connection. None for what is no URL of a database.
///
/// # Errors
/// [`Error::Config`] where it lacks the table, and where the connection is not there.
pub fn parse_url(
    url: &str,
    connections: &dyn Connections,
) -> Option<Result<(Driver, ConnectionConfig, String), Error>> {
    let (scheme, rest) = url.split_once(':')?;
    let stored = scheme == "connection";
    let driver = Driver::of_scheme(scheme);
    if !stored && driver.is_none() {
        return None;
    }
    Some((|| {
        // A password may hold a `#` that is not escaped; a table's name holds none.
        let Some((before, table)) = url.rsplit_once('#').filter(|(_, table)| !table.is_empty()) else {
            return Err(Error::Config {
                subject: format!("the {scheme} URL"),
                reason: "it has no table; end it with `#table` or `#schema.table`".to_owned(),
            });
        };
        let (driver, connection) = if let Some(driver) = driver {
            (driver, ConnectionConfig::new(before))
        } else {
            let name = rest.split('#').next().unwrap_or_default();
            connections.find(name).map_err(|reason| Error::Config {
                subject: format!("the connection `{name}`"),
                reason,
            })?
        };
        Ok((driver, connection, table.to_owned()))
    })())
}

fn connection(
    driver: Driver,
    name: Option<&str>,
    url: Option<&Secret>,
    options: &ConnectOptions,
    connections: &dyn Connections,
) -> Result<ConnectionConfig, Error> {
    let refused = |reason: String| Error::Config {
        subject: format!("the connector `{driver}`"),
        reason,
    };
    match (name, url) {
        (None, Some(url)) => Ok(ConnectionConfig {
            url: url.clone(),
            options: options.clone(),
        }),
        (Some(name), None) => {
            if *options != ConnectOptions::default() {
                return Err(refused(format!(
                    "`connect` goes with `url`; the stored connection `{name}` has options of its own"
                )));
            }
            let (kind, connection) = connections.find(name).map_err(|reason| Error::Config {
                subject: format!("the connection `{name}`"),
                reason,
            })?;
            if kind != driver {
                return Err(refused(format!(
                    "the stored connection `{name}` is one of the connector `{kind}`; say `connector = \"{kind}\"`"
                )));
            }
            Ok(connection)
        }
        (Some(_), Some(_)) => Err(refused(
            "it has both `connection` and `url`; say one of them".to_owned(),
        )),
        (None, None) => Err(refused(
            "it needs `connection`, the name of a stored connection, or `url`".to_owned(),
        )),
    }
}

fn table_name(table: &str) -> Result<TableName, Error> {
    table.parse().map_err(|reason| Error::Config {
        subject: "`table`".to_owned(),
        reason,
    })
}

fn shown(driver: Driver, name: Option<&str>) -> impl fmt::Display {
    match name {
        Some(name) => format!("the connection `{name}`"),
        None => format!("a {driver} database"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Warehouse;

    impl Connections for Warehouse {
        fn find(&self, name: &str) -> Result<(Driver, ConnectionConfig), String> {
            match name {
                "warehouse" => Ok((Driver::Postgres, ConnectionConfig::new("postgres://host/db"))),
                _ => Err("there is no such connection".to_owned()),
            }
        }
    }

    #[test]
    fn urls_name_tables() {
        let parsed = |url: &str| parse_url(url, &Warehouse).map(|parsed| parsed.map_err(|error| error.to_string()));
        let (driver, connection, table) = parsed("mysql://u:p#w@host/db#a.b").expect("a URL").expect("whole");
        assert_eq!((driver, table.as_str()), (Driver::Mysql, "a.b"));
        assert_eq!(connection.url.reveal(), "mysql://u:p#w@host/db");
        let (driver, _, table) = parsed("connection:warehouse#orders").expect("a URL").expect("whole");
        assert_eq!((driver, table.as_str()), (Driver::Postgres, "orders"));
        assert!(parsed("postgres://host/db").is_some_and(|parsed| parsed.is_err_and(|error| error.contains("#table"))));
        assert!(parsed("connection:none#t").is_some_and(|parsed| parsed.is_err()));
        assert!(parsed("s3://bucket/x.csv").is_none() && parsed("x.csv").is_none() && parsed("c:/x.csv").is_none());
    }

    #[test]
    fn databases_are_told_apart_without_their_secrets() {
        let identity = |driver: Driver, url: &str| {
            let config = SourceConfig {
                driver,
                connection: ConnectionConfig::new(url),
                read: ReadConfig::default(),
                slot: String::new(),
            };
            config.identity()
        };
        for (driver, url, expected) in [
            (
                Driver::Postgres,
                "postgres://me:secret@DB.example:6432/sales?sslmode=require",
                Some("db.example/sales"),
            ),
            (Driver::Mysql, "mysql://db.example/sales", Some("db.example/sales")),
            (
                Driver::Postgres,
                "postgres:///sales?host=/run/postgresql&password=secret",
                None,
            ),
            (Driver::Sqlite, "sqlite:folder/file.db?mode=ro", Some("file.db")),
            (Driver::Sqlite, "sqlite:///folder/file.db", Some("file.db")),
            (Driver::Odbc, "odbc:DSN=x;PWD=secret", None),
            (Driver::Mysql, "mysql://u:p#w@host/db", None),
        ] {
            assert_eq!(identity(driver, url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn a_connection_is_stored_or_given() {
        let find = |connection: Option<&str>, url: Option<&str>, driver: Driver| {
            let read = ReadConfig {
                connection: connection.map(str::to_owned),
                url: url.map(Secret::new),
                table: Some("t".to_owned()),
                ..ReadConfig::default()
            };
            SourceConfig::find(driver, read, "slot", &Warehouse).map_err(|error| error.to_string())
        };
        assert!(find(Some("warehouse"), None, Driver::Postgres).is_ok());
        assert!(find(None, Some("mysql://x/y"), Driver::Mysql).is_ok());
        for (connection, url, driver, expected) in [
            (Some("warehouse"), None, Driver::Mysql, "connector = \"postgres\""),
            (Some("none"), None, Driver::Mysql, "no such connection"),
            (Some("warehouse"), Some("x"), Driver::Postgres, "both"),
            (None, None, Driver::Postgres, "needs `connection`"),
        ] {
            let error = find(connection, url, driver).expect_err(expected);
            assert!(error.contains(expected), "{error}");
        }
    }
}
