//! What a definition has to be like.

use std::collections::BTreeSet;

use serde_json::Value;
use tenon_metadata::Name;

use crate::definition::{Condition, Definition, End, Node, OnFailure};
use crate::graph::Graph;
use crate::nearest;
use crate::properties;
use crate::references::{self, Reference};
use crate::{Error, MOST_NODES, when};

const LONGEST_DESCRIPTION: usize = 2048;
/// Dependencies of all nodes together.
const MOST_DEPENDENCIES: usize = 20_000;
/// Arguments of a node, in bytes as JSON; that is what a run takes.
const LONGEST_ARGUMENTS: usize = 64 << 10;
/// A definition, in bytes as JSON.
const LONGEST_DEFINITION: usize = 4 << 20;
/// A year, in seconds.
const LONGEST_TIMEOUT: u64 = 366 * 24 * 60 * 60;
/// Problems that are told at once.
const TOLD: usize = 20;

/// Checks a definition.
///
/// # Errors
/// [`Error::Invalid`] with up to 20 problems.
pub fn check(definition: &Definition) -> Result<(), Error> {
    checked(definition).map(drop)
}

/// Checks a definition; answers with its graph.
pub(crate) fn checked(definition: &Definition) -> Result<Graph, Error> {
    let mut problems = Vec::new();
    sizes(definition, &mut problems);
    if problems.is_empty() {
        for (name, node) in &definition.nodes {
            dependencies(definition, name, node, &mut problems);
        }
        match Graph::of(definition) {
            Ok(graph) => {
                if problems.is_empty() {
                    reachable(definition, &graph, &mut problems);
                }
                arguments(definition, &graph, &mut problems);
                if problems.is_empty() {
                    return Ok(graph);
                }
            }
            Err(cycle) => problems.push(cycle_sentence(&cycle)),
        }
    }
    problems.truncate(TOLD);
    Err(Error::Invalid {
        workflow: definition.name.to_string(),
        problems,
    })
}

fn sizes(definition: &Definition, problems: &mut Vec<String>) {
    let nodes = definition.nodes.len();
    if nodes == 0 {
        problems.push("it has no nodes".to_owned());
    }
    if nodes > MOST_NODES {
        problems.push(format!("it has {nodes} nodes, and may have {MOST_NODES}"));
    }
    let dependencies: usize = definition.nodes.values().map(|node| node.depends_on.len()).sum();
    if dependencies > MOST_DEPENDENCIES {
        problems.push(format!(
            "it has {dependencies} dependencies, and may have {MOST_DEPENDENCIES}"
        ));
    }
    let description = definition.description.len();
    if description > LONGEST_DESCRIPTION {
        problems.push(format!(
            "`description` has {description} bytes, and may have {LONGEST_DESCRIPTION}"
        ));
    }
    if definition.max_concurrent_runs == Some(0) {
        problems.push("`max_concurrent_runs` is 0, so it could never run; leave it out for no limit".to_owned());
    }
    if let Err(problem) = properties::check(&definition.properties) {
        problems.push(problem);
    }
    let size = serde_json::to_string(definition).map_or(0, |text| text.len());
    if size > LONGEST_DEFINITION {
        problems.push(format!(
            "it has {size} bytes as JSON, and may have {LONGEST_DEFINITION}"
        ));
    }
}

fn dependencies(definition: &Definition, name: &Name, node: &Node, problems: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for dependency in &node.depends_on {
        let earlier = &dependency.node;
        if !definition.nodes.contains_key(earlier) {
            let hint = nearest::hint(earlier.as_str(), definition.nodes.keys().map(Name::as_str));
            problems.push(format!(
                "the node `{name}` depends on `{earlier}`, which is not there{hint}"
            ));
        }
        if !seen.insert(earlier) {
            problems.push(format!(
                "the node `{name}` depends on `{earlier}` twice: name all states in one dependency"
            ));
        }
        if dependency.states.is_empty() {
            problems.push(format!(
                "the node `{name}` depends on `{earlier}` with no `states`, so it could never start"
            ));
        }
    }
    if let Some(Err(problem)) = node.when.as_deref().map(when::check) {
        problems.push(format!("`when` of the node `{name}`: {problem}"));
    }
    if node
        .timeout
        .is_some_and(|timeout| timeout == 0 || timeout > LONGEST_TIMEOUT)
    {
        problems.push(format!(
            "`timeout` of the node `{name}` is not from 1 to {LONGEST_TIMEOUT} seconds"
        ));
    }
}

fn arguments(definition: &Definition, graph: &Graph, problems: &mut Vec<String>) {
    for (number, (name, node)) in definition.nodes.iter().enumerate() {
        let size = Value::Object(node.arguments.clone()).to_string().len();
        if size > LONGEST_ARGUMENTS {
            problems.push(format!(
                "`arguments` of the node `{name}` have {size} bytes, and may have {LONGEST_ARGUMENTS}"
            ));
        }
        let mut earlier = None;
        let mut check = |reference: Reference<'_>| match reference {
            Reference::Property(property) => Name::new(property).map(drop).map_err(|error| error.to_string()),
            Reference::Node(path) => {
                let known = |node: &str| definition.nodes.contains_key(node);
                let Some((other, _)) = references::split(path, known) else {
                    let (other, _) = path.split_once('.').unwrap_or((path, ""));
                    let hint = nearest::hint(other, graph.names.iter().map(Name::as_str));
                    return Err(format!("`${{node:{path}}}` names no node{hint}"));
                };
                let earlier = earlier.get_or_insert_with(|| graph.ancestors(number));
                let before = graph.number(other).is_some_and(|other| earlier.contains(&other));
                let problem = || format!("`${{node:{path}}}` is about a node that does not come before it");
                before.then_some(()).ok_or_else(problem)
            }
        };
        if let Err(problem) = references::each(&node.arguments, &mut check) {
            problems.push(format!("`arguments` of the node `{name}`: {problem}"));
        }
    }
}

/// Finds nodes that can never start, whatever becomes of the others.
fn reachable(definition: &Definition, graph: &Graph, problems: &mut Vec<String>) {
    let nodes: Vec<&Node> = definition.nodes.values().collect();
    let mut ends: Vec<BTreeSet<End>> = vec![BTreeSet::new(); nodes.len()];
    for &number in &graph.order {
        let node = nodes[number];
        let waits = &graph.before[number];
        let mut unmet = waits
            .iter()
            .filter(|wait| wait.states.is_disjoint(&ends[wait.node]))
            .peekable();
        let never = match node.condition {
            Condition::All => unmet.peek().is_some(),
            Condition::Any => !waits.is_empty() && unmet.clone().count() == waits.len(),
        };
        if let Some(wait) = unmet.next().filter(|_| never) {
            let (name, earlier) = (&graph.names[number], &graph.names[wait.node]);
            let states: Vec<&str> = wait.states.iter().map(|end| end.as_str()).collect();
            let states = states.join(" or ");
            let because = match nodes[wait.node].on_failure {
                OnFailure::Stop => ": nothing else starts once that has failed (`on_failure`)",
                OnFailure::Continue => "",
            };
            problems.push(format!(
                "the node `{name}` can never start, since `{earlier}` cannot end as {states} and have it follow{because}"
            ));
        }
        ends[number] = End::ALL.into_iter().filter(|end| possible(node, *end)).collect();
    }
}

/// Whether another node may see this one end so.
fn possible(node: &Node, end: End) -> bool {
    match end {
        End::Succeeded | End::Stopped => true,
        End::Failed | End::Error | End::Timeout => node.on_failure == OnFailure::Continue,
        End::Skipped => !node.depends_on.is_empty() || node.when.is_some(),
    }
}

fn cycle_sentence(cycle: &[Name]) -> String {
    match cycle {
        [alone] => format!("the node `{alone}` depends on itself"),
        [first, ..] => {
            let way: Vec<String> = cycle.iter().chain([first]).map(|name| format!("`{name}`")).collect();
            format!("its nodes wait for each other: {}", way.join(" -> "))
        }
        [] => "its nodes wait for each other".to_owned(),
    }
}
