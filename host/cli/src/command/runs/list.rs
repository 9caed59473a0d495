use std::io::IsTerminal;

use chrono::{Local, TimeDelta, Utc};
use comfy_table::{Cell, CellAlignment, Color, Table, presets};
use serde_json::Value;
use tenon_host::history::{self, Filter, History, Run, State};

use crate::args::ListRuns;
use crate::exit::Failure;
use crate::format::{count, elapsed};
use crate::output::{print, say};
use crate::printable::one_line;

const HEADINGS: [&str; 9] = [
    "RUN", "JOB", "STATE", "STARTED", "TIME", "ROWS IN", "OUT", "REJECTED", "ERROR",
];
/// Longest name of a job that is shown as a whole.
const MAX_JOB: usize = 32;
/// The least that is shown of an error, however narrow the terminal.
const MIN_ERROR: usize = 24;

/// `tenon runs`
pub fn list(arguments: ListRuns) -> Result<(), Failure> {
    let history = History::open(&history::default_folder()?)?;
    let runs = history.list(&Filter {
        job: arguments.job,
        state: arguments.state,
        // Before the beginning of time, there is no bound.
        since: arguments
            .since
            .and_then(|time| Utc::now().checked_sub_signed(TimeDelta::from_std(time).ok()?)),
        limit: arguments.limit,
        before: None,
    })?;
    if arguments.json {
        let text = serde_json::to_string_pretty(&runs).map_err(|error| Failure::failed(error.into()))?;
        print(&text)
    } else if runs.is_empty() {
        say!("no such run is recorded in {}", history.file().display());
        Ok(())
    } else {
        let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        print(&table(&runs, coloured).trim_fmt())
    }
}

fn table(runs: &[Run], coloured: bool) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let rows: Vec<[String; 9]> = runs.iter().map(row).collect();
    // The columns before the last, with the space after each.
    let others: usize = (0..HEADINGS.len() - 1)
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.fold(HEADINGS[column].len(), usize::max) + 2
        })
        .sum();
    // Without a terminal there is no line to fit into.
    let left = table.width().map_or(usize::MAX, |width| {
        usize::from(width).saturating_sub(others + 2).max(MIN_ERROR)
    });
    table.set_header(
        HEADINGS
            .iter()
            .enumerate()
            .map(|(column, heading)| aligned(column, Cell::new(heading))),
    );
    for (row, run) in rows.into_iter().zip(runs) {
        table.add_row(row.into_iter().enumerate().map(|(column, text)| match column {
            2 if coloured => Cell::new(text).fg(colour(run.state)),
            8 => Cell::new(one_line(&text, left)),
            _ => aligned(column, Cell::new(text)),
        }));
    }
    table
}

fn row(run: &Run) -> [String; 9] {
    let rows = |name: &str| {
        let found = |value: &Option<Value>| value.as_ref()?.get(name)?.as_u64();
        found(&run.report)
            .or_else(|| found(&run.progress))
            .map(count)
            .unwrap_or_default()
    };
    [
        one_line(&run.id, usize::MAX),
        one_line(&run.job, MAX_JOB),
        run.state.to_string(),
        run.began.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string(),
        elapsed(run.duration()),
        rows("rows_in"),
        rows("rows_out"),
        rows("rows_rejected"),
        run.error.as_ref().map(sentence).unwrap_or_default(),
    ]
}

/// The error with its innermost cause, which tends to say the most.
fn sentence(error: &history::Failure) -> String {
    match error.chain.last() {
        Some(cause) => format!("{}: {cause}", error.sentence),
        None => error.sentence.clone(),
    }
}

fn aligned(column: usize, cell: Cell) -> Cell {
    match column {
        4..=7 => cell.set_alignment(CellAlignment::Right),
        _ => cell,
    }
}

fn colour(state: State) -> Color {
    match state {
        State::Succeeded => Color::Green,
        State::Starting | State::Running | State::Stopping => Color::Cyan,
        State::Stopped => Color::Yellow,
        State::Failed | State::Error | State::Timeout => Color::Red,
    }
}
