//! The connectors that job files and scripts name.

use schemars::schema_for;
use tenon_connect::database::{self, Connections};
use tenon_connect::{SinkConfig, SourceConfig, file};
use tenon_database::Driver;
use tenon_job::{ConnectorSchema, Node, Problem};

/// The connector where none is named.
pub(crate) const FILE: &str = "file";

/// Bytes of a replication slot's name at most.
const SLOT_BYTES: usize = 63;

/// A source of a job, as its connector understands it. A `name` is what it is called there.
pub(crate) fn source(
    connector: &str,
    config: &Node,
    job: &str,
    name: &str,
    connections: &dyn Connections,
) -> Result<SourceConfig, Problem> {
    if connector == FILE {
        return config.read::<file::ReadConfig>().map(SourceConfig::from);
    }
    let driver = driver(connector, config)?;
    let read = config.read()?;
    let found = database::SourceConfig::find(driver, read, &slot(job, name), connections);
    let found = found.and_then(|found| found.relation().map(|_| found));
    found
        .map(SourceConfig::from)
        .map_err(|error| Problem::new(error.to_string()).at(config.span()))
}

/// A sink of a job, as its connector understands it.
pub(crate) fn sink(connector: &str, config: &Node, connections: &dyn Connections) -> Result<SinkConfig, Problem> {
    if connector == FILE {
        return config.read::<file::WriteConfig>().map(SinkConfig::from);
    }
    let driver = driver(connector, config)?;
    let write = config.read()?;
    let found = database::SinkConfig::find(driver, write, connections);
    let found = found.and_then(|found| found.table().map(|_| found));
    found
        .map(SinkConfig::from)
        .map_err(|error| Problem::new(error.to_string()).at(config.span()))
}

/// What each connector is configured with.
pub(crate) fn schemas() -> Vec<ConnectorSchema> {
    let mut schemas = vec![ConnectorSchema {
        name: FILE.to_owned(),
        source: schema_for!(file::ReadConfig).to_value(),
        sink: schema_for!(file::WriteConfig).to_value(),
    }];
    schemas.extend(Driver::ALL.map(|driver| ConnectorSchema {
        name: driver.name().to_owned(),
        source: schema_for!(tenon_database::ReadConfig).to_value(),
        sink: schema_for!(tenon_database::WriteConfig).to_value(),
    }));
    schemas
}

fn driver(connector: &str, config: &Node) -> Result<Driver, Problem> {
    connector.parse().map_err(|_| {
        let databases = Driver::ALL.map(|driver| format!("`{driver}`"));
        let known = databases.join(", ");
        let message = format!("there is no connector `{connector}`; there are `{FILE}` and {known}");
        Problem::new(message).at(config.span())
    })
}

/// A name of lower-case letters, digits and underscores, as Postgres wants it.
fn slot(job: &str, source: &str) -> String {
    let plain = |text: &str| -> String {
        let plain = |character: char| match character.to_ascii_lowercase() {
            character @ ('a'..='z' | '0'..='9') => character,
            _ => '_',
        };
        text.chars().map(plain).collect()
    };
    let mut slot = format!("tenon_{}_{}", plain(job), plain(source));
    slot.truncate(SLOT_BYTES);
    slot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_have_names_that_postgres_takes() {
        assert_eq!(
            slot("Orders to lake", "bestellungen-ä"),
            "tenon_orders_to_lake_bestellungen__"
        );
        assert_eq!(slot(&"x".repeat(100), "y").len(), SLOT_BYTES);
    }
}
