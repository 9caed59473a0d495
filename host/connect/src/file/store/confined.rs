//! Clients for somebody who may not reach all that this machine can: a tenant of a server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientConfigKey, ClientOptions};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;

use super::StoreOptions;

/// Seconds that a request may take, its answer included, and that connecting may take, where the options say nothing.
const TIMEOUT: u64 = 30;
const CONNECT_TIMEOUT: u64 = 5;

/// Makes clients that go where they are told and nowhere else: they follow no redirects, since where these lead nobody has
/// allowed, and no name takes them to what clouds tell machines about themselves.
#[derive(Debug)]
pub(super) struct Confined {
    timeout: Duration,
    connect_timeout: Duration,
    headers: HeaderMap,
}

impl Confined {
    /// With the timeouts of these options, and these headers in each request.
    pub fn new(options: &StoreOptions, headers: HeaderMap) -> Self {
        Self {
            timeout: Duration::from_secs(options.timeout.unwrap_or(TIMEOUT)),
            connect_timeout: Duration::from_secs(options.connect_timeout.unwrap_or(CONNECT_TIMEOUT)),
            headers,
        }
    }
}

impl HttpConnector for Confined {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let allow_http = options.get_config_value(&ClientConfigKey::AllowHttp);
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .dns_resolver(Arc::new(Names))
            .https_only(allow_http.is_none_or(|allowed| allowed != "true"))
            .http1_only()
            .timeout(self.timeout)
            .connect_timeout(self.connect_timeout)
            .default_headers(self.headers.clone())
            .user_agent(concat!("Tenon/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = client.map_err(|error| object_store::Error::Generic {
            store: "HTTP",
            source: Box::new(error),
        })?;
        Ok(HttpClient::new(client))
    }
}

/// Names as the machine resolves them, without what must not be called by a name.
struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| !is_of_the_machine(address.ip())).collect();
            if allowed.is_empty() {
                let reason = format!(
                    "{} leads to an address that is this machine's own business",
                    name.as_str()
                );
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason).into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address is one by which clouds serve metadata and keys, or is of the link that the machine is on.
fn is_of_the_machine(address: IpAddr) -> bool {
    const EC2: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match address.to_canonical() {
        IpAddr::V4(address) => matches!(
            address.octets(),
            [169, 254, ..] | [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, 192]
        ),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_of_the_machine(IpAddr::V4(inner)),
            None => address == EC2 || address.is_unicast_link_local(),
        },
    }
}

/// The address of version 4 that a gateway (NAT64, 6to4) makes of it.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let (high, low) = match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_not_reached_by_a_name() {
        for address in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fd00:ec2::254",
            "fe80::1",
        ] {
            assert!(is_of_the_machine(address.parse().expect("an address")), "{address}");
        }
        for address in ["127.0.0.1", "10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111"] {
            assert!(!is_of_the_machine(address.parse().expect("an address")), "{address}");
        }
    }
}
