//! Answers as people read them.

use std::io::IsTerminal;

use chrono::{DateTime, Local};
use comfy_table::{Cell, CellAlignment, Color, Table, presets};
use serde_json::Value;

use crate::format::{bytes, count};
use crate::printable::{one_line, printable};
use crate::report::pairs;

/// The least that is shown of the last column, however narrow the terminal.
const MIN_LAST: usize = 24;
/// Longest text that is shown in another column.
const MAX_TEXT: usize = 64;
/// What people look for first of a thing, in this order.
const FIRST: [&str; 15] = [
    "run", "id", "name", "tenant", "job", "workflow", "trigger", "title", "state", "attempt", "version", "created",
    "started", "ended", "error",
];

/// A column of a list.
#[derive(Clone, Copy)]
pub(super) struct Column {
    heading: &'static str,
    /// Where it is found in a thing: a JSON pointer.
    pointer: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Bytes,
    Time,
    /// One of the states of runs, deliveries and versions.
    State,
    /// Made by a function of the whole thing.
    Made(fn(&Value) -> String),
}

pub(super) const fn text(heading: &'static str, pointer: &'static str) -> Column {
    Column {
        heading,
        pointer,
        kind: Kind::Text,
    }
}

pub(super) const fn number(heading: &'static str, pointer: &'static str) -> Column {
    Column {
        heading,
        pointer,
        kind: Kind::Number,
    }
}

pub(super) const fn size(heading: &'static str, pointer: &'static str) -> Column {
    Column {
        heading,
        pointer,
        kind: Kind::Bytes,
    }
}

pub(super) const fn time(heading: &'static str, pointer: &'static str) -> Column {
    Column {
        heading,
        pointer,
        kind: Kind::Time,
    }
}

pub(super) const fn state(heading: &'static str, pointer: &'static str) -> Column {
    Column {
        heading,
        pointer,
        kind: Kind::State,
    }
}

pub(super) const fn made(heading: &'static str, make: fn(&Value) -> String) -> Column {
    Column {
        heading,
        pointer: "",
        kind: Kind::Made(make),
    }
}

impl Column {
    fn cell(&self, item: &Value) -> String {
        if let Kind::Made(make) = self.kind {
            return make(item);
        }
        let Some(value) = item.pointer(self.pointer) else {
            return String::new();
        };
        match (self.kind, value) {
            (_, Value::Null) => String::new(),
            (Kind::Number, Value::Number(number)) => number.as_u64().map_or_else(|| number.to_string(), count),
            (Kind::Bytes, Value::Number(number)) => number.as_u64().map_or_else(|| number.to_string(), bytes),
            (Kind::Time, Value::String(text)) => local_time(text),
            (_, value) => plain(value),
        }
    }

    fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Number | Kind::Bytes)
    }
}

/// A table without borders, a line for each thing. The last column is cut where the terminal ends.
pub(super) fn listed(items: &[Value], columns: &[Column]) -> String {
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut rows: Vec<Vec<String>> = items
        .iter()
        .map(|item| columns.iter().map(|column| column.cell(item)).collect())
        .collect();
    let Some(last) = columns.len().checked_sub(1) else {
        return String::new();
    };
    for row in &mut rows {
        for text in &mut row[..last] {
            *text = one_line(text, MAX_TEXT);
        }
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    // The columns before the last, with the space after each.
    let others: usize = (0..last)
        .map(|place| {
            let cells = rows.iter().map(|row| row[place].chars().count());
            cells.fold(columns[place].heading.len(), usize::max) + 2
        })
        .sum();
    // Without a terminal there is no line to fit into.
    let left = table.width().map_or(usize::MAX, |width| {
        usize::from(width).saturating_sub(others + 2).max(MIN_LAST)
    });
    table.set_header(columns.iter().map(|column| aligned(column, Cell::new(column.heading))));
    for row in rows {
        table.add_row(row.into_iter().enumerate().map(|(place, text)| {
            let column = &columns[place];
            let text = if place == last { one_line(&text, left) } else { text };
            match colour(&text).filter(|_| coloured && matches!(column.kind, Kind::State)) {
                Some(colour) => Cell::new(text).fg(colour),
                None => aligned(column, Cell::new(text)),
            }
        }));
    }
    table.trim_fmt()
}

fn aligned(column: &Column, cell: Cell) -> Cell {
    if column.is_number() {
        cell.set_alignment(CellAlignment::Right)
    } else {
        cell
    }
}

fn colour(state: &str) -> Option<Color> {
    Some(match state {
        "SUCCEEDED" | "COMPLETED" | "ready" | "delivered" | "active" | "fired" => Color::Green,
        "STARTING" | "RUNNING" | "STOPPING" | "checking" | "uploaded" | "pending" => Color::Cyan,
        "STOPPED" | "retired" | "suspended" | "skipped" => Color::Yellow,
        "FAILED" | "ERROR" | "TIMEOUT" | "refused" | "dead" | "failed" => Color::Red,
        _ => return None,
    })
}

/// A thing as names and values. What is in other objects is named by its path; long texts come last, by themselves.
pub(super) fn described(value: &Value) -> String {
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let (mut rows, mut texts) = (Vec::new(), Vec::new());
    flatten("", value, &mut rows, &mut texts);
    rows.sort_by_key(|(name, _)| rank(name));
    let mut parts = Vec::new();
    if !rows.is_empty() {
        parts.push(pairs(rows, coloured).trim_fmt());
    }
    parts.extend(texts.into_iter().map(|(name, text)| format!("{name}:\n{text}")));
    parts.join("\n\n")
}

/// Where a field stands; what is not among the first comes after them, as it was.
fn rank(path: &str) -> usize {
    let field = path.split('.').next().unwrap_or_default();
    FIRST.iter().position(|first| *first == field).unwrap_or(FIRST.len())
}

fn flatten(name: &str, value: &Value, rows: &mut Vec<(String, String)>, texts: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (field, value) in fields {
                let field = printable(field);
                let path = if name.is_empty() {
                    field
                } else {
                    format!("{name}.{field}")
                };
                flatten(&path, value, rows, texts);
            }
        }
        Value::Array(values) if values.iter().any(Value::is_object) => {
            for (place, value) in values.iter().enumerate() {
                flatten(&format!("{name}.{place}"), value, rows, texts);
            }
        }
        Value::Array(values) if values.is_empty() => {}
        Value::String(text) if text.trim_end().contains('\n') => {
            texts.push((name.to_owned(), printable(text.trim_end())));
        }
        Value::String(text) if text.is_empty() => {}
        // Fields that hold bytes are called so.
        Value::Number(number) if name.ends_with("memory") || name.contains("bytes") => {
            let text = number.as_u64().map_or_else(|| number.to_string(), bytes);
            rows.push((name.to_owned(), text));
        }
        value => rows.push((name.to_owned(), printable(&local_time(&plain(value))))),
    }
}

/// A value in a word or a list of words.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(number), _) => number.to_string(),
            (None, Some(number)) => format!("{number:.3}"),
            (None, None) => number.to_string(),
        },
        other @ Value::Object(_) => other.to_string(),
    }
}

/// A time of RFC 3339 as it is here; other texts as they are.
pub(super) fn local_time(text: &str) -> String {
    // Days and names are no times.
    if text.len() < 20 {
        return text.to_owned();
    }
    DateTime::parse_from_rfc3339(text).map_or_else(
        |_| text.to_owned(),
        |time| time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_aligned_and_safe_for_a_terminal() {
        let items = [
            json!({ "name": "a\u{1b}[2J", "rows": 1_234_567, "size": 2048, "error": { "sentence": "two\nlines" } }),
            json!({ "name": "b", "rows": null }),
        ];
        let columns = [
            text("NAME", "/name"),
            number("ROWS", "/rows"),
            size("SIZE", "/size"),
            text("ERROR", "/error/sentence"),
        ];
        let shown = listed(&items, &columns);
        let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
        assert!(!shown.contains('\u{1b}'), "{shown}");
        assert!(
            lines[1].contains("1,234,567") && lines[1].ends_with("two lines"),
            "{shown}"
        );
        assert!(lines[2].trim_start().starts_with('b'), "{shown}");
    }

    #[test]
    fn things_are_shown_field_by_field() {
        let thing = json!({
            "name": "copy", "definition": "a\nb\n", "settings": { "max_retries": 3, "tags": {} },
            "memory_bytes": 2048, "nodes": [{ "node": "x" }, { "node": "y" }], "scopes": ["read", "run"],
            "note": null, "enabled": false,
        });
        let shown = described(&thing);
        assert!(shown.trim_start().starts_with("name"), "{shown}");
        for part in ["settings.max_retries", "2.0 KiB", "nodes.1.node", "read, run", "no"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(
            !shown.contains("note") && shown.ends_with("definition:\na\nb"),
            "{shown}"
        );
    }
}
