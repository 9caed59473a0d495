//! Pictures of workflows and their runs.

mod dot;
mod layout;
mod list;
mod mermaid;
mod svg;
mod text;

use crate::definition::{Condition, Definition, End};
use crate::{NodeState, RunDetail};

pub use svg::{SvgOptions, Theme};
pub use text::TextOptions;

/// A workflow, or a run of one, to be drawn: [`text`](Self::text), [`svg`](Self::svg), [`dot`](Self::dot),
/// [`mermaid`](Self::mermaid). Names may be anything: each form escapes them in its own way.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// What it shows: the workflow's name.
    pub title: String,
    /// More about it: the version, the run's id and state.
    pub subtitle: String,
    /// The nodes.
    pub nodes: Vec<PictureNode>,
    /// Which node waits for which.
    pub edges: Vec<PictureEdge>,
}

/// A node of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureNode {
    /// Its name.
    pub name: String,
    /// Its job.
    pub job: String,
    /// Where it stands, in a run.
    pub state: Option<NodeState>,
    /// Whether any one of several dependencies is enough.
    pub any: bool,
}

/// One node waits for another.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureEdge {
    /// The earlier node, by its place in the list.
    pub from: usize,
    /// The later one.
    pub to: usize,
    /// How the earlier one has to end, unless that is just SUCCEEDED.
    pub label: Option<String>,
    /// Whether it did, in a run in which it has ended.
    pub met: Option<bool>,
}

impl Picture {
    /// A definition. One that is not valid is drawn as far as it goes.
    pub fn of(definition: &Definition) -> Self {
        Self::drawn(definition, None)
    }

    /// A run, with where its nodes stand; `definition` is of the version that it runs.
    pub fn of_run(definition: &Definition, run: &RunDetail) -> Self {
        Self::drawn(definition, Some(run))
    }

    fn drawn(definition: &Definition, run: Option<&RunDetail>) -> Self {
        let state = |name: &str| {
            let node = run?.nodes.iter().find(|node| node.node.as_str() == name);
            node.map(|node| node.state)
        };
        let number = |name: &str| definition.nodes.keys().position(|known| known.as_str() == name);
        let mut edges = Vec::new();
        for (to, node) in definition.nodes.values().enumerate() {
            for dependency in &node.depends_on {
                let Some(from) = number(dependency.node.as_str()) else {
                    continue;
                };
                let states: Vec<&str> = dependency.states.iter().map(|end| end.as_str()).collect();
                let plain = states == [End::Succeeded.as_str()];
                let end = state(dependency.node.as_str()).and_then(NodeState::end);
                edges.push(PictureEdge {
                    from,
                    to,
                    label: (!plain).then(|| states.join(" or ")),
                    met: end.map(|end| dependency.states.contains(&end)),
                });
            }
        }
        let nodes = definition.nodes.iter().map(|(name, node)| PictureNode {
            name: name.to_string(),
            job: node.job.to_string(),
            state: state(name.as_str()),
            any: node.condition == Condition::Any && node.depends_on.len() > 1,
        });
        Self {
            title: definition.name.to_string(),
            subtitle: run.map_or(String::new(), subtitle),
            nodes: nodes.collect(),
            edges,
        }
    }
}

fn subtitle(detail: &RunDetail) -> String {
    let run = &detail.run;
    let counts = &run.statistics;
    let counted = [
        (counts.succeeded, "succeeded"),
        (counts.failed + counts.error + counts.timeout, "failed"),
        (counts.stopped, "stopped"),
        (counts.skipped, "skipped"),
        (counts.running, "running"),
        (counts.waiting, "waiting"),
    ];
    let counted = counted.iter().filter(|(count, _)| *count > 0);
    let counted: Vec<String> = counted.map(|(count, what)| format!("{count} {what}")).collect();
    let attempt = match run.attempt {
        1 => String::new(),
        attempt => format!(", attempt {attempt}"),
    };
    format!(
        "{} · version {}{attempt} · {} · {}",
        run.id,
        run.version,
        run.state,
        counted.join(", ")
    )
}

/// A text without what a terminal or XML could take for something else, and not longer than so many characters.
fn shown(text: &str, longest: usize) -> String {
    let harmless = |character: char| {
        !character.is_control() && !is_direction(character) && character != '\u{fffe}' && character != '\u{ffff}'
    };
    let clean: Vec<char> = text
        .chars()
        .map(|character| if harmless(character) { character } else { '\u{fffd}' })
        .collect();
    if clean.len() <= longest {
        return clean.into_iter().collect();
    }
    let kept = clean.into_iter().take(longest.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// Characters that turn the direction of the text around them, or have no width.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
