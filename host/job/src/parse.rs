//! Texts to trees.

mod json;
mod toml;
mod yaml;

use std::path::Path;

use crate::node::Table;
use crate::{Document, Node, Problem, Span, Value};

/// Bytes of a job file at most.
const MOST_BYTES: usize = 4 << 20;
/// Values in a job file at most; what YAML aliases repeat counts as often as it appears.
const MOST_NODES: usize = 100_000;
/// Keys of a table at most.
const MOST_KEYS: usize = 10_000;
/// Tables and lists in one another at most.
const MOST_DEPTH: usize = 64;

/// The formats of a job file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.1.
    Toml,
    /// YAML 1.2, core schema: `yes` is a string.
    Yaml,
    /// JSON.
    Json,
}

impl Format {
    /// By the ending of the file's name.
    pub fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "toml" => Some(Format::Toml),
            "yaml" | "yml" => Some(Format::Yaml),
            "json" => Some(Format::Json),
            _ => None,
        }
    }
}

impl Node {
    /// Reads a text. What it holds is a table.
    ///
    /// # Errors
    /// Syntax errors, all that the format's parser finds; keys that are there twice; numbers that don't fit in 64 bits;
    /// texts over 4 MiB, 100,000 values, 10,000 keys in a table or 64 levels.
    pub fn parse(document: &Document, format: Format) -> Result<Node, Vec<Problem>> {
        let text = document.text();
        if text.len() > MOST_BYTES {
            return Err(vec![Problem::new(format!(
                "this file is larger than a job file may be: {} of {MOST_BYTES} bytes",
                text.len()
            ))]);
        }
        let parsed = match format {
            Format::Toml => toml::parse(text),
            Format::Yaml => yaml::parse(text).map_err(|problem| vec![problem]),
            Format::Json => json::parse(text).map_err(|problem| vec![problem]),
        };
        let node = parsed?;
        match &node.value {
            Value::Table(_) => Ok(node),
            _ => Err(vec![
                Problem::new(format!("a job file holds a table of keys; this is {}", node.kind())).at(node.span),
            ]),
        }
    }
}

/// Counts values against the limits.
struct Budget {
    nodes: usize,
}

impl Budget {
    fn new() -> Self {
        Budget { nodes: 0 }
    }

    fn take(&mut self, nodes: usize, depth: usize, span: Span) -> Result<(), Problem> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MOST_NODES {
            return Err(Problem::new(format!("a job file holds at most {MOST_NODES} values")).at(Some(span)));
        }
        if depth > MOST_DEPTH {
            return Err(too_deep(span));
        }
        Ok(())
    }
}

/// Adds a key that is new.
fn push(table: &mut Table, key: String, key_span: Span, value: Node) -> Result<(), Problem> {
    if table.len() == MOST_KEYS {
        return Err(Problem::new(format!("a table holds at most {MOST_KEYS} keys")).at(Some(key_span)));
    }
    table.push(key, Some(key_span), value);
    Ok(())
}

fn too_deep(span: Span) -> Problem {
    Problem::new(format!(
        "tables and lists may lie at most {MOST_DEPTH} deep in one another"
    ))
    .at(Some(span))
}

fn duplicate(key: &str, span: Span) -> Problem {
    Problem::new(format!("the key `{key}` is there twice")).at(Some(span))
}

/// Where messages about a table or list point: to all of it, or to its name where it goes over several lines.
fn pointer(text: &str, whole: Span, name: Option<Span>) -> Span {
    let slice = text.get(whole.start..whole.end).unwrap_or_default().trim_end();
    match (slice.find('\n'), name) {
        (None, _) => Span::new(whole.start, whole.start + slice.len()),
        (Some(_), Some(name)) => name,
        (Some(first_line), None) => Span::new(whole.start, whole.start + first_line),
    }
}
