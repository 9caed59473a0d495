//! Stopping runs.

use tenon_metadata::{Name, Transaction, row};

use crate::run::clip;
use crate::{Error, State, change, claim, queue};

const LONGEST_REASON: usize = 1024;

/// Asks to stop a run. One that waits is STOPPED at once; one at work is STOPPING, and its server hears of it by a notice
/// of topic `runs` or when it looks at [what it holds](crate::held). Answers with the state it has now; one that is
/// STOPPING stays so.
///
/// # Errors
/// [`Error::UnknownRun`], [`Error::Transition`] if it has ended.
pub fn request_stop(tx: &mut Transaction<'_>, tenant: &Name, run: &str, reason: &str) -> Result<State, Error> {
    queue::lock_tenant(tx, tenant.as_str())?;
    let found = change::standing_of(tx, tenant.as_str(), run)?;
    let reason = clip(reason, LONGEST_REASON);
    match found.state {
        State::Stopping => Ok(State::Stopping),
        State::Waiting => {
            tx.execute(
                "update runs set stop_reason = ?2 where id = ?1",
                row![&found.id, reason],
            )?;
            claim::end_in_queue(tx, &found, State::Stopped, None)?;
            Ok(State::Stopped)
        }
        _ => {
            // Where it has ended, this is refused.
            change::become_next(tx, &found, State::Stopping, None, "stop_reason = ?3", row![reason])?;
            Ok(State::Stopping)
        }
    }
}
