//! Runs as traces and logs for a collector: a run, its attempts, and what each of these had to do.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tenon_engine::{Flow, Progress};
use tenon_metadata::Name;
use tenon_runs::{Claimed, Level, LogSource, NewLine, Run, RunLog, State};
use tenon_telemetry::{Finished, KeyValue, LogLine, current_span, follow_run};
use tracing::Span;
use tracing::field::Empty;

use super::outcome::in_one_sentence;
use super::went::Went;
use crate::server::Shared;

/// The span of an attempt, part of its run's trace.
pub(super) fn attempt(shared: &Shared, run: &Claimed) -> Span {
    let span = tracing::info_span!(
        "attempt",
        tenant = %run.tenant,
        job = %run.job,
        run = run.lease.run,
        attempt = run.attempt,
        server = %shared.name,
        otel.status_code = Empty,
        otel.status_description = Empty,
    );
    if !span.is_disabled() {
        follow_run(&span, &shared.surroundings.telemetry.run(&run.lease.run));
    }
    span
}

/// The log of an attempt whose span is current, which the collector gets too.
pub(super) fn log(shared: &Shared, run: &Claimed) -> RunLog {
    let log = shared.runs.log(run);
    let telemetry = shared.surroundings.telemetry.clone();
    if !telemetry.sends_logs() {
        return log;
    }
    let span = current_span();
    let labels = [
        ("tenant", run.tenant.to_string()),
        ("job", run.job.to_string()),
        ("run", run.lease.run.clone()),
        ("attempt", run.attempt.to_string()),
    ];
    log.also(move |line: &NewLine| {
        let mut attributes = labels.to_vec();
        attributes.extend(line.step.clone().map(|step| ("step", step)));
        let source = match line.source {
            LogSource::Guest => "guest",
            LogSource::Host => "host",
        };
        attributes.push(("source", source.to_owned()));
        telemetry.log(LogLine {
            time: time(line.time),
            level: level(line.level),
            message: &line.message,
            attributes,
            span: span.clone(),
        });
    })
}

/// Tells how an attempt, whose span is current, has gone, and what it has read, done and written.
pub(super) fn parts(shared: &Shared, progress: &Progress, went: &Went) {
    let telemetry = &shared.surroundings.telemetry;
    if !telemetry.sends_traces() || !current_span().is_sampled() {
        return;
    }
    if let Went::Badly(ended) = went {
        let span = Span::current();
        span.record("otel.status_code", "ERROR");
        span.record("otel.status_description", in_one_sentence(&ended.failure));
    }
    let parts = [
        ("source", progress.sources()),
        ("step", progress.steps()),
        ("sink", progress.sinks()),
    ];
    let Some((first, last)) = progress.at_work() else {
        return;
    };
    for (name, flows) in parts {
        for flow in flows {
            let (began, ended) = flow.at_work.unwrap_or((first, last));
            telemetry.was_part(Finished {
                name,
                began,
                ended,
                attributes: counts(name, flow),
                error: None,
            });
        }
    }
}

/// Tells of a whole run, if this attempt was its last: the root of its trace. For runs that end before anybody takes them up
/// there is nothing to tell.
pub(super) async fn run(shared: &Shared, tenant: &Name, id: &str, attempt: u32) {
    let telemetry = &shared.surroundings.telemetry;
    let trace = telemetry.run(id);
    if !trace.is_sent() {
        return;
    }
    let (tenant, run) = (tenant.clone(), id.to_owned());
    let found = shared.metadata.read(move |tx| tenon_runs::runs::get(tx, &tenant, &run));
    match found.await {
        // Another server may have it, or it waits for its next attempt.
        Ok(run) if run.state.is_final() && run.attempt == attempt => telemetry.ran(&trace, whole(&run)),
        Ok(_) => {}
        Err(error) => tracing::debug!(%error, "a run is not in its trace"),
    }
}

fn whole(run: &Run) -> Finished {
    let mut attributes = vec![
        KeyValue::new("tenant", run.tenant.to_string()),
        KeyValue::new("job", run.job.to_string()),
        KeyValue::new("run", run.id.clone()),
        KeyValue::new("attempts", i64::from(run.attempt)),
        KeyValue::new("state", run.state.to_string()),
        KeyValue::new("rows_in", number(run.usage.rows_in)),
        KeyValue::new("rows_out", number(run.usage.rows_out)),
    ];
    let more = [
        ("trigger", &run.trigger),
        ("workflow_run", &run.workflow_run),
        ("node", &run.node),
    ];
    for (name, value) in more {
        attributes.extend(value.clone().map(|value| KeyValue::new(name, value)));
    }
    let error = run.error.as_ref().filter(|_| run.state != State::Succeeded);
    Finished {
        name: "run",
        began: run.created.into(),
        ended: run.ended.map_or_else(SystemTime::now, SystemTime::from),
        attributes,
        error: error.map(in_one_sentence),
    }
}

fn counts(name: &'static str, flow: Flow) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new(name, flow.name),
        KeyValue::new("rows_in", number(flow.rows_in)),
        KeyValue::new("rows_out", number(flow.rows_out)),
        KeyValue::new("rows_rejected", number(flow.rows_rejected)),
    ];
    attributes.extend(flow.bytes.map(|bytes| KeyValue::new("bytes", number(bytes))));
    attributes.extend(flow.batches.map(|batches| KeyValue::new("batches", number(batches))));
    attributes
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn time(micros: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

fn level(level: Level) -> tracing::Level {
    match level {
        Level::Trace => tracing::Level::TRACE,
        Level::Debug => tracing::Level::DEBUG,
        Level::Info => tracing::Level::INFO,
        Level::Warn => tracing::Level::WARN,
        Level::Error => tracing::Level::ERROR,
    }
}
