//! What a script may read and write by its URLs.

use tenon_connect::database::{self, Connections, parse_url};
use tenon_connect::file::{ReadConfig, StoreOptions, WriteConfig};
use tenon_connect::{SinkConfig, SourceConfig};
use tenon_database::{ConnectionConfig, Driver};

use super::Script;
use crate::error::Error;

impl Script {
    /// The source at a URL: files, or `connection:NAME#table`.
    pub(crate) fn source(&self, url: &str) -> Result<SourceConfig, Error> {
        let Some(parsed) = parse_url(url, self) else {
            let mut files = ReadConfig::new(url);
            self.confine(&mut files.store);
            return Ok(files.into());
        };
        let (driver, connection, table) = parsed.map_err(|error| Error::Source(Box::new(error)))?;
        let read = tenon_database::ReadConfig {
            connection: connection_name(url),
            table: Some(table),
            ..tenon_database::ReadConfig::default()
        };
        Ok(SourceConfig::from(database::SourceConfig {
            driver,
            connection,
            read,
            slot: String::new(),
        }))
    }

    /// The sink at a URL: files, or `connection:NAME#table`.
    pub(crate) fn sink(&self, url: &str) -> Result<SinkConfig, Error> {
        let Some(parsed) = parse_url(url, self) else {
            let mut files = WriteConfig::new(url);
            self.confine(&mut files.store);
            return Ok(files.into());
        };
        let (driver, connection, table) = parsed.map_err(|error| Error::Sink(Box::new(error)))?;
        let write = tenon_database::WriteConfig {
            connection: connection_name(url),
            table,
            ..tenon_database::WriteConfig::default()
        };
        Ok(SinkConfig::from(database::SinkConfig {
            driver,
            connection,
            write,
        }))
    }

    /// Has a store reach no more than the script may: its JSON cannot say so.
    pub(super) fn confine(&self, store: &mut StoreOptions) {
        store.confined = self.confined;
    }

    /// The same place by a path that does not begin in the working folder, or by the same URL.
    pub(crate) fn absolute(&self, url: &str) -> String {
        match &self.folder {
            Some(folder) if !url.contains("://") => folder.join(url).to_string_lossy().into_owned(),
            _ => url.to_owned(),
        }
    }

    /// Refuses a database that is not one of a granted connection: a script must not choose servers.
    pub(super) fn check_granted(&self, connection: Option<&str>) -> Result<(), Error> {
        if connection.is_some_and(|name| self.connections.contains_key(name)) {
            return Ok(());
        }
        Err(Error::Ungranted)
    }
}

fn connection_name(url: &str) -> Option<String> {
    let name = url.strip_prefix("connection:")?;
    Some(name.split('#').next().unwrap_or_default().to_owned())
}

impl Connections for Script {
    fn find(&self, name: &str) -> Result<(Driver, ConnectionConfig), String> {
        self.connections.get(name).cloned().ok_or_else(|| {
            format!("the script was not granted it; `--allow connection:{name}` does that, if it is stored")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confined_script_has_confined_stores() {
        for confined in [false, true] {
            let mut script = Script::new("script.wasm");
            script.confined = confined;
            let (read, write) = (script.source("x.csv"), script.sink("s3://lake/out/"));
            let Ok(SourceConfig::File(read)) = read else {
                panic!("a file is read")
            };
            let Ok(SinkConfig::File(write)) = write else {
                panic!("files are written")
            };
            assert_eq!((read.store.confined, write.store.confined), (confined, confined));
        }
    }

    #[test]
    fn databases_are_reached_by_granted_connections_only() {
        let mut script = Script::new("script.wasm");
        let granted = (Driver::Postgres, ConnectionConfig::new("postgres://host/db"));
        script.connections.insert("warehouse".to_owned(), granted);
        let check = |url: &str| match script.source(url)? {
            SourceConfig::Database(config) => script.check_granted(config.read.connection.as_deref()),
            SourceConfig::File(_) => Ok(()),
        };
        check("connection:warehouse#orders").expect("granted");
        check("orders.csv").expect("a file, which is checked elsewhere");
        for refused in [
            "connection:other#orders",
            "postgres://evil/db#orders",
            "sqlite:/etc/x.db#t",
        ] {
            assert!(check(refused).is_err(), "{refused}");
        }
    }
}
