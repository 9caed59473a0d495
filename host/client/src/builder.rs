//! How a client is made.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Certificate, redirect};
use url::{Host, Url};

use crate::{Client, Error, Retries, Token};

/// How long a connection may take to come about.
const CONNECTING: Duration = Duration::from_secs(10);
/// Longest answer that is waited for, by default: the server gives up after 30 s.
const TIMEOUT: Duration = Duration::from_secs(60);
const USER_AGENT: &str = concat!("tenon-client/", env!("CARGO_PKG_VERSION"));

/// How a client is made.
#[derive(Clone, Debug)]
pub struct Builder {
    url: String,
    token: Option<Token>,
    authorities: Option<PathBuf>,
    insecure_http: bool,
    timeout: Duration,
    retries: Retries,
    user_agent: String,
}

impl Builder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            token: None,
            authorities: None,
            insecure_http: false,
            timeout: TIMEOUT,
            retries: Retries::default(),
            user_agent: USER_AGENT.to_owned(),
        }
    }

    /// Who asks. Without a token, only whether the server is well can be asked.
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// Trusts the certificates of this file, in PEM, besides the system's.
    #[must_use]
    pub fn authorities(mut self, file: impl Into<PathBuf>) -> Self {
        self.authorities = Some(file.into());
        self
    }

    /// Sends the token unencrypted to another machine, which is refused by default.
    #[must_use]
    pub fn insecure_http(mut self, allowed: bool) -> Self {
        self.insecure_http = allowed;
        self
    }

    /// How long an answer may take, but for uploads, which have 20 times as long, and for what is followed. Default 60 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// When requests are sent once more.
    #[must_use]
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// What the client calls itself.
    #[must_use]
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::File`], [`Error::Certificates`].
    pub fn build(self) -> Result<Client, Error> {
        let base = address(&self.url, self.insecure_http)?;
        let mut http = reqwest::Client::builder()
            .user_agent(self.user_agent)
            .connect_timeout(CONNECTING)
            // A token goes to nobody but the server that it is for.
            .redirect(redirect::Policy::none())
            .referer(false);
        if is_loopback(&base) {
            http = http.no_proxy();
        }
        if let Some(path) = self.authorities {
            let pem = std::fs::read(&path).map_err(|source| Error::File {
                path: path.clone(),
                source,
            })?;
            let unfit = |reason: String| Error::Certificates {
                path: path.clone(),
                reason,
            };
            let found = Certificate::from_pem_bundle(&pem).map_err(|error| unfit(error.to_string()))?;
            if found.is_empty() {
                return Err(unfit("it has none".to_owned()));
            }
            http = found
                .into_iter()
                .fold(http, reqwest::ClientBuilder::add_root_certificate);
        }
        let http = http.build().map_err(|error| Error::Address {
            url: self.url,
            reason: format!("no client can be made for it: {error}"),
        })?;
        Ok(Client::new(http, base, self.token, self.timeout, self.retries))
    }
}

/// Where a server is: a URL whose path, if any, is what its own paths begin with.
fn address(text: &str, insecure_http: bool) -> Result<Url, Error> {
    let wrong = |reason: &str| Error::Address {
        // A password may be in it.
        url: text.rsplit('@').next().unwrap_or_default().to_owned(),
        reason: reason.to_owned(),
    };
    let url = Url::parse(text).map_err(|_| wrong("it is no URL; one is `https://tenon.example.com`"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it does not begin with `https://` or `http://`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it holds a user or password; who asks is proved by a token"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it holds `?` or `#`"));
    }
    if url.scheme() == "http" && !insecure_http && !is_loopback(&url) {
        return Err(wrong(
            "without TLS, everybody on the way could read the token; use `https://`, or allow it explicitly",
        ));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_travel_encrypted_or_not_at_all() {
        for fine in [
            "https://tenon.example.com",
            "https://example.com/tenon/",
            "http://127.0.0.1:7433",
            "http://localhost:7433",
            "http://[::1]:7433",
        ] {
            address(fine, false).unwrap_or_else(|error| panic!("{error}"));
        }
        for wrong in [
            "http://tenon.example.com",
            "http://10.0.0.1:7433",
            "http://127.0.0.1.example.com",
            "tenon.example.com",
            "127.0.0.1:7433",
            "ftp://example.com",
            "https://u:p@example.com",
            "https://example.com/?a=b",
            "",
        ] {
            let error = address(wrong, false).expect_err("no address").to_string();
            assert!(!error.contains("u:p"), "{error}");
        }
        address("http://10.0.0.1:7433", true).expect("it is allowed");
    }
}
