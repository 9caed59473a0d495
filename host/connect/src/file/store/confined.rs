//! Clients for somebody who may not reach all that this machine can: a tenant of a server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientConfigKey, ClientOptions};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use tenon_database::is_of_the_machine;

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
