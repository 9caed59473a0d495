//! Where a database is, who logs in, and how its sessions are set.

use std::time::Duration;

use tokio_postgres::config::{SslMode, SslNegotiation};

use super::address::Address;
use crate::{ConnectOptions, ConnectionConfig, Driver, Error, Tls};

/// What connections identify themselves with.
const APPLICATION: &str = "tenon";

/// A database to connect to.
pub(super) struct Target {
    pub driver: Driver,
    /// Without the password.
    pub name: String,
    /// A name or address, or a folder with the server's socket.
    pub host: String,
    pub port: u16,
    pub user: String,
    pub database: String,
    pub tls: Tls,
    /// The options, with what the URL says of certificates.
    pub options: ConnectOptions,
    pub connect_timeout: Duration,
    pub connections: usize,
    password: Option<String>,
    settings: Option<String>,
}

impl Target {
    pub fn new(driver: Driver, config: &ConnectionConfig) -> Result<Self, Error> {
        let address = Address::parse(driver, config)?;
        let mut options = config.options.clone();
        options.tls_ca = options.tls_ca.or(address.tls_ca.map(Into::into));
        options.tls_certificate = options.tls_certificate.or(address.tls_certificate.map(Into::into));
        options.tls_key = options.tls_key.or(address.tls_key.map(Into::into));
        let is_default_timeout = options.connect_timeout == ConnectOptions::default().connect_timeout;
        let connect_timeout = address.connect_timeout.filter(|_| is_default_timeout);
        let user = options
            .user
            .clone()
            .or(address.user)
            .or_else(|| std::env::var("USER").ok());
        let user = user.filter(|user| !user.is_empty()).ok_or_else(|| Error::Config {
            subject: "the `url` of a postgres connection".to_owned(),
            reason: "it names no user; write `postgres://user@host/database`, or give `user`".to_owned(),
        })?;
        let database = address.database.unwrap_or_else(|| user.clone());
        let password = options.password.as_ref().map(|password| password.reveal().to_owned());
        Ok(Self {
            driver,
            name: name(driver, &user, &address.host, address.port, &database),
            tls: options.tls.or(address.tls).unwrap_or(Tls::Prefer),
            connect_timeout: Duration::from_secs(connect_timeout.unwrap_or(options.connect_timeout).max(1).into()),
            connections: options.connections.max(1) as usize,
            options,
            host: address.host,
            port: address.port,
            user,
            database,
            password: password.or(address.password),
            settings: address.options,
        })
    }

    /// Whether the host is a folder with the server's socket.
    pub fn is_local_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// What the protocol's own part of the driver needs, for a connection that is encrypted already, or is not going to be.
    pub fn login(&self, encrypted: bool) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config
            .user(&self.user)
            .dbname(&self.database)
            .application_name(APPLICATION);
        if let Some(password) = &self.password {
            config.password(password);
        }
        if let Some(settings) = &self.settings {
            config.options(settings);
        }
        if encrypted {
            config
                .ssl_mode(SslMode::Require)
                .ssl_negotiation(SslNegotiation::Direct);
        } else {
            config.ssl_mode(SslMode::Disable);
        }
        config
    }

    /// Statements that every session begins with. What values look like as text does not depend on the server's defaults
    /// then.
    pub fn session(&self) -> String {
        let mut settings = vec!["timezone = 'UTC'".to_owned(), "datestyle = 'ISO, YMD'".to_owned()];
        if let Some(seconds) = self.options.statement_timeout {
            settings.push(format!("statement_timeout = {}", u64::from(seconds) * 1000));
        }
        if self.driver == Driver::Redshift {
            settings.push("extra_float_digits = 2".to_owned());
        } else {
            settings.push(format!(
                "lock_timeout = {}",
                u64::from(self.options.lock_timeout) * 1000
            ));
            settings.push("extra_float_digits = 3".to_owned());
            settings.push("intervalstyle = 'postgres'".to_owned());
            settings.push("bytea_output = 'hex'".to_owned());
            settings.push("standard_conforming_strings = on".to_owned());
            // A transaction may stay open while other connections work.
            settings.push("idle_in_transaction_session_timeout = 0".to_owned());
        }
        settings
            .iter()
            .fold(String::new(), |text, setting| text + "set " + setting + ";")
    }
}

fn name(driver: Driver, user: &str, host: &str, port: u16, database: &str) -> String {
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    format!("{driver}://{user}@{host}:{port}/{database}")
}
