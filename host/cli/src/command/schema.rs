use std::collections::BTreeMap;

use comfy_table::{Table, presets};
use serde::Serialize;
use serde_json::json;
use tenon_host::connect::file::{Origin, SchemaReport, SqlType};
use tenon_host::engine::Preview;

use crate::args::SchemaArguments;
use crate::exit::Failure;
use crate::format::count;
use crate::output;
use crate::printable::one_line;

/// What is known of a column.
#[derive(Serialize)]
struct Column {
    name: String,
    /// Its name in SQL, which `--type` takes.
    #[serde(rename = "type")]
    sql_type: String,
    arrow_type: String,
    nullable: bool,
    origin: Origin,
    /// Why the type is what it is, where there is more to say.
    because: Option<String>,
    /// Of the files that were looked at, how many have it.
    files: Option<usize>,
}

/// `tenon schema`
pub async fn schema(arguments: SchemaArguments) -> Result<(), Failure> {
    let Some(source) = &arguments.source else {
        return output::print(&format!("{:#}", tenon_host::engine::job_schema()));
    };
    let config = arguments.csv.source(source)?;
    let preview = Preview::open(&config).await?;
    let (columns, report) = (columns(&preview), preview.schema_report());
    if arguments.json {
        let shown = json!({
            "columns": columns,
            "files": report.map(|report| report.files),
            "rows": report.map(|report| report.rows),
        });
        return output::print(&format!("{shown:#}"));
    }
    let mut parts = vec![table(&columns, report).trim_fmt()];
    parts.extend(report.map(looked_at));
    output::print(&parts.join("\n\n"))
}

fn columns(preview: &Preview) -> Vec<Column> {
    let report = preview.schema_report();
    let mut remarks: BTreeMap<String, String> = preview.remarks().into_iter().collect();
    let schema = preview.schema();
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let known = report.and_then(|report| report.columns.iter().find(|known| known.name == *field.name()));
        let because = known.and_then(|known| known.because.clone());
        columns.push(Column {
            name: field.name().clone(),
            sql_type: SqlType::name_of(field.data_type()),
            arrow_type: field.data_type().to_string(),
            nullable: field.is_nullable(),
            // Tables declare their types.
            origin: known.map_or(Origin::Declared, |known| known.origin),
            because: because.or_else(|| remarks.remove(field.name())),
            files: known.map(|known| known.files),
        });
    }
    columns
}

fn table(columns: &[Column], report: Option<&SchemaReport>) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["COLUMN", "TYPE", "NULL", "ORIGIN", "BECAUSE"]);
    for column in columns {
        let null = if column.nullable { "" } else { "never" };
        table.add_row([
            one_line(&column.name, usize::MAX),
            one_line(&column.sql_type, usize::MAX),
            null.to_owned(),
            origin(column.origin).to_owned(),
            one_line(&why(column, report), usize::MAX),
        ]);
    }
    table
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Given => "given",
        Origin::Declared => "declared",
        Origin::Inferred => "inferred",
        Origin::Partition => "partition",
    }
}

/// What made the type what it is, and whether there are files without the column.
fn why(column: &Column, report: Option<&SchemaReport>) -> String {
    let of_folders = column.origin == Origin::Partition;
    let missing = match (column.files, report) {
        (Some(files), Some(report)) if files < report.files && !of_folders => {
            Some(format!("it is in {files} of {} files", report.files))
        }
        _ => None,
    };
    let reasons: Vec<String> = column.because.clone().into_iter().chain(missing).collect();
    reasons.join("; ")
}

fn looked_at(report: &SchemaReport) -> String {
    let files = number(report.files as u64, "file");
    match report.rows {
        // Files that declare their types are not read for that.
        0 => format!("looked at {files}"),
        rows => format!("looked at {} of {files}", number(rows, "row")),
    }
}

fn number(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", count(number))
}
