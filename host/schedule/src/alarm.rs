//! Waiting for the next due time, by a clock that may be set meanwhile.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::Clock;
use crate::jumps::Jumps;

/// Waits until the clock on the wall says that it is time, and notices when somebody sets it.
///
/// Whoever waits sleeps in slices of at most half a second and compares the two clocks after each, which takes some
/// microseconds. A jump of the clock is therefore noticed within a second. To wait for something else as well, put
/// [`Alarm::wait`] into a `select!`: it may be dropped at any time.
pub struct Alarm {
    clock: Arc<dyn Clock>,
    jumps: Jumps,
}

/// Why [`Alarm::wait`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// It is time.
    Due,
    /// The clock was set by so much. What was to be done when has to be looked at again.
    Jumped(TimeDelta),
}

const SLICE: Duration = Duration::from_millis(500);

impl Alarm {
    /// An alarm by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let jumps = Jumps::of(clock.as_ref());
        Self { clock, jumps }
    }

    /// Waits until `due`, or for a jump of the clock if there is nothing due.
    pub async fn wait(&mut self, due: Option<DateTime<Utc>>) -> Woken {
        loop {
            if let Some(jump) = self.jumps.look(self.clock.as_ref()) {
                return Woken::Jumped(jump);
            }
            let left = due.map(|due| due - self.jumps.wall());
            if left.is_some_and(|left| left <= TimeDelta::zero()) {
                return Woken::Due;
            }
            // Timers are a millisecond apart; waking a little late is better than waking twice.
            let left = left.and_then(|left| left.to_std().ok()).unwrap_or(SLICE);
            self.clock.sleep(left.min(SLICE)).await;
        }
    }
}
