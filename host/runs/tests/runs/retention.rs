//! What is old goes, a little at a time.

use std::time::Duration;

use tenon_metadata::{PageRequest, row};
use tenon_runs::{
    Commit, JobSettings, Level, LogQuery, LogSettings, LogSource, NewLine, Outcome, Quotas, Retention, RunFilter, Runs,
    State, runs,
};

use crate::place::{Place, name, request};

const DAY: i64 = 24 * 3600;

async fn ended(place: &Place, server: &str, lines: u32) -> String {
    let lease = place.begun(server, "shop", "job").await;
    log(place, &lease.run, lines).await;
    place.finish(&lease, Outcome::new(State::Succeeded)).await.unwrap();
    lease.run
}

/// A run logs so many lines, of which each of the first ten is charged 33 bytes.
async fn log(place: &Place, run: &str, lines: u32) {
    let run = run.to_owned();
    let lines: Vec<NewLine> = (0..lines)
        .map(|number| NewLine {
            time: 1,
            attempt: 1,
            level: Level::Info,
            source: LogSource::Guest,
            step: None,
            message: number.to_string(),
        })
        .collect();
    place
        .write(move |tx| tenon_runs::append(tx, &run, &lines, 0, 1 << 20))
        .await
        .unwrap();
}

async fn ids(place: &Place) -> Vec<String> {
    let list = place.write(|tx| runs::list(tx, &name("shop"), &RunFilter::default(), &PageRequest::default()));
    list.await.unwrap().items.into_iter().map(|run| run.id).collect()
}

#[tokio::test]
async fn old_runs_go_and_those_that_matter_stay() {
    let place = Place::new().await;
    let settings = JobSettings {
        max_concurrent_runs: 9,
        max_retries: 0,
        ..JobSettings::default()
    };
    place.job("shop", "job", settings).await;
    let server = place.server("here").await;
    let old = ended(&place, &server, 700).await;
    let undecided = place.begun(&server, "shop", "job").await;
    let lease = undecided.clone();
    place
        .write(move |tx| tenon_runs::prepare(tx, &lease, &Commit::default()))
        .await
        .unwrap();
    place.finish(&undecided, Outcome::new(State::Failed)).await.unwrap();
    let running = place.begun(&server, "shop", "job").await.run;
    let mut keyed = request("shop", "job");
    keyed.idempotency_key = Some("key".to_owned());
    keyed.not_before = Some(i64::MAX);
    let waiting = place.try_submit(keyed).await.unwrap().id;
    place.pass(40 * DAY);
    let recent = ended(&place, &server, 5).await;
    let handle = Runs::new(place.metadata.clone(), LogSettings::default());
    let retention = Retention {
        runs_older_than: Some(Duration::from_secs(30 * 24 * 3600)),
        ..Retention::default()
    };
    let removed = handle.remove_old(retention).await.unwrap();
    assert_eq!((removed.runs, removed.log_lines, removed.keys), (1, 700, 1));
    let left = ids(&place).await;
    assert!(!left.contains(&old));
    for run in [&undecided.run, &running, &waiting, &recent] {
        assert!(left.contains(run), "{run}");
    }
    let rows = place.write(move |tx| Ok(tx.query("select 1 from run_attempts where run = ?1", row![&old])?.len()));
    assert_eq!(rows.await.unwrap(), 0);
}

#[tokio::test]
async fn of_each_job_the_latest_runs_stay_and_logs_go_sooner() {
    let place = Place::new().await;
    place.job("shop", "job", JobSettings::default()).await;
    let server = place.server("here").await;
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(ended(&place, &server, 3).await);
        // Ids are in the order of the machine's time.
        std::thread::sleep(Duration::from_millis(2));
    }
    let handle = Runs::new(place.metadata.clone(), LogSettings::default());
    let retention = Retention {
        runs_per_job: Some(2),
        ..Retention::default()
    };
    assert_eq!(handle.remove_old(retention).await.unwrap().runs, 3);
    assert_eq!(ids(&place).await, [all[4].as_str(), all[3].as_str()]);
    assert_eq!(handle.remove_old(retention).await.unwrap().runs, 0);
    place.pass(2 * DAY);
    let logs = Retention {
        logs_older_than: Some(Duration::from_secs(24 * 3600)),
        ..Retention::default()
    };
    assert_eq!(handle.remove_old(logs).await.unwrap().log_lines, 6);
    assert_eq!(ids(&place).await.len(), 2);
}

#[tokio::test]
async fn a_tenant_keeps_to_its_quota_of_logs() {
    let place = Place::new().await;
    let settings = JobSettings {
        max_concurrent_runs: 9,
        ..JobSettings::default()
    };
    place.job("shop", "job", settings).await;
    place.job("other", "job", JobSettings::default()).await;
    let server = place.server("here").await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(ended(&place, &server, 6).await);
        place.pass(1);
    }
    let lease = place.begun(&server, "shop", "job").await;
    let at_work = lease.run.clone();
    log(&place, &at_work, 6).await;
    let other = place.begun(&server, "other", "job").await.run;
    log(&place, &other, 6).await;
    let over = || place.write(tenon_runs::over_log_quota);
    assert!(over().await.unwrap().is_empty(), "a gigabyte is the default");

    let quotas = Quotas {
        log_bytes: 500,
        ..Quotas::default()
    };
    place.quotas("shop", quotas).await;
    assert_eq!(over().await.unwrap(), [name("shop")]);
    let (mut runs, mut lines, mut times) = (0, 0, 0);
    loop {
        let some = place.write(|tx| tenon_runs::keep_to_log_quota(tx, &name("shop"), 8));
        let some = some.await.unwrap();
        if times == 0 {
            assert_eq!((some.kept, some.quota), (5 * 6 * 33, 500));
        }
        assert!(!some.is_used_up, "it is enough to remove what has ended");
        (runs, lines, times) = (runs + some.runs, lines + some.log_lines, times + 1);
        assert!(times < 10, "it comes to an end");
        if !some.more {
            break;
        }
    }
    assert_eq!((runs, lines), (3, 18));
    assert!(times > 1, "a little at a time");
    assert!(over().await.unwrap().is_empty());

    for run in &all[..3] {
        let found = place.run("shop", run).await;
        assert_eq!(found.state, State::Succeeded, "the run stays");
        assert_eq!((found.log.lines, found.log.bytes, found.log.removed), (0, 0, true));
        let run = run.clone();
        let left = place.write(move |tx| tenon_runs::logs(tx, &name("shop"), &run, &LogQuery::default()));
        assert!(left.await.unwrap().items.is_empty());
    }
    for (tenant, run) in [("shop", &all[3]), ("shop", &at_work), ("other", &other)] {
        let found = place.run(tenant, run).await.log;
        assert_eq!((found.lines, found.bytes, found.removed), (6, 198, false), "{tenant}");
    }

    // What is at work keeps its log until it has ended, and logs no more where removing the others is not enough, or too slow.
    let none = Quotas {
        log_bytes: 1,
        ..Quotas::default()
    };
    place.quotas("shop", none).await;
    let remove = |most| place.write(move |tx| tenon_runs::keep_to_log_quota(tx, &name("shop"), most));
    let some = remove(2).await.unwrap();
    assert_eq!(
        (some.runs, some.log_lines, some.more, some.is_used_up),
        (0, 2, true, true)
    );
    let rest = remove(500).await.unwrap();
    assert_eq!(
        (rest.runs, rest.log_lines, rest.more, rest.is_used_up),
        (1, 4, false, true)
    );
    for _ in 0..2 {
        log(&place, &at_work, 2).await;
    }
    let found = place.run("shop", &at_work).await.log;
    assert_eq!(
        (found.lines, found.bytes, found.dropped),
        (7, 198, 4),
        "one line says so"
    );
    let run = at_work.clone();
    let lines = place.write(move |tx| tenon_runs::logs(tx, &name("shop"), &run, &LogQuery::default()));
    let lines = lines.await.unwrap().items;
    assert!(lines[6].message.contains("`log_bytes`"), "{}", lines[6].message);

    place.finish(&lease, Outcome::new(State::Succeeded)).await.unwrap();
    assert_eq!(over().await.unwrap(), [name("shop")]);
    let last = remove(500).await.unwrap();
    assert_eq!((last.runs, last.log_lines, last.is_used_up), (1, 7, false));
    assert!(over().await.unwrap().is_empty());
    place.quotas("shop", quotas).await;
    let next = ended(&place, &server, 6).await;
    assert_eq!(place.run("shop", &next).await.log.lines, 6, "there is room again");
}

crate::databases::on_both![
    old_runs_go_and_those_that_matter_stay,
    of_each_job_the_latest_runs_stay_and_logs_go_sooner,
    a_tenant_keeps_to_its_quota_of_logs
];
