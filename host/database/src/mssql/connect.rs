//! Connecting, step by step.

use std::future::Future;
use std::io;
use std::time::{Duration, Instant};

use rustls::crypto::ring;
use tiberius::error::Error as TdsError;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use crate::generic::{Cancel, Connector};
use crate::{ConnectOptions, Driver, Error, Stage, Tls, is_of_the_machine};

use super::fault::{of_server, stage_of};
use super::session::MssqlSession;
use super::target::Target;

/// A connection of the protocol.
pub(crate) type Connection = Client<Compat<TcpStream>>;

/// Makes connections.
#[derive(Debug)]
pub(crate) struct MssqlConnector {
    target: Target,
    options: ConnectOptions,
}

impl MssqlConnector {
    pub(crate) fn new(target: Target, options: ConnectOptions) -> Self {
        Self { target, options }
    }

    async fn reach(&self) -> Result<Connection, Error> {
        // A little less than whoever waits for it, so that the stage is told.
        let given = Duration::from_secs(self.options.connect_timeout.into()).saturating_sub(Duration::from_millis(200));
        let until = Instant::now() + given;
        let (host, port) = (self.target.host.clone(), self.target.port);
        match Box::pin(self.at(&host, port, until)).await {
            // Azure sends one on to where the database is.
            Err(Step::Elsewhere { host, port }) if self.may_follow(&host) => {
                Box::pin(self.at(&host, port, until)).await
            }
            reached => reached,
        }
        .map_err(|step| self.failed(step))
    }

    /// Whether a server may send one on to this host. It is not to choose where somebody goes who may not go everywhere: it
    /// may be anybody's.
    fn may_follow(&self, host: &str) -> bool {
        let is_azure = |host: &str| host.to_ascii_lowercase().ends_with(".database.windows.net");
        !self.options.confined || is_azure(host) && is_azure(&self.target.host)
    }

    async fn at(&self, host: &str, port: u16, until: Instant) -> Result<Connection, Step> {
        let unknown = |error: io::Error| Step::at(Stage::Dns, error.to_string(), true);
        let addresses = within(until, Stage::Dns, tokio::net::lookup_host((host, port)))
            .await?
            .map_err(unknown)?
            .filter(|address| !self.options.confined || !is_of_the_machine(address.ip()));
        let mut last = Step::at(Stage::Dns, format!("there is no address for {host}"), true);
        for address in addresses {
            match within(until, Stage::Tcp, TcpStream::connect(address)).await? {
                Ok(stream) => {
                    // Without it small packets wait for each other; with it not set, things are slower and no worse.
                    drop(stream.set_nodelay(true));
                    return Box::pin(self.log_in(host, port, stream, until)).await;
                }
                Err(error) => last = Step::at(Stage::Tcp, format!("{address}: {error}"), true),
            }
        }
        Err(last)
    }

    async fn log_in(&self, host: &str, port: u16, stream: TcpStream, until: Instant) -> Result<Connection, Step> {
        // The driver brings a provider of its own, which nothing else is to find beside ours, nor to choose from.
        let _ = ring::default_provider().install_default();
        let mut config = self.config();
        config.host(host);
        config.port(port);
        let client = Client::connect(config, stream.compat_write());
        let connected = within(until, Stage::Login, Box::pin(client)).await?;
        connected.map_err(|error| match error {
            TdsError::Routing { host, port } => Step::Elsewhere { host, port },
            error => {
                let (stage, transient) = stage_of(&error);
                Step::at(stage, of_server(&error).message, transient)
            }
        })
    }

    fn config(&self) -> Config {
        let mut config = Config::new();
        config.application_name(&self.target.application);
        config.authentication(AuthMethod::sql_server(&self.target.user, self.target.password.reveal()));
        if let Some(database) = &self.target.database {
            config.database(database);
        }
        config.encryption(encryption(self.target.tls));
        match (self.target.tls, &self.options.tls_ca) {
            (Tls::VerifyFull, Some(authorities)) => config.trust_cert_ca(authorities.display()),
            (Tls::VerifyFull, None) => {}
            _ => config.trust_cert(),
        }
        if let (Some(certificate), Some(key)) = (&self.options.tls_certificate, &self.options.tls_key) {
            config.client_certificate(certificate, key);
        }
        config
    }

    fn failed(&self, step: Step) -> Error {
        let (stage, reason, transient) = match step {
            Step::Failed {
                stage,
                reason,
                transient,
            } => (stage, reason, transient),
            Step::Elsewhere { host, port } => (
                Stage::Tcp,
                format!("it was sent on to {host}:{port}, and is not to follow, or was sent on again"),
                true,
            ),
        };
        let password = self.target.password.reveal();
        let reason = if password.len() > 2 {
            reason.replace(password, "***")
        } else {
            reason
        };
        Error::Connect {
            database: self.target.name.clone(),
            stage,
            reason,
            transient,
        }
    }
}

/// Where connecting ended.
enum Step {
    Failed {
        stage: Stage,
        reason: String,
        transient: bool,
    },
    /// The server sends one on.
    Elsewhere { host: String, port: u16 },
}

impl Step {
    fn at(stage: Stage, reason: String, transient: bool) -> Self {
        Self::Failed {
            stage,
            reason,
            transient,
        }
    }
}

async fn within<T>(until: Instant, stage: Stage, work: impl Future<Output = T>) -> Result<T, Step> {
    let late = |_| Step::at(stage, "no answer in time (`connect_timeout`)".to_owned(), true);
    tokio::time::timeout_at(until.into(), work).await.map_err(late)
}

/// What the protocol calls it. Preferring encryption is asking for it, and going without where the server has none.
fn encryption(tls: Tls) -> EncryptionLevel {
    match tls {
        Tls::Disable => EncryptionLevel::NotSupported,
        Tls::Prefer => EncryptionLevel::On,
        Tls::Require | Tls::VerifyFull => EncryptionLevel::Required,
    }
}

impl Connector for MssqlConnector {
    type Session = MssqlSession;

    fn driver(&self) -> Driver {
        Driver::Mssql
    }

    fn name(&self) -> &str {
        &self.target.name
    }

    fn options(&self) -> &ConnectOptions {
        &self.options
    }

    fn connect(&self, cancel: Cancel) -> Result<MssqlSession, Error> {
        if self.options.tls_certificate.is_some() != self.options.tls_key.is_some() {
            return Err(Error::Config {
                subject: "`tls_certificate`".to_owned(),
                reason: "a client's certificate needs `tls_key`, and its key needs `tls_certificate`".to_owned(),
            });
        }
        let runtime = self.runtime()?;
        let connection = runtime.block_on(self.reach())?;
        Ok(MssqlSession::new(
            runtime,
            connection,
            cancel,
            self.options.statement_timeout,
        ))
    }
}

impl MssqlConnector {
    /// The session's own: it lives on its own thread.
    fn runtime(&self) -> Result<Runtime, Error> {
        Builder::new_current_thread().enable_all().build().map_err(|error| {
            self.failed(Step::at(
                Stage::Tcp,
                format!("cannot wait for the network: {error}"),
                true,
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_sends_nobody_elsewhere_who_may_not_go_there() {
        let may_follow = |from: &str, confined: bool, to: &str| {
            let mut config = crate::ConnectionConfig::new(format!("mssql://me@{from}/shop"));
            config.options.confined = confined;
            let target = Target::new(&config).expect("it is a URL");
            MssqlConnector::new(target, config.options).may_follow(to)
        };
        assert!(may_follow("db.example", false, "127.0.0.1"));
        assert!(!may_follow("db.example", true, "127.0.0.1"));
        assert!(!may_follow("shop.database.windows.net", true, "127.0.0.1"));
        assert!(!may_follow("db.example", true, "x.worker.database.windows.net"));
        assert!(may_follow(
            "shop.database.windows.net",
            true,
            "x.worker.Database.windows.net"
        ));
    }

    #[test]
    fn encryption_is_what_was_asked_for() {
        assert_eq!(encryption(Tls::Disable), EncryptionLevel::NotSupported);
        assert_eq!(encryption(Tls::Prefer), EncryptionLevel::On);
        assert_eq!(encryption(Tls::VerifyFull), EncryptionLevel::Required);
    }
}
