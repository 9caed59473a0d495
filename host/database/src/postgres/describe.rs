//! What a relation's columns are in Arrow.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::catalog::{self, Attribute, Table};
use super::failure::state_of;
use super::statement::{cast, column, converted, padded, source, with_cast};
use super::{Connection, Postgres};
use crate::{DescribedColumn, Description, Driver, Error, ReadConfig, Relation, TableName};

/// Columns that an error names at most.
const SHOWN: usize = 30;

/// The columns of a relation, as `config` wants them.
pub(super) async fn describe(
    database: &Postgres,
    relation: &Relation,
    config: &ReadConfig,
) -> Result<Description, Error> {
    let connection = database.session().await?;
    let table = match relation {
        Relation::Table(name) => Some(find(database, &connection, name).await?),
        Relation::Query(_) => None,
    };
    let plain = prepare(&connection, relation, &format!("select * from {}", source(relation))).await?;
    let casts = casts(relation, &plain, config)?;
    let statement = if casts.is_empty() {
        plain
    } else {
        let columns = plain.columns().iter().map(|found| {
            let field = Field::new(found.name(), DataType::Null, true);
            match casts.get(found.name()) {
                Some(cast) => column(&with_cast(field, cast)),
                None => column(&field),
            }
        });
        let columns: Vec<String> = columns.collect();
        let statement = format!("select {} from {}", columns.join(", "), source(relation));
        with_known_types(prepare(&connection, relation, &statement).await, &casts)?
    };
    describe_columns(database, &connection, relation, table, &statement, &casts).await
}

async fn describe_columns(
    database: &Postgres,
    connection: &Connection,
    relation: &Relation,
    table: Option<Table>,
    statement: &Statement,
    casts: &HashMap<String, String>,
) -> Result<Description, Error> {
    let oids: Vec<u32> = table.iter().map(|table| table.oid).collect();
    let (mut attributes, mut keys) = if oids.is_empty() {
        (HashMap::new(), HashMap::new())
    } else {
        tokio::try_join!(
            catalog::attributes(connection, &oids),
            catalog::primary_keys(connection, &oids)
        )?
    };
    let attributes: HashMap<String, Attribute> = attributes
        .drain()
        .flat_map(|(_, attributes)| attributes)
        .map(|attribute| (attribute.name.clone(), attribute))
        .collect();
    let written = written_types(database, connection, statement).await?;
    let mut fields = Vec::with_capacity(written.len());
    let mut columns = Vec::with_capacity(written.len());
    for (found, type_name) in statement.columns().iter().zip(written) {
        let name = found.name();
        let reading = database.reading(found.type_(), found.type_modifier());
        let attribute = attributes.get(name);
        let cast = casts.get(name);
        let mut field = Field::new(
            name,
            reading.wire.arrow(),
            !attribute.is_some_and(|found| found.is_not_null),
        );
        if let Some(comment) = attribute.and_then(|attribute| attribute.comment.clone()) {
            field = field.with_metadata(HashMap::from([("comment".to_owned(), comment)]));
        }
        if let Some(cast) = cast {
            field = with_cast(field, cast);
        }
        // Its name does not say so when it is a domain's.
        if *found.type_() == Type::BPCHAR {
            field = padded(field);
        }
        if database.driver() == Driver::Redshift && reading.cast.is_some() {
            field = converted(field);
        }
        fields.push(field);
        columns.push(DescribedColumn {
            name: name.to_owned(),
            database_type: match attribute {
                Some(attribute) if cast.is_none() => attribute.type_name.clone(),
                _ => type_name,
            },
            note: reading.note,
        });
    }
    let (rows, bytes) = estimate(database, connection, relation, table.as_ref()).await?;
    Ok(Description {
        schema: Arc::new(Schema::new(fields)),
        columns,
        primary_key: table.and_then(|table| keys.remove(&table.oid)).unwrap_or_default(),
        rows,
        bytes,
    })
}

/// The table of a name, or an error that names the nearest.
pub(super) async fn find(database: &Postgres, connection: &Connection, name: &TableName) -> Result<Table, Error> {
    match catalog::find(connection, database.driver(), name).await? {
        Some(table) => Ok(table),
        None => Err(Error::NoTable {
            database: database.name().to_owned(),
            table: name.to_string(),
            nearest: catalog::nearest(connection, name).await?,
        }),
    }
}

/// Has the server look at a statement that reads a relation.
pub(super) async fn prepare(connection: &Connection, relation: &Relation, statement: &str) -> Result<Statement, Error> {
    let running = connection.running();
    let prepared = connection.client().prepare(statement).await;
    running.end();
    let prepared = prepared.map_err(|error| misfit(connection, relation, &error))?;
    if !prepared.params().is_empty() {
        return Err(Error::Config {
            subject: relation.to_string(),
            reason: "it has parameters (`$1`), which nothing gives values for".to_owned(),
        });
    }
    Ok(prepared)
}

/// What the server says of a statement that reads a relation. A table or column that is not there any more has changed
/// since it was described.
fn misfit(connection: &Connection, relation: &Relation, error: &tokio_postgres::Error) -> Error {
    let refused = connection.failed(&format!("reading {relation}"), error);
    match (state_of(error), &refused, relation) {
        (Some(state), Error::Refused { message, .. }, Relation::Table(_)) if is_change(state.code()) => {
            changed(&relation.to_string(), message)
        }
        (Some(SqlState::AMBIGUOUS_COLUMN), Error::Refused { message, .. }, Relation::Query(_)) => Error::Config {
            subject: relation.to_string(),
            reason: format!("{message}; give each column of the query a name of its own, with `as`"),
        },
        _ => refused,
    }
}

/// Whether a refusal is because of a table, column or type that is not what it was.
pub(super) fn is_change(code: &str) -> bool {
    matches!(code, "42703" | "42P01" | "42846" | "42883" | "42804")
}

/// A table is not what it was.
pub(super) fn changed(relation: &str, message: &str) -> Error {
    Error::Mismatch {
        table: relation.to_owned(),
        reason: format!("{message}; it has changed since its columns were looked up: run again"),
    }
}

/// Types that columns are to be cast to, by the columns.
fn casts(relation: &Relation, statement: &Statement, config: &ReadConfig) -> Result<HashMap<String, String>, Error> {
    let mut casts = HashMap::new();
    for (name, wanted) in &config.schema {
        let mut names = statement.columns().iter().map(tokio_postgres::Column::name);
        if !names.any(|found| found == name) {
            return Err(no_column(
                relation,
                name,
                statement.columns().iter().map(tokio_postgres::Column::name),
            ));
        }
        casts.insert(name.clone(), cast(name, wanted)?);
    }
    Ok(casts)
}

/// Says which setting is wrong, if the server does not know a type.
fn with_known_types(prepared: Result<Statement, Error>, casts: &HashMap<String, String>) -> Result<Statement, Error> {
    prepared.map_err(|error| match error {
        Error::Refused { message, .. } | Error::Mismatch { reason: message, .. } => {
            let casts: Vec<String> = casts
                .iter()
                .map(|(name, cast)| format!("`{name}` to `{cast}`"))
                .collect();
            Error::Config {
                subject: format!("`schema`, which casts {}", casts.join(", ")),
                reason: message,
            }
        }
        other => other,
    })
}

/// A column that is not there.
pub(super) fn no_column<'a>(relation: &Relation, column: &str, columns: impl Iterator<Item = &'a str>) -> Error {
    let mut names: Vec<&str> = columns.collect();
    let more = names.len() > SHOWN;
    names.truncate(SHOWN);
    Error::NoColumn {
        relation: relation.to_string(),
        column: column.to_owned(),
        columns: names.join(", ") + if more { ", ..." } else { "" },
    }
}

/// The types of a statement's columns as the database writes them.
async fn written_types(
    database: &Postgres,
    connection: &Connection,
    statement: &Statement,
) -> Result<Vec<String>, Error> {
    if database.driver() == Driver::Redshift {
        return Ok(statement
            .columns()
            .iter()
            .map(|column| column.type_().name().to_owned())
            .collect());
    }
    let oids: Vec<u32> = statement.columns().iter().map(|column| column.type_().oid()).collect();
    let modifiers: Vec<i32> = statement
        .columns()
        .iter()
        .map(tokio_postgres::Column::type_modifier)
        .collect();
    let statement = "select pg_catalog.format_type(oid, modifier)
                     from unnest($1::oid[], $2::int4[]) with ordinality as t (oid, modifier, place) order by place";
    let rows = connection
        .query("looking up types", statement, &[&oids, &modifiers])
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Rows and bytes. The planner knows more than the catalog: how far a table has grown since it was analysed, and what a
/// query or a view may give. It also says at once if there is something that may not be read.
async fn estimate(
    database: &Postgres,
    connection: &Connection,
    relation: &Relation,
    table: Option<&Table>,
) -> Result<(Option<u64>, Option<u64>), Error> {
    let stored = table.and_then(|table| table.bytes);
    if database.driver() == Driver::Redshift {
        return Ok((table.and_then(|table| table.rows), stored));
    }
    let statement = format!("explain (format json) select * from {}", source(relation));
    let text = connection.text(&format!("reading {relation}"), &statement).await?;
    let plan: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let estimate = |name: &str| {
        plan.pointer(&format!("/0/Plan/{name}"))
            .and_then(serde_json::Value::as_f64)
    };
    let rows = estimate("Plan Rows").map(|rows| rows as u64);
    let width = estimate("Plan Width").map(|width| width as u64);
    let bytes = rows.zip(width).map(|(rows, width)| rows.saturating_mul(width));
    Ok((rows, stored.or(bytes)))
}
