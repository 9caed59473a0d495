//! What is to become of a table: its staging table, and what has to change for the rows to fit.

use arrow::datatypes::Field;

use crate::mysql::catalog::{self, CatalogColumn, CatalogTable};
use crate::mysql::dialect::MySqlDialect;
use crate::mysql::session::Session;
use crate::mysql::write::changes::{is_numbered, marks, order};
use crate::mysql::write::columns::column_type;
use crate::mysql::write::fitting::Fitting;
use crate::sql::Dialect;
use crate::{Error, LoadRequest, Mode, OnError, Replaced, TableName};

/// The column of a staging table that numbers its rows.
pub(crate) const ROW: &str = "_tenon_row";

/// A column of the staging table.
#[derive(Debug, Clone)]
pub(crate) struct StagedColumn {
    pub(crate) name: String,
    /// Its type, and whether it may be null.
    pub(crate) definition: String,
}

/// How rows get into a table.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// A column for each field of the rows, in their order.
    pub(crate) staged: Vec<StagedColumn>,
    /// Those that go to the table.
    pub(crate) moved: Vec<String>,
    pub(crate) keys: Vec<String>,
    pub(crate) delete_when: Option<String>,
    /// Changes of the table before rows are moved to it; of the staging table if that takes its place.
    pub(crate) alterations: Vec<String>,
    pub(crate) replaced: Replaced,
    /// Whether the staging table numbers its rows.
    pub(crate) numbered: bool,
    /// Columns of the staging table that say which of several changes of a row is the last.
    pub(crate) order: Vec<String>,
}

/// Plans for a table as it is, or is not.
pub(crate) async fn plan(
    session: &mut Session,
    request: &LoadRequest,
    table: &TableName,
    found: Option<&CatalogTable>,
) -> Result<Plan, Error> {
    match found {
        None => absent(request, table),
        Some(found) => present(session, request, table, found).await,
    }
}

/// For a table that is not there.
fn absent(request: &LoadRequest, table: &TableName) -> Result<Plan, Error> {
    let config = &request.config;
    let fields = request.schema.fields();
    let keys = keys(&config.keys, |key| {
        fields
            .iter()
            .find(|field| field.name() == key)
            .map(|field| field.name().clone())
    })
    .map_err(|missing| no_column(request, table, &missing))?;
    let is_upsert = config.mode == Mode::Upsert;
    if is_upsert && keys.is_empty() {
        return Err(no_keys(table));
    }
    let marks = marks(request, |_| false);
    let mut staged = Vec::new();
    let mut moved = Vec::new();
    for field in fields {
        let is_key = keys.contains(field.name());
        let written = config.types.get(field.name());
        let name = match written {
            Some(written) => written.clone(),
            None => type_of(field, is_key, table)?,
        };
        let nullability = if is_key || !field.is_nullable() {
            "not null"
        } else {
            "null"
        };
        let automatic = if name.starts_with("timestamp") {
            " default current_timestamp(6)"
        } else {
            ""
        };
        // Otherwise the first timestamp of a table would change with each of its rows.
        let default = if nullability == "null" {
            " default null"
        } else {
            automatic
        };
        staged.push(StagedColumn {
            name: field.name().clone(),
            definition: format!("{name} {nullability}{default}"),
        });
        if !marks.contains(field.name()) {
            moved.push(field.name().clone());
        }
    }
    unknown_types(request, table)?;
    // Duplicate keys, deleted rows and rows to reject are told apart on the way from the staging table to the table.
    let is_moved = is_upsert || (config.on_error == OnError::Reject && !keys.is_empty());
    let mut alterations = Vec::new();
    if is_moved {
        let columns = staged.iter().filter(|column| moved.contains(&column.name));
        let mut definitions: Vec<String> = columns.map(definition).collect();
        definitions.push(format!("primary key ({})", MySqlDialect.quote_all(&keys)));
        alterations.push(format!(
            "create table if not exists {} ({}) engine = innodb default charset = utf8mb4",
            MySqlDialect.table(table),
            definitions.join(", ")
        ));
        loosen(&mut staged);
    }
    Ok(Plan {
        order: order(request, &marks),
        numbered: is_moved && is_numbered(request, &marks),
        replaced: match (is_moved, is_upsert) {
            (false, _) => Replaced::Nothing,
            (true, true) => Replaced::Merged,
            (true, false) => Replaced::Added,
        },
        delete_when: config.delete_when.clone().filter(|_| is_upsert),
        staged,
        moved,
        keys,
        alterations,
    })
}

/// Without constraints, and with a null for what is missing.
fn loosen(staged: &mut [StagedColumn]) {
    for column in staged {
        let tight = column
            .definition
            .find(" not null")
            .map(|at| column.definition[..at].to_owned());
        if let Some(tight) = tight {
            column.definition = format!("{tight} null default null");
        }
    }
}

/// For a table that is there.
async fn present(
    session: &mut Session,
    request: &LoadRequest,
    table: &TableName,
    found: &CatalogTable,
) -> Result<Plan, Error> {
    let config = &request.config;
    if let Some(engine) = found
        .engine
        .as_ref()
        .filter(|engine| !engine.eq_ignore_ascii_case("innodb"))
    {
        return Err(Error::Config {
            subject: table.to_string(),
            reason: format!(
                "its storage engine, {engine}, has no transactions; `alter table ... engine = innodb` gives it some"
            ),
        });
    }
    let columns = catalog::columns(session, table).await?;
    let find = |name: &str| find(&columns, name);
    let configured = if config.keys.is_empty() && config.mode == Mode::Upsert {
        catalog::primary_key(session, table).await?
    } else {
        config.keys.clone()
    };
    let keys = keys(&configured, |key| find(key).map(|column| column.name.clone()))
        .map_err(|missing| no_column(request, table, &missing))?;
    if config.mode == Mode::Upsert && keys.is_empty() {
        return Err(no_keys(table));
    }
    let marks = marks(request, |name| find(name).is_some());
    let mut fitting = Fitting::new(request, table);
    for field in request.schema.fields() {
        fitting.fit(field, find(field.name()), &marks)?;
    }
    fitting.check(&columns, &keys)?;
    let replaced = match config.mode {
        Mode::Upsert => Replaced::Merged,
        Mode::Overwrite => {
            let may_swap = !found.is_view && config.on_error == OnError::Fail;
            if may_swap && !catalog::is_depended_on(session, table).await? {
                Replaced::Table
            } else {
                Replaced::Rows
            }
        }
        _ => Replaced::Added,
    };
    Ok(Plan {
        order: order(request, &marks),
        numbered: replaced != Replaced::Table && is_numbered(request, &marks),
        replaced,
        delete_when: config.delete_when.clone().filter(|_| config.mode == Mode::Upsert),
        staged: fitting.staged,
        moved: fitting.moved,
        keys,
        alterations: fitting.alterations,
    })
}

/// A column of that name, or the one that has it in upper or lower case. Names of columns are the same in both.
fn find<'a>(columns: &'a [CatalogColumn], name: &str) -> Option<&'a CatalogColumn> {
    let exact = columns.iter().find(|column| column.name == name);
    exact.or_else(|| {
        columns
            .iter()
            .find(|column| column.name.to_lowercase() == name.to_lowercase())
    })
}

fn keys(names: &[String], find: impl Fn(&str) -> Option<String>) -> Result<Vec<String>, String> {
    names
        .iter()
        .map(|name| find(name).ok_or_else(|| name.clone()))
        .collect()
}

/// The type of a column that is made.
pub(crate) fn type_of(field: &Field, is_key: bool, table: &TableName) -> Result<String, Error> {
    column_type(field.data_type(), is_key).ok_or_else(|| Error::Mismatch {
        table: table.to_string(),
        reason: format!(
            "no column takes the values of `{}`, which are {}",
            field.name(),
            field.data_type()
        ),
    })
}

fn unknown_types(request: &LoadRequest, table: &TableName) -> Result<(), Error> {
    let unknown = request
        .config
        .types
        .keys()
        .find(|name| request.schema.column_with_name(name).is_none());
    match unknown {
        Some(name) => Err(no_column(request, table, name)),
        None => Ok(()),
    }
}

/// A column as `create table` takes it.
pub(crate) fn definition(column: &StagedColumn) -> String {
    format!("{} {}", MySqlDialect.quote(&column.name), column.definition)
}

fn no_keys(table: &TableName) -> Error {
    Error::Config {
        subject: table.to_string(),
        reason: "the mode `upsert` needs `keys`, or a table with a primary key".to_owned(),
    }
}

/// A column that the rows lack.
pub(crate) fn no_column(request: &LoadRequest, table: &TableName, column: &str) -> Error {
    let names: Vec<&str> = request
        .schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    Error::NoColumn {
        relation: format!("what is written to {table}"),
        column: column.to_owned(),
        columns: names.join(", "),
    }
}
