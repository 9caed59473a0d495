//! When to try again.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// Most that a target may ask to be left alone.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The time before the next attempt, after `failures` (from 1): `first`, then twice as long each time, up to `longest`,
/// give or take a fifth; `chance` is from 0 to 1.
pub(super) fn delay(failures: i64, first: Duration, longest: Duration, chance: f64) -> Duration {
    let doublings = failures.saturating_sub(1).clamp(0, 30) as i32;
    let seconds = first.as_secs_f64() * 2_f64.powi(doublings);
    let seconds = seconds.min(longest.as_secs_f64()) * (0.8 + 0.4 * chance.clamp(0.0, 1.0));
    Duration::from_secs_f64(seconds)
}

/// What `Retry-After` asks for: seconds, or a date.
pub(super) fn retry_after(value: &str, now: i64) -> Option<Duration> {
    let value = value.trim();
    let asked = if let Ok(seconds) = value.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let until: DateTime<Utc> = DateTime::parse_from_rfc2822(value).ok()?.into();
        let micros = until.timestamp_micros().saturating_sub(now).max(0);
        Duration::from_micros(micros.unsigned_abs())
    };
    Some(asked.min(LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest() {
        let seconds =
            |failures, chance| delay(failures, Duration::from_secs(5), Duration::from_secs(3600), chance).as_secs_f64();
        assert!((seconds(1, 0.5) - 5.0).abs() < 1e-6);
        assert!((seconds(2, 0.5) - 10.0).abs() < 1e-6);
        assert!((seconds(2, 0.0) - 8.0).abs() < 1e-6);
        assert!((seconds(2, 1.0) - 12.0).abs() < 1e-6);
        assert!((seconds(1000, 0.5) - 3600.0).abs() < 1e-6);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = 1_445_412_480_000_000; // Wed, 21 Oct 2015 07:28:00 GMT
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        let date = "Wed, 21 Oct 2015 07:29:00 GMT";
        assert_eq!(retry_after(date, now), Some(Duration::from_secs(60)));
        assert_eq!(retry_after(date, now + 3_600_000_000), Some(Duration::ZERO));
        assert_eq!(retry_after("99999999999", now), Some(LONGEST_RETRY_AFTER));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-5", now), None);
    }
}
