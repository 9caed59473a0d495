//! From the local calendar to instants, with daylight saving time.

use chrono::offset::LocalResult;
use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use crate::calendar::Calendar;

/// The first instant after `after` at which the calendar fires in the zone.
pub(crate) fn next_after(calendar: &Calendar, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let local = after.with_timezone(&zone).naive_local();
    let mut from = minute_after(local);
    if calendar.repeats
        && let Some(overlap) = Overlap::ahead(zone, after)
    {
        if let Some(first) = calendar.first_from(from).filter(|first| *first < overlap.end) {
            return Some(after + (first - local));
        }
        if let Some(again) = calendar.first_from(overlap.begin).filter(|again| *again < overlap.end) {
            return Some(overlap.at + (again - overlap.begin));
        }
        from = overlap.end;
    }
    loop {
        let local = calendar.first_from(from)?;
        let fires = match zone.from_local_datetime(&local) {
            LocalResult::Single(only) => Some(only.to_utc()),
            LocalResult::Ambiguous(first, second) => {
                let (first, second) = (first.min(second).to_utc(), first.max(second).to_utc());
                if calendar.repeats && first <= after {
                    Some(second)
                } else {
                    Some(first)
                }
            }
            LocalResult::None => (!calendar.every_hour()).then(|| gap_end(zone, local)),
        };
        if let Some(fires) = fires.filter(|fires| *fires > after) {
            return Some(fires);
        }
        from = local + TimeDelta::minutes(1);
    }
}

/// Local times that are about to occur a second time.
struct Overlap {
    /// When the clocks are turned back.
    at: DateTime<Utc>,
    /// The local time to which they are turned.
    begin: NaiveDateTime,
    /// The local time from which they are turned.
    end: NaiveDateTime,
}

impl Overlap {
    /// The overlap whose first pass `now` is in.
    fn ahead(zone: Tz, now: DateTime<Utc>) -> Option<Self> {
        let local = now.with_timezone(&zone).naive_local();
        let LocalResult::Ambiguous(first, second) = zone.from_local_datetime(&local) else {
            return None;
        };
        let second = first.max(second).to_utc();
        if second <= now {
            return None;
        }
        let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
        let at = first_instant(now, second, |at| offset(at) != offset(now));
        let begin = at.with_timezone(&zone).naive_local();
        Some(Self {
            at,
            begin,
            end: at.naive_utc() + TimeDelta::seconds(offset(now).local_minus_utc().into()),
        })
    }
}

/// The first instant after the gap that a local time falls into.
fn gap_end(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    // Offsets are less than a day, and the longest gap is one: two days cover both.
    let near = local.and_utc();
    let (before, after) = (near - TimeDelta::days(2), near + TimeDelta::days(2));
    first_instant(before, after, |at| at.with_timezone(&zone).naive_local() >= local)
}

/// The first second in `(before, after]` for which it holds, if it holds from some second on.
fn first_instant(before: DateTime<Utc>, after: DateTime<Utc>, holds: impl Fn(DateTime<Utc>) -> bool) -> DateTime<Utc> {
    let whole = |at: DateTime<Utc>| at.with_nanosecond(0).unwrap_or(at);
    let (mut before, mut after) = (whole(before), whole(after));
    while after - before > TimeDelta::seconds(1) {
        let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
        if holds(middle) { after = middle } else { before = middle }
    }
    after
}

/// The next full minute.
fn minute_after(local: NaiveDateTime) -> NaiveDateTime {
    let minute = local
        .with_second(0)
        .and_then(|local| local.with_nanosecond(0))
        .unwrap_or(local);
    minute + TimeDelta::minutes(1)
}
