//! What the server counts, for Prometheus. No figure is about one tenant: there may be thousands.

use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tenon_metadata::Metadata;
use tenon_runs::State;

use crate::server::Shared;

/// How often runs are counted in the database.
const COUNT: Duration = Duration::from_secs(2);

/// Seconds up to which requests are told apart.
const REQUEST_SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// Seconds up to which runs are told apart.
const RUN_SECONDS: &[f64] = &[
    0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0,
];
const BUCKETS: [(&str, &[f64]); 3] = [
    ("tenon_http_request_seconds", REQUEST_SECONDS),
    ("tenon_run_seconds", RUN_SECONDS),
    ("tenon_run_wait_seconds", RUN_SECONDS),
];

/// What the process counts with. It has one: an embedding program may have its own already, or another server of the same
/// process.
pub(crate) fn recorder() -> Option<PrometheusHandle> {
    let builder = BUCKETS
        .iter()
        .try_fold(PrometheusBuilder::new(), |builder, (name, buckets)| {
            builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets)
        });
    let recorder = builder.and_then(PrometheusBuilder::install_recorder).ok()?;
    // Those that have not happened yet are there as well.
    for state in State::ALL.into_iter().filter(|state| state.is_final()) {
        counter!("tenon_runs_total", "state" => state.as_str()).increment(0);
    }
    counter!("tenon_runs_started_total").increment(0);
    for result in ["fired", "failed"] {
        counter!("tenon_triggers_fired_total", "result" => result).increment(0);
    }
    for result in ["delivered", "failed"] {
        counter!("tenon_event_deliveries_total", "result" => result).increment(0);
    }
    Some(recorder)
}

/// An attempt of a run is at work here until this is dropped.
pub(crate) struct AtWork {
    began: Instant,
}

impl AtWork {
    /// It begins, after it has waited so long, where that is known.
    pub fn begin(waited: Option<Duration>) -> Self {
        counter!("tenon_runs_started_total").increment(1);
        gauge!("tenon_runs_at_work").increment(1.0);
        if let Some(waited) = waited {
            histogram!("tenon_run_wait_seconds").record(waited.as_secs_f64());
        }
        Self { began: Instant::now() }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        gauge!("tenon_runs_at_work").decrement(1.0);
        histogram!("tenon_run_seconds").record(self.began.elapsed().as_secs_f64());
    }
}

/// A run has come to its end here.
pub(crate) fn ended(state: State) {
    counter!("tenon_runs_total", "state" => state.as_str()).increment(1);
}

/// A request was answered, up to the first bytes of the answer.
pub(crate) fn answered(route: &str, method: &'static str, status: StatusCode, took: Duration) {
    let route = if route.is_empty() { "none" } else { route };
    counter!(
        "tenon_http_requests_total",
        "route" => route.to_owned(), "method" => method, "status" => class(status)
    )
    .increment(1);
    histogram!("tenon_http_request_seconds", "route" => route.to_owned(), "method" => method)
        .record(took.as_secs_f64());
}

/// Methods by their names; those that nobody knows are one, as clients may make up any number of them.
pub(crate) fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

/// Takes over what the database counts by itself.
pub(crate) fn of_database(metadata: &Metadata) {
    let statistics = metadata.statistics();
    counter!("tenon_database_changes_total").absolute(statistics.changes);
    counter!("tenon_database_commits_total").absolute(statistics.commits);
    counter!("tenon_database_repeated_total").absolute(statistics.repeated);
    gauge!("tenon_database_waiting").set(statistics.waiting as f64);
}

/// Counts the runs in the database, for ever.
pub(crate) async fn count_runs(shared: &Shared) {
    loop {
        match shared.metadata.read(tenon_runs::counts).await {
            Ok(counts) => {
                for state in State::ALL {
                    let of_state = counts.iter().filter(|count| count.state == state);
                    let runs: u64 = of_state.map(|count| count.runs).sum();
                    gauge!("tenon_runs", "state" => state.as_str()).set(runs as f64);
                }
            }
            Err(error) => tracing::debug!(%error, "the runs cannot be counted now"),
        }
        shared.tidy_metrics();
        tokio::time::sleep(COUNT).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_make_up_makes_no_figures() {
        let made_up = Method::from_bytes(b"FETCH").expect("a method");
        assert_eq!((method(&made_up), method(&Method::PUT)), ("other", "PUT"));
        assert_eq!((class(StatusCode::OK), class(StatusCode::BAD_GATEWAY)), ("2xx", "5xx"));
    }
}
