//! What a condition costs at worst, before it runs: the interpreter cannot be interrupted.

/// Steps that are allowed; some tens of milliseconds.
const MOST_STEPS: u64 = 2_000_000;
/// Bytes that are compared, searched or copied in the time of a step.
const BYTES_A_STEP: u64 = 64;

/// How much an event has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    /// Values in it, however deep.
    pub values: u64,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// What an expression consists of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    once: u64,
    repeated: u64,
    additions: u64,
    event_is_repeated: bool,
}

impl Cost {
    /// Counts a node; one that is repeated is in a loop.
    pub fn count(&mut self, repeated: bool) {
        if repeated {
            self.repeated += 1;
        } else {
            self.once += 1;
        }
    }

    /// An operation makes one value of two: texts and lists grow.
    pub fn add(&mut self) {
        self.additions += 1;
    }

    /// The event as a whole can be gone through in each turn of a loop.
    pub fn event_is_repeated(&mut self) {
        self.event_is_repeated = true;
    }

    /// Says no if it could be too much for an event. Each operation may go through all of the event, or through as many
    /// of them as have been added up. A loop has at most as many turns as that has values, and each turn goes through its
    /// own value only, unless it mentions the event.
    pub fn check(&self, load: Load) -> Result<(), String> {
        let growth = 1 + self.additions;
        let whole = (1 + load.bytes / BYTES_A_STEP).saturating_mul(growth);
        let turns = load.values.saturating_mul(growth).saturating_add(self.once);
        let in_turns = if self.event_is_repeated {
            turns.saturating_mul(whole)
        } else {
            turns.saturating_add(whole)
        };
        let once = self.once.saturating_mul(whole);
        let steps = once.saturating_add(self.repeated.saturating_mul(in_turns));
        if steps > MOST_STEPS {
            return Err("the event is too large for all that the condition does with it".to_owned());
        }
        Ok(())
    }
}
