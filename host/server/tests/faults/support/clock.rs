//! The machine's clock, with hands that the test moves.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tenon_server::{Clock, SystemClock};

/// Goes as the machine's does, but for what it was set by. The clock that never jumps is the machine's.
#[derive(Default)]
pub struct SetClock {
    system: SystemClock,
    /// How far the clock on the wall has been set ahead, in microseconds.
    ahead: AtomicI64,
}

impl SetClock {
    /// Somebody sets the clock on the wall, ahead or back.
    pub fn jump(&self, by: TimeDelta) {
        self.ahead
            .fetch_add(by.num_microseconds().expect("it is not centuries"), Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        self.system.now() + TimeDelta::microseconds(self.ahead.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        self.system.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.system.sleep(duration)
    }
}

impl fmt::Debug for SetClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SetClock")
    }
}
