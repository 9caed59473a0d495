//! JSON that was sent.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::Problem;

/// A JSON body. What is wrong with it is a [`Problem`] that names the field.
#[derive(Debug)]
pub(crate) struct Body<T>(pub T);

/// A JSON body that may be missing.
#[derive(Debug)]
pub(crate) struct MaybeBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = sent(request, state).await?;
        if bytes.is_empty() {
            return Err(wrong("the body is missing: this needs JSON"));
        }
        parsed(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for MaybeBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = sent(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        parsed(&bytes).map(Self)
    }
}

/// All bytes of a body, as many as may be.
pub(crate) async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        let status = rejection.status();
        let kind = if status == StatusCode::PAYLOAD_TOO_LARGE {
            "too_large"
        } else {
            "invalid"
        };
        Problem::new(status, kind, rejection.body_text())
    })
}

async fn sent<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).cloned();
    let bytes = bytes(request, state).await?;
    // What says nothing of itself is taken for JSON.
    let is_json = kind.is_none_or(|kind| {
        let kind = kind.to_str().unwrap_or_default().to_ascii_lowercase();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
    });
    if !bytes.is_empty() && !is_json {
        let detail = "this takes JSON, with the header `Content-Type: application/json`";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid", detail));
    }
    Ok(bytes)
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let detail = format!("the body is not right at `{}`: {}", error.path(), error.inner());
        if error.inner().is_data() {
            Problem::invalid(detail)
        } else {
            wrong(detail)
        }
    })?;
    json.end()
        .map_err(|error| wrong(format!("the body is not right: {error}")))?;
    Ok(parsed)
}

fn wrong(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid", detail)
}
