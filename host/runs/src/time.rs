//! Times: microseconds since 1970 in the database, dates for people.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// Microseconds of a second.
pub(crate) const SECOND: i64 = 1_000_000;

/// What the database keeps, as a date.
pub(crate) fn date(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// Seconds as microseconds; what is too long is the longest there is.
pub(crate) fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND)
}

/// A duration in microseconds.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
