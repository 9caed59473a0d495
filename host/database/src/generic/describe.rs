//! What a relation's columns are.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};

use crate::{Description, Error, ReadConfig, Relation};

use super::catalog::{no_column, no_table};
use super::convert::read_as;
use super::ddl::{cast_type, checked_type};
use super::select::{CAST, Select};
use super::{Columns, Facts, FaultKind, Session};

/// Describes a relation.
pub(crate) fn describe(
    session: &mut impl Session,
    database: &str,
    relation: &Relation,
    config: &ReadConfig,
) -> Result<Description, Error> {
    let dbms = session.dbms();
    let mut found = columns(session, database, relation, &Select::all(dbms, relation))?;
    if !config.schema.is_empty() {
        let wanted = with_casts(dbms, relation, &found.schema, config)?;
        let select = Select {
            schema: Some(&wanted),
            ..Select::all(dbms, relation)
        };
        let cast = columns(session, database, relation, &select)?;
        found = Columns {
            schema: with_metadata(&cast.schema, &wanted),
            columns: cast.columns,
        };
    }
    let facts = match relation {
        Relation::Table(table) => session.facts(table).unwrap_or_else(|fault| {
            tracing::debug!(%relation, fault = fault.message, "nothing is known of the table but its columns");
            Facts::default()
        }),
        Relation::Query(_) => Facts::default(),
    };
    let mut description = description(found, facts);
    if let Some(split_by) = &config.split_by {
        note_parts(&mut description, split_by);
    }
    Ok(description)
}

/// Says what is not so in databases that hand a snapshot from one connection to another.
fn note_parts(description: &mut Description, split_by: &str) {
    const PARTS: &str = "read in parts, each of which sees the table as it is when the part begins: what is written meanwhile is in \
                         some of them and not in others";
    let column = description.columns.iter_mut().find(|column| column.name == split_by);
    if let Some(column) = column {
        let before = column.note.take().map(|note| note + "; ").unwrap_or_default();
        column.note = Some(before + PARTS);
    }
}

fn columns(
    session: &mut impl Session,
    database: &str,
    relation: &Relation,
    select: &Select<'_>,
) -> Result<Columns, Error> {
    session
        .columns(&select.sql())
        .map_err(|fault| match (relation, &fault.kind) {
            (Relation::Table(table), FaultKind::NoTable) => no_table(session, database, table),
            _ => fault.error(database, &relation.to_string(), &format!("to describe {relation}")),
        })
}

fn with_casts(dbms: super::Dbms, relation: &Relation, schema: &Schema, config: &ReadConfig) -> Result<Schema, Error> {
    for column in config.schema.keys() {
        if schema.field_with_name(column).is_err() {
            let names = schema.fields().iter().map(|field| field.name());
            return Err(no_column(&relation.to_string(), column, names));
        }
    }
    let fields = schema.fields().iter().map(|field| {
        let Some(kind) = config.schema.get(field.name()) else {
            return Ok(field.as_ref().clone());
        };
        let mut metadata = field.metadata().clone();
        metadata.insert(CAST.to_owned(), cast_type(dbms, &checked_type(field.name(), kind)?));
        Ok(field.as_ref().clone().with_metadata(metadata))
    });
    Ok(Schema::new(fields.collect::<Result<Vec<_>, Error>>()?))
}

fn with_metadata(schema: &Schema, from: &Schema) -> Arc<Schema> {
    let fields = schema.fields().iter().zip(from.fields()).map(|(field, from)| {
        let mut metadata = field.metadata().clone();
        metadata.extend(from.metadata().iter().map(|(key, value)| (key.clone(), value.clone())));
        field.as_ref().clone().with_metadata(metadata)
    });
    Arc::new(Schema::new(fields.collect::<Vec<Field>>()))
}

fn description(found: Columns, facts: Facts) -> Description {
    let mut columns = found.columns;
    let fields = found.schema.fields().iter().zip(&mut columns).map(|(field, column)| {
        let (data_type, note) = read_as(field.data_type());
        column.note = column.note.take().or(note);
        let cast = field.metadata().contains_key(CAST);
        if let Some((_, kind)) = facts.types.iter().find(|(name, _)| name == field.name() && !cast) {
            column.database_type.clone_from(kind);
        }
        let nullable = cast || !facts.not_null.contains(field.name());
        Field::new(field.name(), data_type, nullable).with_metadata(field.metadata().clone())
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<Field>>()));
    Description {
        schema,
        columns,
        primary_key: facts.primary_key,
        rows: facts.rows,
        bytes: None,
    }
}
