//! What the command line says of databases, as generated job files say it.

use std::collections::BTreeMap;

use tenon_generate::{Column, Endpoint, Reference, Table};
use tenon_host::connect::database::parse_url;
use tenon_host::database::{self, ConnectionConfig, Database, Driver, Error, ReadConfig, Relation, TableName};

use crate::connections::{self, Stored, refused};
use crate::exit::Failure;

/// A database, and how a job file names it.
pub struct Place {
    pub database: std::sync::Arc<dyn Database>,
    pub endpoint: Endpoint,
}

/// Environment variables that stand in a job file for URLs with passwords.
pub type Variables = BTreeMap<&'static str, String>;

/// A database by its URL or by the name of a stored connection.
pub fn database(text: &str, variable: &'static str, variables: &mut Variables) -> Result<Place, Failure> {
    let (driver, connection) = connections::database(text)?;
    place(text, driver, &connection, variable, variables)
}

/// A table by a URL with its name behind `#`; none for files.
pub fn table(
    text: &str,
    variable: &'static str,
    variables: &mut Variables,
) -> Result<Option<(Place, TableName)>, Failure> {
    let Some(parsed) = parse_url(text, &Stored) else {
        return Ok(None);
    };
    let (driver, connection, table) = parsed.map_err(refused)?;
    let table = table.parse().map_err(Failure::usage)?;
    let before = text.rsplit_once('#').map_or(text, |(before, _)| before);
    place(before, driver, &connection, variable, variables).map(|place| Some((place, table)))
}

fn place(
    text: &str,
    driver: Driver,
    connection: &ConnectionConfig,
    variable: &'static str,
    variables: &mut Variables,
) -> Result<Place, Failure> {
    let is_url = text
        .split_once(':')
        .is_some_and(|(scheme, _)| Driver::of_scheme(scheme).is_some());
    let name = text.strip_prefix("connection:").unwrap_or(text);
    let reference = if is_url {
        Reference::Url(text.to_owned())
    } else {
        Reference::Connection(name.to_owned())
    };
    let mut endpoint = Endpoint::new(driver, reference);
    if endpoint.has_password() {
        variables.insert(variable, text.to_owned());
        endpoint.reference = Reference::Url(format!("${{env:{variable}}}"));
    }
    let database = database::open(driver, connection).map_err(|error| refused(error.into()))?;
    Ok(Place { database, endpoint })
}

impl Place {
    /// A table that has to be there.
    pub async fn described(&self, name: &TableName) -> Result<Table, Failure> {
        let relation = Relation::Table(name.clone());
        let description = self.database.describe(&relation, &ReadConfig::default()).await;
        let description = description.map_err(|error| refused(error.into()))?;
        Ok(Table::described(name.clone(), &description))
    }

    /// The columns of a table, if it is there.
    pub async fn columns(&self, name: &TableName) -> Result<Option<Vec<Column>>, Failure> {
        let relation = Relation::Table(name.clone());
        match self.database.describe(&relation, &ReadConfig::default()).await {
            Ok(description) => Ok(Some(Column::described(&description))),
            Err(Error::NoTable { .. }) => Ok(None),
            Err(error) => Err(refused(error.into())),
        }
    }
}
