//! Requests as spans, for a collector, and as figures.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tenon_metadata::Name;
use tenon_telemetry::follow_request;
use tracing::Instrument;
use tracing::field::Empty;

use crate::figures;

/// Paths that somebody asks for every few seconds.
const PROBES: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// Answers a request in a span, which is part of the trace that the header `traceparent` names. Paths are told with the
/// names of their parts, and queries and bodies not at all.
pub(crate) async fn in_span(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let route = path.as_ref().map_or("", MatchedPath::as_str);
    if PROBES.contains(&route) {
        return next.run(request).await;
    }
    let (method, began) = (figures::method(request.method()), Instant::now());
    let response = spanned(route, request, next).await;
    figures::answered(route, method, response.status(), began.elapsed());
    response
}

async fn spanned(route: &str, request: Request, next: Next) -> Response {
    let span = tracing::info_span!(
        "request",
        otel.name = format_args!("{} {route}", request.method()),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = %request.method(),
        http.route = route,
        http.response.status_code = Empty,
        tenant = Empty,
        run = Empty,
    );
    if span.is_disabled() {
        return next.run(request).await;
    }
    follow_request(&span, request.headers());
    if let Some(tenant) = tenant(route, request.uri().path()) {
        span.record("tenant", tenant.as_str());
    }
    let response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    if response.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    response
}

/// Whose things are asked for.
fn tenant(route: &str, path: &str) -> Option<Name> {
    let place = route.split('/').position(|part| part == "{tenant}")?;
    Name::new(path.split('/').nth(place)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_things_are_asked_for_is_known() {
        let of = |route, path| tenant(route, path).map(|name| name.to_string());
        let shop = Some("shop".to_owned());
        assert_eq!(
            of("/v1/tenants/{tenant}/runs/{run}", "/v1/tenants/shop/runs/run_1"),
            shop
        );
        assert_eq!(of("/v1/{tenant}/webhook", "/v1/shop/webhook"), shop);
        assert_eq!(of("/v1/tenants/{tenant}", "/v1/tenants/%2e%2e"), None);
        assert_eq!(of("/v1/server", "/v1/server"), None);
    }
}
