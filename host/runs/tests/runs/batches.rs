//! Runs that go on in micro-batches.

use serde_json::{Value, json};
use tenon_runs::{Batch, BatchNoted, Commit, Error, Failure, JobSettings, Lease, Outcome, PluginUsed, State, Usage};

use crate::place::{Place, SECOND, name};

fn used(rows: u64) -> Usage {
    Usage {
        rows_in: rows,
        sandbox_seconds: 1.0,
        ..Usage::default()
    }
}

fn batch(number: u64, rows: u64) -> Batch {
    Batch {
        number,
        usage: used(rows),
        plugins: vec![PluginUsed {
            name: "clean".to_owned(),
            digest: format!("{number}"),
        }],
        report: json!({ "batches": number }),
    }
}

async fn note(place: &Place, lease: &Lease, batch: Batch) -> Result<BatchNoted, Error> {
    let lease = lease.clone();
    place.write(move |tx| tenon_runs::batch(tx, &lease, &batch)).await
}

/// Prepares a commit that moves the job's bookmark there.
async fn prepare(place: &Place, lease: &Lease, bookmark: i64) {
    let lease = lease.clone();
    let commit = Commit {
        bookmarks: [("orders".to_owned(), json!(bookmark))].into(),
        ..Commit::default()
    };
    place
        .write(move |tx| tenon_runs::prepare(tx, &lease, &commit))
        .await
        .unwrap();
}

async fn bookmark(place: &Place) -> Option<Value> {
    let bookmarks = place
        .write(|tx| tenon_runs::bookmarks(tx, &name("shop"), &name("job")))
        .await
        .unwrap();
    bookmarks.get("orders").map(|bookmark| bookmark.value.clone())
}

fn failed() -> Outcome {
    let failure = Failure {
        may_pass: Some(true),
        ..Failure::new("failed", "the lake did not answer")
    };
    Outcome {
        usage: used(5),
        ..Outcome::new(State::Failed).error(failure)
    }
}

#[tokio::test]
async fn a_micro_batch_commits_and_the_run_goes_on() {
    let place = Place::new().await;
    place.job("shop", "job", JobSettings::default()).await;
    let server = place.server("here").await;
    let lease = place.begun(&server, "shop", "job").await;
    for number in 1..=3 {
        prepare(&place, &lease, number).await;
        let noted = note(&place, &lease, batch(number.unsigned_abs(), 10)).await.unwrap();
        assert_eq!((noted.state, noted.changed), (State::Running, true));
        assert_eq!(bookmark(&place).await, Some(json!(number)));
    }
    // One that found nothing has prepared nothing.
    note(&place, &lease, batch(4, 0)).await.unwrap();
    let run = place.run("shop", &lease.run).await;
    assert_eq!((run.state, run.batches, run.usage.rows_in), (State::Running, 4, 30));
    assert_eq!(run.report, Some(json!({ "batches": 4 })));
    assert_eq!(run.plugins[0].digest, "4");

    // What it ends with does not take away what they have done.
    let stopped = Outcome {
        usage: used(1),
        ..Outcome::new(State::Failed)
    };
    let stop = lease.run.clone();
    place
        .write(move |tx| tenon_runs::request_stop(tx, &name("shop"), &stop, "enough"))
        .await
        .unwrap();
    place.finish(&lease, stopped).await.unwrap();
    let run = place.run("shop", &lease.run).await;
    assert_eq!(run.report, Some(json!({ "batches": 4 })));
    assert_eq!((run.usage.rows_in, run.plugins.len()), (31, 1));
    let (tenant, id) = (name("shop"), lease.run.clone());
    let attempts = place
        .write(move |tx| tenon_runs::attempts(tx, &tenant, &id))
        .await
        .unwrap();
    assert_eq!(attempts[0].usage.rows_in, 31);
    let kinds: Vec<String> = place
        .events(&lease.run)
        .await
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    let expected = [
        "run.waiting",
        "run.starting",
        "run.running",
        "run.stopping",
        "run.failed",
    ];
    assert_eq!(kinds, expected, "micro-batches are no events");
}

#[tokio::test]
async fn attempts_are_counted_anew_after_a_micro_batch() {
    let place = Place::new().await;
    let settings = JobSettings {
        max_retries: 1,
        retry_jitter: 0.0,
        ..JobSettings::default()
    };
    place.job("shop", "job", settings).await;
    let server = place.server("here").await;
    let mut lease = place.begun(&server, "shop", "job").await;
    for number in 1..=3 {
        note(&place, &lease, batch(number, 10)).await.unwrap();
        let finished = place.finish(&lease, failed()).await.unwrap();
        assert_eq!(finished.state, State::Waiting, "micro-batch {number}");
        place.pass(10);
        lease = place.claim(&server, 1).await.remove(0).lease;
        let run = place.run("shop", &lease.run).await;
        assert_eq!((run.batches, run.error.is_some()), (number, true));
    }
    let last = place.finish(&lease, failed()).await.unwrap();
    assert_eq!(
        last.state,
        State::Failed,
        "no micro-batch went well since the last retry"
    );
    assert_eq!(place.run("shop", &lease.run).await.usage.rows_in, 3 * 10 + 4 * 5);
}

#[tokio::test]
async fn a_micro_batch_is_noted_once_and_only_by_its_holder() {
    let place = Place::new().await;
    place.job("shop", "job", JobSettings::default()).await;
    let server = place.server("here").await;
    let lease = place.begun(&server, "shop", "job").await;
    note(&place, &lease, batch(1, 10)).await.unwrap();
    let again = note(&place, &lease, batch(1, 10)).await.unwrap();
    assert!(!again.changed);
    assert_eq!(place.run("shop", &lease.run).await.usage.rows_in, 10);

    let other = Lease {
        epoch: lease.epoch + 1,
        ..lease.clone()
    };
    let refused = note(&place, &other, batch(2, 10)).await;
    assert!(matches!(refused, Err(Error::Fenced { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_stream_has_the_time_that_its_settings_give_it() {
    let place = Place::new().await;
    let given = JobSettings {
        timeout_seconds: Some(600),
        ..JobSettings::default()
    };
    place.job("shop", "endless", JobSettings::default()).await;
    place.job("shop", "given", given).await;
    let server = place.server("here").await;
    for (job, seconds) in [("endless", None), ("given", Some(600))] {
        let lease = place.begun(&server, "shop", job).await;
        let begun = lease.clone();
        place.write(move |tx| tenon_runs::stream(tx, &begun)).await.unwrap();
        let run = place.run("shop", &lease.run).await;
        let began = run.started.unwrap().timestamp_micros();
        let until = run.timeout_at.map(|until| until.timestamp_micros());
        assert_eq!(until, seconds.map(|seconds| began + seconds * SECOND), "{job}");
    }
}

crate::databases::on_both![
    a_micro_batch_commits_and_the_run_goes_on,
    attempts_are_counted_anew_after_a_micro_batch,
    a_micro_batch_is_noted_once_and_only_by_its_holder,
    a_stream_has_the_time_that_its_settings_give_it,
];
