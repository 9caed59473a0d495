use comfy_table::{Cell, CellAlignment, Table, presets};
use tenon_host::database::{self, Discover, Found, FoundKind};

use crate::args::DiscoverArguments;
use crate::connections;
use crate::exit::Failure;
use crate::format::{bytes, count};
use crate::output::print;
use crate::printable::one_line;

/// Longest comment that is shown as a whole.
const MAX_COMMENT: usize = 60;

/// `tenon discover`
pub async fn discover(arguments: DiscoverArguments) -> Result<(), Failure> {
    let (driver, connection) = connections::database(&arguments.database)?;
    let database = database::open(driver, &connection).map_err(|error| connections::refused(error.into()))?;
    let what = Discover {
        schema: arguments.schema,
        table: arguments.table,
        columns: arguments.columns,
    };
    let found = database.discover(&what).await;
    let found = found.map_err(|error| connections::refused(error.into()))?;
    if arguments.json {
        let text = serde_json::to_string_pretty(&found).map_err(|error| Failure::failed(error.into()))?;
        return print(&text);
    }
    if found.is_empty() {
        eprintln!("{} holds no such table that this user may see", database.name());
        return Ok(());
    }
    let table = if arguments.columns {
        columns(&found)
    } else {
        tables(&found)
    };
    print(&table.trim_fmt())
}

fn tables(found: &[Found]) -> Table {
    let mut table = headed(&["TABLE", "KIND", "ROWS", "SIZE", "KEY", "COMMENT"]);
    for found in found {
        let estimate = |figure: Option<u64>, shown: fn(u64) -> String| figure.map(shown).unwrap_or_default();
        let comment = found.comment.as_deref().unwrap_or_default();
        table.add_row(vec![
            Cell::new(found.name.to_string()),
            Cell::new(kind(found.kind)),
            Cell::new(estimate(found.rows, |rows| format!("~{}", count(rows)))).set_alignment(CellAlignment::Right),
            Cell::new(estimate(found.bytes, bytes)).set_alignment(CellAlignment::Right),
            Cell::new(found.primary_key.join(", ")),
            Cell::new(one_line(comment, MAX_COMMENT)),
        ]);
    }
    table
}

fn columns(found: &[Found]) -> Table {
    let mut table = headed(&["TABLE", "COLUMN", "TYPE", "READ AS", "NULL", "COMMENT"]);
    for found in found {
        for column in &found.columns {
            let comment = column.comment.as_deref().unwrap_or_default();
            table.add_row(vec![
                Cell::new(found.name.to_string()),
                Cell::new(&column.name),
                Cell::new(&column.database_type),
                Cell::new(&column.arrow_type),
                Cell::new(if column.nullable { "" } else { "never" }),
                Cell::new(one_line(comment, MAX_COMMENT)),
            ]);
        }
    }
    table
}

fn headed(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(headings.iter().map(Cell::new));
    table
}

fn kind(kind: FoundKind) -> &'static str {
    match kind {
        FoundKind::Table => "table",
        FoundKind::View => "view",
        FoundKind::MaterializedView => "materialized view",
    }
}
