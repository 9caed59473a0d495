//! What is sent, and where.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::Error;

/// What is sent to which collector. [`Settings::new`] has the defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The collector's URL for OTLP over HTTP; `/v1/traces` and `/v1/logs` are put behind it.
    pub endpoint: Url,
    /// Headers of each request, as `authorization`.
    pub headers: Headers,
    /// Name of the service. Default `tenon`.
    pub service: String,
    /// More attributes of the resource that all of it is about.
    pub attributes: BTreeMap<String, String>,
    /// The part of the traces that are sent, from 0 to 1. A request that is part of a trace already is sent if that one is.
    /// Default 1.
    pub share: f64,
    /// Whether traces are sent. Default yes.
    pub traces: bool,
    /// Whether logs are sent. Default yes.
    pub logs: bool,
    /// How long the collector may take to answer a request. Default 10 s.
    pub timeout: Duration,
    /// Spans, and as many lines of logs, that may wait to be sent; what comes when so many wait is lost, and counted.
    /// Default 8192.
    pub queue: usize,
}

/// Headers, whose values are nobody's business.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(BTreeMap<String, String>);

impl Settings {
    /// The defaults, with this collector.
    pub fn new(endpoint: Url) -> Self {
        Self {
            endpoint,
            headers: Headers::default(),
            service: "tenon".to_owned(),
            attributes: BTreeMap::new(),
            share: 1.0,
            traces: true,
            logs: true,
            timeout: Duration::from_secs(10),
            queue: 8192,
        }
    }

    /// What the standard environment variables say: `OTEL_EXPORTER_OTLP_ENDPOINT`, `_HEADERS`, `_TIMEOUT` and `_PROTOCOL`,
    /// `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, and `OTEL_SDK_DISABLED`. Nothing without an endpoint.
    ///
    /// # Errors
    /// [`Error::Setting`], which names the variable.
    pub fn of_environment(find: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, Error> {
        const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
        let find = |name: &str| find(name).filter(|value| !value.trim().is_empty());
        let is_disabled = find("OTEL_SDK_DISABLED").is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
        let Some(endpoint) = find(ENDPOINT).filter(|_| !is_disabled) else {
            return Ok(None);
        };
        let endpoint = Url::parse(endpoint.trim()).map_err(|error| Error::setting(ENDPOINT, error.to_string()))?;
        let mut settings = Self::new(endpoint);
        if let Some(protocol) =
            find("OTEL_EXPORTER_OTLP_PROTOCOL").filter(|protocol| protocol.trim() != "http/protobuf")
        {
            let reason =
                format!("`{protocol}` is not spoken here; `http/protobuf` is, at port 4318 of most collectors");
            return Err(Error::setting("OTEL_EXPORTER_OTLP_PROTOCOL", reason));
        }
        if let Some(timeout) = find("OTEL_EXPORTER_OTLP_TIMEOUT") {
            let milliseconds = timeout.trim().parse();
            let refused = |_| Error::setting("OTEL_EXPORTER_OTLP_TIMEOUT", "it is no number of milliseconds");
            settings.timeout = Duration::from_millis(milliseconds.map_err(refused)?);
        }
        let headers = find("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default();
        settings.headers = Headers(pairs("OTEL_EXPORTER_OTLP_HEADERS", &headers)?);
        let attributes = find("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        settings.attributes = pairs("OTEL_RESOURCE_ATTRIBUTES", &attributes)?;
        if let Some(service) = settings.attributes.remove("service.name") {
            settings.service = service;
        }
        settings.service = find("OTEL_SERVICE_NAME").unwrap_or(settings.service);
        settings.check()?;
        Ok(Some(settings))
    }

    /// Whether the settings make sense.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<(), Error> {
        if !matches!(self.endpoint.scheme(), "http" | "https") || self.endpoint.host().is_none() {
            return Err(Error::setting(
                "endpoint",
                "it is no URL like http://collector.example.com:4318",
            ));
        }
        if !self.endpoint.username().is_empty() || self.endpoint.password().is_some() {
            let reason = "a password does not belong into a URL; put it into a header";
            return Err(Error::setting("endpoint", reason));
        }
        if !(0.0..=1.0).contains(&self.share) {
            return Err(Error::setting("share", "it is a part of all, from 0 to 1"));
        }
        if self.timeout.is_zero() {
            return Err(Error::setting("timeout", "no collector answers in no time"));
        }
        if self.queue == 0 {
            return Err(Error::setting("queue", "everything would be lost; give it at least 1"));
        }
        self.headers.map().map(drop)
    }

    /// Where one sort of thing is sent to.
    pub(crate) fn url(&self, signal: &str) -> String {
        let endpoint = self.endpoint.as_str().trim_end_matches('/');
        format!("{endpoint}/v1/{signal}")
    }

    /// Whether others need another connection than these.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let alike = Self {
            share: self.share,
            ..other.clone()
        };
        *self == alike
    }
}

impl Headers {
    /// The headers as they are sent.
    pub(crate) fn map(&self) -> Result<HeaderMap, Error> {
        let mut map = HeaderMap::new();
        for (name, value) in &self.0 {
            let refused = |reason: &str| Error::setting(format!("headers.{name}"), reason);
            let header = HeaderName::try_from(name).map_err(|_| refused("it is no name of a header"))?;
            let mut value = HeaderValue::try_from(value).map_err(|_| refused("a header cannot have this value"))?;
            value.set_sensitive(true);
            map.insert(header, value);
        }
        Ok(map)
    }
}

impl FromIterator<(String, String)> for Headers {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(headers: I) -> Self {
        Self(headers.into_iter().collect())
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// `name=value,name=value`, with what is special in it as `%2C`.
fn pairs(variable: &str, text: &str) -> Result<BTreeMap<String, String>, Error> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| Error::setting(variable, "it is no list of NAME=VALUE, with commas in between"))?;
        Ok((name.trim().to_owned(), decoded(value.trim())))
    };
    pairs.map(pair).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) if byte == b'%' => {
                bytes.push(code);
                rest = &after[2..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Option<Settings>, Error> {
        Settings::of_environment(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_standard_variables_are_understood() {
        let settings = of(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/"),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "authorization=Bearer%20hunter2, x-tenant=a=b",
            ),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=other,deployment.environment=test%2C1",
            ),
            ("OTEL_SERVICE_NAME", "etl"),
        ]);
        let settings = settings.expect("right").expect("some");
        assert_eq!(settings.url("traces"), "http://collector:4318/v1/traces");
        assert_eq!(settings.service, "etl");
        assert_eq!(settings.attributes["deployment.environment"], "test,1");
        assert_eq!(settings.timeout, Duration::from_millis(2500));
        let headers = settings.headers.map().expect("headers");
        assert_eq!(headers["authorization"], "Bearer hunter2");
        assert_eq!(headers["x-tenant"], "a=b");
        assert!(!format!("{settings:?} {headers:?}").contains("hunter2"));
    }

    #[test]
    fn without_an_endpoint_or_when_disabled_nothing_is_sent() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        assert!(of(&[("OTEL_SERVICE_NAME", "etl")]).expect("right").is_none());
        assert!(of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).expect("right").is_none());
        assert!(of(&[endpoint, ("OTEL_SDK_DISABLED", "true")]).expect("right").is_none());
    }

    #[test]
    fn what_is_wrong_is_named_without_what_it_says() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        let cases: [(&[(&str, &str)], &str); 5] = [
            (
                &[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector")],
                "OTEL_EXPORTER_OTLP_ENDPOINT",
            ),
            (
                &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:hunter2@collector")],
                "header",
            ),
            (&[endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")], "http/protobuf"),
            (&[endpoint, ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2")], "NAME=VALUE"),
            (&[endpoint, ("OTEL_EXPORTER_OTLP_HEADERS", "a=hunter2%0A")], "headers.a"),
        ];
        for (variables, named) in cases {
            let error = of(variables).expect_err(named).to_string();
            assert!(error.contains(named) && !error.contains("hunter2"), "{error}");
        }
    }
}
