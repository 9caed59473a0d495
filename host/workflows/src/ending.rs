//! A run of a workflow is over, and what is told of it.

use serde_json::json;
use tenon_events::Event;
use tenon_metadata::Transaction;

use crate::advance::Board;
use crate::definition::End;
use crate::{Error, RunState, Statistics};

/// Ends a run all of whose nodes have ended.
pub(crate) fn end(tx: &mut Transaction<'_>, board: &mut Board) -> Result<(), Error> {
    let record = &mut board.record;
    record.state = match (record.state, &record.error) {
        (RunState::Stopping, None) => RunState::Stopped,
        (_, Some(_)) => RunState::Error,
        _ => RunState::Completed,
    };
    record.ended = Some(tx.now());
    record.due = None;
    record.update(tx)?;
    let state = record.state;
    let kind = match state {
        RunState::Stopped => "workflow.stopped",
        RunState::Completed if unhandled(board).is_empty() => "workflow.completed",
        _ => "workflow.failed",
    };
    emit(tx, board, kind)
}

/// Tells of a run.
pub(crate) fn emit(tx: &mut Transaction<'_>, board: &Board, kind: &str) -> Result<(), Error> {
    let record = &board.record;
    let statistics = Statistics::of(board.nodes.iter().map(|node| (node.state, node.run.is_some())));
    let data = json!({
        "workflow": record.workflow,
        "version": record.version,
        "run": record.id,
        "attempt": record.attempt,
        "state": record.state,
        "error": record.error,
        "trigger": record.cause,
        "depth": record.depth,
        "statistics": statistics,
        "unhandled": unhandled(board),
    });
    let event = Event::new(kind)
        .tenant(record.tenant.as_str())
        .subject(&record.id)
        .data(data);
    tenon_events::emit(tx, &event)?;
    Ok(())
}

/// The nodes that failed without another one that started because of it.
fn unhandled(board: &Board) -> Vec<&str> {
    let graph = &board.graph;
    let handles = |later: usize, node: usize, end: End| {
        let waits_for_it = |wait: &crate::graph::Wait| wait.node == node && wait.states.contains(&end);
        board.nodes[later].run.is_some() && graph.before[later].iter().any(waits_for_it)
    };
    let failed = board.ends().into_iter().enumerate().filter_map(|(node, end)| {
        let end = end.filter(|end| end.is_failure())?;
        let handled = graph.after[node].iter().any(|&later| handles(later, node, end));
        (!handled).then(|| graph.names[node].as_str())
    });
    failed.collect()
}
