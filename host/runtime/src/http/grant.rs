//! What a run may reach over HTTP.

use std::str::FromStr;

use crate::error::Error;

/// One host and port that a run's guests may send HTTP requests to.
///
/// ```
/// use tenon_runtime::HttpGrant;
/// let grant: HttpGrant = "api.example.com:443".parse()?;
/// assert!(!grant.private());
/// // Loopback, private and link-local addresses need a word of their own.
/// let local = "127.0.0.1:8080".parse::<HttpGrant>()?.allow_private();
/// # Ok::<(), tenon_runtime::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpGrant {
    host: String,
    port: u16,
    private: bool,
}

impl HttpGrant {
    /// Also allows addresses inside the host's own network: loopback, private, link-local and the like.
    #[must_use]
    pub fn allow_private(mut self) -> Self {
        self.private = true;
        self
    }

    /// The host, lower case, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether addresses inside the host's own network are allowed.
    pub fn private(&self) -> bool {
        self.private
    }

    /// Whether a request to this host and port is covered.
    pub(super) fn covers(&self, host: &str, port: u16) -> bool {
        self.port == port && self.host.eq_ignore_ascii_case(host)
    }
}

impl FromStr for HttpGrant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::Setting {
            setting: "HTTP grant",
            value: text.to_owned(),
            reason: format!("{reason}; expected `host:port`, such as `api.example.com:443` or `[2001:db8::1]:443`"),
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(|| invalid("the port is missing"))?;
        let port: u16 = port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(|| invalid("the port is not a number"))?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if bracketed.is_none() && host.contains(':') {
            return Err(invalid("an IPv6 address needs brackets"));
        }
        let host = bracketed.unwrap_or(host);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || !host.chars().all(plain) {
            return Err(invalid("the host is not a name or an address"));
        }
        Ok(HttpGrant {
            host: host.to_ascii_lowercase(),
            port,
            private: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_parsed_and_matched_exactly() {
        let grant: HttpGrant = "API.example.com:443".parse().unwrap();
        assert!(grant.covers("api.EXAMPLE.com", 443));
        assert!(!grant.covers("api.example.com", 80));
        assert!(!grant.covers("evil.api.example.com", 443));
        assert_eq!("[::1]:80".parse::<HttpGrant>().unwrap().host(), "::1");
    }

    #[test]
    fn bad_grants_say_what_is_expected() {
        for text in [
            "example.com",
            "example.com:http",
            "*:80",
            "::1:80",
            ":80",
            "a b:80",
            "example.com:0",
        ] {
            let error = text.parse::<HttpGrant>().unwrap_err().to_string();
            assert!(error.contains("expected `host:port`"), "{text}: {error}");
        }
    }
}
