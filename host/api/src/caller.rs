//! Who asks, and what they may.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use tenon_metadata::{ErrorKind, Name};
use tenon_tenants::audit::Entry;
use tenon_tenants::{Principal, Scope, TokenText};

use crate::error::Error;
use crate::{Api, Problem};

/// Name of the header that tells requests apart, for whoever looks for one in a log.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub principal: Principal,
    token: TokenText,
    request: String,
    address: Option<String>,
}

impl Caller {
    /// Checks that the caller may do this to a tenant's things. To others a tenant does not exist.
    pub fn may(&self, tenant: &Name, scope: Scope) -> Result<(), Problem> {
        self.principal.for_tenant(tenant)?;
        Ok(self.principal.require(scope)?)
    }

    /// Checks that the caller operates the server.
    pub fn operates(&self) -> Result<(), Problem> {
        Ok(self.principal.require(Scope::Server)?)
    }

    /// Whether the caller may still look: for what lasts longer than a token may be valid.
    pub async fn may_still_look(&self, api: &Api) -> bool {
        let principal = api.authenticator.authenticate(self.token.reveal()).await;
        principal.is_ok_and(|principal| principal.has(Scope::Read))
    }

    /// What the audit log is to hold about what is about to be done.
    pub fn entry(&self, tenant: &Name, action: &str, target: impl Into<String>) -> Entry {
        self.server_entry(action, target).tenant(tenant)
    }

    /// The same for what concerns no tenant.
    pub fn server_entry(&self, action: &str, target: impl Into<String>) -> Entry {
        let entry = Entry::new(&self.principal, action, target).request(&self.request);
        match &self.address {
            Some(address) => entry.address(address),
            None => entry,
        }
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let token = bearer(&parts.headers)
            .ok_or_else(|| Problem::unauthorized("this needs a token, in the header `Authorization: Bearer TOKEN`"))?;
        let principal = api
            .authenticator
            .authenticate(token)
            .await
            .map_err(|error| match error {
                tenon_tenants::Error::BadToken => Problem::unauthorized(error.to_string()),
                error => error.into(),
            })?;
        let request = parts.headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self {
            principal,
            token: TokenText::parse(token)?,
            request: request.unwrap_or_default().to_owned(),
            address: address.map(|address| address.0.ip().to_string()),
        })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Headers by which a change says what it is a change of, for the document; [`Expected`] reads them.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes headers that are read by hand")]
pub(crate) struct Conditions {
    /// The `ETag` of an earlier answer: it is done only if nobody else has changed the thing since. With `*`, only if there is
    /// such a thing.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
    /// With `*`, it is done only if there is no such thing.
    #[param(rename = "If-None-Match")]
    if_none_match: Option<String>,
}

/// What a change expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// No matter what.
    Anything,
    /// The thing, whatever its version: `If-Match: *`.
    There,
    /// This version, from `If-Match: "3"`; 0 is none, which `If-None-Match: *` expects.
    Version(i64),
}

impl Expected {
    /// What the headers say.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        if headers.get(header::IF_NONE_MATCH).is_some_and(|value| value == "*") {
            return Ok(Self::Version(0));
        }
        let Some(value) = headers.get(header::IF_MATCH) else {
            return Ok(Self::Anything);
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self::There);
        }
        let text = text.trim_start_matches("W/").trim_matches('"');
        let version = text.rsplit('-').next().and_then(|version| version.parse().ok());
        version
            .map(Self::Version)
            .ok_or_else(|| Problem::invalid("If-Match is not the ETag of an earlier answer"))
    }

    /// The version, if it has to be a certain one.
    pub fn version(self) -> Option<i64> {
        match self {
            Self::Version(version) => Some(version),
            Self::Anything | Self::There => None,
        }
    }

    /// Refuses to make what has to be there, and is not where one looks.
    pub fn there<T, E>(self, look: impl FnOnce() -> Result<T, E>) -> Result<(), Error>
    where
        Error: From<E>,
    {
        if self != Self::There {
            return Ok(());
        }
        match look().map_err(Error::from) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::NotThere(Box::new(error))),
            Err(error) => Err(error),
        }
    }
}

/// The version that a change of what is there expects, see [`Expected`]: without the thing, there is nothing to change.
pub(crate) fn expected_version(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    Expected::of(headers).map(Expected::version)
}

/// What a caller calls a request, so that it is done once however often it is sent.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = key
        .to_str()
        .map_err(|_| Problem::invalid("Idempotency-Key is not printable ASCII"))?;
    Ok(Some(key.to_owned()))
}

/// What a client of a stream has read already.
pub(crate) fn last_event_id<T: std::str::FromStr>(headers: &HeaderMap) -> Result<Option<T>, Problem> {
    let Some(id) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let id = id.to_str().ok().and_then(|id| id.trim().parse().ok());
    id.map(Some)
        .ok_or_else(|| Problem::invalid("Last-Event-ID is not the id of an event of this stream"))
}
