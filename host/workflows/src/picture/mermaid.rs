//! Mermaid's language, which pages of documentation draw.

use std::fmt::Write;

use super::{Picture, shown};

impl Picture {
    /// The graph as a Mermaid flowchart.
    pub fn mermaid(&self) -> String {
        let mut mermaid = String::from("flowchart LR\n");
        for (number, node) in self.nodes.iter().enumerate() {
            let state = node.state.map_or(String::new(), |state| format!(" ({state})"));
            let label = quoted(&format!("{}{state}", node.name));
            // Writing to a string never fails.
            let _ = writeln!(mermaid, "  n{number}[{label}]");
        }
        for edge in &self.edges {
            let label = edge
                .label
                .as_ref()
                .map_or(String::new(), |label| format!("|{}|", quoted(label)));
            let _ = writeln!(mermaid, "  n{} -->{label} n{}", edge.from, edge.to);
        }
        mermaid
    }
}

/// A text as Mermaid takes it: what could end it, or be HTML, is written as its number.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in shown(text, 256).chars() {
        if character.is_alphanumeric() || " _.-()…".contains(character) {
            quoted.push(character);
        } else {
            let _ = write!(quoted, "#{};", u32::from(character));
        }
    }
    quoted.push('"');
    quoted
}
