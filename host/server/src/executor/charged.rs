//! What of its CPU time an attempt has been charged for while it ran, so that its end charges for the rest.

use std::sync::Arc;

use parking_lot::Mutex;
use tenon_runs::Usage;

/// CPU time, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cpu {
    pub sandbox_us: u64,
    pub kernels_us: u64,
}

/// What an attempt has been charged for. Clones are the same attempt's.
#[derive(Clone, Debug, Default)]
pub(super) struct Charged(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    cpu: Cpu,
    /// The end charges for the rest: nothing is charged any more but by it.
    has_ended: bool,
}

impl Cpu {
    /// Of what a run has used.
    pub fn of(usage: &Usage) -> Self {
        let micros = |seconds: f64| (seconds * 1e6) as u64;
        Self {
            sandbox_us: micros(usage.sandbox_seconds),
            kernels_us: micros(usage.kernel_seconds),
        }
    }

    /// What is more than `other`.
    pub fn beyond(self, other: Self) -> Self {
        Self {
            sandbox_us: self.sandbox_us.saturating_sub(other.sandbox_us),
            kernels_us: self.kernels_us.saturating_sub(other.kernels_us),
        }
    }
}

impl Charged {
    /// What is to be charged for now, of an attempt that has used `so_far`. It counts as charged from here on.
    pub fn charge(&self, so_far: Cpu) -> Option<Cpu> {
        let mut state = self.0.lock();
        let more = so_far.beyond(state.cpu);
        if state.has_ended || more == Cpu::default() {
            return None;
        }
        state.cpu.sandbox_us += more.sandbox_us;
        state.cpu.kernels_us += more.kernels_us;
        Some(more)
    }

    /// What was to be charged for was not: the database did not take it.
    pub fn give_back(&self, charged: Cpu) {
        let mut state = self.0.lock();
        state.cpu = state.cpu.beyond(charged);
    }

    /// The attempt has ended. Answers with what it was charged for.
    pub fn end(&self) -> Cpu {
        let mut state = self.0.lock();
        state.has_ended = true;
        state.cpu
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(sandbox_us: u64, kernels_us: u64) -> Cpu {
        Cpu { sandbox_us, kernels_us }
    }

    #[test]
    fn nothing_is_charged_twice() {
        let charged = Charged::default();
        assert_eq!(charged.charge(cpu(5, 0)), Some(cpu(5, 0)));
        assert_eq!(charged.charge(cpu(5, 0)), None, "it was idle");
        assert_eq!(charged.charge(cpu(7, 3)), Some(cpu(2, 3)));
        charged.give_back(cpu(2, 3));
        assert_eq!(charged.charge(cpu(8, 3)), Some(cpu(3, 3)));
        assert_eq!(charged.end(), cpu(8, 3));
        assert_eq!(charged.charge(cpu(20, 20)), None, "the end charges for it");
        assert_eq!(cpu(20, 20).beyond(charged.end()), cpu(12, 17));
    }
}
