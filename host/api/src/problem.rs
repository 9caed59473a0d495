//! What a request is answered with that cannot be done: RFC 9457.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenon_metadata::ErrorKind;

use crate::error::Error;

/// Why a request was not done, as `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// What sort of problem it is, for programs: `not_found`, `conflict`, `invalid`, `forbidden`, `unauthorized`, `limit`,
    /// `unavailable`, `too_large`, `internal`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What is wrong and what to do, in sentences.
    pub detail: String,
    /// For `limit` and `unavailable`: after how many seconds it may work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// The media type of problems.
    pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

    /// A problem of this sort.
    pub fn new(status: StatusCode, kind: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// A problem of the sort that a crate's error is of.
    pub fn of(kind: ErrorKind, detail: impl Into<String>) -> Self {
        let (status, name) = match kind {
            ErrorKind::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            ErrorKind::Conflict => (StatusCode::CONFLICT, "conflict"),
            ErrorKind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            ErrorKind::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            ErrorKind::Limit => (StatusCode::TOO_MANY_REQUESTS, "limit"),
            ErrorKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            ErrorKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        let problem = Self::new(status, name, detail);
        match kind {
            ErrorKind::Limit | ErrorKind::Unavailable => problem.retry_after(1),
            _ => problem,
        }
    }

    /// What was sent cannot be understood.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::of(ErrorKind::Invalid, detail)
    }

    /// No such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::of(ErrorKind::NotFound, detail)
    }

    /// Who asks is not known.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// Says when to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(Self::CONTENT_TYPE));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl<E> From<E> for Problem
where
    Error: From<E>,
{
    fn from(error: E) -> Self {
        let error = Error::from(error);
        let kind = error.kind();
        if error.is_too_large() {
            return Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", error.to_string());
        }
        if kind == ErrorKind::Internal {
            // What it says is for the operator.
            tracing::error!(%error, "a request failed");
            return Self::of(kind, "something is wrong with the server; its log has more");
        }
        let problem = Self::of(kind, error.to_string());
        match error.retry_after() {
            Some(seconds) => problem.retry_after(seconds),
            None => problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_says_when_to_come_back() {
        let response = Problem::of(ErrorKind::Limit, "1,000 runs wait").into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    }
}
