//! Reading a relation: what is asked of the server, in which parts.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use tokio_postgres::Statement;
use tokio_postgres::types::Type;

use super::describe::{find, no_column, prepare};
use super::filter::condition;
use super::snapshot::Snapshot;
use super::statement::{column, read_column, source};
use super::wire::{Reading, Wire};
use super::{Connection, Postgres, PostgresDialect, RedshiftDialect, part, split};
use crate::sql::Dialect;
use crate::{Batches, Driver, Error, Relation, Scan, ScanRequest};

/// Prepares to read.
pub(super) async fn scan(database: &Postgres, request: ScanRequest) -> Result<Arc<dyn Scan>, Error> {
    let connection = database.session().await?;
    let relation = &request.relation;
    let readings = readings(database, &connection, &request).await?;
    let filter = filter(database, &connection, &request).await?;
    let parts = parts(database, &connection, &request).await?;
    let columns = request
        .schema
        .fields()
        .iter()
        .zip(&readings)
        .map(|(field, reading)| read_column(field, reading));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let statements = parts.into_iter().map(|part| {
        let conditions: Vec<String> = [filter.clone(), part]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect();
        let mut statement = format!("select {columns} from {}", source(relation));
        if !conditions.is_empty() {
            statement = format!("{statement} where {}", conditions.join(" and "));
        }
        if let Some(limit) = request.limit {
            statement = format!("{statement} limit {limit}");
        }
        statement
    });
    let statements: Vec<String> = statements.collect();
    #[cfg(feature = "redshift")]
    let (statements, unload) = super::redshift::unload(database, &request, &readings, statements)?;
    Ok(Arc::new(PostgresScan(Arc::new(Plan {
        database: database.clone(),
        relation: relation.to_string(),
        snapshot: Snapshot::new(database.clone(), statements.len()),
        statements,
        wires: readings.into_iter().map(|reading| reading.wire).collect(),
        schema: request.schema,
        batch_rows: request.batch_rows.max(1),
        #[cfg(feature = "redshift")]
        unload,
    }))))
}

/// How each of the columns is read, as they are now. They have to be what they were when they were described.
async fn readings(database: &Postgres, connection: &Connection, request: &ScanRequest) -> Result<Vec<Reading>, Error> {
    let relation = &request.relation;
    let columns: Vec<String> = request.schema.fields().iter().map(|field| column(field)).collect();
    let statement = format!("select {} from {}", columns.join(", "), source(relation));
    let statement = prepare(connection, relation, &statement).await?;
    let readings = types(&statement).map(|(data_type, modifier)| database.reading(data_type, modifier));
    let readings: Vec<Reading> = readings.collect();
    for ((field, reading), found) in request.schema.fields().iter().zip(&readings).zip(statement.columns()) {
        if *field.data_type() != reading.wire.arrow() {
            return Err(retyped(
                &relation.to_string(),
                field.name(),
                found.type_(),
                &reading.wire,
                &field.data_type().to_string(),
            ));
        }
    }
    Ok(readings)
}

fn types(statement: &Statement) -> impl Iterator<Item = (&Type, i32)> {
    statement
        .columns()
        .iter()
        .map(|column| (column.type_(), column.type_modifier()))
}

/// A column has another type than when it was described.
pub(super) fn retyped(relation: &str, column: &str, found: &Type, wire: &Wire, expected: &str) -> Error {
    Error::Mismatch {
        table: relation.to_owned(),
        reason: format!(
            "the column `{column}` is now of the type {}, which is {} in Arrow, and was {expected} when its columns were \
             looked up: run again",
            found.name(),
            wire.arrow()
        ),
    }
}

/// The condition on rows; empty where all are read.
async fn filter(database: &Postgres, connection: &Connection, request: &ScanRequest) -> Result<String, Error> {
    let Some(predicate) = &request.predicate else {
        return Ok(String::new());
    };
    let mut names: Vec<String> = Vec::new();
    predicate.columns(&mut |column| names.push(column.to_owned()));
    names.sort();
    names.dedup();
    let condition = if database.driver() == Driver::Redshift {
        crate::sql::predicate(&RedshiftDialect, predicate)
    } else {
        condition(predicate, &column_types(connection, &request.relation, &names).await?)
    };
    condition.ok_or_else(|| Error::Config {
        subject: format!("a condition on {}", request.relation),
        reason: "the database cannot filter by it".to_owned(),
    })
}

/// The types of some columns, as the table has them.
pub(super) async fn column_types(
    connection: &Connection,
    relation: &Relation,
    names: &[String],
) -> Result<HashMap<String, Type>, Error> {
    let statement = format!("select {} from {}", PostgresDialect.quote_all(names), source(relation));
    let statement = prepare(connection, relation, &statement).await?;
    let columns = statement
        .columns()
        .iter()
        .map(|column| (column.name().to_owned(), column.type_().clone()));
    Ok(columns.collect())
}

/// The conditions of the parts; a single empty one for the whole.
async fn parts(database: &Postgres, connection: &Connection, request: &ScanRequest) -> Result<Vec<String>, Error> {
    let whole = || vec![String::new()];
    // A limit is one for all parts together, and rows that are only counted are counted at the server.
    let parts = request.parts.min(database.connections());
    if request.limit.is_some() || request.schema.fields().is_empty() || parts < 2 {
        return Ok(whole());
    }
    if database.driver() == Driver::Redshift {
        return Ok(whole());
    }
    if let Some(name) = &request.split_by {
        let types = column_types(connection, &request.relation, std::slice::from_ref(name)).await?;
        let fields = request.schema.fields().iter().map(|field| field.name().as_str());
        let data_type = types
            .get(name)
            .ok_or_else(|| no_column(&request.relation, name, fields))?;
        return split::by_column(connection, &request.relation, name, data_type, parts).await;
    }
    match &request.relation {
        Relation::Table(name) => {
            let table = find(database, connection, name).await?;
            split::by_pages(connection, &table, parts).await
        }
        Relation::Query(_) => Ok(whole()),
    }
}

/// A relation that is ready to be read.
struct PostgresScan(Arc<Plan>);

/// What is read, and how.
pub(super) struct Plan {
    pub database: Postgres,
    /// What errors call the relation.
    pub relation: String,
    pub snapshot: Snapshot,
    /// One for each part.
    pub statements: Vec<String>,
    pub schema: SchemaRef,
    pub wires: Vec<Wire>,
    pub batch_rows: usize,
    /// How the rows come through files, where they do.
    #[cfg(feature = "redshift")]
    pub unload: Option<super::redshift::Unload>,
}

impl Scan for PostgresScan {
    fn parts(&self) -> usize {
        self.0.statements.len()
    }

    fn read(&self, part: usize) -> Batches {
        part::read(Arc::clone(&self.0), part)
    }

    fn statement(&self, part: usize) -> String {
        self.0.statements.get(part).cloned().unwrap_or_default()
    }
}

impl fmt::Debug for PostgresScan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresScan")
            .field("statements", &self.0.statements)
            .finish_non_exhaustive()
    }
}
