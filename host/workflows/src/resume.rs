//! Runs of workflows go on after their end.

use std::collections::BTreeSet;

use tenon_metadata::{Name, Transaction};

use crate::advance::Board;
use crate::definition::End;
use crate::record::{Mark, NodeRecord, Record};
use crate::{Error, RunState, ending, nearest, workflows};

/// Resumes a run that has ended, as its next attempt: the nodes chosen and all that come after them run again, the others
/// keep their results. A chosen node starts at once unless one that it waits for runs again too. With none chosen, those
/// that failed or were stopped are, and those that were not reached since the run was stopped.
///
/// It goes on with the version of the workflow and the run properties that it has.
///
/// # Errors
/// [`Error::UnknownRun`], [`Error::UnknownNode`], [`Error::State`] while it is under way, [`Error::NothingToResume`],
/// [`Error::TooManyRuns`].
pub fn resume(tx: &mut Transaction<'_>, tenant: &Name, run: &str, nodes: &[Name]) -> Result<RunState, Error> {
    let record = Record::locked(tx, tenant, run)?;
    if !record.state.is_final() {
        return Err(record.not("resumed"));
    }
    let mut board = Board::of(tx, record)?;
    let chosen = chosen(&board, nodes)?;
    if chosen.is_empty() {
        return Err(Error::NothingToResume { run: run.to_owned() });
    }
    room(tx, &board.record)?;

    let again = board.graph.from(chosen.iter().copied());
    for &number in &again {
        // What was not reached waits as it did before; what did run is to run again. Its runs stay on record.
        let reached = !nodes.is_empty() || board.nodes[number].mark != Some(Mark::Unreached);
        let waits = board.graph.before[number].iter().any(|wait| again.contains(&wait.node));
        let at_once = reached && !waits && chosen.contains(&number);
        board.nodes[number] = NodeRecord {
            mark: at_once.then_some(Mark::Chosen),
            ..NodeRecord::WAITING
        };
        board.nodes[number].put(tx, &board.record.id, &board.graph.names[number])?;
    }
    board.record.attempt = board.record.attempt.saturating_add(1);
    board.record.state = RunState::Running;
    board.record.error = None;
    board.record.ended = None;
    let names: Vec<&Name> = chosen.iter().map(|&number| &board.graph.names[number]).collect();
    board.record.insert_attempt(tx, &names)?;
    ending::emit(tx, &board, "workflow.resumed")?;
    board.settle(tx)?;
    Ok(board.record.state)
}

fn chosen(board: &Board, nodes: &[Name]) -> Result<BTreeSet<usize>, Error> {
    if nodes.is_empty() {
        let again = board.nodes.iter().map(|node| match node.state.end() {
            Some(End::Stopped) => true,
            Some(End::Skipped) => node.mark == Some(Mark::Unreached),
            end => end.is_some_and(End::is_failure),
        });
        return Ok(again
            .enumerate()
            .filter_map(|(number, again)| again.then_some(number))
            .collect());
    }
    let numbers = nodes.iter().map(|node| {
        board.graph.number(node.as_str()).ok_or_else(|| Error::UnknownNode {
            run: board.record.id.clone(),
            node: node.to_string(),
            hint: nearest::hint(node.as_str(), board.graph.names.iter().map(Name::as_str)),
        })
    });
    numbers.collect()
}

/// Whether another run may be under way.
fn room(tx: &mut Transaction<'_>, record: &Record) -> Result<(), Error> {
    // The workflow's row is held, so that the count stays as it is; it may have been removed.
    let latest = workflows::current(tx, &record.tenant, &record.workflow)?;
    let Some(version) = latest else { return Ok(()) };
    let definition = workflows::kept(tx, &record.tenant, &record.workflow, version)?.definition;
    let Some(limit) = definition.max_concurrent_runs else {
        return Ok(());
    };
    let runs = workflows::under_way(tx, &record.tenant, &record.workflow)?;
    if runs >= i64::from(limit) {
        let workflow = record.workflow.to_string();
        return Err(Error::TooManyRuns { workflow, runs, limit });
    }
    Ok(())
}
