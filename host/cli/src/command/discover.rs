use comfy_table::{Cell, CellAlignment, Table, presets};
use tenon_host::database::{self, Database, Discover, Found, FoundKind};

use crate::args::DiscoverArguments;
use crate::connections;
use crate::exit::Failure;
use crate::format::{bytes, count};
use crate::output::{print, say};
use crate::printable::one_line;

/// Longest comment that is shown as a whole.
const MAX_COMMENT: usize = 60;

/// `tenon discover`
pub async fn discover(arguments: DiscoverArguments) -> Result<(), Failure> {
    let (driver, connection) = connections::database(&arguments.database)?;
    let database = database::open(driver, &connection).map_err(|error| connections::refused(error.into()))?;
    if arguments.schemas {
        return schemas(database.as_ref(), arguments.json).await;
    }
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
        say!("{} holds no such table that this user may see", database.name());
        return Ok(());
    }
    let table = if arguments.columns {
        columns(&found)
    } else {
        tables(&found)
    };
    print(&table.trim_fmt())
}

async fn schemas(database: &dyn Database, json: bool) -> Result<(), Failure> {
    let schemas = database.schemas().await;
    let schemas = schemas.map_err(|error| connections::refused(error.into()))?;
    if json {
        let text = serde_json::to_string_pretty(&schemas).map_err(|error| Failure::failed(error.into()))?;
        return print(&text);
    }
    if schemas.is_empty() {
        say!("{} holds no schema that this user may see", database.name());
        return Ok(());
    }
    let mut table = headed(&["SCHEMA"]);
    for schema in schemas {
        table.add_row(vec![Cell::new(schema)]);
    }
    print(&table.trim_fmt())
}

fn tables(found: &[Found]) -> Table {
    let mut table = headed(&["TABLE", "KIND", "ROWS", "SIZE", "KEY", "UNIQUE", "REFERS TO", "COMMENT"]);
    for found in found {
        let estimate = |figure: Option<u64>, shown: fn(u64) -> String| figure.map(shown).unwrap_or_default();
        let comment = found.comment.as_deref().unwrap_or_default();
        table.add_row(vec![
            Cell::new(found.name.to_string()),
            Cell::new(kind(found.kind)),
            Cell::new(estimate(found.rows, |rows| format!("~{}", count(rows)))).set_alignment(CellAlignment::Right),
            Cell::new(estimate(found.bytes, bytes)).set_alignment(CellAlignment::Right),
            Cell::new(found.primary_key.join(", ")),
            Cell::new(unique(found)),
            Cell::new(references(found)),
            Cell::new(one_line(comment, MAX_COMMENT)),
        ]);
    }
    table
}

/// Unique keys: `a, b; c`.
fn unique(found: &Found) -> String {
    let keys: Vec<String> = found.unique_keys.iter().map(|key| key.join(", ")).collect();
    keys.join("; ")
}

/// Foreign keys: `customer -> sales.customers (id)`.
fn references(found: &Found) -> String {
    let keys = found.foreign_keys.iter().map(|key| {
        let (columns, referenced) = (key.columns.join(", "), key.referenced.join(", "));
        format!("{columns} -> {} ({referenced})", key.table)
    });
    keys.collect::<Vec<String>>().join("; ")
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
