//! What waits for a length of time waits as long although somebody sets the clock.

use parking_lot::Mutex;
use tenon_metadata::Metadata;
use tenon_schedule::{Clock, Jumps};

/// Notices when the clock is set, and what of it the queue has not heard of yet.
pub(super) struct Watched(Mutex<State>);

struct State {
    jumps: Jumps,
    /// In microseconds.
    untold: i64,
}

impl Watched {
    /// Watches this clock from now on.
    pub fn new(clock: &dyn Clock) -> Self {
        Self(Mutex::new(State {
            jumps: Jumps::of(clock),
            untold: 0,
        }))
    }

    /// Tells the queue by how much the clock was set, if it was, before anything is taken out of it. Answers with the time
    /// up to which the queue knows of all that was set, in microseconds since 1970, UTC.
    pub async fn tell(&self, clock: &dyn Clock, metadata: &Metadata, server: String) -> i64 {
        let (by, now) = {
            let mut state = self.0.lock();
            let jump = state.jumps.look(clock).and_then(|jump| jump.num_microseconds());
            state.untold = state.untold.saturating_add(jump.unwrap_or_default());
            (state.untold, state.jumps.wall().timestamp_micros())
        };
        if by == 0 {
            return now;
        }
        tracing::warn!(
            seconds = by / 1_000_000,
            "the clock was set; what waits in the queue waits as long as before"
        );
        match metadata.write(move |tx| tenon_runs::clock_set(tx, &server, by)).await {
            Ok(()) => {
                self.0.lock().untold -= by;
                now
            }
            Err(error) => {
                tracing::warn!(%error, "the queue does not know yet that the clock was set");
                i64::MIN
            }
        }
    }
}
