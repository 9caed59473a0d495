//! The columns that a source of changes has.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::super::catalog::{self, Attribute};
use super::super::describe::{describe, prepare};
use super::super::statement::{read_column, source};
use super::super::wire::{Cast, Reading, Wire};
use super::super::{Connection, Postgres, PostgresDialect};
use crate::sql::Dialect;
use crate::{ChangesRequest, DescribedColumn, Description, Error, Relation};

/// Columns that are put before those of the table.
pub(super) const ADDED: [&str; 4] = ["_op", "_position", "_committed_at", "_sequence"];

/// The table's columns, and those that say what has happened to a row.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub description: Description,
    pub schema: SchemaRef,
    pub wires: Vec<Wire>,
    /// The table's own, in its order.
    pub table: Vec<TableColumn>,
}

/// A column of the table.
#[derive(Debug, Clone)]
pub(super) struct TableColumn {
    pub attribute: Attribute,
    /// How it is selected from the table.
    pub selected: String,
    /// What the server has to cast its values to before they can be decoded.
    pub cast: Option<Cast>,
    pub is_key: bool,
}

impl Columns {
    /// As the table is now.
    pub async fn of(
        database: &Postgres,
        connection: &Connection,
        request: &ChangesRequest,
        oid: u32,
    ) -> Result<Self, Error> {
        let relation = Relation::Table(request.table.clone());
        let described = describe(database, &relation, &request.read).await?;
        let names = described
            .schema
            .fields()
            .iter()
            .map(|field| PostgresDialect.quote(field.name()));
        let names: Vec<String> = names.collect();
        let statement = format!("select {} from {}", names.join(", "), source(&relation));
        let statement = prepare(connection, &relation, &statement).await?;
        let attributes = catalog::attributes(connection, &[oid])
            .await?
            .remove(&oid)
            .unwrap_or_default();
        let mut table = Vec::new();
        let mut wires = vec![Wire::Text, Wire::Text, Wire::Instant, Wire::Int64];
        for (field, found) in described.schema.fields().iter().zip(statement.columns()) {
            refuse_added(&relation, field.name())?;
            let attribute = attributes.iter().find(|attribute| attribute.name == *field.name());
            let attribute = attribute.cloned().ok_or_else(|| changed(&relation))?;
            let reading = Reading::of(found.type_(), found.type_modifier());
            if request.read.schema.contains_key(field.name()) {
                return Err(Error::Config {
                    subject: format!("`schema` of {relation}"),
                    reason: format!(
                        "changes are read in the types of the table; cast `{}` in the job",
                        field.name()
                    ),
                });
            }
            if *field.data_type() != reading.wire.arrow() {
                return Err(changed(&relation));
            }
            table.push(TableColumn {
                selected: read_column(field, &reading),
                cast: reading.cast,
                is_key: described.primary_key.contains(field.name()),
                attribute,
            });
            wires.push(reading.wire);
        }
        let description = with_added(described);
        Ok(Self {
            schema: Arc::clone(&description.schema),
            description,
            wires,
            table,
        })
    }

    /// Whether the server's binary form of every value can be decoded as it is.
    pub fn is_binary(&self) -> bool {
        self.table.iter().all(|column| column.cast.is_none())
    }
}

fn refuse_added(relation: &Relation, name: &str) -> Result<(), Error> {
    if !ADDED.contains(&name) {
        return Ok(());
    }
    Err(Error::Config {
        subject: format!("`changes` of {relation}"),
        reason: format!("the table has a column `{name}` itself, which is what a source of changes adds"),
    })
}

fn changed(relation: &Relation) -> Error {
    Error::Mismatch {
        table: relation.to_string(),
        reason: "its columns have changed just now; run again".to_owned(),
    }
}

fn with_added(described: Description) -> Description {
    let moment = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let types = [DataType::Utf8, DataType::Utf8, moment, DataType::Int64];
    let added = ADDED
        .iter()
        .zip(types)
        .map(|(name, data_type)| Field::new(*name, data_type, true));
    let own = described
        .schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true));
    let of_added = ADDED
        .iter()
        .zip(["text", "pg_lsn", "timestamp with time zone", "bigint"]);
    let of_added = of_added.map(|(name, database_type)| DescribedColumn {
        name: (*name).to_owned(),
        database_type: database_type.to_owned(),
        note: None,
    });
    Description {
        schema: Arc::new(Schema::new(added.chain(own).collect::<Vec<Field>>())),
        columns: of_added.chain(described.columns).collect(),
        ..described
    }
}
