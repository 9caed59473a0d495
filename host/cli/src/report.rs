//! What a run has done, as a table.

use std::io::IsTerminal;

use comfy_table::{Attribute, Cell, CellAlignment, Color, Table, presets};
use tenon_host::engine::{Flow, Report, SinkReport, Status, Streamed};

use crate::exit::Failure;
use crate::format::{bytes, count, seconds};
use crate::output;
use crate::printable::one_line;

const HEADINGS: [&str; 7] = ["", "NAME", "ROWS IN", "ROWS OUT", "REJECTED", "BYTES", "TO"];
/// Columns of text; the others are numbers.
const TEXTS: [usize; 3] = [0, 1, 6];

/// Prints the report to stdout.
pub fn print(report: &Report) -> Result<(), Failure> {
    match report.status {
        Status::Succeeded => {}
        Status::Skipped => {
            return output::print("Nothing was done: the target already holds data, and the mode is `ignore`.");
        }
        Status::NothingNew => {
            return output::print("Nothing was done: there is nothing that earlier runs have not read.");
        }
    }
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let (flows, summary) = (flows(report, coloured), pairs(summary(report), coloured));
    output::print(&format!("{}\n\n{}", flows.trim_fmt(), summary.trim_fmt()))
}

/// Prints what the micro-batches of a run have done together.
pub fn print_stream(streamed: &Streamed) -> Result<(), Failure> {
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let batches = match streamed.batches_empty {
        0 => count(streamed.batches),
        empty => format!("{}, {} with nothing new", count(streamed.batches), count(empty)),
    };
    let mut rows = vec![
        ("micro-batches", batches),
        ("rows in", count(streamed.rows_in)),
        ("rows out", count(streamed.rows_out)),
        ("rejected", count(streamed.rows_rejected)),
        ("read", bytes(streamed.bytes_read)),
        ("written", bytes(streamed.bytes_written)),
    ];
    rows.extend(streamed.last_batch.clone().map(|time| ("last ended", time)));
    rows.push(("run", streamed.run.clone()));
    let rows = rows.into_iter().map(|(name, value)| (name.to_owned(), value));
    output::print(&pairs(rows, coloured).trim_fmt())
}

/// A table of names and values without borders.
pub fn pairs(rows: impl IntoIterator<Item = (String, String)>, coloured: bool) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    for (name, value) in rows {
        let mut name = Cell::new(name).set_alignment(CellAlignment::Left);
        if coloured {
            name = name.add_attribute(Attribute::Bold).fg(Color::Cyan);
        }
        table.add_row(vec![name, Cell::new(value)]);
    }
    table
}

/// A row for each source, step and sink.
fn flows(report: &Report, coloured: bool) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(HEADINGS.iter().enumerate().map(|(column, heading)| {
        let cell = cell(column, (*heading).to_owned());
        if coloured {
            cell.add_attribute(Attribute::Bold)
        } else {
            cell
        }
    }));
    let sources = report.sources.iter().map(source);
    let steps = report.steps.iter().map(step);
    let sinks = report.sinks.iter().map(sink);
    for row in sources.chain(steps).chain(sinks) {
        table.add_row(row.into_iter().enumerate().map(|(column, text)| cell(column, text)));
    }
    table
}

fn source(flow: &Flow) -> [String; 7] {
    [
        "source".to_owned(),
        name(flow),
        String::new(),
        count(flow.rows_out),
        String::new(),
        flow.bytes.map(bytes).unwrap_or_default(),
        String::new(),
    ]
}

fn step(flow: &Flow) -> [String; 7] {
    [
        "step".to_owned(),
        name(flow),
        count(flow.rows_in),
        count(flow.rows_out),
        rejected(flow.rows_rejected),
        flow.bytes.map(bytes).unwrap_or_default(),
        String::new(),
    ]
}

fn rejected(rows: u64) -> String {
    if rows > 0 { count(rows) } else { String::new() }
}

fn sink(sink: &SinkReport) -> [String; 7] {
    [
        "sink".to_owned(),
        one_line(&sink.name, usize::MAX),
        count(sink.rows),
        String::new(),
        rejected(sink.rows_rejected),
        bytes(sink.bytes),
        match &sink.table {
            Some(table) => one_line(table, usize::MAX),
            None => place(&sink.files),
        },
    ]
}

/// The name, and the steps that ran with it.
fn name(flow: &Flow) -> String {
    let all: Vec<&str> = flow.parts.iter().chain([&flow.name]).map(String::as_str).collect();
    one_line(&all.join(" + "), usize::MAX)
}

fn summary(report: &Report) -> Vec<(String, String)> {
    let spent = &report.seconds;
    let per_partition = if report.partitions > 1 {
        format!(", over {} partitions", report.partitions)
    } else {
        String::new()
    };
    let mut rows = vec![
        (
            "time".to_owned(),
            format!(
                "{}, {} rows/s",
                seconds(spent.total),
                count(report.rows_per_second as u64)
            ),
        ),
        (
            "of which".to_owned(),
            format!(
                "source {}, sandbox {}, kernels {}, sink {}{per_partition}; planning {}, commit {}",
                seconds(spent.source),
                seconds(spent.sandbox),
                seconds(spent.kernels),
                seconds(spent.sink),
                seconds(spent.planning),
                seconds(spent.commit)
            ),
        ),
    ];
    if report.sandboxes > 0 {
        let each = bytes(report.sandbox_peak_memory);
        rows.push((
            "sandboxes".to_owned(),
            format!("{}, at most {each} each", report.sandboxes),
        ));
    }
    if let Some(memory) = report.peak_memory {
        rows.push(("peak memory".to_owned(), bytes(memory)));
    }
    let counters = report.counters.iter();
    rows.extend(counters.map(|(name, value)| (one_line(name, usize::MAX), value.to_string())));
    let notes = report.notes.iter();
    rows.extend(notes.map(|note| ("note".to_owned(), one_line(note, usize::MAX))));
    rows.push(("run".to_owned(), report.run.clone()));
    rows
}

fn cell(column: usize, text: String) -> Cell {
    let alignment = if TEXTS.contains(&column) {
        CellAlignment::Left
    } else {
        CellAlignment::Right
    };
    Cell::new(text).set_alignment(alignment)
}

/// How many files, and where.
fn place(files: &[String]) -> String {
    match files {
        [] => "none".to_owned(),
        [only] => one_line(only, usize::MAX),
        [first, others @ ..] => {
            // The folders that they have in common.
            let mut folder = first.rsplit_once('/').map_or("", |(folder, _)| folder);
            while !others.iter().all(|file| {
                let rest = file.strip_prefix(folder);
                rest.is_some_and(|rest| rest.starts_with('/'))
            }) {
                let Some((parent, _)) = folder.rsplit_once('/') else {
                    break;
                };
                folder = parent;
            }
            let number = count(files.len() as u64);
            if folder.is_empty() {
                number
            } else {
                format!("{number} in {}/", one_line(folder, usize::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_the_folder_that_they_share() {
        let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(place(&[]), "none");
        assert_eq!(place(&files(&["out/a.csv"])), "out/a.csv");
        assert_eq!(place(&files(&["out/a=1/x", "out/a=10/y", "out/b"])), "3 in out/");
        assert_eq!(place(&files(&["out/a=1/x", "out/a=1/y"])), "2 in out/a=1/");
    }
}
