//! Runs of workflows are stopped.

use tenon_metadata::{Name, Transaction};

use crate::advance::Board;
use crate::record::Record;
use crate::{Error, RunState};

/// Stops a run: no other node starts, and those at work are asked to stop. One that is stopping already goes on doing so.
///
/// # Errors
/// [`Error::UnknownRun`], [`Error::State`] once it has ended.
pub fn stop(tx: &mut Transaction<'_>, tenant: &Name, run: &str) -> Result<RunState, Error> {
    let record = Record::locked(tx, tenant, run)?;
    match record.state {
        RunState::Running => {}
        RunState::Stopping => return Ok(RunState::Stopping),
        _ => return Err(record.not("stopped")),
    }
    let mut board = Board::of(tx, record)?;
    board.record.state = RunState::Stopping;
    board.settle(tx)?;
    Ok(board.record.state)
}
