//! What a run is given.

use serde_json::{Map, Value, json};

use crate::definition::Action;

/// Most bytes of the events as JSON. A run takes 64 KiB of arguments, of which an action may use 16.
const EVENTS: usize = 47 << 10;

/// The action's arguments, those of whoever starts it by hand, and the events.
pub(crate) fn arguments(action: &Action, given: &Map<String, Value>, events: &[Value]) -> Map<String, Value> {
    let mut arguments = action.arguments.clone();
    arguments.extend(given.clone());
    if action.pass_events.unwrap_or(true) && !events.is_empty() {
        arguments.insert("events".to_owned(), Value::Array(capped(events)));
    }
    arguments
}

/// As many of the first as there is room for.
fn capped(events: &[Value]) -> Vec<Value> {
    let mut room = EVENTS;
    let fits = |event: &&Value| {
        let left = room.checked_sub(event.to_string().len() + 1);
        room = left.unwrap_or(room);
        left.is_some()
    };
    let mut taken: Vec<Value> = events.iter().take_while(fits).cloned().collect();
    let left_out = events.len() - taken.len();
    if left_out > 0 {
        taken.push(json!({ "left_out": left_out }));
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_capped_and_what_is_left_out_is_counted() {
        let small = json!({ "subject": "run_1" });
        assert_eq!(capped(std::slice::from_ref(&small)), std::slice::from_ref(&small));
        let large = json!({ "data": "x".repeat(20 << 10) });
        let taken = capped(&[large.clone(), large.clone(), large.clone(), small]);
        assert_eq!(taken[..2], [large.clone(), large]);
        assert_eq!(taken[2..], [json!({ "left_out": 2 })]);
        assert!(Value::Array(taken).to_string().len() <= 48 << 10);
    }
}
