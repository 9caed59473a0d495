//! A node's own condition, over run properties and states.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tenon_events::{Condition, Recorded};
use tenon_metadata::Name;

use crate::NodeState;
use crate::decide::Verdict;
use crate::record::Record;

/// Whether a condition can be read; a sentence if not.
pub(crate) fn check(text: &str) -> Result<(), String> {
    Condition::parse(text).map(drop).map_err(|error| error.to_string())
}

/// Decides whether a node starts. It sees the run as an event whose data are the run properties and the states of nodes.
pub(crate) fn decide<'a>(
    text: &str,
    record: &Record,
    properties: &BTreeMap<Name, String>,
    states: impl Iterator<Item = (&'a Name, NodeState)>,
) -> Verdict {
    let states: Map<String, Value> = states
        .map(|(name, state)| (name.to_string(), state.as_str().into()))
        .collect();
    let seen = Recorded {
        position: 0,
        number: 0,
        tenant: Some(record.tenant.to_string()),
        kind: "workflow.node".to_owned(),
        subject: record.id.clone(),
        time: record.started,
        data: json!({ "workflow": record.workflow, "properties": properties, "states": states }),
    };
    match Condition::parse(text).and_then(|condition| condition.evaluate(&seen)) {
        Ok(verdict) if verdict.matched => Verdict::Start,
        Ok(verdict) => Verdict::Skip(match verdict.reason {
            Some(reason) => format!("its condition `when` is not met: {reason}"),
            None => "its condition `when` is not met".to_owned(),
        }),
        Err(error) => Verdict::Fail(format!("its condition `when` cannot be decided: {error}")),
    }
}
