//! Which addresses may be called on a tenant's behalf.
//!
//! A tenant names a URL, the server calls it from inside its network: without a guard, the tenant reads the machine's
//! metadata service and reaches what listens on loopback. A name is resolved once, the answer is checked, and the
//! connection goes to exactly the addresses that passed; redirects are not followed, since a new URL would need a new
//! check.

mod address;
mod network;
mod resolve;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::Error;
use network::Network;
pub use resolve::{Resolver, SystemResolver};

/// Which addresses the operator allows, beyond public ones on the web's ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GuardSettings {
    /// Networks that may be called though they are not public, as `10.1.0.0/16` or `::1/128`. Cloud metadata services stay
    /// out of reach. Default none.
    pub allow_networks: Vec<String>,
    /// Hosts that may be called whatever they resolve to (except metadata services), also by `http`: `hooks.internal`,
    /// or with all below it, `.internal`. Default none.
    pub allow_hosts: Vec<String>,
    /// Ports that may be called; all if empty. Default 80 and 443.
    pub ports: Vec<u16>,
    /// Whether `http` is as good as `https` everywhere. Default no: `http` only goes to allowed hosts, and to literal
    /// addresses in allowed networks.
    pub http: bool,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            allow_networks: Vec::new(),
            allow_hosts: Vec::new(),
            ports: vec![80, 443],
            http: false,
        }
    }
}

/// Whether an address, however it is written, is one at which clouds serve machines metadata and keys. It must not be called
/// on anybody's behalf, whatever else is allowed.
pub fn is_metadata_service(address: IpAddr) -> bool {
    address::always_denied(address).is_some()
}

/// Checks what is called on a tenant's behalf. Cheap to clone.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    networks: Vec<Network>,
    hosts: Vec<String>,
    ports: Vec<u16>,
    http: bool,
    resolver: Box<dyn Resolver>,
}

impl Guard {
    /// A guard that resolves names as the machine does.
    ///
    /// # Errors
    /// [`Error::Setting`] for what is not a network.
    pub fn new(settings: &GuardSettings) -> Result<Self, Error> {
        Self::with_resolver(settings, SystemResolver)
    }

    /// A guard with a resolver of one's own.
    ///
    /// # Errors
    /// [`Error::Setting`] for what is not a network.
    pub fn with_resolver(settings: &GuardSettings, resolver: impl Resolver) -> Result<Self, Error> {
        let networks = settings.allow_networks.iter().map(|text| Network::parse(text));
        let lower = |host: &String| host.trim_end_matches('.').to_ascii_lowercase();
        Ok(Self(Arc::new(Inner {
            networks: networks.collect::<Result<_, _>>()?,
            hosts: settings.allow_hosts.iter().map(lower).collect(),
            ports: settings.ports.clone(),
            http: settings.http,
            resolver: Box::new(resolver),
        })))
    }

    /// Checks a URL: its scheme, port and host; the addresses of a host that is a name are checked when it is called.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn check_url(&self, url: &Url) -> Result<(), Error> {
        let place = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
        let refused = |reason: String| Error::Refused {
            place: place.clone(),
            reason,
        };
        let host = url.host().ok_or_else(|| refused("it has no host".to_owned()))?;
        let literal = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
        };
        let allowed = match (host, literal) {
            (Host::Domain(name), _) => self.host_is_allowed(name),
            (_, Some(address)) => self.address_is_allowed(address),
            _ => false,
        };
        match url.scheme() {
            "https" => {}
            "http" if self.0.http || allowed => {}
            "http" => return Err(refused("it must be https".to_owned())),
            _ => return Err(refused("only https can be called".to_owned())),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("a URL must not have a user or password".to_owned()));
        }
        let port = url.port_or_known_default().unwrap_or_default();
        self.check_port(&place, port)?;
        literal.map_or(Ok(()), |address| self.check_address(&place, address))
    }

    /// Checks an address that `host` has; the host is only for the error, unless it is an allowed one.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn check_address(&self, host: &str, address: IpAddr) -> Result<(), Error> {
        let refused = |reason: &str| Error::Refused {
            place: host.to_owned(),
            reason: format!("{address} is {reason}"),
        };
        if let Some(reason) = address::always_denied(address) {
            return Err(refused(reason));
        }
        if self.host_is_allowed(host) || self.address_is_allowed(address) {
            return Ok(());
        }
        address::denied(address).map_or(Ok(()), |reason| Err(refused(reason)))
    }

    /// Resolves a host, and answers with the addresses that may be called: connect to one of these, and to no other.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is none, or the name or port is not allowed.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
        self.check_port(host, port)?;
        let addresses = self.addresses(host).await?;
        Ok(addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, port))
            .collect())
    }

    /// A client that can only call what the guard allows. Still, give each URL to [`check_url`](Self::check_url) first:
    /// the client does not see literal addresses, schemes and ports.
    ///
    /// # Errors
    /// [`Error::Setting`] if the machine has no usable TLS certificates.
    pub fn client(&self, connect: Duration, total: Duration) -> Result<reqwest::Client, Error> {
        reqwest::Client::builder()
            .dns_resolver(Arc::new(self.clone()))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .referer(false)
            .connect_timeout(connect)
            .timeout(total)
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("Tenon/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::Setting {
                setting: "guard",
                reason: format!("the client cannot be made: {error}"),
            })
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Error> {
        let refused = |reason: String| Error::Refused {
            place: host.to_owned(),
            reason,
        };
        let found = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.0.resolver.resolve(host).await.map_err(refused)?,
        };
        let mut denied = None;
        let mut allowed = Vec::new();
        for address in found {
            match self.check_address(host, address) {
                Ok(()) => allowed.push(address),
                Err(error) => denied = Some(error),
            }
        }
        if allowed.is_empty() {
            return Err(denied.unwrap_or_else(|| refused("it has no address".to_owned())));
        }
        Ok(allowed)
    }

    fn check_port(&self, place: &str, port: u16) -> Result<(), Error> {
        if self.0.ports.is_empty() || self.0.ports.contains(&port) {
            return Ok(());
        }
        Err(Error::Refused {
            place: place.to_owned(),
            reason: format!("port {port} is not among those that the operator allows"),
        })
    }

    fn host_is_allowed(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let fits =
            |allowed: &String| *allowed == host || (allowed.starts_with('.') && host.ends_with(allowed.as_str()));
        self.0.hosts.iter().any(fits)
    }

    fn address_is_allowed(&self, address: IpAddr) -> bool {
        self.0.networks.iter().any(|network| network.contains(address))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Guard")
            .field("networks", &self.0.networks)
            .field("hosts", &self.0.hosts)
            .field("ports", &self.0.ports)
            .field("http", &self.0.http)
            .finish_non_exhaustive()
    }
}
