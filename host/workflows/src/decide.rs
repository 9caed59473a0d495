//! Whether a node starts, from how those before it ended. Nothing here knows the database.

use crate::definition::{Condition, End};
use crate::graph::{Graph, Wait};

/// What becomes of a node that has not started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It depends on nodes that have not ended.
    Wait,
    Start,
    /// It can't start any more; a sentence says why.
    Skip(String),
    /// It cannot be decided; a sentence says why.
    Fail(String),
}

/// Decides about a node; `ends` are those of all nodes, none for one that has not ended.
pub(crate) fn decide(graph: &Graph, node: usize, ends: &[Option<End>]) -> Verdict {
    let waits = &graph.before[node];
    let met = |wait: &Wait| ends[wait.node].map(|end| wait.states.contains(&end));
    let unmet = || waits.iter().find(|wait| met(wait) == Some(false));
    match graph.conditions[node] {
        Condition::All => {
            if let Some(wait) = unmet() {
                return Verdict::Skip(sentence(graph, wait, ends));
            }
            let all = waits.iter().all(|wait| met(wait) == Some(true));
            if all { Verdict::Start } else { Verdict::Wait }
        }
        Condition::Any => {
            if waits.is_empty() || waits.iter().any(|wait| met(wait) == Some(true)) {
                return Verdict::Start;
            }
            if waits.iter().any(|wait| met(wait).is_none()) {
                return Verdict::Wait;
            }
            match (waits.as_slice(), unmet()) {
                ([_], Some(wait)) => Verdict::Skip(sentence(graph, wait, ends)),
                _ => Verdict::Skip("none of the nodes that it depends on ended as it needs".to_owned()),
            }
        }
    }
}

fn sentence(graph: &Graph, wait: &Wait, ends: &[Option<End>]) -> String {
    let name = &graph.names[wait.node];
    let ended = ends[wait.node].map_or("", End::as_str);
    let states: Vec<&str> = wait.states.iter().map(|end| end.as_str()).collect();
    format!("`{name}` ended as {ended}, and it needs {}", states.join(" or "))
}
