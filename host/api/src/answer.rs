//! Answers that tell the version of what they hold.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// JSON with an ETag, by which a later change can say what it is a change of.
#[derive(Debug)]
pub(crate) struct Versioned<T> {
    pub status: StatusCode,
    pub etag: String,
    pub body: T,
}

impl<T> Versioned<T> {
    /// Something of a version.
    pub fn new(version: i64, body: T) -> Self {
        Self::tagged(format!("\"{version}\""), body)
    }

    /// Something that was made just now, unless it was there.
    #[must_use]
    pub fn created(mut self, created: bool) -> Self {
        if created {
            self.status = StatusCode::CREATED;
        }
        self
    }

    /// Something that makes its own ETag.
    pub fn tagged(etag: String, body: T) -> Self {
        Self {
            status: StatusCode::OK,
            etag,
            body,
        }
    }
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        response
    }
}
