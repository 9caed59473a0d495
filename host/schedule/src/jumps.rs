//! Noticing that somebody has set the clock.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::Clock;

/// Clocks that are corrected a little at a time stay far below this between two looks.
const TOLERANCE: TimeDelta = TimeDelta::milliseconds(250);

/// Compares the clock on the wall with the one that never jumps.
#[derive(Debug, Clone, Copy)]
pub struct Jumps {
    /// The readings of both clocks when they were last compared.
    wall: DateTime<Utc>,
    elapsed: Duration,
}

impl Jumps {
    /// Those of this clock from now on.
    pub fn of(clock: &dyn Clock) -> Self {
        Self {
            wall: clock.now(),
            elapsed: clock.elapsed(),
        }
    }

    /// By how much the clock was set since the last look at it, which is always the same one; none if it was not.
    pub fn look(&mut self, clock: &dyn Clock) -> Option<TimeDelta> {
        let (wall, elapsed) = (clock.now(), clock.elapsed());
        let expected = TimeDelta::from_std(elapsed.saturating_sub(self.elapsed)).unwrap_or(TimeDelta::MAX);
        let jump = (wall - self.wall) - expected;
        (self.wall, self.elapsed) = (wall, elapsed);
        (jump.abs() > TOLERANCE).then_some(jump)
    }

    /// What the clock on the wall said at the last look.
    pub fn wall(&self) -> DateTime<Utc> {
        self.wall
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;

    #[test]
    fn a_jump_is_noticed_once_and_time_that_goes_by_is_none() {
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        let mut jumps = Jumps::of(&clock);
        clock.advance(Duration::from_secs(5000));
        assert_eq!(jumps.look(&clock), None);
        for hours in [1, -2] {
            clock.advance(Duration::from_secs(3));
            clock.jump(TimeDelta::hours(hours));
            assert_eq!(jumps.look(&clock), Some(TimeDelta::hours(hours)));
            assert_eq!(jumps.look(&clock), None);
        }
        clock.jump(TimeDelta::milliseconds(200));
        assert_eq!(jumps.look(&clock), None, "it was corrected a little");
    }
}
