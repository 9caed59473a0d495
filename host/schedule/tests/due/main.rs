//! When schedules are due: days, zones, daylight saving time, bounds, and against a walk through every minute.

mod bounds;
mod clocks;
mod days;
mod walk;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use tenon_schedule::Schedule;

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
