//! Reads a struct and goes on after a problem, to find them all.

use serde::de::DeserializeOwned;

use crate::problem::{ProblemKind, clipped};
use crate::{Node, Problem, Value};

/// Problems that are looked for in one value.
const MOST_PROBLEMS: usize = 100;

/// Reads a value and reports everything that is wrong with it: what is at fault is reported, left out, and the rest read
/// again.
pub(crate) fn all<T: DeserializeOwned>(node: &Node, report: &mut dyn FnMut(Problem)) -> Option<T> {
    let mut rest = node.clone();
    let mut left_out: Vec<Vec<String>> = Vec::new();
    while left_out.len() < MOST_PROBLEMS {
        let problem = match rest.read::<T>() {
            Ok(value) => return left_out.is_empty().then_some(value),
            Err(problem) => problem,
        };
        let path: Vec<_> = problem.path().map(str::to_owned).collect();
        let mut place = path.clone();
        if let ProblemKind::Missing(key) = &problem.kind {
            place.push(key.clone());
        }
        // What is missing, or doesn't fit, because something within was left out.
        if !left_out.iter().any(|out| out.starts_with(&place)) {
            report(problem);
        }
        if !remove(&mut rest, &path) {
            return None;
        }
        left_out.push(path);
    }
    None
}

/// Takes out what is at the end of a path. False: there is no path, or nothing there.
fn remove(node: &mut Node, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    match &mut node.value {
        Value::Table(table) if rest.is_empty() => table.remove(first).is_some(),
        Value::Table(table) => {
            let mut entries = table.entries_mut();
            entries
                .find(|entry| entry.key == *first)
                .is_some_and(|entry| remove(&mut entry.value, rest))
        }
        Value::List(items) => {
            let Some(index) = first.parse::<usize>().ok().filter(|index| *index < items.len()) else {
                return false;
            };
            if rest.is_empty() {
                items.remove(index);
                return true;
            }
            remove(&mut items[index], rest)
        }
        _ => false,
    }
}

/// A name that SQL would need quotes for, or worse.
pub(crate) fn bad_name(what: &str, name: &str) -> Problem {
    let name = clipped(name);
    Problem::new(format!(
        "`{name}` can't be the name of a {what}: a name is a letter or `_`, then letters, digits and `_`, at most 128"
    ))
}
