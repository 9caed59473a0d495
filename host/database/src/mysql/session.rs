//! A connection that is set up for what Tenon does with it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error as Failure, Row};
use tokio::time::timeout;

use crate::mysql::failure::{connecting, during};
use crate::mysql::target::Target;
use crate::{Error, Stage, Tls, is_of_the_machine};

/// A connection.
pub(crate) struct Session {
    pub(crate) connection: Conn,
    pub(crate) target: Arc<Target>,
    /// The version, as the server says it.
    pub(crate) version: String,
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the driver's connection, which shows the password.
        formatter.write_str(&self.target.name)
    }
}

impl Session {
    /// Connects and logs in.
    pub(crate) async fn open(target: &Arc<Target>) -> Result<Self, Error> {
        let give_up = |stage| Error::Connect {
            database: target.name.clone(),
            stage,
            reason: format!("no answer within {:?}", target.connect_timeout),
            transient: true,
        };
        let addresses = timeout(target.connect_timeout, addresses(target))
            .await
            .map_err(|_| give_up(Stage::Dns))??;
        let connection = timeout(target.connect_timeout, connect(target, addresses))
            .await
            .map_err(|_| give_up(Stage::Tcp))??;
        let mut session = Self {
            connection,
            target: Arc::clone(target),
            version: String::new(),
        };
        session.set_up().await?;
        Ok(session)
    }

    async fn set_up(&mut self) -> Result<(), Error> {
        let version: Option<String> = self.first("select version()", "to say its version").await?;
        self.version = version.unwrap_or_default();
        let lock = self.target.lock_timeout;
        let mut settings = vec![
            "time_zone = '+00:00'".to_owned(),
            "autocommit = 1".to_owned(),
            // Literals are written with backslashes; what does not fit is an error; a key of 0 stays 0.
            "sql_mode = concat(replace(@@sql_mode, 'NO_BACKSLASH_ESCAPES', ''), \
             ',STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO')"
                .to_owned(),
            format!("lock_wait_timeout = {lock}"),
            format!("innodb_lock_wait_timeout = {lock}"),
            // Rows are taken as they are asked for, which may be hours after the statement began.
            "net_write_timeout = 86400".to_owned(),
            "net_read_timeout = 86400".to_owned(),
            "wait_timeout = 86400".to_owned(),
            "sql_select_limit = 18446744073709551615".to_owned(),
        ];
        if let Some(seconds) = self.target.statement_timeout {
            settings.push(if self.is_mariadb() {
                format!("max_statement_time = {seconds}")
            } else {
                format!("max_execution_time = {}", u64::from(seconds) * 1000)
            });
        }
        let settings: Vec<String> = settings.iter().map(|setting| format!("session {setting}")).collect();
        self.run(&format!("set {}", settings.join(", ")), "to set up the session")
            .await?;
        self.run(
            "set session transaction isolation level repeatable read",
            "to set up the session",
        )
        .await
    }

    /// Whether the server is MariaDB, and not MySQL.
    pub(crate) fn is_mariadb(&self) -> bool {
        self.version.contains("MariaDB")
    }

    /// Runs a statement that gives no rows. `doing` completes the sentence "the database refused".
    pub(crate) async fn run(&mut self, sql: &str, doing: &str) -> Result<(), Error> {
        self.attempt(sql)
            .await
            .map_err(|failure| during(&self.target, doing, failure))
    }

    /// Runs a statement that gives no rows, and leaves the driver's error as it is.
    pub(crate) async fn attempt(&mut self, sql: &str) -> Result<(), Failure> {
        self.connection.query_drop(sql).await
    }

    /// The rows of a small answer.
    pub(crate) async fn rows(&mut self, sql: &str, doing: &str) -> Result<Vec<Row>, Error> {
        let rows = self.connection.query(sql).await;
        rows.map_err(|failure| during(&self.target, doing, failure))
    }

    /// The first column of the first row.
    pub(crate) async fn first(&mut self, sql: &str, doing: &str) -> Result<Option<String>, Error> {
        let rows = self.rows(sql, doing).await?;
        Ok(rows.first().and_then(|row| text(row, 0)))
    }
}

/// A field of a small answer, as text.
pub(crate) fn text(row: &Row, column: usize) -> Option<String> {
    match row.as_ref(column)? {
        mysql_async::Value::NULL => None,
        mysql_async::Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        mysql_async::Value::Int(number) => Some(number.to_string()),
        mysql_async::Value::UInt(number) => Some(number.to_string()),
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}

/// A field of a small answer, as a number.
pub(crate) fn number(row: &Row, column: usize) -> Option<u64> {
    text(row, column)?.parse().ok()
}

async fn addresses(target: &Target) -> Result<Vec<IpAddr>, Error> {
    let failed = |reason: String| Error::Connect {
        database: target.name.clone(),
        stage: Stage::Dns,
        reason: format!("`{}` has no address: {reason}", target.host),
        transient: false,
    };
    let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
    let addresses: Vec<IpAddr> = found
        .map_err(|error| failed(error.to_string()))?
        .map(|found| found.ip())
        .filter(|address| !target.confined || !is_of_the_machine(*address))
        .collect();
    if addresses.is_empty() {
        return Err(failed("it is not known, or leads where it must not".to_owned()));
    }
    Ok(addresses)
}

async fn connect(target: &Target, addresses: Vec<IpAddr>) -> Result<Conn, Error> {
    // The driver takes the provider of the process, and there may be several in this build.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let encrypted = target.tls != Tls::Disable && !target.plain.load(Ordering::Relaxed);
    let options = |encrypted| target.options(encrypted).resolved_ips(Some(addresses.clone()));
    match Conn::new(options(encrypted)).await {
        Err(Failure::Driver(DriverError::NoClientSslFlagFromServer)) if target.tls == Tls::Prefer => {
            target.plain.store(true, Ordering::Relaxed);
            let plain = Conn::new(options(false)).await;
            plain.map_err(|failure| connecting(target, false, &failure))
        }
        outcome => outcome.map_err(|failure| connecting(target, encrypted, &failure)),
    }
}

/// Ends a statement that nobody waits for any more, and its connection. Without this the driver would read all of the
/// rows that are still to come.
pub(crate) fn kill(session: Session) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return;
    };
    runtime.spawn(async move {
        let id = session.connection.id();
        if let Ok(mut other) = Session::open(&session.target).await {
            let _ = other.attempt(&format!("kill {id}")).await;
        }
        drop(session);
    });
}
