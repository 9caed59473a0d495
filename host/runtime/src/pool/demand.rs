//! How many sandboxes were needed at once, of late.

use std::time::{Duration, Instant};

/// The peak over the last one to two half-windows.
#[derive(Debug)]
pub(super) struct Demand {
    half_window: Duration,
    began: Instant,
    current: usize,
    previous: usize,
}

impl Demand {
    pub fn new(window: Duration, now: Instant) -> Self {
        Demand {
            half_window: window / 2,
            began: now,
            current: 0,
            previous: 0,
        }
    }

    /// So many are in use at this moment.
    pub fn in_use(&mut self, count: usize, now: Instant) {
        let age = now.saturating_duration_since(self.began);
        if age >= self.half_window {
            // After a long silence, what was current is no longer recent either.
            self.previous = if age < self.half_window * 2 { self.current } else { 0 };
            self.current = 0;
            self.began = now;
        }
        self.current = self.current.max(count);
    }

    /// Somebody found the pool empty: what is warm was not enough, whatever the peak says.
    pub fn ran_dry(&mut self) {
        self.current = self.aim().saturating_mul(2).max(2);
    }

    /// How many to keep warm.
    pub fn aim(&self) -> usize {
        self.current.max(self.previous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_remembered_for_a_window_and_forgotten_after() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut demand = Demand::new(Duration::from_secs(20), start);
        demand.in_use(8, at(1));
        demand.in_use(2, at(12));
        assert_eq!(demand.aim(), 8, "the last half-window still counts");
        demand.in_use(2, at(23));
        assert_eq!(demand.aim(), 2);
        demand.in_use(0, at(100));
        assert_eq!(demand.aim(), 0, "after a long silence nothing is recent");
    }

    #[test]
    fn running_dry_doubles_the_aim() {
        let mut demand = Demand::new(Duration::from_secs(20), Instant::now());
        demand.ran_dry();
        assert_eq!(demand.aim(), 2);
        demand.ran_dry();
        assert_eq!(demand.aim(), 4);
    }
}
