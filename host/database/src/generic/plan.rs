//! What rows become: which columns there are, which are added, and how the rows get to their table.

use arrow::datatypes::{DataType, Schema, SchemaRef};

use crate::{Error, LoadRequest, Mode, OnError, Prepared, Replaced};

use super::catalog::no_column;
use super::ddl::{checked_type, create};
use super::fit::{added, widened};
use super::storage::{sent, sql_type};
use super::tokens::{staging, token};
use super::{Dbms, Facts};

/// A staging column that numbers the rows, to find those that a constraint refuses.
pub(crate) const ROW: &str = "_tenon_row";
/// A staging column that says what a row is marked as.
pub(crate) const DELETED: &str = "_tenon_deleted";
/// What it says of a row that is kept.
pub(crate) const MARK_KEPT: i16 = 0;
/// Of one whose key is deleted.
pub(crate) const MARK_DELETED: i16 = 1;
/// Of a change that emptied the whole table.
pub(crate) const MARK_EMPTIED: i16 = 2;
/// The column of changes that says what each of them did.
pub(crate) const OPERATION: &str = "_op";
/// A staging column by which changes are ordered.
pub(crate) const ORDER: &str = "_tenon_order";

/// What comes of a load.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// What is at the other end.
    pub(crate) dbms: Dbms,
    /// The columns of the staging table.
    pub(crate) staged: Vec<Staged>,
    /// Columns of the rows.
    pub(crate) schema: SchemaRef,
    /// What to do if the table is there.
    pub(crate) mode: Mode,
    /// How it ends; rows and bytes are not known yet.
    pub(crate) prepared: Prepared,
}

/// A column of the staging table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Staged {
    /// Its name: the table's, where it is one of the table's.
    pub(crate) name: String,
    /// Its type in SQL.
    pub(crate) kind: String,
    /// Its type in Arrow, as it is sent.
    pub(crate) sent: DataType,
    /// Where its values come from.
    pub(crate) source: Source,
}

/// Where the values of a staging column come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A column of the rows.
    Column(usize),
    /// A column of the rows that marks what is deleted.
    Deleted(usize),
    /// The number of the row.
    Row,
    /// The position of a change, and its place in its transaction.
    Order(usize, Option<usize>),
}

/// The table as it is before.
pub(crate) struct Existing {
    /// Its columns.
    pub(crate) schema: SchemaRef,
    /// What else is known.
    pub(crate) facts: Facts,
}

/// Plans a load into a table, which is there already or not.
pub(crate) fn plan(dbms: Dbms, request: &LoadRequest, existing: Option<&Existing>) -> Result<Plan, Error> {
    let keys = keys(request, existing)?;
    let delete = deleted(request)?;
    let changes = changes(request, delete);
    let mut staged = Vec::new();
    let mut alterations = Vec::new();
    let mut made = Vec::new();
    for (index, field) in request.schema.fields().iter().enumerate() {
        if Some(index) == delete {
            continue;
        }
        if [ROW, DELETED, ORDER].contains(&field.name().as_str()) {
            return Err(Error::Mismatch {
                table: request.table.to_string(),
                reason: format!(
                    "the name of the column `{}` is kept for staging tables; rename it",
                    field.name()
                ),
            });
        }
        let known = existing
            .map(|existing| column_of(&existing.schema, field.name(), request))
            .transpose()?
            .flatten();
        if known.is_none()
            && changes.is_some()
            && matches!(field.name().as_str(), "_position" | "_sequence" | "_committed_at")
        {
            continue;
        }
        let name = known.map_or_else(|| field.name().clone(), |column| column.name().clone());
        let is_key = keys.contains(&name);
        let refused = |reason: String| Error::Mismatch {
            table: request.table.to_string(),
            reason: format!("the column `{}`: {reason}", field.name()),
        };
        let sent = sent(dbms, field.data_type()).map_err(refused)?;
        let kind = match request.config.types.get(field.name()) {
            Some(kind) => checked_type(field.name(), kind)?,
            None => sql_type(dbms, field.data_type(), is_key),
        };
        match (existing, known) {
            (None, _) => made.push((name.clone(), kind)),
            (Some(_), None) => alterations.push(added(dbms, request, &name, &kind)?),
            (Some(_), Some(column)) => alterations.extend(widened(dbms, request, field, column)?),
        }
        staged.push(Staged {
            kind: if dbms == Dbms::Sqlite {
                sql_type(dbms, field.data_type(), false)
            } else {
                sql_type(dbms, &sent, false)
            },
            name,
            sent,
            source: Source::Column(index),
        });
    }
    if staged.is_empty() {
        return Err(Error::Mismatch {
            table: request.table.to_string(),
            reason: "the rows have no columns to write".to_owned(),
        });
    }
    for column in request.config.types.keys() {
        if request.schema.field_with_name(column).is_err() {
            let names = request.schema.fields().iter().map(|field| field.name());
            return Err(no_column("the rows", column, names));
        }
    }
    let columns: Vec<String> = staged.iter().map(|column| column.name.clone()).collect();
    let upsert = request.config.mode == Mode::Upsert;
    let same = made.len() == staged.len() && made.iter().zip(&staged).all(|((_, kind), staged)| *kind == staged.kind);
    let replaced = match (existing, request.config.mode) {
        (_, Mode::Upsert) => Replaced::Merged,
        (None, _) if same && keys.is_empty() && dbms.transactional_ddl() => Replaced::Nothing,
        (Some(_), Mode::Overwrite) => Replaced::Rows,
        _ => Replaced::Added,
    };
    if existing.is_none() && replaced != Replaced::Nothing {
        alterations.push(create(dbms, &request.table, &made, &keys));
    }
    let helpers = helpers(request, delete, changes, replaced != Replaced::Nothing, dbms)?;
    staged.extend(helpers);
    let token = token(&request.run, &request.sink);
    Ok(Plan {
        dbms,
        staged,
        schema: request.schema.clone(),
        mode: request.config.mode,
        prepared: Prepared {
            run: request.run.clone(),
            sink: request.sink.clone(),
            table: request.table.clone(),
            staging: staging(&request.table, &token),
            columns,
            keys: if upsert { keys } else { Vec::new() },
            delete_when: delete.map(|_| DELETED.to_owned()),
            replaced,
            alterations,
            rows: 0,
            bytes: 0,
        },
    })
}

fn helpers(
    request: &LoadRequest,
    delete: Option<usize>,
    changes: Option<Source>,
    constrained: bool,
    dbms: Dbms,
) -> Result<Vec<Staged>, Error> {
    let helper = |name: &str, sent: DataType, source: Source| Staged {
        name: name.to_owned(),
        kind: sql_type(dbms, &sent, true),
        sent,
        source,
    };
    let mut helpers = Vec::new();
    if let Some(index) = delete {
        helpers.push(helper(DELETED, DataType::Int16, Source::Deleted(index)));
    }
    if let Some(order) = changes {
        helpers.push(helper(ORDER, DataType::Utf8, order));
    }
    if request.config.on_error == OnError::Reject && constrained {
        if !dbms.savepoints() {
            return Err(Error::Config {
                subject: format!("`on_error` of {}", request.table),
                reason: "the database cannot leave out single rows, as it has no savepoints".to_owned(),
            });
        }
        helpers.push(helper(ROW, DataType::Int64, Source::Row));
    }
    Ok(helpers)
}

/// The columns that tell rows apart, as the table names them.
fn keys(request: &LoadRequest, existing: Option<&Existing>) -> Result<Vec<String>, Error> {
    let upsert = request.config.mode == Mode::Upsert;
    let mut keys = request.config.keys.clone();
    if keys.is_empty() && upsert {
        keys = existing
            .map(|existing| existing.facts.primary_key.clone())
            .unwrap_or_default();
        if keys.is_empty() {
            return Err(Error::Config {
                subject: format!("`keys` of {}", request.table),
                reason: "`upsert` needs columns that tell rows apart, and the table has no primary key".to_owned(),
            });
        }
    }
    let named = keys.into_iter().map(|key| {
        let field = column_of(&request.schema, &key, request)?.ok_or_else(|| {
            let names = request.schema.fields().iter().map(|field| field.name());
            no_column("the rows", &key, names)
        })?;
        let known = existing
            .map(|existing| column_of(&existing.schema, field.name(), request))
            .transpose()?
            .flatten();
        Ok(known.unwrap_or(field).name().clone())
    });
    named.collect()
}

/// Which column marks what is deleted.
fn deleted(request: &LoadRequest) -> Result<Option<usize>, Error> {
    let Some(column) = &request.config.delete_when else {
        return Ok(None);
    };
    if request.config.mode != Mode::Upsert {
        return Err(Error::Config {
            subject: format!("`delete_when` of {}", request.table),
            reason: "rows are deleted by the mode `upsert` only".to_owned(),
        });
    }
    let index = request.schema.index_of(column).map_err(|_| {
        let names = request.schema.fields().iter().map(|field| field.name());
        no_column("the rows", column, names)
    })?;
    match request.schema.field(index).data_type() {
        DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(Some(index)),
        DataType::Dictionary(_, values) if **values == DataType::Utf8 => Ok(Some(index)),
        other => Err(Error::Mismatch {
            table: request.table.to_string(),
            reason: format!(
                "`delete_when` names the column `{column}` of the type {other}; it has to be boolean or text"
            ),
        }),
    }
}

/// What orders rows that are changes.
fn changes(request: &LoadRequest, delete: Option<usize>) -> Option<Source> {
    let is_op = |index: usize| request.schema.field(index).name() == OPERATION;
    let position = request.schema.index_of("_position").ok()?;
    let sequence = request.schema.index_of("_sequence").ok();
    delete
        .filter(|index| is_op(*index))
        .map(|_| Source::Order(position, sequence))
}

/// A column by its name: the same, or else the only one that differs in upper and lower case.
fn column_of<'a>(
    schema: &'a Schema,
    name: &str,
    request: &LoadRequest,
) -> Result<Option<&'a arrow::datatypes::Field>, Error> {
    if let Ok(field) = schema.field_with_name(name) {
        return Ok(Some(field));
    }
    let lower = name.to_lowercase();
    let mut alike = schema
        .fields()
        .iter()
        .filter(|field| field.name().to_lowercase() == lower);
    match (alike.next(), alike.next()) {
        (Some(_), Some(_)) => Err(Error::Mismatch {
            table: request.table.to_string(),
            reason: format!(
                "the column `{name}` is like several that differ in upper and lower case; name it as one of them"
            ),
        }),
        (one, _) => Ok(one.map(AsRef::as_ref)),
    }
}

/// The staging table's columns with their types.
pub(crate) fn staging_columns(plan: &Plan) -> Vec<(String, String)> {
    plan.staged
        .iter()
        .map(|column| (column.name.clone(), column.kind.clone()))
        .collect()
}
