//! What is sent at all. Spans and events that nobody wants cost a comparison each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

type Heard = Box<dyn Fn() + Send + Sync>;

/// Whether traces and logs are sent.
#[derive(Default)]
pub(crate) struct Switches {
    traces: AtomicBool,
    logs: AtomicBool,
    /// Has `tracing` ask again what is wanted: it remembers the answers.
    changed: Mutex<Vec<Heard>>,
}

impl Switches {
    pub fn traces(&self) -> bool {
        self.traces.load(Ordering::Relaxed)
    }

    pub fn logs(&self) -> bool {
        self.logs.load(Ordering::Relaxed)
    }

    pub fn set(&self, traces: bool, logs: bool) {
        self.traces.store(traces, Ordering::Relaxed);
        self.logs.store(logs, Ordering::Relaxed);
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        changed.iter().for_each(|changed| changed());
    }

    pub fn when_changed(&self, changed: impl Fn() + Send + Sync + 'static) {
        let mut heard = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push(Box::new(changed));
    }
}
