//! What runs log is kept, up to a limit, and found again.

use tenon_runs::{
    Error, JobSettings, Level, LogFollower, LogQuery, LogSettings, LogSink, LogSource, NewLine, Outcome, Quotas, State,
};

use crate::place::{Place, name};

async fn place() -> (Place, tenon_runs::Lease) {
    let place = Place::new().await;
    place.job("shop", "job", JobSettings::default()).await;
    let server = place.server("here").await;
    let lease = place.begun(&server, "shop", "job").await;
    (place, lease)
}

fn line(message: &str) -> NewLine {
    NewLine {
        time: 1,
        attempt: 1,
        level: Level::Info,
        source: LogSource::Guest,
        step: None,
        message: message.to_owned(),
    }
}

async fn read(place: &Place, run: &str, query: LogQuery) -> Vec<String> {
    let run = run.to_owned();
    let lines = place
        .write(move |tx| tenon_runs::logs(tx, &name("shop"), &run, &query))
        .await
        .unwrap();
    lines.items.into_iter().map(|line| line.message).collect()
}

#[tokio::test]
async fn lines_are_found_by_what_they_are() {
    let (place, lease) = place().await;
    let sink = LogSink::start(place.metadata.clone(), LogSettings::default());
    let log = sink.run(&lease.run, 1);
    log.write(Level::Info, LogSource::Host, None, "begin");
    log.write(Level::Warn, LogSource::Guest, Some("clean"), "5 rows LOOK odd");
    log.write(Level::Debug, LogSource::Guest, Some("clean"), "100% done_ish");
    sink.flush().await;
    let all = LogQuery::default();
    assert_eq!(read(&place, &lease.run, all.clone()).await.len(), 3);
    let by = |change: fn(&mut LogQuery)| {
        let mut query = all.clone();
        change(&mut query);
        read(&place, &lease.run, query)
    };
    assert_eq!(by(|query| query.level = Some(Level::Warn)).await, ["5 rows LOOK odd"]);
    assert_eq!(
        by(|query| query.text = Some("look".to_owned())).await,
        ["5 rows LOOK odd"]
    );
    assert_eq!(by(|query| query.text = Some("0%".to_owned())).await, ["100% done_ish"]);
    assert!(by(|query| query.text = Some("d%h".to_owned())).await.is_empty());
    assert_eq!(by(|query| query.step = Some("clean".to_owned())).await.len(), 2);
    assert_eq!(by(|query| query.after = Some(2)).await, ["100% done_ish"]);
    assert_eq!(by(|query| query.limit = Some(1)).await, ["begin"]);
    let last = by(|query| (query.limit, query.tail) = (Some(1), true)).await;
    assert_eq!(last, ["100% done_ish"]);
    let run = lease.run.clone();
    let other = place
        .write(move |tx| tenon_runs::logs(tx, &name("other"), &run, &LogQuery::default()))
        .await;
    assert!(matches!(other, Err(Error::UnknownRun { .. })));
}

#[tokio::test]
async fn a_full_log_says_so_and_counts_the_rest() {
    let (place, lease) = place().await;
    let run = lease.run.clone();
    let lines: Vec<NewLine> = (0..10).map(|number| line(&format!("line {number}"))).collect();
    let appended = place
        .write(move |tx| {
            tenon_runs::append(tx, &run, &lines, 0, 200)?;
            tenon_runs::append(tx, &run, &lines, 3, 200)
        })
        .await
        .unwrap();
    assert!(appended.full && appended.kept == 0);
    let kept = read(&place, &lease.run, LogQuery::default()).await;
    assert_eq!(kept.len(), 6, "{kept:?}");
    assert!(kept[5].contains("full"));
    let log = place.run("shop", &lease.run).await.log;
    assert_eq!((log.lines, log.dropped), (6, 5 + 10 + 3));
}

#[tokio::test]
async fn a_log_that_alone_reaches_its_tenants_quota_is_cut() {
    let (place, lease) = place().await;
    let quota = |log_bytes| Quotas {
        log_bytes,
        ..Quotas::default()
    };
    place.quotas("shop", quota(200)).await;
    let run = lease.run.clone();
    let lines: Vec<NewLine> = (0..10).map(|number| line(&format!("line {number}"))).collect();
    let appended = place
        .write(move |tx| tenon_runs::append(tx, &run, &lines, 0, 1 << 20))
        .await
        .unwrap();
    assert!(appended.full && appended.at_quota);
    let kept = read(&place, &lease.run, LogQuery::default()).await;
    assert_eq!(kept.len(), 6, "{kept:?}");
    assert!(
        kept[5].contains("200 bytes") && kept[5].contains("`log_bytes`"),
        "{kept:?}"
    );
    let log = place.run("shop", &lease.run).await.log;
    assert_eq!((log.lines, log.dropped, log.removed), (6, 5, false));
    let over = place.write(tenon_runs::over_log_quota).await.unwrap();
    assert!(over.is_empty(), "what is cut is within the quota");

    // One that has more already when the quota is lowered says so too, once.
    place.quotas("shop", quota(1000)).await;
    place.job("shop", "later", JobSettings::default()).await;
    let server = place.server("other").await;
    let later = place.begun(&server, "shop", "later").await;
    for (quota_of, kept) in [(1000, 1), (10, 1), (10, 0)] {
        place.quotas("shop", quota(quota_of)).await;
        let run = later.run.clone();
        let appended = place
            .write(move |tx| tenon_runs::append(tx, &run, &[line("a line")], 0, 1 << 20))
            .await
            .unwrap();
        assert_eq!((appended.kept, appended.at_quota), (kept, quota_of == 10));
    }
    let kept = read(&place, &later.run, LogQuery::default()).await;
    assert!(kept.len() == 2 && kept[1].contains("`log_bytes`"), "{kept:?}");

    // A tenant that may keep nothing has the line that says so.
    place.job("poor", "job", JobSettings::default()).await;
    place.quotas("poor", quota(0)).await;
    let poor = place.begun(&server, "poor", "job").await;
    let sink = LogSink::start(place.metadata.clone(), LogSettings::default());
    let log = sink.run(&poor.run, 1);
    for message in ["one", "two"] {
        log.write(Level::Info, LogSource::Guest, None, message);
        sink.flush().await;
        assert!(log.is_at_quota(), "{message}");
    }
    let log = place.run("poor", &poor.run).await.log;
    assert_eq!((log.lines, log.bytes, log.dropped), (1, 0, 2));
}

#[tokio::test]
async fn a_run_that_logs_too_fast_loses_only_its_own_lines() {
    let (place, lease) = place().await;
    place.job("shop", "quiet", JobSettings::default()).await;
    let server = place.server("other").await;
    let quiet = place.begun(&server, "shop", "quiet").await;
    let settings = LogSettings {
        waiting_bytes_per_run: 1000,
        ..LogSettings::default()
    };
    let sink = LogSink::start(place.metadata.clone(), settings);
    let (loud_log, quiet_log) = (sink.run(&lease.run, 1), sink.run(&quiet.run, 1));
    // The task that writes cannot run between these.
    for _ in 0..100 {
        loud_log.write(Level::Info, LogSource::Guest, None, &"x".repeat(168));
    }
    quiet_log.write(Level::Info, LogSource::Guest, None, "here");
    sink.flush().await;
    let kept = read(&place, &lease.run, LogQuery::default()).await;
    assert_eq!(kept.len(), 6);
    assert!(kept[5].starts_with("95 lines are missing"), "{}", kept[5]);
    assert_eq!(place.run("shop", &lease.run).await.log.dropped, 95);
    assert_eq!(read(&place, &quiet.run, LogQuery::default()).await, ["here"]);
}

#[tokio::test]
async fn a_log_is_followed_to_the_end_of_its_run() {
    let (place, lease) = place().await;
    let sink = LogSink::start(place.metadata.clone(), LogSettings::default());
    let log = sink.run(&lease.run, 1);
    let mut follower = LogFollower::new(place.metadata.clone(), name("shop"), &lease.run, LogQuery::default());
    log.write(Level::Info, LogSource::Guest, None, "one");
    let first = follower.next().await.unwrap().unwrap();
    log.write(Level::Info, LogSource::Guest, None, "two");
    let second = follower.next().await.unwrap().unwrap();
    assert_eq!((first[0].message.as_str(), second[0].message.as_str()), ("one", "two"));
    place.finish(&lease, Outcome::new(State::Succeeded)).await.unwrap();
    assert_eq!(follower.next().await.unwrap(), None);
}

crate::databases::on_both![
    lines_are_found_by_what_they_are,
    a_full_log_says_so_and_counts_the_rest,
    a_log_that_alone_reaches_its_tenants_quota_is_cut,
    a_run_that_logs_too_fast_loses_only_its_own_lines,
    a_log_is_followed_to_the_end_of_its_run
];

#[tokio::test]
async fn somebody_else_is_told_each_line_also_of_those_that_are_lost() {
    let (place, lease) = place().await;
    let settings = LogSettings {
        waiting_bytes_per_run: 1,
        ..LogSettings::default()
    };
    let sink = LogSink::start(place.metadata.clone(), settings);
    let (tell, told) = std::sync::mpsc::channel();
    let log = sink.run(&lease.run, 2).also(move |line| {
        let _ = tell.send((line.attempt, line.message.clone(), line.step.clone()));
    });
    log.write(Level::Info, LogSource::Guest, Some("clean"), "one");
    log.clone().write(Level::Warn, LogSource::Host, None, "two");
    let told: Vec<_> = told.try_iter().collect();
    let expected = [
        (2, "one".to_owned(), Some("clean".to_owned())),
        (2, "two".to_owned(), None),
    ];
    assert_eq!(told, expected);
}
