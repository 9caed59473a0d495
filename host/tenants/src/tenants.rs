//! Tenants: who shares a server.

use serde::{Deserialize, Serialize};
use tenon_events::{Event, emit};
use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, row};

use crate::error::check_version;
use crate::quotas::{read, write};
use crate::{Access, Error, QuotaOverrides, Quotas};

/// The name of the tenant of a server that has one user.
pub const DEFAULT: &str = "default";

const COLUMNS: &str = "name, title, state, quotas, weight, version, created, changed";
const LONGEST_TITLE: usize = 256;
const GREATEST_WEIGHT: u32 = 1000;

/// Whether a tenant may do anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    /// It may.
    #[default]
    Active,
    /// It may only look: nothing can be changed, and nothing starts.
    Suspended,
}

impl TenantState {
    /// Its name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

/// Who shares a server with others, and cannot see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tenant {
    /// Its name.
    pub name: Name,
    /// What people call it.
    pub title: String,
    /// Whether it may do anything.
    pub state: TenantState,
    /// Its own quotas, in place of the server's defaults.
    pub quotas: QuotaOverrides,
    /// Its share of the server when there is more to do than can be done, against the others' weights: 1 to 1000.
    pub weight: u32,
    /// Counts changes, from 1.
    pub version: i64,
    /// When it was made, in microseconds since 1970.
    pub created: i64,
    /// When it was last changed, in microseconds since 1970.
    pub changed: i64,
}

/// What can be said about a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TenantInput {
    /// What people call it, at most 256 characters. Default: nothing.
    pub title: String,
    /// Whether it may do anything. Default: it may.
    pub state: TenantState,
    /// Its own quotas, in place of the server's defaults.
    pub quotas: QuotaOverrides,
    /// Its share of the server under overload, from 1 to 1000. Default 1.
    pub weight: u32,
}

impl Default for TenantInput {
    fn default() -> Self {
        Self {
            title: String::new(),
            state: TenantState::Active,
            quotas: QuotaOverrides::default(),
            weight: 1,
        }
    }
}

/// A table with things of tenants, which its crate names so that a tenant is not deleted while it has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// What they are, in the plural: "jobs".
    pub what: &'static str,
    /// The table.
    pub table: &'static str,
    /// Its column with the tenant's name.
    pub column: &'static str,
}

/// Makes a tenant, or changes one. `if_version` is the version that the caller has seen, 0 if there is to be none yet.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Changed`].
pub fn put(
    tx: &mut Transaction<'_>,
    name: &Name,
    input: &TenantInput,
    if_version: Option<i64>,
) -> Result<Tenant, Error> {
    check(input, &crate::quotas::defaults(tx)?)?;
    let found = find(tx, name)?;
    check_version(
        "tenant",
        name.as_str(),
        if_version,
        found.as_ref().map_or(0, |found| found.version),
    )?;
    let now = tx.now();
    let row = tx.one(
        &format!(
            "insert into tenants (name, title, state, quotas, weight, version, created, changed)
             values (?1, ?2, ?3, ?4, ?5, 1, ?6, ?6)
             on conflict (name) do update set title = excluded.title, state = excluded.state, quotas = excluded.quotas,
                 weight = excluded.weight, version = tenants.version + 1, changed = excluded.changed
             returning {COLUMNS}"
        ),
        row![
            name,
            input.title.as_str(),
            input.state.as_str(),
            write(&input.quotas)?,
            input.weight,
            now
        ],
    )?;
    let tenant = tenant(&row)?;
    let kind = if found.is_none() {
        "tenant.created"
    } else {
        "tenant.changed"
    };
    let data = serde_json::json!({ "state": tenant.state, "version": tenant.version });
    emit(
        tx,
        &Event::new(kind).tenant(name.as_str()).subject(name.as_str()).data(data),
    )?;
    told(tx, name);
    Ok(tenant)
}

/// Makes the tenant [`DEFAULT`] if it is not there, with these quotas of its own.
///
/// # Errors
/// As [`put`].
pub fn ensure_default(tx: &mut Transaction<'_>, quotas: &QuotaOverrides) -> Result<Tenant, Error> {
    let name = Name::new(DEFAULT).map_err(|error| Error::invalid("name", error.to_string()))?;
    if let Some(tenant) = find(tx, &name)? {
        return Ok(tenant);
    }
    let input = TenantInput {
        title: "Default".to_owned(),
        quotas: quotas.clone(),
        ..TenantInput::default()
    };
    put(tx, &name, &input, Some(0))
}

/// A tenant.
///
/// # Errors
/// [`Error::NoTenant`].
pub fn get(tx: &mut Transaction<'_>, name: &Name) -> Result<Tenant, Error> {
    find(tx, name)?.ok_or_else(|| Error::NoTenant {
        tenant: name.to_string(),
    })
}

/// A tenant that is not suspended: for whatever starts something.
///
/// # Errors
/// [`Error::NoTenant`], [`Error::Suspended`].
pub fn get_active(tx: &mut Transaction<'_>, name: &Name) -> Result<Tenant, Error> {
    let tenant = get(tx, name)?;
    match tenant.state {
        TenantState::Active => Ok(tenant),
        TenantState::Suspended => Err(Error::Suspended {
            tenant: name.to_string(),
        }),
    }
}

/// Tenants by name.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Transaction<'_>, page: &PageRequest) -> Result<Page<Tenant>, Error> {
    let after = page.after.as_deref().unwrap_or("");
    let rows = tx.query(
        &format!("select {COLUMNS} from tenants where name > ?1 order by name limit ?2"),
        row![after, page.look_for()],
    )?;
    let found = rows.iter().map(tenant).collect::<Result<Vec<_>, _>>()?;
    Ok(page.page(found, |tenant| tenant.name.to_string()))
}

/// Deletes a tenant with its tokens. What else it has, in these tables and of connections and secrets, is in the way,
/// unless `force` is set: it is deleted then, table by table in the order given. Its entries in the audit log stay, and
/// so does its usage, under `name~created`, so that a later tenant of that name sees neither.
///
/// # Errors
/// [`Error::NoTenant`], [`Error::Changed`], [`Error::NotEmpty`].
pub fn delete(
    tx: &mut Transaction<'_>,
    name: &Name,
    if_version: Option<i64>,
    holdings: &[Holding],
    force: bool,
) -> Result<(), Error> {
    const OWN: [Holding; 2] = [
        Holding {
            what: "connections",
            table: "tenant_connections",
            column: "tenant",
        },
        Holding {
            what: "secrets",
            table: "tenant_secrets",
            column: "tenant",
        },
    ];
    let tenant = get(tx, name)?;
    check_version("tenant", name.as_str(), if_version, tenant.version)?;
    let mut there = Vec::new();
    for Holding { what, table, column } in holdings.iter().chain(&OWN) {
        if force {
            tx.execute(&format!("delete from {table} where {column} = ?1"), row![name])?;
            continue;
        }
        let count: i64 = tx
            .one(&format!("select count(*) from {table} where {column} = ?1"), row![name])?
            .get(0)?;
        if count > 0 {
            there.push(format!("{count} {what}"));
        }
    }
    if !there.is_empty() {
        return Err(Error::NotEmpty {
            tenant: name.to_string(),
            holdings: there.join(", "),
        });
    }
    tx.execute(
        "delete from token_keys where token in (select id from tokens where owner = ?1)",
        row![name],
    )?;
    tx.execute("delete from tokens where owner = ?1", row![name])?;
    tx.execute("delete from quota_events where tenant = ?1", row![name])?;
    let past = format!("{name}~{}", tenant.created);
    for table in ["usage_daily", "usage_runs"] {
        tx.execute(
            &format!("update {table} set tenant = ?2 where tenant = ?1"),
            row![name, past.as_str()],
        )?;
    }
    tx.execute("delete from tenants where name = ?1", row![name])?;
    emit(tx, &Event::new("tenant.deleted").subject(name.as_str()))?;
    told(tx, name);
    Ok(())
}

/// Tokens are remembered with the state of their tenant, and quotas may be remembered too.
fn told(tx: &mut Transaction<'_>, name: &Name) {
    tx.notify("tenants", name.as_str());
    tx.notify("tokens", "");
}

fn find(tx: &mut Transaction<'_>, name: &Name) -> Result<Option<Tenant>, Error> {
    let select = format!("select {COLUMNS} from tenants where name = ?1");
    tx.first(&select, row![name])?.as_ref().map(tenant).transpose()
}

fn check(input: &TenantInput, defaults: &Quotas) -> Result<(), Error> {
    if input.title.chars().count() > LONGEST_TITLE || input.title.chars().any(char::is_control) {
        let reason = format!("it has more than {LONGEST_TITLE} characters, or control characters");
        return Err(Error::invalid("title", reason));
    }
    if !(1..=GREATEST_WEIGHT).contains(&input.weight) {
        let reason = format!("{} is not from 1 to {GREATEST_WEIGHT}", input.weight);
        return Err(Error::invalid("weight", reason));
    }
    Access::new(&input.quotas.over(defaults)).map(drop)
}

fn tenant(row: &Row) -> Result<Tenant, Error> {
    Ok(Tenant {
        name: name(row, 0)?,
        title: row.get(1)?,
        state: if row.get::<String>(2)? == "active" {
            TenantState::Active
        } else {
            TenantState::Suspended
        },
        quotas: read(&row.get::<String>(3)?)?,
        weight: row.get(4)?,
        version: row.get(5)?,
        created: row.get(6)?,
        changed: row.get(7)?,
    })
}

/// A name out of the database.
pub(crate) fn name(row: &Row, column: usize) -> Result<Name, Error> {
    Name::new(row.get::<String>(column)?).map_err(|error| Error::invalid("what the database holds", error.to_string()))
}
