//! Whether the server lives, and whether it can take work.

use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tenon_metadata::{ErrorKind, row};
use tokio::sync::Mutex;

use crate::{Api, Problem};

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// What was found when somebody asked last, and when that was. Held while it is found out.
pub(crate) type Readiness = Mutex<Option<(Instant, Result<(), Problem>)>>;

/// Whoever asks how often, the database is written once in this time.
const FRESH: Duration = Duration::from_secs(1);

/// Ready if the database can be written, nothing of the server broke off, and it is not about to end.
async fn ready(State(api): State<Api>) -> Result<&'static str, Problem> {
    if api.backend.is_draining() {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "the server is about to end",
        ));
    }
    if let Some(trouble) = api.backend.trouble() {
        return Err(Problem::of(ErrorKind::Unavailable, trouble));
    }
    let mut known = api.readiness.lock().await;
    let fresh = known.as_ref().filter(|(since, _)| since.elapsed() < FRESH);
    let found = if let Some((_, found)) = fresh {
        found.clone()
    } else {
        let found = written(&api).await;
        *known = Some((Instant::now(), found.clone()));
        found
    };
    found.map(|()| "ready\n")
}

/// A disk that is full, or read-only, can still be read: only writing tells.
async fn written(api: &Api) -> Result<(), Problem> {
    let server = api.backend.name();
    let written = api.metadata.write(move |tx| {
        let now = tx.now();
        tx.execute(
            "insert into api_readiness (server, asked) values (?1, ?2)
             on conflict (server) do update set asked = excluded.asked",
            row![&server, now],
        )
    });
    let written = tokio::time::timeout(api.settings.timeout, written).await;
    written
        .map_err(|_| Problem::of(ErrorKind::Unavailable, "the database does not answer"))?
        .map(drop)
        .map_err(|error: tenon_metadata::Error| error.into())
}

/// In Prometheus' text format.
async fn metrics(State(api): State<Api>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, api.backend.metrics()).into_response()
}
