//! The same by brute force: every UTC minute is looked at by itself. It shares nothing with the crate but the zones.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use crate::{at, schedule};

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
