//! Which server, which database, and how to get there.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use mysql_async::{ClientIdentity, OptsBuilder, SslOpts};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::{ConnectionConfig, Error, Tls, tls};

/// The port of MySQL where none is given.
const PORT: u16 = 3306;

/// A server and a database on it.
pub(crate) struct Target {
    /// The URL without secrets.
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The database that names without a schema are in.
    pub(crate) database: Option<String>,
    pub(crate) tls: Tls,
    pub(crate) connect_timeout: Duration,
    /// Seconds.
    pub(crate) statement_timeout: Option<u32>,
    /// Seconds.
    pub(crate) lock_timeout: u32,
    pub(crate) connections: usize,
    /// Whether the server has been seen not to encrypt, which [`Tls::Prefer`] puts up with.
    pub(crate) plain: AtomicBool,
    /// Whether it is for somebody who may not reach all that this machine can.
    pub(crate) confined: bool,
    options: OptsBuilder,
    encryption: Option<SslOpts>,
}

impl fmt::Debug for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

impl Target {
    /// Reads the URL and the options.
    pub(crate) fn new(config: &ConnectionConfig) -> Result<Self, Error> {
        let url = Url::parse(config.url.reveal()).map_err(|error| refused(format!("it is no URL: {error}")))?;
        let options = &config.options;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let host = match url.host() {
            // Without the brackets that an address of IPv6 has in a URL.
            Some(url::Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => return Err(refused("it names no host".to_owned())),
        };
        let port = url.port().unwrap_or(PORT);
        let user = options
            .user
            .clone()
            .or_else(|| Some(url.username()).filter(|user| !user.is_empty()).map(decoded));
        let password = match &options.password {
            Some(password) => Some(password.reveal().to_owned()),
            None => url.password().map(decoded),
        };
        let database = Some(url.path().trim_matches('/'))
            .filter(|name| !name.is_empty())
            .map(decoded);
        let mut mode = options.tls;
        for (key, value) in url.query_pairs() {
            match key.as_ref() {
                "ssl-mode" | "sslmode" | "tls" => mode = mode.or(Some(tls_mode(&value)?)),
                _ => {
                    return Err(refused(format!(
                        "it has the option `{key}`, and only `ssl-mode` is known"
                    )));
                }
            }
        }
        let mode = mode.unwrap_or(Tls::Prefer);
        let encryption = if mode == Tls::Disable {
            None
        } else {
            // Says which file is wrong, which the driver does not.
            tls::client(mode, options)?;
            Some(encryption(mode, config))
        };
        let shown = user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        let builder = OptsBuilder::default()
            .user(user)
            .pass(password)
            .db_name(database.clone())
            .tcp_port(port)
            .prefer_socket(false)
            .tcp_keepalive(Some(Duration::from_secs(60)))
            .stmt_cache_size(8)
            .max_allowed_packet(Some(1 << 30))
            .wait_timeout(Some(86_400));
        Ok(Self {
            name: format!(
                "mysql://{shown}{host}:{port}/{}",
                database.as_deref().unwrap_or_default()
            ),
            host,
            port,
            database,
            tls: mode,
            connect_timeout: Duration::from_secs(u64::from(options.connect_timeout.max(1))),
            statement_timeout: options.statement_timeout,
            lock_timeout: options.lock_timeout.max(1),
            connections: options.connections.max(1) as usize,
            plain: AtomicBool::new(false),
            confined: options.confined,
            options: builder,
            encryption,
        })
    }

    /// What the driver needs to know, with encryption or without.
    pub(crate) fn options(&self, encrypted: bool) -> OptsBuilder {
        let encryption = self.encryption.clone().filter(|_| encrypted);
        self.options
            .clone()
            .ip_or_hostname(self.host.clone())
            .ssl_opts(encryption)
    }
}

fn tls_mode(name: &str) -> Result<Tls, Error> {
    Ok(match name.to_ascii_lowercase().replace('_', "-").as_str() {
        "disabled" | "disable" | "false" => Tls::Disable,
        "preferred" | "prefer" => Tls::Prefer,
        "required" | "require" | "true" => Tls::Require,
        "verify-identity" | "verify-full" => Tls::VerifyFull,
        _ => {
            let reason = "its `ssl-mode` is none of `disabled`, `preferred`, `required` and `verify-identity`";
            return Err(refused(reason.to_owned()));
        }
    })
}

fn encryption(mode: Tls, config: &ConnectionConfig) -> SslOpts {
    let options = &config.options;
    let path = |path: &PathBuf| path.clone().into();
    let identity = options.tls_certificate.as_ref().zip(options.tls_key.as_ref());
    let identity = identity.map(|(certificate, key)| ClientIdentity::new(path(certificate), path(key)));
    let authorities: Vec<_> = options.tls_ca.iter().map(path).collect();
    SslOpts::default()
        .with_client_identity(identity)
        // The driver does not start without any, and looks at none where any server will do.
        .with_disable_built_in_roots(mode == Tls::VerifyFull && !authorities.is_empty())
        .with_root_certs(authorities)
        .with_danger_accept_invalid_certs(mode != Tls::VerifyFull)
}

fn refused(reason: String) -> Error {
    Error::Config {
        subject: "the URL of the database".to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_no_password() {
        let target = Target::new(&ConnectionConfig::new("mysql://me:hunter2@db.example:3307/shop")).unwrap();
        assert_eq!(target.name, "mysql://me@db.example:3307/shop");
        assert_eq!(format!("{target:?}"), target.name);
        let error = Target::new(&ConnectionConfig::new("mysql://me:hunter2@db/shop?x=hunter2")).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
