//! Clocks: the machine's, and one that tests turn by hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// Two clocks: one that people set, and one that only ever goes ahead.
pub trait Clock: Send + Sync + 'static {
    /// What the clock on the wall says. May jump.
    fn now(&self) -> DateTime<Utc>;

    /// Time since some beginning. Never jumps.
    fn elapsed(&self) -> Duration;

    /// Waits for so long, by the clock that doesn't jump.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The clocks of the machine.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock for tests, which stands still until it is turned.
#[derive(Debug)]
pub struct ManualClock {
    /// Both clocks' readings; held for the length of a reading or a turn.
    wall: Mutex<DateTime<Utc>>,
    elapsed: watch::Sender<Duration>,
}

impl ManualClock {
    /// Says `now` until it is turned.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            wall: Mutex::new(now),
            elapsed: watch::Sender::new(Duration::ZERO),
        }
    }

    /// Time goes by, on both clocks. Those who sleep wake if their time has come.
    pub fn advance(&self, time: Duration) {
        self.jump(TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX));
        self.elapsed.send_modify(|elapsed| *elapsed += time);
    }

    /// Somebody sets the clock on the wall, ahead or back.
    pub fn jump(&self, by: TimeDelta) {
        let mut wall = self.wall.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *wall = wall.checked_add_signed(by).unwrap_or(*wall);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.wall.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.borrow()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut elapsed = self.elapsed.subscribe();
        let until = *elapsed.borrow() + duration;
        Box::pin(async move {
            // The sender is part of the clock, so it is there for as long as the future is.
            let _ = elapsed.wait_for(|elapsed| *elapsed >= until).await;
        })
    }
}
