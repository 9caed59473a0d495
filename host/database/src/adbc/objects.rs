//! Tables, as a driver lists them.

use adbc_core::error::Error as AdbcError;
use adbc_core::options::{ObjectDepth, OptionConnection};
use adbc_core::{Connection as _, Optionable as _};
use adbc_driver_manager::ManagedConnection;
use arrow::array::cast::AsArray;
use arrow::array::{Array, ArrayRef, StructArray};

use crate::generic::read_as;
use crate::{Discover, Found, FoundColumn, FoundKind, TableName};

/// Schemas that hold no tables of users.
const SYSTEM: [&str; 6] = [
    "information_schema",
    "pg_catalog",
    "pg_toast",
    "sys",
    "INFORMATION_SCHEMA",
    "temp",
];

/// Tables and views that fit.
pub(crate) fn tables(connection: &ManagedConnection, what: &Discover) -> Result<Vec<Found>, AdbcError> {
    let current = connection.get_option_string(OptionConnection::CurrentCatalog).ok();
    let depth = if what.columns {
        ObjectDepth::All
    } else {
        ObjectDepth::Tables
    };
    let reader = connection.get_objects(depth, current.as_deref(), None, None, None, None)?;
    let mut found = Vec::new();
    for batch in reader {
        let batch = batch.map_err(AdbcError::from)?;
        for catalog in 0..batch.num_rows() {
            let name = text(batch.column(0), catalog);
            if is_system(name.as_deref()) || (current.is_some() && name != current) {
                continue;
            }
            let Some(schemas) = items(batch.column(1), catalog) else {
                continue;
            };
            in_catalog(&schemas, what, &mut found);
        }
    }
    if what.columns {
        let types = |found: &mut Found| arrow_types(connection, found);
        found.iter_mut().for_each(types);
    }
    Ok(found)
}

fn in_catalog(schemas: &StructArray, what: &Discover, found: &mut Vec<Found>) {
    for row in 0..schemas.len() {
        let schema = member_text(schemas, "db_schema_name", row).filter(|name| !name.is_empty());
        let tables = member(schemas, "db_schema_tables").and_then(|tables| items(&tables, row));
        let (false, Some(tables)) = (is_system(schema.as_deref()), tables) else {
            continue;
        };
        let tables = (0..tables.len()).filter_map(|row| table(&tables, row, schema.as_deref()));
        found.extend(tables.filter(|found| what.fits(&found.name)));
    }
}

fn table(tables: &StructArray, row: usize, schema: Option<&str>) -> Option<Found> {
    let name = TableName::new(schema, &member_text(tables, "table_name", row)?);
    let kind = member_text(tables, "table_type", row)
        .unwrap_or_default()
        .to_lowercase();
    if kind.contains("index") || kind.contains("sequence") || kind.contains("system") || kind.contains("toast") {
        return None;
    }
    let columns = member(tables, "table_columns").and_then(|columns| items(&columns, row));
    let constraints = member(tables, "table_constraints").and_then(|constraints| items(&constraints, row));
    Some(Found {
        name,
        kind: match kind.contains("view") {
            true if kind.contains("material") => FoundKind::MaterializedView,
            true => FoundKind::View,
            false => FoundKind::Table,
        },
        rows: None,
        bytes: None,
        comment: None,
        primary_key: constraints
            .map(|constraints| primary_key(&constraints))
            .unwrap_or_default(),
        unique_keys: Vec::new(),
        foreign_keys: Vec::new(),
        columns: columns.map(|columns| found_columns(&columns)).unwrap_or_default(),
    })
}

fn found_columns(columns: &StructArray) -> Vec<FoundColumn> {
    let nullable = member(columns, "xdbc_is_nullable");
    let column = |row| {
        Some(FoundColumn {
            name: member_text(columns, "column_name", row)?,
            database_type: member_text(columns, "xdbc_type_name", row).unwrap_or_default(),
            arrow_type: String::new(),
            nullable: nullable
                .as_ref()
                .and_then(|nullable| text(nullable, row))
                .is_none_or(|text| text != "NO"),
            comment: member_text(columns, "remarks", row).filter(|comment| !comment.is_empty()),
        })
    };
    (0..columns.len()).filter_map(column).collect()
}

fn primary_key(constraints: &StructArray) -> Vec<String> {
    let is_key = |row: &usize| member_text(constraints, "constraint_type", *row).as_deref() == Some("PRIMARY KEY");
    let Some(row) = (0..constraints.len()).find(is_key) else {
        return Vec::new();
    };
    let names = member(constraints, "constraint_column_names");
    let names = names.and_then(|names| names.as_list_opt::<i32>().map(|lists| lists.value(row)));
    names
        .map(|names| (0..names.len()).filter_map(|row| text(&names, row)).collect())
        .unwrap_or_default()
}

/// Says what types the columns are read as, which a driver tells of a whole table.
fn arrow_types(connection: &ManagedConnection, found: &mut Found) {
    let Ok(schema) = connection.get_table_schema(None, found.name.schema.as_deref(), &found.name.table) else {
        return;
    };
    for field in schema.fields() {
        let arrow_type = read_as(field.data_type()).0.to_string();
        match found.columns.iter_mut().find(|column| column.name == *field.name()) {
            Some(column) => column.arrow_type = arrow_type,
            None => found.columns.push(FoundColumn {
                name: field.name().clone(),
                database_type: field.data_type().to_string(),
                arrow_type,
                nullable: true,
                comment: None,
            }),
        }
    }
}

fn is_system(name: Option<&str>) -> bool {
    name.is_some_and(|name| SYSTEM.contains(&name) || name.starts_with("pg_toast") || name.starts_with("pg_temp"))
}

fn member(array: &StructArray, name: &str) -> Option<ArrayRef> {
    array.column_by_name(name).cloned()
}

fn member_text(array: &StructArray, name: &str, row: usize) -> Option<String> {
    text(&member(array, name)?, row)
}

fn text(array: &ArrayRef, row: usize) -> Option<String> {
    let texts = array.as_string_opt::<i32>()?;
    texts.is_valid(row).then(|| texts.value(row).to_owned())
}

/// The structures that a list holds.
fn items(array: &ArrayRef, row: usize) -> Option<StructArray> {
    let lists = array.as_list_opt::<i32>()?;
    if lists.is_null(row) {
        return None;
    }
    lists.value(row).as_struct_opt().cloned()
}
