//! Loading a driver, and connecting through it.

use adbc_core::options::{AdbcVersion, OptionDatabase, OptionValue};
use adbc_core::{Database as _, Driver as _, LOAD_FLAG_DEFAULT};
use adbc_driver_manager::{ManagedDatabase, ManagedDriver};
use parking_lot::Mutex;

use crate::generic::{Cancel, Connector, stage_of};
use crate::{ConnectOptions, Driver, Error, Stage};

use super::fault::state;
use super::session::AdbcSession;
use super::target::Target;

/// Makes connections through one instance of a driver's database, as some databases can be opened but once.
#[derive(Debug)]
pub(crate) struct AdbcConnector {
    target: Target,
    options: ConnectOptions,
    database: Opened,
}

/// The driver's database, once it was needed.
#[derive(Default)]
struct Opened(Mutex<Option<ManagedDatabase>>);

impl std::fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Opened")
    }
}

impl AdbcConnector {
    pub(crate) fn new(target: Target, options: ConnectOptions) -> Self {
        Self {
            target,
            options,
            database: Opened::default(),
        }
    }

    fn opened(&self) -> Result<ManagedDatabase, Error> {
        let mut opened = self.database.0.lock();
        if let Some(database) = &*opened {
            return Ok(database.clone());
        }
        let mut driver = self.load()?;
        let options = self.target.options.iter().map(|(key, value)| {
            let value = OptionValue::String(value.clone());
            (OptionDatabase::from(key.as_str()), value)
        });
        let database = driver
            .new_database_with_opts(options)
            .map_err(|error| self.failed(&error, None))?;
        *opened = Some(database.clone());
        Ok(database)
    }

    fn load(&self) -> Result<ManagedDriver, Error> {
        let entrypoint = self.target.entrypoint.as_deref().map(str::as_bytes);
        let load =
            |version| ManagedDriver::load_from_name(&self.target.driver, entrypoint, version, LOAD_FLAG_DEFAULT, None);
        // Older drivers refuse the newer version.
        load(AdbcVersion::V110)
            .or_else(|error| load(AdbcVersion::V100).map_err(|_| error))
            .map_err(|error| self.failed(&error, Some(Stage::Configuration)))
    }

    fn failed(&self, error: &adbc_core::error::Error, stage: Option<Stage>) -> Error {
        let (told, transient) = stage_of(&error.message, state(error).as_deref());
        Error::Connect {
            database: self.target.name.clone(),
            stage: stage.unwrap_or(told),
            reason: self.target.scrubbed(error.message.trim()),
            transient: transient && stage.is_none(),
        }
    }
}

impl Connector for AdbcConnector {
    type Session = AdbcSession;

    fn driver(&self) -> Driver {
        Driver::Adbc
    }

    fn name(&self) -> &str {
        &self.target.name
    }

    fn options(&self) -> &ConnectOptions {
        &self.options
    }

    fn connect(&self, cancel: Cancel) -> Result<AdbcSession, Error> {
        let connection = self
            .opened()?
            .new_connection()
            .map_err(|error| self.failed(&error, None))?;
        Ok(AdbcSession::new(connection, self.target.clone(), cancel))
    }
}
