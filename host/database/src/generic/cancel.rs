//! Ending a statement from another thread.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

type Hook = Box<dyn Fn() + Send>;

/// Ends whatever a session is doing, and what it begins afterwards.
#[derive(Clone, Default)]
pub(crate) struct Cancel(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    cancelled: bool,
    /// Ends the statement that is running. Held under the lock while it runs, so that the statement outlives it.
    hook: Option<Hook>,
}

impl Cancel {
    /// Says how to end the statement that is about to run, for as long as the answer is held.
    pub(crate) fn arm(&self, hook: impl Fn() + Send + 'static) -> Armed {
        self.0.lock().hook = Some(Box::new(hook));
        Armed(self.clone())
    }

    /// Ends the statement that is running, if one is.
    pub(crate) fn fire(&self) {
        let mut state = self.0.lock();
        state.cancelled = true;
        if let Some(hook) = &state.hook {
            hook();
        }
    }

    /// Whether nobody waits for what the session does any more.
    #[cfg(any(feature = "adbc", feature = "odbc"))]
    pub(crate) fn is_fired(&self) -> bool {
        self.0.lock().cancelled
    }

    /// Whether a statement is running that can be ended.
    pub(crate) fn is_armed(&self) -> bool {
        self.0.lock().hook.is_some()
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Cancel")
    }
}

/// A statement that can be ended while this is held.
pub(crate) struct Armed(Cancel);

impl Drop for Armed {
    fn drop(&mut self) {
        self.0.0.lock().hook = None;
    }
}
