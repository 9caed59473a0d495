//! What the current call may still allocate.
//!
//! DataFusion calls functions without a way to hand them a context, but always on the thread of the caller: the budget
//! of the call in progress is kept per thread.

use std::{cell::Cell, fmt::Display};

use crate::error::Error;

/// Bytes for everything that is evaluated outside of a call of a program, which only tests do.
const OUTSIDE: u64 = 1 << 20;

#[derive(Debug, Clone, Copy)]
struct Budget {
    allowed: u64,
    used: u64,
    steps: u64,
}

thread_local! {
    static BUDGET: Cell<Budget> = const { Cell::new(Budget { allowed: OUTSIDE, used: 0, steps: 0 }) };
}

/// Puts the caller's budget back, also when a kernel panics.
struct Restore(Budget);

impl Drop for Restore {
    fn drop(&mut self) {
        BUDGET.set(self.0);
    }
}

/// Runs `call` with a fresh budget of bytes and of steps.
pub(crate) fn within<T>(bytes: u64, steps: u64, call: impl FnOnce() -> T) -> T {
    let _restore = Restore(BUDGET.replace(Budget {
        allowed: bytes,
        used: 0,
        steps,
    }));
    call()
}

/// Bytes that may still be allocated.
pub(crate) fn left() -> u64 {
    let budget = BUDGET.get();
    budget.allowed.saturating_sub(budget.used)
}

/// Fails when `what` is about to allocate more than what is left.
pub(crate) fn check(what: impl Display, bytes: u64) -> Result<(), Error> {
    let budget = BUDGET.get();
    match budget.used.checked_add(bytes) {
        Some(needed) if needed <= budget.allowed => Ok(()),
        needed => Err(Error::output_bytes(
            what.to_string(),
            needed.unwrap_or(u64::MAX),
            budget.allowed,
        )),
    }
}

/// Takes what `what` has allocated off the budget.
pub(crate) fn charge(what: impl Display, bytes: u64) -> Result<(), Error> {
    check(&what, bytes)?;
    let budget = BUDGET.get();
    BUDGET.set(Budget {
        used: budget.used + bytes,
        ..budget
    });
    Ok(())
}

/// Fails when `what` is about to take more steps than one call may.
pub(crate) fn check_steps(what: &str, steps: u64) -> Result<(), Error> {
    let allowed = BUDGET.get().steps;
    if steps <= allowed {
        return Ok(());
    }
    Err(Error::Limit {
        at: None,
        what: what.to_owned(),
        needed: format!("{steps} steps"),
        limit: "steps",
        allowed,
    })
}
