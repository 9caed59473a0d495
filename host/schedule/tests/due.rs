//! When schedules are due: days, zones, daylight saving time, bounds, and against a walk through every minute.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use tenon_schedule::{MissedPolicy, Schedule};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect(text)
}

fn schedule(text: &str, zone: &str) -> Schedule {
    let mut schedule: Schedule = text.parse().expect(text);
    schedule.time_zone = zone.parse().expect(zone);
    schedule
}

/// The next due times after `from`, in the zone's local time with its offset.
fn upcoming(text: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let far = at("2190-01-01T00:00:00Z");
    let tz: Tz = zone.parse().expect(zone);
    let due = schedule(text, zone).between(at(from), far, count);
    due.iter()
        .map(|due| due.with_timezone(&tz).format("%Y-%m-%d %H:%M %z").to_string())
        .collect()
}

fn dates(text: &str, from: &str, count: usize) -> Vec<String> {
    upcoming(text, "UTC", from, count)
        .iter()
        .map(|due| due[..10].to_owned())
        .collect()
}

#[test]
fn days_with_l_w_and_number_signs() {
    let new_year = "2026-01-01T00:00:00Z";
    assert_eq!(
        dates("cron(0 5 L * ? *)", new_year, 3),
        ["2026-01-31", "2026-02-28", "2026-03-31"]
    );
    assert_eq!(
        dates("cron(0 5 L-2 2 ? *)", new_year, 3),
        ["2026-02-26", "2027-02-26", "2028-02-27"]
    );
    // 15 February and 15 March 2026 are Sundays; 1 August 2026 is a Saturday, 31 May 2026 a Sunday.
    assert_eq!(
        dates("cron(0 5 15W 2-4 ? *)", new_year, 3),
        ["2026-02-16", "2026-03-16", "2026-04-15"]
    );
    assert_eq!(dates("cron(0 5 1W 8 ? *)", new_year, 1), ["2026-08-03"]);
    assert_eq!(dates("cron(0 5 31W 5 ? *)", new_year, 1), ["2026-05-29"]);
    assert_eq!(dates("cron(0 5 31W * ? *)", "2026-02-01T00:00:00Z", 1), ["2026-03-31"]);
    assert_eq!(
        dates("cron(0 5 LW 1-5 ? *)", new_year, 5),
        ["2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30", "2026-05-29"]
    );
    assert_eq!(dates("cron(0 5 ? * 6#3 *)", new_year, 2), ["2026-01-16", "2026-02-20"]);
    assert_eq!(dates("0 5 * * FRI#5", new_year, 2), ["2026-01-30", "2026-05-29"]);
    assert_eq!(dates("cron(0 5 ? * 6L *)", new_year, 2), ["2026-01-30", "2026-02-27"]);
    assert_eq!(dates("0 5 * * 5L", new_year, 2), ["2026-01-30", "2026-02-27"]);
    assert_eq!(dates("cron(0 5 ? * L *)", new_year, 2), ["2026-01-03", "2026-01-10"]);
    assert_eq!(dates("cron(0 5 ? * 1 *)", new_year, 1), ["2026-01-04"]);
    assert_eq!(dates("0 5 * * 7", new_year, 1), ["2026-01-04"]);
    // Either of the days in the usual form, as both are restricted. A star is no restriction, even with a step.
    assert_eq!(
        dates("0 5 13 * 5", new_year, 4),
        ["2026-01-02", "2026-01-09", "2026-01-13", "2026-01-16"]
    );
    assert_eq!(
        dates("0 5 */2 * 5", new_year, 3),
        ["2026-01-09", "2026-01-23", "2026-02-13"]
    );
    assert_eq!(dates("0 0 29 2 *", new_year, 2), ["2028-02-29", "2032-02-29"]);
}

#[test]
fn what_is_over_or_never_comes_is_never_due() {
    let now = at("2026-06-01T00:00:00Z");
    for never in [
        "0 0 30 2 *",
        "0 0 31 4,6 *",
        "cron(0 0 1 1 ? 2020)",
        "cron(0 0 1 1 ? 1970-2025)",
        "cron(0 0 29 2 ? 2027)",
    ] {
        assert_eq!(schedule(never, "Europe/Berlin").next_after(now), None, "{never}");
    }
    assert_eq!(schedule("0 0 30 2 *", "UTC").previous(now), None);
    let past = schedule("cron(0 0 1 1 ? 2020)", "UTC");
    assert_eq!(past.previous(now), Some(at("2020-01-01T00:00:00Z")));
    for far in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC] {
        for text in ["* * * * *", "rate(5 minutes)", "cron(0 0 1 1 ? 2199)"] {
            let schedule = schedule(text, "Pacific/Auckland");
            let (next, previous) = (schedule.next_after(far), schedule.previous(far));
            assert!(
                next.is_none_or(|next| next > far) && previous.is_none_or(|previous| previous < far),
                "{text}"
            );
        }
    }
    assert_eq!(
        schedule("cron(59 23 31 12 ? 2199)", "UTC").next_after(now),
        Some(at("2199-12-31T23:59:00Z"))
    );
}

#[test]
fn a_time_that_is_skipped_fires_once_right_after_the_gap() {
    // Clocks go from 02:00 to 03:00 on 29 March 2026.
    let eve = "2026-03-28T12:00:00Z";
    assert_eq!(
        upcoming("30 2 * * *", "Europe/Berlin", eve, 2),
        ["2026-03-29 03:00 +0200", "2026-03-30 02:30 +0200"]
    );
    assert_eq!(
        upcoming("0,30 2,3 * * *", "Europe/Berlin", eve, 3),
        [
            "2026-03-29 03:00 +0200",
            "2026-03-29 03:30 +0200",
            "2026-03-30 02:00 +0200"
        ]
    );
    assert_eq!(
        upcoming("*/20 2 * * *", "Europe/Berlin", eve, 2),
        ["2026-03-29 03:00 +0200", "2026-03-30 02:00 +0200"]
    );
    assert_eq!(
        upcoming("30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3),
        [
            "2026-03-29 01:30 +0100",
            "2026-03-29 03:30 +0200",
            "2026-03-29 04:30 +0200"
        ]
    );
    assert_eq!(
        upcoming("30 2 * * *", "America/New_York", "2026-03-08T00:00:00Z", 2),
        ["2026-03-08 03:00 -0400", "2026-03-09 02:30 -0400"]
    );
    // Half an hour: 02:00 to 02:30.
    assert_eq!(
        upcoming("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2),
        ["2026-10-04 02:30 +1100", "2026-10-05 02:15 +1100"]
    );
    assert_eq!(
        upcoming("45 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 1),
        ["2026-10-04 02:45 +1100"]
    );
    // A whole day: there was no 30 December 2011 in Samoa.
    assert_eq!(
        upcoming("0 10 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3),
        [
            "2011-12-29 10:00 -1000",
            "2011-12-31 00:00 +1400",
            "2011-12-31 10:00 +1400"
        ]
    );
    assert_eq!(
        upcoming("cron(0 10 30 12 ? 2011)", "Pacific/Apia", "2011-12-01T00:00:00Z", 2),
        ["2011-12-31 00:00 +1400"]
    );
    assert_eq!(
        upcoming("0 0 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", 2),
        ["2011-12-31 00:00 +1400", "2012-01-01 00:00 +1400"]
    );
    // Midnight itself is skipped in Cairo.
    assert_eq!(
        upcoming("0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z", 2),
        ["2026-04-24 01:00 +0300", "2026-04-25 00:00 +0300"]
    );
}

#[test]
fn a_time_that_comes_twice_fires_once_unless_it_is_an_interval() {
    // Clocks go from 03:00 back to 02:00 on 25 October 2026.
    let eve = "2026-10-24T22:00:00Z";
    assert_eq!(
        upcoming("30 2 * * *", "Europe/Berlin", eve, 2),
        ["2026-10-25 02:30 +0200", "2026-10-26 02:30 +0100"]
    );
    assert_eq!(
        upcoming("30 * * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", 4),
        [
            "2026-10-25 01:30 +0200",
            "2026-10-25 02:30 +0200",
            "2026-10-25 02:30 +0100",
            "2026-10-25 03:30 +0100"
        ]
    );
    assert_eq!(
        upcoming("0/30 2 * * *", "Europe/Berlin", eve, 5),
        [
            "2026-10-25 02:00 +0200",
            "2026-10-25 02:30 +0200",
            "2026-10-25 02:00 +0100",
            "2026-10-25 02:30 +0100",
            "2026-10-26 02:00 +0100"
        ]
    );
    assert_eq!(
        upcoming("0,30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z", 3),
        [
            "2026-11-01 01:00 -0400",
            "2026-11-01 01:30 -0400",
            "2026-11-02 01:00 -0500"
        ]
    );
    assert_eq!(
        upcoming("*/15 * * * *", "Australia/Lord_Howe", "2026-04-04T14:29:00Z", 5),
        [
            "2026-04-05 01:30 +1100",
            "2026-04-05 01:45 +1100",
            "2026-04-05 01:30 +1030",
            "2026-04-05 01:45 +1030",
            "2026-04-05 02:00 +1030"
        ]
    );
    assert_eq!(
        upcoming("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T14:29:00Z", 2),
        ["2026-04-05 01:45 +1100", "2026-04-06 01:45 +1030"]
    );
}

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

// The same by brute force: every UTC minute is looked at by itself. It shares nothing with the crate but the zones.

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// A field's text with the numbers that it means, and whether it is a wildcard.
    fn field(&mut self, min: u32, max: u32) -> (String, BTreeSet<u32>, bool) {
        let number = |random: &mut Self| min + random.below(u64::from(max - min) + 1) as u32;
        match self.below(6) {
            0 | 1 => ("*".to_owned(), (min..=max).collect(), true),
            2 => {
                let step = 1 + self.below(20.min(max.into())) as usize;
                (format!("*/{step}"), (min..=max).step_by(step).collect(), true)
            }
            3 => {
                let (a, b) = (number(self), number(self));
                (
                    format!("{}-{}", a.min(b), a.max(b)),
                    (a.min(b)..=a.max(b)).collect(),
                    false,
                )
            }
            4 => {
                let (a, b) = (number(self), number(self));
                (format!("{a},{b}"), [a, b].into(), false)
            }
            _ => {
                let a = number(self);
                (a.to_string(), [a].into(), false)
            }
        }
    }
}

struct Brute {
    minutes: BTreeSet<u32>,
    hours: BTreeSet<u32>,
    days: BTreeSet<u32>,
    months: BTreeSet<u32>,
    weekdays: BTreeSet<u32>,
    either: bool,
    repeats: bool,
}

impl Brute {
    fn random(random: &mut Random) -> (String, Self) {
        let (minutes, hours) = (random.field(0, 59), random.field(0, 23));
        let (days, months, weekdays) = (random.field(1, 31), random.field(1, 12), random.field(0, 6));
        let text = format!("{} {} {} {} {}", minutes.0, hours.0, days.0, months.0, weekdays.0);
        let brute = Self {
            repeats: minutes.2 || hours.2,
            either: !days.2 && !weekdays.2,
            minutes: minutes.1,
            hours: hours.1,
            days: days.1,
            months: months.1,
            weekdays: weekdays.1,
        };
        (text, brute)
    }

    fn means(&self, local: NaiveDateTime) -> bool {
        let day = self.days.contains(&local.day());
        let weekday = self.weekdays.contains(&local.weekday().num_days_from_sunday());
        self.minutes.contains(&local.minute())
            && self.hours.contains(&local.hour())
            && self.months.contains(&local.month())
            && (if self.either { day || weekday } else { day && weekday })
    }

    /// The first minute after `from`, looking at most `limit` minutes ahead.
    fn next_after(&self, zone: Tz, from: DateTime<Utc>, limit: i64) -> Option<DateTime<Utc>> {
        let minute = from - TimeDelta::seconds(from.timestamp().rem_euclid(60));
        (1..=limit)
            .map(|minutes| minute + TimeDelta::minutes(minutes))
            .find(|now| {
                let local = now.with_timezone(&zone).naive_local();
                let before = (*now - TimeDelta::minutes(1)).with_timezone(&zone).naive_local();
                let second_time = zone
                    .from_local_datetime(&local)
                    .earliest()
                    .is_some_and(|first| first.to_utc() < *now);
                let skipped = (local - before).num_minutes() - 1;
                self.means(local) && (self.repeats || !second_time)
                    || self.hours.len() < 24
                        && skipped > 0
                        && (1..=skipped).any(|minutes| self.means(before + TimeDelta::minutes(minutes)))
            })
    }
}

/// How far the walk looks, in minutes.
const AHEAD: i64 = 4 * 1440;

#[test]
fn next_and_previous_agree_with_a_walk_through_every_minute() {
    let mut random = Random(2026);
    let changes = [
        ("Europe/Berlin", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-10-25T01:00:00Z"),
        ("America/New_York", "2026-03-08T07:00:00Z"),
        ("America/New_York", "2026-11-01T06:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z"),
        ("Africa/Cairo", "2026-04-23T22:00:00Z"),
        ("America/Havana", "2026-11-01T05:00:00Z"),
        ("Asia/Kathmandu", "2026-05-05T00:00:00Z"),
        ("UTC", "2028-02-29T00:00:00Z"),
    ];
    let mut due = 0;
    for round in 0..1500 {
        let (zone, change) = changes[round % changes.len()];
        let tz: Tz = zone.parse().unwrap();
        let (text, brute) = Brute::random(&mut random);
        let schedule = schedule(&text, zone);
        let mut now = at(change) - TimeDelta::seconds(random.below(2 * 86_400) as i64);
        for _ in 0..6 {
            let expected = brute.next_after(tz, now, AHEAD);
            let found = schedule
                .next_after(now)
                .filter(|found| *found <= now + TimeDelta::minutes(AHEAD));
            assert_eq!(found, expected, "{text} in {zone} after {now}");
            let Some(next) = found else { break };
            due += 1;
            let previous = schedule.previous(next + TimeDelta::seconds(1));
            assert_eq!(previous, Some(next), "{text} in {zone} before {next}");
            assert!(
                schedule.previous(next).is_none_or(|previous| previous <= now),
                "{text} in {zone} before {next}"
            );
            now = next + TimeDelta::seconds(random.below(200) as i64);
            if schedule.previous(now + TimeDelta::seconds(1)) != Some(next) {
                now = next;
            }
        }
    }
    assert!(due > 2000, "only {due} due times were compared");
}
