//! The graph as a list, for what is too wide to be drawn.

use std::fmt::Write;

use super::layout::Layout;
use super::{Picture, shown};

/// A line per node, in the order in which they may run, with what it waits for.
pub(crate) fn list(picture: &Picture) -> String {
    let layout = Layout::of(picture, 1.0);
    let width = picture
        .nodes
        .iter()
        .map(|node| shown(&node.name, 40).chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for (layer, places) in layout.layers.iter().enumerate() {
        for (number, node) in places
            .iter()
            .filter_map(|&place| Some((place, picture.nodes.get(layout.places[place].node?)?)))
        {
            let waits = picture.edges.iter().filter(|edge| edge.to == number);
            let waits = waits.filter_map(|edge| {
                let name = shown(&picture.nodes.get(edge.from)?.name, 40);
                Some(match &edge.label {
                    Some(label) => format!("{name} ({})", shown(label, 60)),
                    None => name,
                })
            });
            let waits: Vec<String> = waits.collect();
            let after = match (waits.is_empty(), node.any) {
                (true, _) => String::new(),
                (false, true) => format!("after any of {}", waits.join(", ")),
                (false, false) => format!("after {}", waits.join(", ")),
            };
            let state = node.state.map_or("", |state| state.as_str());
            let name = shown(&node.name, 40);
            let line = format!("{:>3}  {name:<width$}  {state:<9}  {after}", layer + 1);
            // Writing to a string never fails.
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}
