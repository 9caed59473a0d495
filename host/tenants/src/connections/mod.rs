//! Tenants' connections: how to reach a database or a store, by name and without a secret.

mod check;
mod reference;
mod resolve;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tenon_events::{Event, emit};
use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, row};

use crate::error::check_version;
use crate::quotas::read;
use crate::{Error, secrets, tenants};

pub use resolve::{ResolvedConnection, resolve};

/// Most connections of a tenant.
pub const MOST: u64 = 1000;
const COLUMNS: &str = "name, version, connection, created, changed";

/// How to reach a database or a store. It holds no secret: `${secret:name}` stands where one would, for the user and the
/// password of the URL and in the options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// Which connector or database: "postgres".
    pub driver: String,
    /// The URL, at most 4096 characters.
    pub url: String,
    /// What else the driver takes, at most 64 KiB as JSON.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub options: Map<String, Json>,
}

/// A connection as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConnectionInfo {
    /// Its name.
    pub name: Name,
    /// Counts changes, from 1.
    pub version: i64,
    /// The connection.
    pub connection: Connection,
    /// When it was first put, in microseconds since 1970.
    pub created: i64,
    /// When it was last put, in microseconds since 1970.
    pub changed: i64,
}

impl Connection {
    /// The secrets that it refers to.
    pub fn secrets(&self) -> Vec<Name> {
        let mut names: Vec<Name> = reference::secrets(&self.url).collect();
        let mut values: Vec<&Json> = self.options.values().collect();
        while let Some(value) = values.pop() {
            match value {
                Json::String(text) => names.extend(reference::secrets(text)),
                Json::Array(inner) => values.extend(inner),
                Json::Object(map) => values.extend(map.values()),
                _ => {}
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Makes a connection, or changes one. It has to go to where the tenant's jobs may go, and the secrets that it refers to
/// have to be there. `if_version` is the version that the caller has seen, 0 if there is to be none yet.
///
/// # Errors
/// [`Error::NoTenant`], [`Error::Invalid`], [`Error::Denied`], [`Error::NotFound`] for a secret, [`Error::Changed`],
/// [`Error::Quota`].
pub fn put(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    name: &Name,
    connection: &Connection,
    if_version: Option<i64>,
) -> Result<ConnectionInfo, Error> {
    check::check(connection)?;
    crate::quotas::access(tx, tenant)?.allows_connection(connection)?;
    for secret in connection.secrets() {
        secrets::get(tx, tenant, &secret)?;
    }
    let found = find(tx, tenant, name)?;
    let version = found.as_ref().map_or(0, |found| found.version);
    check_version("connection", name.as_str(), if_version, version)?;
    if found.is_none() {
        let count: u64 = tx
            .one(
                "select count(*) from tenant_connections where tenant = ?1",
                row![tenant],
            )?
            .get(0)?;
        crate::quotas::check(tenant, "connections", MOST, count + 1)?;
    }
    let text = serde_json::to_string(connection).map_err(|error| Error::invalid("connection", error.to_string()))?;
    let now = tx.now();
    let row = tx.one(
        &format!(
            "insert into tenant_connections (tenant, name, version, connection, created, changed)
             values (?1, ?2, 1, ?3, ?4, ?4)
             on conflict (tenant, name) do update set version = tenant_connections.version + 1,
                 connection = excluded.connection, changed = excluded.changed
             returning {COLUMNS}"
        ),
        row![tenant, name, text, now],
    )?;
    told(tx, tenant, name, "connection.put")?;
    info(&row)
}

/// A connection.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(tx: &mut Transaction<'_>, tenant: &Name, name: &Name) -> Result<ConnectionInfo, Error> {
    find(tx, tenant, name)?.ok_or_else(|| Error::not_found("connection", name.as_str()))
}

/// The connections of a tenant by name.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Transaction<'_>, tenant: &Name, page: &PageRequest) -> Result<Page<ConnectionInfo>, Error> {
    let after = page.after.as_deref().unwrap_or("");
    let rows = tx.query(
        &format!("select {COLUMNS} from tenant_connections where tenant = ?1 and name > ?2 order by name limit ?3"),
        row![tenant, after, page.look_for()],
    )?;
    let found = rows.iter().map(info).collect::<Result<Vec<_>, _>>()?;
    Ok(page.page(found, |connection| connection.name.to_string()))
}

/// Deletes a connection. Jobs that name it fail from now on.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Changed`].
pub fn delete(tx: &mut Transaction<'_>, tenant: &Name, name: &Name, if_version: Option<i64>) -> Result<(), Error> {
    let found = get(tx, tenant, name)?;
    check_version("connection", name.as_str(), if_version, found.version)?;
    tx.execute(
        "delete from tenant_connections where tenant = ?1 and name = ?2",
        row![tenant, name],
    )?;
    told(tx, tenant, name, "connection.deleted")
}

/// A connection that refers to a secret.
pub(crate) fn that_uses(tx: &mut Transaction<'_>, tenant: &Name, secret: &Name) -> Result<Option<Name>, Error> {
    let rows = tx.query(
        &format!("select {COLUMNS} from tenant_connections where tenant = ?1 order by name"),
        row![tenant],
    )?;
    for row in &rows {
        let found = info(row)?;
        if found.connection.secrets().contains(secret) {
            return Ok(Some(found.name));
        }
    }
    Ok(None)
}

fn find(tx: &mut Transaction<'_>, tenant: &Name, name: &Name) -> Result<Option<ConnectionInfo>, Error> {
    let row = tx.first(
        &format!("select {COLUMNS} from tenant_connections where tenant = ?1 and name = ?2"),
        row![tenant, name],
    )?;
    row.as_ref().map(info).transpose()
}

fn told(tx: &mut Transaction<'_>, tenant: &Name, name: &Name, kind: &str) -> Result<(), Error> {
    emit(tx, &Event::new(kind).tenant(tenant.as_str()).subject(name.as_str()))?;
    Ok(())
}

fn info(row: &Row) -> Result<ConnectionInfo, Error> {
    Ok(ConnectionInfo {
        name: tenants::name(row, 0)?,
        version: row.get(1)?,
        connection: read(&row.get::<String>(2)?)?,
        created: row.get(3)?,
        changed: row.get(4)?,
    })
}
