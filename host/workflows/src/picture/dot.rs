//! Graphviz's language.

use std::fmt::Write;

use super::{Picture, shown};

impl Picture {
    /// The graph in Graphviz's language, DOT.
    pub fn dot(&self) -> String {
        let mut dot = format!(
            "digraph {} {{\n  rankdir=LR;\n  node [shape=box, style=rounded];\n",
            quoted(&self.title)
        );
        for (number, node) in self.nodes.iter().enumerate() {
            let state = node.state.map_or(String::new(), |state| format!(" ({state})"));
            let label = quoted(&format!("{}{state}", node.name));
            // Writing to a string never fails.
            let _ = writeln!(dot, "  n{number} [label={label}];");
        }
        for edge in &self.edges {
            let label = edge
                .label
                .as_ref()
                .map_or(String::new(), |label| format!(" [label={}]", quoted(label)));
            let _ = writeln!(dot, "  n{} -> n{}{label};", edge.from, edge.to);
        }
        dot.push_str("}\n");
        dot
    }
}

fn quoted(text: &str) -> String {
    let text = shown(text, 256).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}
