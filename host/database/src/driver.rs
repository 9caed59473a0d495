//! Which databases there are.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConnectionConfig, Database, Error};

/// A kind of database, and with it the protocol and dialect that it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Driver {
    /// PostgreSQL, and what speaks its protocol and its SQL.
    Postgres,
    /// Amazon Redshift.
    Redshift,
    /// MySQL, MariaDB and Amazon Aurora.
    Mysql,
    /// SQLite: a file.
    Sqlite,
    /// Microsoft SQL Server.
    Mssql,
    /// Whatever has an ODBC driver.
    Odbc,
    /// Whatever has an ADBC driver.
    Adbc,
}

impl Driver {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Postgres,
        Self::Redshift,
        Self::Mysql,
        Self::Sqlite,
        Self::Mssql,
        Self::Odbc,
        Self::Adbc,
    ];

    /// Its name in job files, which is that of its connector.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redshift => "redshift",
            Self::Mysql => "mysql",
            Self::Sqlite => "sqlite",
            Self::Mssql => "mssql",
            Self::Odbc => "odbc",
            Self::Adbc => "adbc",
        }
    }

    /// The port of a server where the URL names none; none for what is reached in another way.
    pub fn default_port(self) -> Option<u16> {
        match self {
            Self::Postgres => Some(5432),
            Self::Redshift => Some(5439),
            Self::Mysql => Some(3306),
            Self::Mssql => Some(1433),
            Self::Sqlite | Self::Odbc | Self::Adbc => None,
        }
    }

    /// Whether a key of a source's or a sink's configuration is one of this connector, such as `connect.tls`. Others are
    /// refused.
    pub fn takes(self, key: &str) -> bool {
        match key.split_once('.') {
            Some(("changes", _)) => self == Self::Postgres,
            Some(("connect", "user" | "password")) => self != Self::Sqlite,
            // Of what has a driver of its own, encryption is that driver's matter.
            Some(("connect", "tls" | "tls_ca" | "tls_certificate" | "tls_key")) => {
                !matches!(self, Self::Sqlite | Self::Odbc | Self::Adbc)
            }
            Some(("connect", name)) if name.starts_with("s3_") || matches!(name, "temp_dir" | "iam_role") => {
                self == Self::Redshift
            }
            _ => true,
        }
    }

    /// The driver for a URL with this scheme.
    pub fn of_scheme(scheme: &str) -> Option<Self> {
        Some(match scheme {
            "postgres" | "postgresql" => Self::Postgres,
            "redshift" => Self::Redshift,
            "mysql" | "mariadb" => Self::Mysql,
            "sqlite" => Self::Sqlite,
            "mssql" | "sqlserver" => Self::Mssql,
            "odbc" => Self::Odbc,
            "adbc" => Self::Adbc,
            _ => return None,
        })
    }
}

impl fmt::Display for Driver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Driver {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|driver| driver.name() == name)
            .ok_or_else(|| {
                let names: Vec<&str> = Self::ALL.iter().map(|driver| driver.name()).collect();
                format!("there is no driver `{name}`; there are {}", names.join(", "))
            })
    }
}

/// Makes a database ready to be used. Nothing is connected until something is asked of it.
///
/// # Errors
/// [`Error::Config`] for a URL or options that the driver does not take, and for a driver that this build lacks.
pub fn open(driver: Driver, config: &ConnectionConfig) -> Result<Arc<dyn Database>, Error> {
    if driver != Driver::Redshift && config.options.has_files() {
        return Err(Error::Config {
            subject: "`connect`".to_owned(),
            reason: format!(
                "`temp_dir`, `iam_role` and `s3_...` are options of the connector `redshift`, not of `{driver}`"
            ),
        });
    }
    match driver {
        #[cfg(feature = "postgres")]
        Driver::Postgres | Driver::Redshift => crate::postgres::open(driver, config),
        #[cfg(feature = "mysql")]
        Driver::Mysql => crate::mysql::open(config),
        #[cfg(feature = "sqlite")]
        Driver::Sqlite => crate::sqlite::open(config),
        #[cfg(feature = "mssql")]
        Driver::Mssql => crate::mssql::open(config),
        #[cfg(feature = "odbc")]
        Driver::Odbc => crate::odbc::open(config),
        #[cfg(feature = "adbc")]
        Driver::Adbc => crate::adbc::open(config),
        #[allow(unreachable_patterns, reason = "a build with every driver has no others")]
        absent => Err(Error::Config {
            subject: format!("the connector `{absent}`"),
            reason: format!("this build of Tenon has no driver for it; build with `--features {absent}`"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConnectOptions;

    #[test]
    fn what_a_connector_does_not_take_is_refused() {
        for (driver, url) in [
            (Driver::Postgres, "postgres://host/db"),
            (Driver::Redshift, "redshift://host/db"),
            (Driver::Mysql, "mysql://host/db"),
            (Driver::Sqlite, "sqlite:file.db"),
            (Driver::Mssql, "mssql://host/db"),
            (Driver::Odbc, "odbc:DSN=x"),
            (Driver::Adbc, "adbc:driver"),
        ] {
            // Not every build has it.
            if open(driver, &ConnectionConfig::new(url)).is_err() {
                continue;
            }
            for key in [
                "user",
                "password",
                "tls",
                "tls_ca",
                "tls_certificate",
                "tls_key",
                "temp_dir",
                "iam_role",
                "s3_region",
                "s3_endpoint",
                "s3_access_key_id",
                "s3_secret_access_key",
                "s3_session_token",
            ] {
                if driver.takes(&format!("connect.{key}")) {
                    continue;
                }
                let value = if key == "tls" { "require" } else { "x" };
                let options = serde_json::json!({ key: value });
                let config = ConnectionConfig {
                    options: serde_json::from_value::<ConnectOptions>(options).expect("options"),
                    ..ConnectionConfig::new(url)
                };
                assert!(open(driver, &config).is_err(), "{driver} takes `{key}`");
            }
        }
    }
}
