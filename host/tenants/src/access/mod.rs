//! What a tenant's jobs may touch.

mod hosts;
mod local;
mod place;
mod storage;

use serde_json::Value as Json;
use thiserror::Error;

use crate::redact::without_user_info;
use crate::{Connection, Error, Quotas};
use hosts::{Host, HostPattern};
use place::Place;
use storage::Prefix;

pub use place::stays as database_option_stays;

const METADATA: &str = "clouds tell machines about themselves there, which is for no job";

/// Characters of a place that a message shows.
const SHOWN: usize = 256;

/// A place that a tenant's jobs may not touch.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{place}` may not be touched: {reason}")]
pub struct Denied {
    /// Where, without user info and without a query.
    pub place: String,
    /// Why not, and what would have to be so.
    pub reason: String,
}

/// What a tenant's jobs may touch: everything else is denied.
///
/// Of a local file, the links on the way to it are followed as they are now. Whoever opens the files below a folder, or
/// those that a pattern finds, asks again for each file that it finds.
///
/// ```
/// use tenon_tenants::{Access, Quotas};
///
/// let quotas = Quotas {
///     storage_prefixes: vec!["s3://lake/shop/".to_owned()],
///     hosts: vec!["*.example.com:5432".to_owned()],
///     ..Quotas::default()
/// };
/// let access = Access::new(&quotas)?;
/// assert!(access.allows_url("s3://lake/shop/orders/*.parquet").is_ok());
/// assert!(access.allows_url("s3://lake/shop-of-others/").is_err());
/// assert!(access.allows_url("s3://lake/shop/../others/").is_err());
/// assert!(access.allows_url("postgres://db.example.com/orders").is_ok());
/// assert!(access.allows_url("/etc/passwd").is_err());
/// # Ok::<(), tenon_tenants::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Access {
    prefixes: Vec<Prefix>,
    hosts: Vec<HostPattern>,
}

impl Access {
    /// Reads the prefixes and hosts of quotas.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the prefix or host that is not understood.
    pub fn new(quotas: &Quotas) -> Result<Self, Error> {
        let wrong =
            |field: &str, text: &str, reason: String| Error::invalid(format!("{field} `{}`", shown(text)), reason);
        let prefix = |text: &String| Prefix::new(text).map_err(|reason| wrong("storage_prefixes", text, reason));
        let host = |text: &String| HostPattern::new(text).map_err(|reason| wrong("hosts", text, reason));
        Ok(Self {
            prefixes: quotas.storage_prefixes.iter().map(prefix).collect::<Result<_, _>>()?,
            hosts: quotas.hosts.iter().map(host).collect::<Result<_, _>>()?,
        })
    }

    /// Checks the URL of a source, a sink, a store's endpoint or a database, or the path of a file. Files and objects have
    /// to be below a storage prefix, databases on one of the hosts, and what is on a web server one or the other.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn allows_url(&self, url: &str) -> Result<(), Denied> {
        let denied = |reason: String| Denied {
            place: shown(url),
            reason,
        };
        let place = place::parse(url).map_err(denied)?;
        if place.is_metadata_service() {
            return Err(denied(METADATA.to_owned()));
        }
        if self.prefixes.contains(&Prefix::All) && place.is_stored() {
            return Ok(());
        }
        match place {
            Place::Files(paths) => {
                let prefixes = || self.prefixes.iter().filter_map(Prefix::as_folder);
                paths
                    .iter()
                    .try_for_each(|path| local::check(path, prefixes()).map_err(denied))
            }
            Place::Object(object) => {
                let below = self.prefixes.iter().any(|prefix| prefix.covers(&object));
                below
                    .then_some(())
                    .ok_or_else(|| denied("it is below none of the tenant's storage prefixes".to_owned()))
            }
            Place::Web { object, host, port } => {
                let below = self.prefixes.iter().any(|prefix| prefix.covers(&object));
                let reached = below || self.reaches(&host, Some(port));
                reached.then_some(()).ok_or_else(|| {
                    let reason = "it is below none of the tenant's storage prefixes, and on none of its hosts";
                    denied(reason.to_owned())
                })
            }
            Place::Hosts(hosts) => hosts
                .iter()
                .all(|(host, port)| self.reaches(host, *port))
                .then_some(())
                .ok_or_else(|| denied("the host, with this port, is none of the tenant's hosts".to_owned())),
            Place::Native => {
                let everything = self.hosts.contains(&HostPattern::All) && self.prefixes.contains(&Prefix::All);
                everything.then_some(()).ok_or_else(|| {
                    let reason = "its driver is a native library, which only a tenant with the hosts and the storage \
                                  prefixes `*` may load";
                    denied(reason.to_owned())
                })
            }
        }
    }

    /// Checks a host, as connections name them: a name, an IPv4 address, an IPv6 address with or without `[]`. A pattern
    /// with a port covers only a host with that port.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn allows_host(&self, host: &str, port: Option<u16>) -> Result<(), Denied> {
        let denied = |reason: String| Denied {
            place: shown(host),
            reason,
        };
        let parsed = Host::new(host).map_err(denied)?;
        if parsed.is_metadata_service() {
            return Err(denied(METADATA.to_owned()));
        }
        if self.reaches(&parsed, port) {
            return Ok(());
        }
        Err(denied("it is none of the tenant's hosts".to_owned()))
    }

    /// Checks all that a connection touches: its URL, and the URLs, hosts and files among its options. Relative paths of
    /// SQLite's files and of `tls_ca` begin in the tenant's own folder, as in its jobs; whoever connects follows the links
    /// on the way.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn allows_connection(&self, connection: &Connection) -> Result<(), Denied> {
        // A user name and a password make no difference to where it goes, and may be references.
        let scheme = connection.url.split_once(':').map_or("", |(scheme, _)| scheme);
        let is_sqlite = scheme.eq_ignore_ascii_case("sqlite");
        let url = if is_sqlite {
            connection.url.clone()
        } else {
            place::without_user(&connection.url)
        };
        if !(is_sqlite && place::is_own(&url)) {
            self.allows_url(&url)?;
        }
        let port = connection.options.get("port").and_then(Json::as_u64);
        let port = port.and_then(|port| u16::try_from(port).ok());
        let mut options: Vec<(&str, &Json)> = connection
            .options
            .iter()
            .map(|(name, value)| (name.as_str(), value))
            .collect();
        while let Some((name, value)) = options.pop() {
            match value {
                Json::Object(map) => options.extend(map.iter().map(|(name, value)| (name.as_str(), value))),
                Json::Array(values) => options.extend(values.iter().map(|value| (name, value))),
                Json::String(text) if text.contains("://") => self.allows_url(text)?,
                Json::String(text) => match place::option(name) {
                    place::OptionKind::File if name == "tls_ca" && place::is_own(text) => {}
                    place::OptionKind::Host => self.allows_host(text, port)?,
                    place::OptionKind::File if !crate::redact::is_reference(text) => self.allows_url(text)?,
                    _ => {}
                },
                _ => {}
            }
        }
        Ok(())
    }

    fn reaches(&self, host: &Host, port: Option<u16>) -> bool {
        self.hosts.iter().any(|pattern| pattern.covers(host, port))
    }
}

/// A place as messages show it: no user info, no query, not too long, and nothing of what may be a connection string.
fn shown(text: &str) -> String {
    let shown = without_user_info(text);
    let shown = shown.split(['?', '#', ';']).next().unwrap_or_default();
    if !shown.contains("://") && shown.contains(['=', '@', ';']) && !shown.starts_with('/') {
        return crate::redact::HIDDEN.to_owned();
    }
    let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    shown.chars().take(SHOWN).map(printable).collect()
}
