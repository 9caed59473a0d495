//! Answers that tell the version of what they hold.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tenon_metadata::ErrorKind;

use crate::Problem;

/// JSON with an ETag, by which a later change can say what it is a change of, and who reads it again that it is known.
///
/// The version is the end of the ETag, and all that a change is compared with. What is before it is of the answer as a
/// whole, which has more that changes: when a trigger fired last, say.
#[derive(Debug)]
pub(crate) struct Versioned<T> {
    pub status: StatusCode,
    /// What tells the version from others.
    pub tag: String,
    pub body: T,
}

impl<T> Versioned<T> {
    /// Something of a version.
    pub fn new(version: i64, body: T) -> Self {
        Self::tagged(version.to_string(), body)
    }

    /// Something that was made just now, unless it was there.
    #[must_use]
    pub fn created(mut self, created: bool) -> Self {
        if created {
            self.status = StatusCode::CREATED;
        }
        self
    }

    /// Something that tells its versions apart by itself.
    pub fn tagged(tag: String, body: T) -> Self {
        Self {
            status: StatusCode::OK,
            tag,
            body,
        }
    }
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let body = match serde_json::to_vec(&self.body) {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written");
                let detail = "something is wrong with the server; its log has more";
                return Problem::of(ErrorKind::Internal, detail).into_response();
            }
        };
        let etag = etag(&body, &self.tag);
        let kind = HeaderValue::from_static("application/json");
        let mut response = (self.status, [(header::CONTENT_TYPE, kind)], body).into_response();
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        response
    }
}

fn etag(body: &[u8], tag: &str) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("\"{:016x}-{}\"", hasher.finish(), tag.trim_matches('"'))
}

/// Answers 304 to who reads again what has not changed since: `If-None-Match` names its ETag.
pub(crate) async fn unchanged(request: Request, next: Next) -> Response {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let known = is_read.then(|| request.headers().clone());
    let response = next.run(request).await;
    let (Some(known), StatusCode::OK) = (known, response.status()) else {
        return response;
    };
    match response.headers().get(header::ETAG) {
        Some(etag) if is_known(&known, etag) => {
            let etag = etag.clone();
            (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response()
        }
        _ => response,
    }
}

/// Whether the headers name an ETag as one that is known; they may name several, and weak ones.
fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let Ok(etag) = etag.to_str() else { return false };
    let named = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut named = named
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim);
    named.any(|named| named == "*" || named.trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_known_by_any_of_its_names() {
        let etag = etag(b"{}", "\"17-3\"");
        assert!(etag.starts_with('"') && etag.ends_with("-17-3\""), "{etag}");
        let value = |text: &str| HeaderValue::from_str(text).expect("a header");
        for (sent, known) in [
            (etag.clone(), true),
            (format!("W/{etag}"), true),
            (format!("\"1\", {etag}"), true),
            ("*".to_owned(), true),
            ("\"17-3\"".to_owned(), false),
            (String::new(), false),
        ] {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, value(&sent))]);
            assert_eq!(is_known(&headers, &value(&etag)), known, "{sent}");
        }
    }
}
