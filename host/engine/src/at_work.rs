//! When something was at work.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The first and last time that something was seen at work, and how often. For many threads at once.
#[derive(Debug, Default)]
pub(crate) struct AtWork {
    /// In microseconds since 1970; 0 if never.
    first: AtomicU64,
    last: AtomicU64,
    times: AtomicU64,
}

impl AtWork {
    /// It is at work.
    pub fn note(&self) {
        self.times.fetch_add(1, Ordering::Relaxed);
        self.note_end();
    }

    /// It is still at what it was at.
    pub fn note_end(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = now.as_micros() as u64;
        // Only one thread is the first.
        let _ = self
            .first
            .compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        self.last.fetch_max(now, Ordering::Relaxed);
    }

    /// How often it was at work.
    pub fn times(&self) -> u64 {
        self.times.load(Ordering::Relaxed)
    }

    /// From the first time to the last; none if it never was.
    pub fn period(&self) -> Option<(SystemTime, SystemTime)> {
        let time = |time: &AtomicU64| UNIX_EPOCH + Duration::from_micros(time.load(Ordering::Relaxed));
        (self.first.load(Ordering::Relaxed) > 0).then(|| (time(&self.first), time(&self.last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_the_first_time_to_the_last() {
        let work = AtWork::default();
        assert!(work.period().is_none());
        work.note();
        let (first, _) = work.period().expect("it was at work");
        work.note_end();
        let (still_first, last) = work.period().expect("it was at work");
        assert!(still_first == first && last >= first);
        assert_eq!(work.times(), 1);
    }
}
