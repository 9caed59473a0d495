//! Where schedules start and end, and times that were missed or are put off.

use chrono::TimeDelta;
use tenon_schedule::MissedPolicy;

use crate::{at, schedule};

#[test]
fn rates_count_from_their_start() {
    let mut rate = schedule("rate(90 minutes)", "Europe/Berlin");
    assert_eq!(
        rate.next_after(at("2026-01-01T00:00:00Z")),
        Some(at("2026-01-01T01:30:00Z"))
    );
    rate.start = Some(at("2026-01-01T00:07:30Z"));
    assert_eq!(rate.next_after(at("2020-01-01T00:00:00Z")), rate.start);
    assert_eq!(
        rate.next_after(at("2026-01-01T00:07:30Z")),
        Some(at("2026-01-01T01:37:30Z"))
    );
    assert_eq!(
        rate.next_after(at("2026-01-01T00:07:30.5Z")),
        Some(at("2026-01-01T01:37:30Z"))
    );
    assert_eq!(rate.previous(at("2026-01-01T01:37:30Z")), rate.start);
    assert_eq!(rate.previous(at("2026-01-01T00:07:30Z")), None);
    rate.end = Some(at("2026-01-01T01:37:30Z"));
    assert_eq!(rate.next_after(at("2026-01-01T00:07:30Z")), rate.end);
    assert_eq!(rate.next_after(at("2026-01-01T01:37:30Z")), None);
    assert_eq!(rate.previous(at("2030-01-01T00:00:00Z")), rate.end);
}

#[test]
fn start_and_end_are_within() {
    let mut daily = schedule("0 10 * * *", "UTC");
    (daily.start, daily.end) = (Some(at("2026-02-01T10:00:00Z")), Some(at("2026-02-03T10:00:00Z")));
    let all = daily.between(at("2020-01-01T00:00:00Z"), at("2030-01-01T00:00:00Z"), 10);
    assert_eq!(
        all,
        [
            at("2026-02-01T10:00:00Z"),
            at("2026-02-02T10:00:00Z"),
            at("2026-02-03T10:00:00Z")
        ]
    );
    assert_eq!(daily.previous(at("2026-02-01T10:00:00Z")), None);
    assert_eq!(daily.previous(at("2030-01-01T00:00:00Z")), daily.end);
}

#[test]
fn missed_times_are_skipped_or_made_up_for() {
    let mut hourly = schedule("@hourly", "UTC");
    let (due, now, grace) = (
        at("2026-01-01T01:00:00Z"),
        at("2026-01-01T05:30:00Z"),
        TimeDelta::minutes(1),
    );
    let hour = |hour: u32| at("2026-01-01T00:00:00Z") + TimeDelta::hours(hour.into());

    hourly.missed = MissedPolicy::Skip;
    let caught = hourly.catch_up(due, now, grace);
    assert_eq!((caught.run, caught.skipped, caught.next), (vec![], 5, Some(hour(6))));
    hourly.missed = MissedPolicy::RunOnce;
    let caught = hourly.catch_up(due, now, grace);
    assert_eq!((caught.run, caught.skipped), (vec![hour(5)], 4));
    hourly.missed = MissedPolicy::RunAll(3);
    let caught = hourly.catch_up(due, now, grace);
    assert_eq!((caught.run, caught.skipped), (vec![hour(3), hour(4), hour(5)], 2));

    // The latest is on time: whatever the policy, it runs.
    let now = at("2026-01-01T05:00:10Z");
    for (policy, run) in [
        (MissedPolicy::Skip, vec![hour(5)]),
        (MissedPolicy::RunOnce, vec![hour(5)]),
        (MissedPolicy::RunAll(1), vec![hour(4), hour(5)]),
    ] {
        hourly.missed = policy;
        assert_eq!(hourly.catch_up(due, now, grace).run, run, "{policy:?}");
    }

    // Years of minutes are not walked through.
    let mut minutely = schedule("* * * * *", "UTC");
    minutely.missed = MissedPolicy::RunAll(2);
    let caught = minutely.catch_up(
        at("2000-01-01T00:00:00Z"),
        at("2026-01-01T00:00:30Z"),
        TimeDelta::zero(),
    );
    assert_eq!(caught.run, [at("2025-12-31T23:59:00Z"), at("2026-01-01T00:00:00Z")]);
}

#[test]
fn jitter_spreads_and_stays() {
    let mut daily = schedule("@daily", "UTC");
    assert_eq!(daily.jitter("a"), TimeDelta::zero());
    daily.jitter_seconds = 60;
    let delays: Vec<i64> = (0..6000)
        .map(|id| daily.jitter(&format!("trigger-{id}")).num_milliseconds())
        .collect();
    assert!(delays.iter().all(|delay| (0..60_000).contains(delay)));
    for second in 0..60 {
        let within = delays.iter().filter(|delay| **delay / 1000 == second).count();
        assert!((50..=160).contains(&within), "{within} of 6000 in second {second}");
    }
    assert_eq!(daily.jitter("trigger-1"), daily.jitter("trigger-1"));
}
