//! Times as the database holds them: microseconds since 1970, in UTC.

use chrono::{DateTime, Utc};

pub(crate) fn now() -> i64 {
    Utc::now().timestamp_micros()
}

pub(crate) fn from_micros(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
