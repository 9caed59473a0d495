//! What a run has done, as a table.

use std::io::IsTerminal;

use comfy_table::{Attribute, Cell, CellAlignment, Color, Table, presets};
use tenon_host::engine::{Report, Status};

use crate::format::{bytes, count, seconds};

/// Prints the report to stdout.
pub fn print(report: &Report) {
    match report.status {
        Status::Succeeded => {}
        Status::Skipped => {
            println!("Nothing was done: the target already holds data, and the mode is `ignore`.");
            return;
        }
        Status::NothingNew => {
            println!("Nothing was done: there is nothing that earlier runs have not read.");
            return;
        }
    }
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    println!("{}", table(report, coloured).trim_fmt());
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

fn table(report: &Report, coloured: bool) -> Table {
    let spent = &report.seconds;
    let per_partition = if report.partitions > 1 {
        format!(", over {} partitions", report.partitions)
    } else {
        String::new()
    };
    let mut rows = vec![
        ("rows in".to_owned(), count(report.rows_in)),
        ("rows out".to_owned(), count(report.rows_out)),
        ("rejected".to_owned(), rejected(report)),
        (
            "read".to_owned(),
            format!("{}, {}", files(report.files_read), bytes(report.bytes_read)),
        ),
        (
            "written".to_owned(),
            format!(
                "{}, {}{}",
                files(report.files_written.len()),
                bytes(report.bytes_written),
                place(&report.files_written)
            ),
        ),
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
                "source {}, sandbox {}, sink {}{per_partition}; planning {}, commit {}",
                seconds(spent.source),
                seconds(spent.sandbox),
                seconds(spent.sink),
                seconds(spent.planning),
                seconds(spent.commit)
            ),
        ),
        (
            "sandboxes".to_owned(),
            format!(
                "{}, at most {} each",
                report.sandboxes,
                bytes(report.sandbox_peak_memory)
            ),
        ),
    ];
    if let Some(memory) = report.peak_memory {
        rows.push(("peak memory".to_owned(), bytes(memory)));
    }
    rows.extend(
        report
            .counters
            .iter()
            .map(|(name, value)| (name.clone(), value.to_string())),
    );
    rows.push(("run".to_owned(), report.run.clone()));
    pairs(rows, coloured)
}

fn rejected(report: &Report) -> String {
    match report.reject_files.first() {
        Some(file) => format!("{}, in {}", count(report.rows_rejected), file),
        None => count(report.rows_rejected),
    }
}

fn files(number: usize) -> String {
    if number == 1 {
        "1 file".to_owned()
    } else {
        format!("{} files", count(number as u64))
    }
}

fn place(files: &[String]) -> String {
    match files {
        [only] => format!(", {only}"),
        [first, ..] => first
            .rsplit_once('/')
            .map_or_else(String::new, |(folder, _)| format!(", in {folder}")),
        [] => String::new(),
    }
}
