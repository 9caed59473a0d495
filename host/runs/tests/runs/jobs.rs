//! Jobs and their versions.

use serde_json::json;
use tenon_metadata::{ErrorKind, PageRequest};
use tenon_runs::{Error, Job, JobInput, JobSettings, Outcome, State, jobs};

use crate::place::{Place, name};

async fn put(place: &Place, definition: &str, if_version: Option<i64>) -> Result<Job, Error> {
    let input = JobInput {
        definition: definition.to_owned(),
        ..JobInput::default()
    };
    let check = |input: &JobInput| {
        let good = input.definition != "bad";
        good.then_some(()).ok_or_else(|| "line 1: bad".to_owned())
    };
    place
        .write(move |tx| jobs::put(tx, &name("shop"), &name("job"), &input, if_version, check))
        .await
}

#[tokio::test]
async fn every_version_of_a_job_is_kept() {
    let place = Place::new().await;
    let first = put(&place, "one", Some(0)).await.unwrap();
    assert_eq!(put(&place, "one", None).await.unwrap(), first, "nothing has changed");
    let second = put(&place, "two", Some(1)).await.unwrap();
    assert_eq!((first.version, second.version), (1, 2));
    assert_ne!(first.etag(), second.etag());
    assert_eq!(
        put(&place, "three", Some(1)).await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    let bad = put(&place, "bad", None).await.unwrap_err();
    assert_eq!(
        (bad.kind(), bad.to_string().contains("line 1")),
        (ErrorKind::Invalid, true)
    );

    let server = place.server("here").await;
    let lease = place.begun(&server, "shop", "job").await;
    put(&place, "three", None).await.unwrap();
    assert_eq!(place.run("shop", &lease.run).await.job_version, 2);
    let delete = async || {
        place
            .write(|tx| jobs::delete(tx, &name("shop"), &name("job"), None))
            .await
    };
    assert!(matches!(delete().await, Err(Error::JobBusy { runs: 1, .. })));
    place.finish(&lease, Outcome::new(State::Succeeded)).await.unwrap();
    delete().await.unwrap();
    assert!(matches!(delete().await, Err(Error::UnknownJob { .. })));
    assert_eq!(put(&place, "anew", Some(0)).await.unwrap().version, 4);
    let versions = place
        .write(|tx| jobs::versions(tx, &name("shop"), &name("job"), &PageRequest::default()))
        .await
        .unwrap();
    let texts: Vec<&str> = versions
        .items
        .iter()
        .map(|version| version.definition.as_str())
        .collect();
    assert_eq!(texts, ["anew", "three", "two", "one"]);
    let other = place
        .write(|tx| jobs::version(tx, &name("other"), &name("job"), 1))
        .await;
    assert!(matches!(other, Err(Error::UnknownJob { .. })));
    let list = place
        .write(|tx| jobs::list(tx, &name("shop"), &PageRequest::default()))
        .await;
    assert_eq!(list.unwrap().items.len(), 1);
}

#[test]
fn settings_are_within_their_bounds() {
    JobSettings::default().check().unwrap();
    for odd in [
        json!({ "max_concurrent_runs": 0 }),
        json!({ "retry_factor": 0.5 }),
        json!({ "retry_jitter": 1.5 }),
        json!({ "priority": 1001 }),
        json!({ "timeout_seconds": 1_u64 << 60 }),
        json!({ "notify": ["../x"] }),
        json!({ "plugins": { "a/b": "1" } }),
        json!({ "plugins": { "a": "" } }),
        json!({ "tags": { "a": "b\nc" } }),
    ] {
        let settings: JobSettings = serde_json::from_value(odd.clone()).unwrap();
        assert_eq!(settings.check().unwrap_err().kind(), ErrorKind::Invalid, "{odd}");
    }
    assert!(serde_json::from_value::<JobSettings>(json!({ "unknown": 1 })).is_err());
}

crate::databases::on_both![every_version_of_a_job_is_kept];
