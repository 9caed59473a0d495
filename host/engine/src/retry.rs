//! When a failed run is tried again, and after which pause.

use std::time::Duration;

use crate::job::Retries;

/// The pause before try `number` (2 is the first retry), or none when there were enough. `random` is between 0 and 1:
/// runs that failed together should not come back together.
pub(crate) fn pause(retries: &Retries, number: u64, random: f64) -> Option<Duration> {
    let retry = number.checked_sub(2)?;
    if retry >= u64::from(retries.max) {
        return None;
    }
    let factor = retries.factor.max(1.0).powi(i32::try_from(retry).unwrap_or(i32::MAX));
    let longest = retries.longest.as_secs_f64();
    let pause = (retries.initial.as_secs_f64() * factor).min(longest);
    // Between half and all of it.
    Some(Duration::from_secs_f64(pause * (0.5 + random.clamp(0.0, 1.0) / 2.0)))
}

/// What a run is called at its targets; each of its micro-batches has a name of its own.
pub(crate) fn of_batch(run: &str, batch: Option<u64>) -> String {
    batch.map_or_else(|| run.to_owned(), |batch| format!("{run}-b{batch}"))
}

/// What try `number` of a run is called; 1 is the first.
pub(crate) fn name(run: &str, number: u64) -> String {
    match number {
        0 | 1 => run.to_owned(),
        number => format!("{run}-{number}"),
    }
}

/// The most tries whose names are gone through. Later ones are rare, and what they have left goes with a sweep.
const NAMED: u64 = 16;

/// What the tries of a run may have been called.
pub(crate) fn names<'a>(run: &'a str, retries: &Retries) -> impl Iterator<Item = String> + use<'a> {
    let tries = u64::from(retries.max).saturating_add(1).min(NAMED);
    (1..=tries).map(move |number| name(run, number))
}

/// Some number between 0 and 1. Nothing depends on its quality.
pub(crate) fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_have_names() {
        let retries = Retries {
            max: 2,
            ..Retries::default()
        };
        assert_eq!(names("r", &retries).collect::<Vec<_>>(), ["r", "r-2", "r-3"]);
        assert_eq!([of_batch("r", None), name(&of_batch("r", Some(7)), 2)], ["r", "r-b7-2"]);
    }

    #[test]
    fn pauses_grow_to_a_bound_and_end() {
        let retries = Retries {
            max: 4,
            initial: Duration::from_secs(1),
            factor: 3.0,
            longest: Duration::from_secs(10),
        };
        let pauses: Vec<Option<u64>> = (2..=6)
            .map(|n| pause(&retries, n, 1.0).map(|pause| pause.as_secs()))
            .collect();
        assert_eq!(pauses, [Some(1), Some(3), Some(9), Some(10), None]);
        assert_eq!(pause(&retries, 2, 0.0), Some(Duration::from_millis(500)));
        assert!((0.0..=1.0).contains(&jitter()));
    }
}
