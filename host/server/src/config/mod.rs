//! How a server is set up: a file, and what the command line and the environment say instead.

mod key;
mod load;
mod location;
mod telemetry;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenon_events::{GuardSettings, MailSettings, MailTls};
use tenon_job::{Size, Timespan};
use tenon_runtime::RuntimeConfig;
use tenon_tenants::Quotas;
use zeroize::Zeroizing;

use crate::Error;

pub(crate) use key::{key_ring, present_key_ring};
pub use telemetry::{Concealed, Protocol, Signal, TelemetryConfig};

/// Settings of a server. Every setting has a default; unknown ones are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address to listen at. Default `127.0.0.1:7433`.
    pub listen: SocketAddr,
    /// Folder for the database, plugins, compiled code and tenants' files. Default `tenon-server`.
    pub data: PathBuf,
    /// URL of a PostgreSQL database instead of a SQLite file in the folder: then several servers can share it.
    pub database: Option<String>,
    /// Name of this server among those that share a database. Default: the machine's name and the port.
    pub name: Option<String>,
    /// File with the key that encrypts secrets: 32 bytes in base64, and older ones behind it. The environment variable
    /// `TENON_SERVER_KEY` comes first. Default: `key` in the folder, made when there is none.
    pub key_file: Option<PathBuf>,
    /// What the server writes to its log, as `info` or `warn,tenon_api=debug`. Default: what the command line says.
    pub log: Option<String>,
    /// Runs.
    pub runs: RunSettings,
    /// Sandboxes: the warm pool, the cache of compiled code, and what plugins may be.
    pub sandboxes: RuntimeConfig,
    /// What a tenant may use that has no quotas of its own.
    pub quotas: Quotas,
    /// How long things are kept.
    pub retention: Retention,
    /// Where requests of the server's own may go: those of webhooks, and of tenants' jobs.
    pub network: Network,
    /// Plugins.
    pub plugins: PluginSettings,
    /// Requests to the server.
    pub api: ApiSettings,
    /// The server that sends e-mail; none is sent without one.
    pub smtp: Option<Smtp>,
    /// What is sent to a collector of OpenTelemetry. Without it the standard environment variables say it, if they are set.
    pub telemetry: Option<TelemetryConfig>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7433)),
            data: PathBuf::from("tenon-server"),
            database: None,
            name: None,
            key_file: None,
            runs: RunSettings::default(),
            sandboxes: RuntimeConfig::default(),
            quotas: Quotas::default(),
            retention: Retention::default(),
            network: Network::default(),
            plugins: PluginSettings::default(),
            api: ApiSettings::default(),
            smtp: None,
            telemetry: None,
            log: None,
        }
    }
}

/// Settings of runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunSettings {
    /// Runs that this server carries out at once. Default: eight per core, since small runs mostly wait for the disk.
    pub concurrent: usize,
    /// Memory for sorting, joining and waiting rows that one run gets where its job says nothing. Default 256 MiB.
    pub memory: Size,
    /// How long a server may be silent before others take its runs over. Default 15 s.
    pub lease: Timespan,
    /// How long runs may go on when the server is asked to stop; then they are handed back. Default 30 s.
    pub drain: Timespan,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            concurrent: 8 * std::thread::available_parallelism().map_or(1, usize::from),
            memory: Size(256 << 20),
            lease: Timespan(Duration::from_secs(15)),
            drain: Timespan(Duration::from_secs(30)),
        }
    }
}

/// How long things are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Runs that have ended, with their logs. Default 90 days.
    pub runs: Timespan,
    /// Logs of runs. Default 30 days.
    pub logs: Timespan,
    /// Events, and the record of their deliveries. Default 30 days.
    pub events: Timespan,
    /// The audit log. Default 365 days.
    pub audit: Timespan,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: u64| Timespan(Duration::from_secs(days * 24 * 3600));
        Self {
            runs: days(90),
            logs: days(30),
            events: days(30),
            audit: days(365),
        }
    }
}

/// Where the server's own requests may go: those of webhooks and of Slack. To public addresses on the web's ports by default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Networks that may be called although they are not public, as `10.1.0.0/16`.
    pub allow_networks: Vec<String>,
    /// Hosts that may be called wherever they lead.
    pub allow_hosts: Vec<String>,
    /// Ports that may be called. Default 443 and 80.
    pub ports: Vec<u16>,
    /// Whether `http://` may be called, unencrypted. Default no.
    pub http: bool,
}

impl Default for Network {
    fn default() -> Self {
        let guarded = tenon_events::GuardSettings::default();
        Self {
            allow_networks: guarded.allow_networks,
            allow_hosts: guarded.allow_hosts,
            ports: guarded.ports,
            http: guarded.http,
        }
    }
}

impl Network {
    /// The same, for the guard.
    pub(crate) fn guarded(&self) -> GuardSettings {
        GuardSettings {
            allow_networks: self.allow_networks.clone(),
            allow_hosts: self.allow_hosts.clone(),
            ports: self.ports.clone(),
            http: self.http,
        }
    }
}

/// The server that sends e-mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Its host.
    pub server: String,
    /// Its port; 587 with `starttls`, 465 with `tls`.
    pub port: u16,
    /// How the connection is encrypted: `none`, `starttls` or `tls`. Default `starttls`.
    #[serde(default)]
    pub tls: SmtpTls,
    /// The user, if it wants one.
    #[serde(default)]
    pub user: Option<String>,
    /// Name of the environment variable that holds the password.
    #[serde(default)]
    pub password_variable: Option<String>,
    /// The sender: `Tenon <tenon@example.com>`.
    pub from: String,
    /// Domains that tenants may send from, besides the sender above. Default none.
    #[serde(default)]
    pub sender_domains: Vec<String>,
    /// Domains that tenants may send to. Default all.
    #[serde(default)]
    pub recipient_domains: Vec<String>,
}

/// How a connection to a server of e-mail is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// Not at all; for a relay on this machine.
    None,
    /// After a greeting in the clear.
    #[default]
    StartTls,
    /// From the start.
    Tls,
}

impl Smtp {
    /// The settings with the password.
    ///
    /// # Errors
    /// [`Error::Config`] if the variable is not set.
    pub(crate) fn settings(&self) -> Result<MailSettings, Error> {
        let password = self.password_variable.as_ref().map(|name| {
            std::env::var(name).map_err(|_| Error::Config {
                file: "smtp.password_variable".to_owned(),
                reason: format!("the environment variable {name} is not set"),
            })
        });
        let password = Zeroizing::new(password.transpose()?.unwrap_or_default());
        Ok(MailSettings {
            server: self.server.clone(),
            port: self.port,
            tls: match self.tls {
                SmtpTls::None => MailTls::None,
                SmtpTls::StartTls => MailTls::StartTls,
                SmtpTls::Tls => MailTls::Tls,
            },
            credentials: self.user.clone().map(|user| (user, password)),
            from: self.from.clone(),
            sender_domains: self.sender_domains.clone(),
            recipient_domains: self.recipient_domains.clone(),
        })
    }
}

/// Settings of plugins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PluginSettings {
    /// Folder whose components become plugins: `TENANT/NAME.wasm`. A file that changes becomes a new version.
    pub watch: Option<PathBuf>,
    /// Folder with the interpreters of scripts. Default: where the command finds its own.
    pub interpreters: Option<PathBuf>,
}

/// Settings of requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiSettings {
    /// Requests that are worked on at once; further ones are answered with 429. Default 512.
    pub concurrent: usize,
    /// Bytes of a request's body, but for plugins. Default 4 MiB.
    pub body: Size,
    /// How long a request may take, but for those that follow something. Default 30 s.
    pub timeout: Timespan,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            concurrent: 512,
            body: Size(4 << 20),
            timeout: Timespan(Duration::from_secs(30)),
        }
    }
}

impl ServerConfig {
    /// The database's place, as [`tenon_metadata::Settings`] takes it.
    pub fn database_url(&self) -> String {
        let file = || self.data.join("server.db").display().to_string();
        self.database.clone().unwrap_or_else(file)
    }

    /// What is sent to a collector of OpenTelemetry: what the configuration says, or else the environment.
    ///
    /// # Errors
    /// Says which setting or variable makes no sense.
    pub(crate) fn telemetry(&self) -> Result<Option<tenon_telemetry::Settings>, String> {
        if let Some(telemetry) = &self.telemetry {
            return telemetry.settings().map(Some);
        }
        let found = tenon_telemetry::Settings::of_environment(|name| std::env::var(name).ok());
        found.map_err(|error| error.to_string())
    }

    /// How much the API answers at once.
    pub(crate) fn api_settings(&self) -> tenon_api::Settings {
        let bytes = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
        tenon_api::Settings {
            concurrent: self.api.concurrent,
            body: bytes(self.api.body.0),
            plugin: bytes(self.sandboxes.plugins.max_bytes),
            timeout: self.api.timeout.0,
        }
    }

    /// Folder of all tenants' folders.
    pub(crate) fn houses(&self) -> PathBuf {
        self.data.join("tenants")
    }

    /// Folder of all that is a tenant's on this server's disk.
    pub(crate) fn house_of(&self, tenant: &tenon_metadata::Name) -> PathBuf {
        self.houses().join(tenant.as_str())
    }

    /// Folder of a tenant's own files, where its jobs' relative paths begin.
    pub fn files_of(&self, tenant: &tenon_metadata::Name) -> PathBuf {
        self.house_of(tenant).join("files")
    }
}
