//! What keeps the server upright: bounded requests, bounded bodies, bounded time; and what all answers have in common.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tenon_metadata::ErrorKind;

use crate::answer::unchanged;
use crate::caller::REQUEST_ID;
use crate::{Api, Problem, document, plugins};

/// An upload may take so many times as long as other requests.
const UPLOADS: u32 = 20;
/// Bytes of what axum has to say about a request.
const LONGEST_REJECTION: usize = 4096;

/// Names that a query may have, by method and path.
type Queries = HashMap<(Method, String), HashSet<String>>;

/// The routes with the server's limits around them.
pub(crate) fn bounded(routes: Router<Api>, api: &Api, document: &Value) -> Router<Api> {
    let queries: Arc<Queries> = Arc::new(document::queries(document));
    routes
        .layer(DefaultBodyLimit::max(api.settings.body))
        .layer(from_fn_with_state(queries, known))
        .layer(from_fn_with_state(api.clone(), in_turn))
}

/// What all answers have in common, also those of paths that are not there.
pub(crate) fn shaped(routes: Router<Api>) -> Router<Api> {
    routes
        .fallback(|| async { Problem::not_found("there is nothing at this path; see /openapi.json") })
        .layer(from_fn(unchanged))
        .layer(from_fn(problems))
        .layer(from_fn(named))
}

/// Answers 429 when too many requests are worked on: better at once than after the client has given up. What takes too
/// long is answered 503.
async fn in_turn(State(api): State<Api>, path: MatchedPath, request: Request, next: Next) -> Response {
    let Ok(_turn) = api.requests.try_acquire() else {
        metrics::counter!("tenon_server_requests_refused_total").increment(1);
        let detail = "the server is busy with as many requests as it may work on at once; try again";
        return Problem::of(ErrorKind::Limit, detail).into_response();
    };
    let is_upload = request.method() == Method::POST && own(&path) == plugins::UPLOAD;
    let most = if is_upload {
        api.settings.timeout.saturating_mul(UPLOADS)
    } else {
        api.settings.timeout
    };
    tokio::time::timeout(most, next.run(request)).await.unwrap_or_else(|_| {
        let seconds = most.as_secs();
        let detail = format!("the request took longer than {seconds} s; if it changes something, look whether it did");
        Problem::of(ErrorKind::Unavailable, detail).into_response()
    })
}

/// Refuses what no query of this request may have: a filter that is misspelt must not let everything through.
async fn known(State(queries): State<Arc<Queries>>, path: MatchedPath, request: Request, next: Next) -> Response {
    let method = match request.method() {
        &Method::HEAD => Method::GET,
        method => method.clone(),
    };
    let names = queries.get(&(method, own(&path).to_owned()));
    let sent = request.uri().query().unwrap_or_default();
    let sent = sent.split('&').filter(|pair| !pair.is_empty());
    let mut sent = sent.map(|pair| pair.split('=').next().unwrap_or_default());
    if let Some(names) = names
        && let Some(name) = sent.find(|name| !names.contains(*name))
    {
        let name: String = name.chars().take(64).collect();
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.sort_unstable();
        let names = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        let detail = format!("there is no `{name}` in queries of this path; there are: {names}");
        return Problem::new(StatusCode::BAD_REQUEST, "invalid", detail).into_response();
    }
    next.run(request).await
}

/// The path as the document has it, without that of the router which this one is a part of.
fn own(path: &MatchedPath) -> &str {
    let path = path.as_str();
    path.rfind("/v1/").map_or(path, |begin| &path[begin..])
}

/// Makes what axum refuses a [`Problem`] too, and answers OPTIONS.
async fn problems(request: Request, next: Next) -> Response {
    let is_options = request.method() == Method::OPTIONS;
    let response = next.run(request).await;
    let status = response.status();
    let allow = response.headers().get(header::ALLOW).cloned();
    if is_options && status == StatusCode::METHOD_NOT_ALLOWED {
        let mut response = StatusCode::NO_CONTENT.into_response();
        response.headers_mut().extend(allow.map(|allow| (header::ALLOW, allow)));
        return response;
    }
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == Problem::CONTENT_TYPE);
    if !(status.is_client_error() || status.is_server_error()) || is_problem {
        return response;
    }
    let text = to_bytes(response.into_body(), LONGEST_REJECTION)
        .await
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    let (kind, detail) = match status {
        StatusCode::METHOD_NOT_ALLOWED => (
            "invalid",
            "this path does not have this method; see the header `Allow`".to_owned(),
        ),
        StatusCode::PAYLOAD_TOO_LARGE => ("too_large", text),
        status if status.is_server_error() => (
            "internal",
            "something is wrong with the server; its log has more".to_owned(),
        ),
        _ => ("invalid", text),
    };
    let mut response = Problem::new(status, kind, detail).into_response();
    response.headers_mut().extend(allow.map(|allow| (header::ALLOW, allow)));
    response
}

/// Gives each request an id, which its answer has too; and answers are nobody's to keep.
async fn named(mut request: Request, next: Next) -> Response {
    let sent = request.headers().get(REQUEST_ID).filter(|id| {
        let bytes = id.as_bytes();
        (1..=64).contains(&bytes.len())
            && bytes
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
    });
    let id = sent
        .cloned()
        .or_else(|| HeaderValue::from_str(&tenon_metadata::id("req")).ok());
    if let Some(id) = &id {
        request.headers_mut().insert(REQUEST_ID, id.clone());
    }
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        // Whoever asked has the id, and what went wrong is in the log before this.
        let request = id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default();
        tracing::error!(request, %method, path, "a request was answered with 500");
    }
    let headers = response.headers_mut();
    headers.extend(id.map(|id| (header::HeaderName::from_static(REQUEST_ID), id)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
