//! Hosts, and patterns of them.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A host in the one form that all ways to write it have in common: a name in lower case and ASCII without a dot at its
/// end, or an address, IPv4 also where it is written as IPv6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Name(String),
    Address(IpAddr),
}

impl Host {
    pub fn new(text: &str) -> Result<Self, String> {
        let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        if let Some(address) = inner.or(Some(text)).filter(|text| text.contains(':')) {
            let address: Ipv6Addr = address.parse().map_err(|_| "this is no IPv6 address".to_owned())?;
            return Ok(Self::Address(IpAddr::V6(address).to_canonical()));
        }
        if text.is_empty() {
            return Err("it names no host".to_owned());
        }
        if text.contains(|c: char| c == '%' || c == '@' || c.is_whitespace() || c.is_control()) {
            return Err("the host has characters that no host has".to_owned());
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        match url::Host::parse(text) {
            Ok(url::Host::Ipv4(address)) => Ok(Self::Address(address.into())),
            Ok(url::Host::Ipv6(address)) => Ok(Self::Address(IpAddr::V6(address).to_canonical())),
            Ok(url::Host::Domain(name)) if is_name(&name) => Ok(Self::Name(name)),
            _ => Err("this is no name of a host".to_owned()),
        }
    }

    /// Whether clouds tell machines about themselves there, and give them their keys: nobody's jobs may ask for that.
    pub fn is_metadata_service(&self) -> bool {
        match self {
            Self::Name(_) => false,
            Self::Address(address) => tenon_events::is_metadata_service(*address),
        }
    }

    /// Reads `host`, `host:port`, `[address]:port`.
    pub fn with_port(text: &str) -> Result<(Self, Option<u16>), String> {
        let (host, port) = match text.rfind(']') {
            Some(end) => text.split_at(end + 1),
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let port = match port.strip_prefix(':') {
            // "host:" is "host" to some, and a fault to others.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(
                digits
                    .parse()
                    .map_err(|_| "the port is not from 0 to 65535".to_owned())?,
            ),
            None if port.is_empty() => None,
            _ => return Err("after the host comes what is no port".to_owned()),
        };
        Ok((Self::new(host)?, port))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(formatter),
            Self::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]"),
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(allowed)
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Hosts that may be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HostPattern {
    /// All.
    All,
    /// One.
    One(Host, Option<u16>),
    /// All names that end with this, which begins with a dot.
    Below(String, Option<u16>),
}

impl HostPattern {
    pub fn new(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::All);
        }
        if let Some(domain) = text.strip_prefix("*.") {
            return match Host::with_port(domain)? {
                (Host::Name(name), port) => Ok(Self::Below(format!(".{name}"), port)),
                (Host::Address(_), _) => Err("addresses have nothing below them".to_owned()),
            };
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self::One(Host::new(text)?, None));
        }
        let (host, port) = Host::with_port(text)?;
        Ok(Self::One(host, port))
    }

    pub fn covers(&self, host: &Host, port: Option<u16>) -> bool {
        let is_port = |wanted: &Option<u16>| wanted.is_none() || *wanted == port;
        match (self, host) {
            (Self::All, _) => true,
            (Self::One(wanted, wanted_port), host) => wanted == host && is_port(wanted_port),
            (Self::Below(end, wanted_port), Host::Name(name)) => {
                name.len() > end.len() && name.ends_with(end) && is_port(wanted_port)
            }
            (Self::Below(..), Host::Address(_)) => false,
        }
    }
}
