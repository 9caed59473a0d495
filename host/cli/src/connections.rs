//! Databases as the command line names them, and the connections that are stored.

use tenon_host::connect::database::{self, Connections, parse_url};
use tenon_host::connect::{Error, ErrorKind, SinkConfig, SourceConfig};
use tenon_host::connections::{Environment, Places, SecretStore};
use tenon_host::database::{ConnectionConfig, Driver, Mode, ReadConfig, WriteConfig};

use tenon_host::job::{Lookup, ProcessLookup};

use crate::args::ModeArgument;
use crate::exit::Failure;

/// The connections that the user has stored.
#[derive(Debug, Clone, Copy)]
pub struct Stored;

impl Connections for Stored {
    fn find(&self, name: &str) -> Result<(Driver, ConnectionConfig), String> {
        let found = || {
            let places = Places::of_process()?;
            let connections = tenon_host::connections::Connections::open(&places)?;
            let connection = connections.find(name)?;
            let config = connection.resolve(&SecretStore::new(&places))?;
            Ok((connection.driver, config))
        };
        found().map_err(|error: tenon_host::connections::Error| error.to_string())
    }
}

/// The environment of this process, and the secrets that the user has stored.
#[derive(Debug, Clone)]
pub struct Secrets(SecretStore);

impl Secrets {
    /// Reads nothing before a secret is asked for.
    pub fn of_process() -> Self {
        // Without a home folder there is no store, and secrets come from the environment.
        let store = Places::of_process().map_or_else(
            |_| SecretStore::without_store(Environment::process()),
            |places| SecretStore::new(&places),
        );
        Self(store)
    }
}

impl Lookup for Secrets {
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn secret(&self, name: &str) -> Option<String> {
        let found = self.0.find(name).ok().flatten();
        found.map(|secret| secret.reveal().to_owned())
    }

    fn secret_problem(&self, name: &str) -> Option<String> {
        self.0.find(name).err().map(|error| error.to_string())
    }

    fn env_names(&self) -> Vec<String> {
        ProcessLookup::default().env_names()
    }

    fn secret_names(&self) -> Vec<String> {
        self.0.names()
    }
}

/// The table at a URL such as `postgres://host/database#orders` or `connection:warehouse#orders`; none for files.
pub fn source(url: &str) -> Result<Option<SourceConfig>, Failure> {
    let Some(parsed) = parse_url(url, &Stored) else {
        return Ok(None);
    };
    let (driver, connection, table) = parsed.map_err(refused)?;
    let read = ReadConfig {
        table: Some(table),
        ..ReadConfig::default()
    };
    let config = database::SourceConfig {
        driver,
        connection,
        read,
        slot: String::new(),
    };
    config.relation().map_err(refused)?;
    Ok(Some(SourceConfig::from(config)))
}

/// The table to write at such a URL; none for files.
pub fn sink(url: &str, mode: ModeArgument) -> Result<Option<SinkConfig>, Failure> {
    let Some(parsed) = parse_url(url, &Stored) else {
        return Ok(None);
    };
    let (driver, connection, table) = parsed.map_err(refused)?;
    let write = WriteConfig {
        table,
        mode: match mode {
            ModeArgument::Error => Mode::Error,
            ModeArgument::Overwrite => Mode::Overwrite,
            ModeArgument::Append => Mode::Append,
            ModeArgument::Ignore => Mode::Ignore,
        },
        ..WriteConfig::default()
    };
    let config = database::SinkConfig {
        driver,
        connection,
        write,
    };
    config.table().map_err(refused)?;
    Ok(Some(SinkConfig::from(config)))
}

/// The database at a URL, or of a stored connection.
pub fn database(text: &str) -> Result<(Driver, ConnectionConfig), Failure> {
    let scheme = text.split_once(':').and_then(|(scheme, _)| Driver::of_scheme(scheme));
    if let Some(driver) = scheme {
        return Ok((driver, ConnectionConfig::new(text)));
    }
    let name = text.strip_prefix("connection:").unwrap_or(text);
    Stored.find(name).map_err(Failure::usage)
}

/// What a connector says, with the exit code for it.
pub fn refused(error: Error) -> Failure {
    match error.kind() {
        ErrorKind::BadConfig => Failure::refused(error.into()),
        ErrorKind::BadData | ErrorKind::System => Failure::failed(error.into()),
    }
}
