//! How long a run waits for its next attempt.

use sha2::{Digest, Sha256};

use crate::JobSettings;
use crate::time::SECOND;

/// The pause after that attempt of a series, from 1, in microseconds. The same run and attempt always give the same.
pub(crate) fn pause(settings: &JobSettings, run: &str, attempt: i64, nth: i64) -> i64 {
    let first = settings.retry_delay_seconds as f64;
    let longest = settings.retry_longest_seconds as f64;
    let exponent = i32::try_from(nth - 1).unwrap_or(i32::MAX);
    let seconds = (first * settings.retry_factor.powi(exponent)).min(longest);
    let seconds = seconds * (1.0 + settings.retry_jitter * chance(run, attempt));
    (seconds.max(0.0) * SECOND as f64) as i64
}

/// A number from -1 to 1 that looks like chance.
fn chance(run: &str, attempt: i64) -> f64 {
    let digest = Sha256::digest(format!("{run} {attempt}"));
    let bytes = digest
        .iter()
        .take(4)
        .fold(0_u32, |all, byte| (all << 8) | u32::from(*byte));
    f64::from(bytes) / f64::from(u32::MAX) * 2.0 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let settings = JobSettings {
            retry_jitter: 0.0,
            retry_longest_seconds: 60,
            ..JobSettings::default()
        };
        let pauses: Vec<i64> = (1..=5).map(|nth| pause(&settings, "run", nth, nth) / SECOND).collect();
        assert_eq!(pauses, [10, 20, 40, 60, 60]);
        assert_eq!(pause(&settings, "run", 5000, 5000) / SECOND, 60);
    }

    #[test]
    fn chance_is_bounded_spread_and_always_the_same() {
        let settings = JobSettings::default();
        let pauses: Vec<i64> = (0..200)
            .map(|run| pause(&settings, &format!("run_{run}"), 1, 1))
            .collect();
        let (least, most) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
        assert!((8 * SECOND..9 * SECOND).contains(least), "{least}");
        assert!((11 * SECOND..=12 * SECOND).contains(most), "{most}");
        assert_eq!(pause(&settings, "run_7", 1, 1), pauses[7]);
        assert_ne!(pause(&settings, "run_7", 2, 1), pauses[7]);
    }
}
