//! What comes to a collector, and what happens where there is none.

use std::time::{Duration, Instant, SystemTime};

use tenon_servers::{Answer, Collector};
use tenon_telemetry::{Finished, KeyValue, Settings, Telemetry, current_span, follow_request, follow_run};
use tracing::{Dispatch, Instrument};
use tracing_subscriber::layer::SubscriberExt;

/// A process that sends to this collector.
async fn sending(collector: &Collector, change: impl FnOnce(&mut Settings)) -> (Telemetry, Dispatch) {
    let telemetry = Telemetry::default();
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    let dispatch = Dispatch::new(subscriber);
    // Everything that is asked whether it is wanted is asked while somebody listens.
    let _listening = tracing::dispatcher::set_default(&dispatch);
    apply(&telemetry, collector, change).await;
    (telemetry, dispatch)
}

async fn apply(telemetry: &Telemetry, collector: &Collector, change: impl FnOnce(&mut Settings)) {
    let mut settings = Settings::new(collector.url().parse().expect("a URL"));
    change(&mut settings);
    let prepared = Telemetry::prepare(Some(settings), "server-1").expect("right");
    telemetry.apply(prepared).await;
}

fn finished(name: &'static str) -> Finished {
    let now = SystemTime::now();
    Finished {
        name,
        began: now,
        ended: now,
        attributes: vec![KeyValue::new("rows_in", 3)],
        error: None,
    }
}

/// An attempt of a run, with a line in its log and a step.
async fn attempt(telemetry: &Telemetry, run: &str) {
    let span = tracing::info_span!(target: "tenon_server", "attempt", run, attempt = 2);
    follow_run(&span, &telemetry.run(run));
    let telemetry = telemetry.clone();
    let work = async move {
        tracing::warn!(target: "tenon_server", rows = 3, "some rows look wrong");
        tracing::debug!(target: "tenon_server", "nobody wants to know");
        tracing::error!(target: "hyper_util", "not ours");
        telemetry.was_part(Finished {
            error: Some("it failed".to_owned()),
            ..finished("step")
        });
    };
    work.instrument(span).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_one_trace_and_its_lines_are_about_it() {
    let collector = Collector::start().expect("a collector");
    let (telemetry, dispatch) = sending(&collector, |settings| {
        settings.service = "etl".to_owned();
        settings
            .attributes
            .insert("deployment.environment".to_owned(), "test".to_owned());
    })
    .await;
    let _listening = tracing::dispatcher::set_default(&dispatch);
    attempt(&telemetry, "run_1").await;
    telemetry.ran(&telemetry.run("run_1"), finished("run"));
    telemetry.end(Duration::from_secs(30)).await;

    let spans = collector.spans();
    let named = |name: &str| {
        let span = spans.iter().find(|span| span.name == name);
        span.unwrap_or_else(|| panic!("no {name} in {spans:#?}"))
    };
    let (run, attempt, step) = (named("run"), named("attempt"), named("step"));
    assert_eq!(spans.len(), 3, "{spans:#?}");
    assert_eq!(
        (run.parent.as_str(), &attempt.parent, &step.parent),
        ("", &run.id, &attempt.id)
    );
    assert!(
        [attempt, step]
            .iter()
            .all(|span| span.trace == run.trace && span.trace == telemetry_id())
    );
    assert_eq!(attempt.attributes["tenon.run"], "run_1");
    assert_eq!(attempt.attributes["tenon.attempt"], "2");
    assert_eq!(step.attributes["tenon.rows_in"], "3");
    assert_eq!((&run.error, step.error.as_deref()), (&None, Some("it failed")));
    assert_eq!(run.resource["service.name"], "etl");
    assert_eq!(run.resource["service.instance.id"], "server-1");
    assert_eq!(run.resource["deployment.environment"], "test");

    let lines = collector.lines();
    let [line] = lines.as_slice() else {
        panic!("one line is ours, and matters: {lines:#?}")
    };
    assert_eq!(
        (line.message.as_str(), line.severity.as_str()),
        ("some rows look wrong", "WARN")
    );
    assert_eq!((&line.trace, &line.span), (&run.trace, &attempt.id));
    assert_eq!(line.attributes["tenon.run"], "run_1");
    assert_eq!(line.attributes["tenon.rows"], "3");
    assert_eq!(telemetry.lost(), (0, 0));
}

fn telemetry_id() -> String {
    Telemetry::default().run("run_1").id()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_part_of_the_trace_that_it_names() {
    let collector = Collector::start().expect("a collector");
    let (telemetry, dispatch) = sending(&collector, |settings| settings.share = 0.0).await;
    let _listening = tracing::dispatcher::set_default(&dispatch);
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let ask = |traceparent: Option<String>| {
        let mut headers = http::HeaderMap::new();
        headers.extend(traceparent.map(|value| {
            let name = http::HeaderName::from_static("traceparent");
            (name, http::HeaderValue::try_from(value).expect("a value"))
        }));
        let span = tracing::info_span!(target: "tenon_server", "request");
        follow_request(&span, &headers);
        span.in_scope(current_span)
    };
    assert!(ask(Some(format!("00-{trace}-{parent}-01"))).is_sampled());
    // Of those that nobody else wants, this one wants none.
    assert!(!ask(Some(format!("00-{trace}-{parent}-00"))).is_sampled());
    assert!(!ask(None).is_sampled());
    assert!(!ask(Some("00-nonsense".to_owned())).is_sampled());
    telemetry.end(Duration::from_secs(30)).await;
    let spans = collector.spans();
    assert_eq!(spans.len(), 1, "{spans:#?}");
    assert_eq!((spans[0].trace.as_str(), spans[0].parent.as_str()), (trace, parent));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_are_sent_and_not_told() {
    let collector = Collector::start().expect("a collector");
    let (telemetry, dispatch) = sending(&collector, |settings| {
        settings.headers = [("authorization".to_owned(), "Bearer hunter2".to_owned())]
            .into_iter()
            .collect();
    })
    .await;
    let _listening = tracing::dispatcher::set_default(&dispatch);
    attempt(&telemetry, "run_1").await;
    assert!(!format!("{telemetry:?}").contains("hunter2"));
    telemetry.end(Duration::from_secs(30)).await;
    let requests = collector.requests();
    assert_eq!(requests.len(), 2, "spans and lines");
    for request in &requests {
        assert_eq!(request.headers["authorization"], "Bearer hunter2");
        assert_eq!(request.headers["content-type"], "application/x-protobuf");
        assert!(!String::from_utf8_lossy(&request.body).contains("hunter2"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_collector_gets_what_comes_then() {
    let (one, other) = (Collector::start().expect("one"), Collector::start().expect("another"));
    let (telemetry, dispatch) = sending(&one, |_| {}).await;
    let _listening = tracing::dispatcher::set_default(&dispatch);
    attempt(&telemetry, "run_1").await;
    apply(&telemetry, &other, |_| {}).await;
    attempt(&telemetry, "run_2").await;
    telemetry.end(Duration::from_secs(30)).await;
    let of = |collector: &Collector| {
        collector.wait_for("an attempt", |collector| {
            let spans = collector.spans();
            let attempt = spans.iter().find(|span| span.name == "attempt");
            attempt.map(|span| span.attributes["tenon.run"].clone())
        })
    };
    assert_eq!((of(&one), of(&other)), ("run_1".to_owned(), "run_2".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_hangs_slows_nobody_down() {
    let collector = Collector::answering(Answer::Nothing).expect("a collector");
    let (telemetry, dispatch) = sending(&collector, |settings| settings.queue = 8).await;
    let _listening = tracing::dispatcher::set_default(&dispatch);
    attempt(&telemetry, "run_0").await;
    collector.wait_for("something to hang at", |collector| {
        (collector.requests().len() == 2).then_some(())
    });
    for number in 1..=100 {
        attempt(&telemetry, &format!("run_{number}")).await;
    }
    // Of the 200 spans and 100 lines each queue holds 8.
    assert_eq!(telemetry.lost(), (192, 92));
    let began = Instant::now();
    telemetry.end(Duration::from_millis(100)).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_collector_does_not_take_is_counted() {
    let collector = Collector::answering(Answer::Status(503)).expect("a collector");
    let (telemetry, dispatch) = sending(&collector, |_| {}).await;
    let _listening = tracing::dispatcher::set_default(&dispatch);
    attempt(&telemetry, "run_1").await;
    telemetry.end(Duration::from_secs(30)).await;
    assert_eq!((telemetry.lost(), telemetry.sent()), ((2, 1), (0, 0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_not_there_is_no_reason_to_stop() {
    // A port that nobody listens at.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let gone = port.local_addr().expect("an address");
    drop(port);
    let telemetry = Telemetry::default();
    let settings = Settings::new(format!("http://{gone}").parse().expect("a URL"));
    telemetry
        .apply(Telemetry::prepare(Some(settings), "server-1").expect("right"))
        .await;
    telemetry.ran(&telemetry.run("run_1"), finished("run"));
    telemetry.end(Duration::from_secs(30)).await;
    assert_eq!(telemetry.lost(), (1, 0));
}
