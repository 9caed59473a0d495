//! What tables there are.

use std::collections::HashMap;

use super::catalog::{self, Attribute};
use super::types::Types;
use super::{Connection, Postgres};
use crate::{Discover, Driver, Error, Found, FoundColumn};

/// Tables and views, by name.
pub(super) async fn discover(database: &Postgres, what: &Discover) -> Result<Vec<Found>, Error> {
    let connection = database.session().await?;
    let mut tables = catalog::all(&connection, database.driver(), what.schema.as_deref()).await?;
    tables.retain(|table| what.fits(&table.name));
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let mut keys = catalog::primary_keys(&connection, &oids).await?;
    // Redshift checks neither, and its catalog is an old one.
    let (mut unique_keys, mut foreign_keys) = if database.driver() == Driver::Redshift {
        (HashMap::new(), HashMap::new())
    } else {
        (
            catalog::unique_keys(&connection, &oids).await?,
            catalog::foreign_keys(&connection, &oids).await?,
        )
    };
    let mut columns = if what.columns {
        catalog::attributes(&connection, &oids).await?
    } else {
        HashMap::new()
    };
    let types = types(&connection, columns.values().flatten()).await?;
    let found = tables.into_iter().map(|table| Found {
        kind: table.found_kind(),
        name: table.name,
        rows: table.rows,
        bytes: table.bytes,
        comment: table.comment,
        primary_key: keys.remove(&table.oid).unwrap_or_default(),
        unique_keys: unique_keys.remove(&table.oid).unwrap_or_default(),
        foreign_keys: foreign_keys.remove(&table.oid).unwrap_or_default(),
        columns: columns
            .remove(&table.oid)
            .unwrap_or_default()
            .into_iter()
            .map(|column| shown(database, column, &types))
            .collect(),
    });
    Ok(found.collect())
}

/// Schemas, by name.
pub(super) async fn schemas(database: &Postgres) -> Result<Vec<String>, Error> {
    let connection = database.session().await?;
    catalog::schemas(&connection).await
}

async fn types(connection: &Connection, columns: impl Iterator<Item = &Attribute>) -> Result<Types, Error> {
    Types::load(connection, columns.map(|column| column.type_oid)).await
}

fn shown(database: &Postgres, column: Attribute, types: &Types) -> FoundColumn {
    let (data_type, modifier) = types.get(column.type_oid, column.modifier);
    FoundColumn {
        arrow_type: database.reading(&data_type, modifier).wire.arrow().to_string(),
        name: column.name,
        database_type: column.type_name,
        nullable: !column.is_not_null,
        comment: column.comment,
    }
}
