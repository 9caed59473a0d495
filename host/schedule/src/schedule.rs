//! A schedule: an expression, in a zone, within bounds.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::describe::describe;
use crate::error::Error;
use crate::expression::{Expression, Rule};
use crate::field::{FIRST_YEAR, LAST_YEAR};
use crate::instants;
use crate::missed::MissedPolicy;
use crate::zone::Zone;

/// When something is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// A cron expression or a rate.
    pub expression: Expression,
    /// The zone that a cron expression's times are in. UTC by default.
    #[serde(default)]
    pub time_zone: Zone,
    /// The first instant at which it may be due. Rates count from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<DateTime<Utc>>,
    /// The last instant at which it may be due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<DateTime<Utc>>,
    /// Seconds over which schedules that are due together are spread, 0 to 86400. Each one's delay is derived from its
    /// id and stays the same. 0 by default.
    #[serde(default)]
    pub jitter_seconds: u32,
    /// What happens to due times that nobody was there for. One run by default.
    #[serde(default)]
    pub missed: MissedPolicy,
}

const MAX_JITTER: u32 = 86_400;
/// Backwards, times are looked for in windows of these many minutes, the last one two centuries wide.
const WINDOWS: [i64; 5] = [90, 2 * 1440, 40 * 1440, 500 * 1440, 240 * 366 * 1440];

impl Schedule {
    /// An expression in UTC, without bounds.
    pub fn new(expression: Expression) -> Self {
        Self {
            expression,
            time_zone: Zone::UTC,
            start: None,
            end: None,
            jitter_seconds: 0,
            missed: MissedPolicy::default(),
        }
    }

    /// Checks what the types can't say.
    ///
    /// # Errors
    /// The end is before the start, or a number is out of its limits.
    pub fn check(&self) -> Result<(), Error> {
        if let (Some(start), Some(end)) = (self.start, self.end)
            && end < start
        {
            return Err(Error::Ends {
                start: start.to_rfc3339(),
                end: end.to_rfc3339(),
            });
        }
        if self.jitter_seconds > MAX_JITTER {
            let (value, max) = (self.jitter_seconds.into(), MAX_JITTER.into());
            return Err(Error::Limit {
                what: "jitter_seconds",
                value,
                min: 0,
                max,
            });
        }
        self.missed.check()
    }

    /// The first time after `after` at which it is due, without jitter. None if it never is again.
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = self
            .start
            .map_or(after, |start| after.max(start - TimeDelta::nanoseconds(1)));
        let next = match &self.expression.rule {
            Rule::Rate(seconds) => self.next_of_rate(after, *seconds)?,
            Rule::Calendar(calendar) => {
                let after = after.max(midnight(FIRST_YEAR)? - TimeDelta::days(2));
                if after >= midnight(LAST_YEAR + 1)? + TimeDelta::days(2) {
                    return None;
                }
                instants::next_after(calendar, self.time_zone.0, after)?
            }
        };
        self.end.is_none_or(|end| next <= end).then_some(next)
    }

    /// The last time before `before` at which it was due, without jitter.
    pub fn previous(&self, before: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if let Rule::Rate(seconds) = self.expression.rule {
            return self.previous_of_rate(before, seconds);
        }
        let before = before.min(midnight(LAST_YEAR + 1)? + TimeDelta::days(2));
        let due_before = |after| self.next_after(after).filter(|due| *due < before);
        // Times are dense or sparse; look near first, then halve what is between a time that was found and `before`.
        let mut found = WINDOWS
            .iter()
            .find_map(|minutes| due_before(before.checked_sub_signed(TimeDelta::minutes(*minutes))?))?;
        let mut until = before;
        while until - found > TimeDelta::seconds(1) {
            let middle = found + (until - found) / 2;
            match due_before(middle) {
                Some(later) => found = later,
                None => until = middle,
            }
        }
        Some(due_before(found).unwrap_or(found))
    }

    /// The times after `from`, up to and with `to`, the first `limit` of them.
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>, limit: usize) -> Vec<DateTime<Utc>> {
        let following = |due: &DateTime<Utc>| self.next_after(*due).filter(|due| *due <= to);
        std::iter::successors(following(&from), following).take(limit).collect()
    }

    /// How long after it is due the one with this id fires: something from 0 up to `jitter_seconds`, in milliseconds.
    pub fn jitter(&self, id: &str) -> TimeDelta {
        let spread = u64::from(self.jitter_seconds) * 1000;
        if spread == 0 {
            return TimeDelta::zero();
        }
        // FNV-1a and a final mix. Written out, as it has to be the same in every version.
        let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mixed = (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        TimeDelta::milliseconds(((mixed ^ mixed >> 29) % spread) as i64)
    }

    /// The schedule in plain English.
    pub fn describe(&self) -> String {
        describe(self)
    }

    fn next_of_rate(&self, after: DateTime<Utc>, seconds: u32) -> Option<DateTime<Utc>> {
        let anchor = self.start.unwrap_or(DateTime::UNIX_EPOCH);
        let every = TimeDelta::seconds(seconds.into()).num_microseconds()?;
        // A nanosecond before the anchor is at its microsecond: rounded up, the division stays right.
        let elapsed = ceil_micros(after - anchor)?;
        let count = if after < anchor && self.start.is_some() {
            0
        } else {
            elapsed.div_euclid(every) + 1
        };
        let next = anchor.checked_add_signed(TimeDelta::microseconds(count.checked_mul(every)?))?;
        Some(next)
    }

    fn previous_of_rate(&self, before: DateTime<Utc>, seconds: u32) -> Option<DateTime<Utc>> {
        let anchor = self.start.unwrap_or(DateTime::UNIX_EPOCH);
        let before = self
            .end
            .map_or(before, |end| before.min(end + TimeDelta::microseconds(1)));
        let every = TimeDelta::seconds(seconds.into()).num_microseconds()?;
        let count = (ceil_micros(before - anchor)? - 1).div_euclid(every);
        if count < 0 && self.start.is_some() {
            return None;
        }
        anchor.checked_add_signed(TimeDelta::microseconds(count.checked_mul(every)?))
    }
}

impl FromStr for Schedule {
    type Err = Error;

    /// The expression, in UTC and without bounds.
    fn from_str(text: &str) -> Result<Self, Error> {
        Expression::parse(text).map(Self::new)
    }
}

fn midnight(year: u32) -> Option<DateTime<Utc>> {
    Some(
        chrono::NaiveDate::from_ymd_opt(year as i32, 1, 1)?
            .and_time(chrono::NaiveTime::MIN)
            .and_utc(),
    )
}

fn ceil_micros(elapsed: TimeDelta) -> Option<i64> {
    let micros = elapsed.num_microseconds()?;
    let rest = elapsed - TimeDelta::microseconds(micros);
    Some(if rest > TimeDelta::zero() { micros + 1 } else { micros })
}
