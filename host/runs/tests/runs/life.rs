//! A run from its request to its end.

use serde_json::json;
use tenon_metadata::ErrorKind;
use tenon_runs::{Error, Failure, Finished, JobSettings, Outcome, Quotas, RetryWhen, State, Usage};

use crate::place::{Place, SECOND, name, request};

fn failed(may_pass: Option<bool>) -> Outcome {
    Outcome::new(State::Failed).error(Failure {
        may_pass,
        ..Failure::new("trap", "the guest trapped")
    })
}

#[test]
fn every_pair_of_states_is_allowed_or_refused() {
    use State::{Error, Failed, Running, Starting, Stopped, Stopping, Succeeded, Timeout, Waiting};
    let allowed = [
        (Waiting, vec![Starting, Stopped, Error]),
        (
            Starting,
            vec![Waiting, Running, Stopping, Succeeded, Failed, Error, Timeout],
        ),
        (Running, vec![Waiting, Stopping, Succeeded, Failed, Error, Timeout]),
        (Stopping, vec![Stopped, Succeeded, Failed, Error, Timeout]),
        (Stopped, vec![Waiting]),
        (Succeeded, vec![]),
        (Failed, vec![Waiting]),
        (Error, vec![Waiting]),
        (Timeout, vec![Waiting]),
    ];
    assert_eq!(allowed.len(), State::ALL.len());
    for (from, to) in allowed {
        for next in State::ALL {
            assert_eq!(from.can_become(next), to.contains(&next), "{from} to {next}");
        }
        assert_eq!(from.as_str().to_lowercase().parse(), Ok(from));
        assert_eq!(serde_json::to_value(from).unwrap(), from.as_str());
        assert!(!(from.is_final() && from.is_held()));
    }
    assert!("QUEUED".parse::<State>().unwrap_err().contains("WAITING"));
}

#[tokio::test]
async fn a_run_goes_through_its_states_and_tells_each() {
    let place = Place::new().await;
    place.job("shop", "orders", JobSettings::default()).await;
    let server = place.server("here").await;
    let mut wanted = request("shop", "orders");
    wanted.trigger = Some("nightly".to_owned());
    wanted.depth = 2;
    let _ = wanted.arguments.insert("day".to_owned(), json!("2026-01-31"));
    let id = place.try_submit(wanted).await.unwrap().id;
    place.pass(5);
    let claimed = place.claim(&server, 9).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].arguments["day"], "2026-01-31");
    assert_eq!(
        claimed[0].timeout_at.unwrap(),
        claimed[0].queued + (5 + 172_800) * SECOND
    );
    let lease = claimed[0].lease.clone();
    let running = lease.clone();
    let progress = lease.clone();
    place.write(move |tx| tenon_runs::running(tx, &running)).await.unwrap();
    place
        .write(move |tx| tenon_runs::progress(tx, &progress, &json!({ "rows": 7 })))
        .await
        .unwrap();
    place.pass(5);
    let mut outcome = Outcome::new(State::Succeeded);
    outcome.report = json!({ "rows_in": 10 });
    outcome.usage = Usage {
        rows_in: 10,
        peak_memory: 1 << 20,
        ..Usage::default()
    };
    let finished = place.finish(&lease, outcome.clone()).await.unwrap();
    assert!(finished.changed);
    // The answer was lost: saying it again changes nothing, and says so.
    let unchanged = Finished {
        changed: false,
        ..finished
    };
    assert_eq!(place.finish(&lease, outcome).await.unwrap(), unchanged);

    let run = place.run("shop", &id).await;
    assert_eq!((run.state, run.attempt, run.server), (State::Succeeded, 1, None));
    assert_eq!(run.progress, Some(json!({ "rows": 7 })));
    assert_eq!(run.report, Some(json!({ "rows_in": 10 })));
    assert_eq!((run.usage.rows_in, run.usage.peak_memory), (10, 1 << 20));
    assert_eq!((run.ended.unwrap() - run.created).num_seconds(), 10);
    let events = place.events(&id).await;
    let kinds: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["run.waiting", "run.starting", "run.running", "run.succeeded"]);
    assert_eq!(events[3].1["trigger"], "nightly");
    assert_eq!(
        (events[3].1["depth"].clone(), events[3].1["job"].clone()),
        (json!(2), json!("orders"))
    );
    let counts = place.write(tenon_runs::counts).await.unwrap();
    let counts: Vec<_> = counts.iter().map(|count| (count.state, count.runs)).collect();
    assert_eq!(counts, [(State::Succeeded, 1)]);
}

#[tokio::test]
async fn what_failed_is_tried_again_with_longer_and_longer_pauses() {
    let place = Place::new().await;
    let settings = JobSettings {
        max_retries: 2,
        retry_jitter: 0.0,
        ..JobSettings::default()
    };
    place.job("shop", "orders", settings).await;
    let server = place.server("here").await;
    let id = place.submit("shop", "orders").await;
    for pause in [10, 20] {
        let claimed = place.claim(&server, 1).await.remove(0);
        let began = place.now.load(std::sync::atomic::Ordering::SeqCst);
        let finished = place.finish(&claimed.lease, failed(None)).await.unwrap();
        assert_eq!(finished.state, State::Waiting);
        assert_eq!(finished.again_at, Some(began + pause * SECOND));
        let unchanged = Finished {
            changed: false,
            ..finished
        };
        assert_eq!(place.finish(&claimed.lease, failed(None)).await.unwrap(), unchanged);
        place.pass(pause - 1);
        assert!(place.claim(&server, 1).await.is_empty(), "too early");
        place.pass(1);
    }
    let claimed = place.claim(&server, 1).await.remove(0);
    assert_eq!((claimed.lease.run.as_str(), claimed.attempt), (id.as_str(), 3));
    assert_eq!(
        place.finish(&claimed.lease, failed(None)).await.unwrap().state,
        State::Failed
    );
    let (tenant, run) = (name("shop"), id.clone());
    let attempts = place
        .write(move |tx| tenon_runs::attempts(tx, &tenant, &run))
        .await
        .unwrap();
    let ended: Vec<_> = attempts
        .iter()
        .map(|attempt| (attempt.attempt, attempt.state))
        .collect();
    assert_eq!(ended, [(1, State::Failed), (2, State::Failed), (3, State::Failed)]);
    assert_eq!(attempts[0].error.as_ref().unwrap().sentence, "the guest trapped");

    // By hand it can go on, with all its retries.
    let (tenant, run) = (name("shop"), id.clone());
    place
        .write(move |tx| tenon_runs::resume(tx, &tenant, &run))
        .await
        .unwrap();
    let claimed = place.claim(&server, 1).await.remove(0);
    assert_eq!((claimed.lease.run.as_str(), claimed.attempt), (id.as_str(), 4));
    assert_eq!(
        place.finish(&claimed.lease, failed(None)).await.unwrap().state,
        State::Waiting
    );
}

#[tokio::test]
async fn what_cannot_pass_is_not_tried_again() {
    let place = Place::new().await;
    let server = place.server("here").await;
    place.job("shop", "any", JobSettings::default()).await;
    let transient = JobSettings {
        retry_when: RetryWhen::Transient,
        ..JobSettings::default()
    };
    place.job("shop", "transient", transient).await;
    for (job, may_pass, state) in [
        ("any", Some(false), State::Failed),
        ("any", None, State::Waiting),
        ("transient", None, State::Failed),
        ("transient", Some(true), State::Waiting),
    ] {
        let lease = place.begun(&server, "shop", job).await;
        let finished = place.finish(&lease, failed(may_pass)).await.unwrap();
        assert_eq!(finished.state, state, "{job} {may_pass:?}");
    }
    let lease = place.begun(&server, "shop", "any").await;
    let timeout = place.finish(&lease, Outcome::new(State::Timeout)).await.unwrap();
    assert_eq!(timeout.state, State::Timeout, "it would take as long again");
    let refused = place.finish(&lease, Outcome::new(State::Running)).await;
    assert!(matches!(refused, Err(Error::NotFinal { .. })));
}

#[tokio::test]
async fn runs_are_stopped_in_the_queue_and_at_work() {
    let place = Place::new().await;
    place.job("shop", "orders", JobSettings::default()).await;
    let server = place.server("here").await;
    let stop = async |run: &str| {
        let (tenant, run) = (name("shop"), run.to_owned());
        place
            .write(move |tx| tenon_runs::request_stop(tx, &tenant, &run, "enough"))
            .await
    };
    let lease = place.begun(&server, "shop", "orders").await;
    let second = place.submit("shop", "orders").await;
    assert_eq!(stop(&second).await.unwrap(), State::Stopped);
    assert!(matches!(stop(&second).await, Err(Error::Transition { .. })));

    let mut notices = place.metadata.subscribe("runs");
    assert_eq!(stop(&lease.run).await.unwrap(), State::Stopping);
    assert_eq!(stop(&lease.run).await.unwrap(), State::Stopping);
    assert_eq!(notices.next().await.unwrap().text, lease.run);
    let holder = server.clone();
    let held = place.write(move |tx| tenon_runs::held(tx, &holder)).await.unwrap();
    assert_eq!(
        (held[0].state, held[0].stop_reason.as_deref()),
        (State::Stopping, Some("enough"))
    );
    // It fails on its way out, and is not tried again.
    assert_eq!(
        place.finish(&lease, failed(Some(true))).await.unwrap().state,
        State::Failed
    );
    assert!(matches!(stop("run_unknown").await, Err(Error::UnknownRun { .. })));

    // A run of another tenant does not exist.
    let lease = place.begun(&server, "shop", "orders").await;
    let run = lease.run.clone();
    let other = place
        .write(move |tx| tenon_runs::request_stop(tx, &name("other"), &run, ""))
        .await;
    assert_eq!(other.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_run_that_is_given_back_has_as_many_retries_as_before() {
    let place = Place::new().await;
    let settings = JobSettings {
        max_retries: 1,
        retry_delay_seconds: 0,
        ..JobSettings::default()
    };
    place.job("shop", "orders", settings).await;
    let server = place.server("here").await;
    let lease = place.begun(&server, "shop", "orders").await;
    let give = lease.clone();
    let back = place
        .write(move |tx| tenon_runs::give_back(tx, &give, &Usage::default()))
        .await;
    assert_eq!(back.unwrap().state, State::Waiting);
    let claimed = place.claim(&server, 1).await.remove(0);
    assert_eq!(claimed.attempt, 2);
    assert_eq!(
        place.finish(&claimed.lease, failed(None)).await.unwrap().state,
        State::Waiting
    );
    let claimed = place.claim(&server, 1).await.remove(0);
    assert_eq!(
        place.finish(&claimed.lease, failed(None)).await.unwrap().state,
        State::Failed
    );
}

#[tokio::test]
async fn asking_twice_with_one_key_is_asking_once() {
    let place = Place::new().await;
    place.job("shop", "orders", JobSettings::default()).await;
    place.job("other", "orders", JobSettings::default()).await;
    let mut wanted = request("shop", "orders");
    wanted.idempotency_key = Some("k 1".to_owned());
    let _ = wanted.arguments.insert("a".to_owned(), json!({ "x": 1, "y": 2 }));
    let first = place.try_submit(wanted.clone()).await.unwrap();
    let again = place.try_submit(wanted.clone()).await.unwrap();
    assert_eq!((first.fresh, again.fresh, &again.id), (true, false, &first.id));

    let mut different = wanted.clone();
    let _ = different.arguments.insert("a".to_owned(), json!(2));
    let refused = place.try_submit(different).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused}");
    let mut elsewhere = wanted.clone();
    elsewhere.tenant = name("other");
    assert!(
        place.try_submit(elsewhere).await.unwrap().fresh,
        "another tenant's keys are its own"
    );

    place.pass(24 * 3600);
    let later = place.try_submit(wanted.clone()).await.unwrap();
    assert!(later.fresh && later.id != first.id);
    wanted.idempotency_key = Some("line\nbreak".to_owned());
    assert_eq!(place.try_submit(wanted).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn odd_requests_are_refused() {
    let place = Place::new().await;
    place.job("shop", "orders", JobSettings::default()).await;
    for odd in ["../etc", "", "a b", "x\0", "-a", &"x".repeat(129)] {
        let mut wanted = request("shop", "orders");
        wanted.trigger = Some(odd.to_owned());
        assert_eq!(
            place.try_submit(wanted).await.unwrap_err().kind(),
            ErrorKind::Invalid,
            "{odd:?}"
        );
        let mut wanted = request("shop", "orders");
        wanted.node = Some(odd.to_owned());
        assert_eq!(
            place.try_submit(wanted).await.unwrap_err().kind(),
            ErrorKind::Invalid,
            "{odd:?}"
        );
        let json = json!({ "tenant": "shop", "job": odd });
        assert!(serde_json::from_value::<tenon_runs::Request>(json).is_err(), "{odd:?}");
    }
    let mut large = request("shop", "orders");
    let _ = large.arguments.insert("a".to_owned(), json!("x".repeat(70_000)));
    assert_eq!(place.try_submit(large).await.unwrap_err().kind(), ErrorKind::Invalid);
    let mut deep = request("shop", "orders");
    deep.depth = 17;
    assert_eq!(place.try_submit(deep).await.unwrap_err().kind(), ErrorKind::Limit);
    let unknown = place.try_submit(request("other", "orders")).await.unwrap_err();
    assert!(matches!(unknown, Error::UnknownJob { .. }));
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_again() {
    let place = Place::new().await;
    place.job("shop", "orders", JobSettings::default()).await;
    place
        .quotas(
            "shop",
            Quotas {
                queued_runs: 2,
                ..Quotas::default()
            },
        )
        .await;
    place.submit("shop", "orders").await;
    place.submit("shop", "orders").await;
    let full = place.try_submit(request("shop", "orders")).await.unwrap_err();
    assert_eq!((full.kind(), full.retry_after()), (ErrorKind::Limit, Some(1)));
    let server = place.server("here").await;
    assert_eq!(place.claim(&server, 9).await.len(), 1);
    place.submit("shop", "orders").await;
}

crate::databases::on_both![
    a_run_goes_through_its_states_and_tells_each,
    what_failed_is_tried_again_with_longer_and_longer_pauses,
    what_cannot_pass_is_not_tried_again,
    runs_are_stopped_in_the_queue_and_at_work,
    a_run_that_is_given_back_has_as_many_retries_as_before,
    asking_twice_with_one_key_is_asking_once,
    odd_requests_are_refused,
    a_full_queue_says_when_to_come_again
];
