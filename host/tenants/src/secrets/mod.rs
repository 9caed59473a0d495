//! Tenants' secrets, encrypted by a key that is not in the database.

mod key;
mod rekey;
mod seal;
mod value;

use serde::{Deserialize, Serialize};
use tenon_events::{Event, emit};
use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, row};

use crate::error::check_version;
use crate::{Error, connections, tenants};
use seal::{Place, open, seal};

pub use key::{KEY_FILE_VARIABLE, KEY_VARIABLE, KeyRing};
pub use rekey::{Rekeyed, rekey, rekey_all};
pub use value::SecretValue;

/// Bytes of the longest secret.
pub const LONGEST: usize = 64 << 10;
/// Most secrets of a tenant.
pub const MOST: u64 = 1000;
const COLUMNS: &str = "tenant, name, version, jobs, created, changed, key_id";

/// A secret, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SecretInfo {
    /// Its name.
    pub name: Name,
    /// Counts changes of its value and of its grants, from 1.
    pub version: i64,
    /// The jobs that may use it; all of its tenant's, and its triggers, if it is none.
    pub jobs: Option<Vec<Name>>,
    /// When it was first put, in microseconds since 1970.
    pub created: i64,
    /// When it was last put, in microseconds since 1970.
    pub changed: i64,
    /// Which of the server's keys it is encrypted by.
    pub key_id: String,
}

/// A secret to be put.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretInput {
    /// Its value, 1 byte to 64 KiB. It is never shown again.
    #[schema(value_type = String, write_only)]
    pub value: SecretValue,
    /// The jobs that may use it. Default: all of the tenant's.
    #[serde(default)]
    pub jobs: Option<Vec<Name>>,
}

/// Makes a secret, or changes one. `if_version` is the version that the caller has seen, 0 if there is to be none yet.
///
/// # Errors
/// [`Error::NoTenant`], [`Error::Invalid`], [`Error::Changed`], [`Error::Quota`].
pub fn put(
    tx: &mut Transaction<'_>,
    keys: &KeyRing,
    tenant: &Name,
    name: &Name,
    input: &SecretInput,
    if_version: Option<i64>,
) -> Result<SecretInfo, Error> {
    let length = input.value.reveal().len();
    if !(1..=LONGEST).contains(&length) {
        return Err(Error::invalid(
            "value",
            format!("it has {length} bytes, not 1 to {LONGEST}"),
        ));
    }
    tenants::get(tx, tenant)?;
    let found = find(tx, tenant, name)?;
    let version = found.as_ref().map_or(0, |found| found.version);
    check_version("secret", name.as_str(), if_version, version)?;
    if found.is_none() {
        let count: u64 = tx
            .one("select count(*) from tenant_secrets where tenant = ?1", row![tenant])?
            .get(0)?;
        crate::quotas::check(tenant, "secrets", MOST, count + 1)?;
    }
    let version = version + 1;
    let granted = jobs_text(input.jobs.as_deref())?;
    let place = Place {
        tenant,
        name,
        version,
        jobs: granted.as_deref(),
    };
    let (key, sealed) = seal(keys, place, &input.value)?;
    let now = tx.now();
    let row = tx.one(
        &format!(
            "insert into tenant_secrets (tenant, name, version, key_id, sealed, jobs, created, changed)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
             on conflict (tenant, name) do update set version = excluded.version, key_id = excluded.key_id,
                 sealed = excluded.sealed, jobs = excluded.jobs, changed = excluded.changed
             returning {COLUMNS}"
        ),
        row![tenant, name, version, key, sealed, granted.as_deref(), now],
    )?;
    told(tx, tenant, name, "secret.put")?;
    info(&row)
}

/// Changes which jobs may use a secret, and not its value; none is all.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Changed`]; [`Error::NoKey`] and [`Error::Tampered`], as it is encrypted anew.
pub fn grant(
    tx: &mut Transaction<'_>,
    keys: &KeyRing,
    tenant: &Name,
    name: &Name,
    jobs: Option<&[Name]>,
    if_version: Option<i64>,
) -> Result<SecretInfo, Error> {
    let value = opened(tx, keys, tenant, name)?;
    let jobs = jobs.map(<[Name]>::to_vec);
    put(tx, keys, tenant, name, &SecretInput { value, jobs }, if_version)
}

/// A secret without its value.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(tx: &mut Transaction<'_>, tenant: &Name, name: &Name) -> Result<SecretInfo, Error> {
    find(tx, tenant, name)?.ok_or_else(|| Error::not_found("secret", name.as_str()))
}

/// The secrets of a tenant by name, without their values.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Transaction<'_>, tenant: &Name, page: &PageRequest) -> Result<Page<SecretInfo>, Error> {
    let after = page.after.as_deref().unwrap_or("");
    let rows = tx.query(
        &format!("select {COLUMNS} from tenant_secrets where tenant = ?1 and name > ?2 order by name limit ?3"),
        row![tenant, after, page.look_for()],
    )?;
    let found = rows.iter().map(info).collect::<Result<Vec<_>, _>>()?;
    Ok(page.page(found, |secret| secret.name.to_string()))
}

/// Deletes a secret that no connection refers to.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Changed`], [`Error::InUse`].
pub fn delete(tx: &mut Transaction<'_>, tenant: &Name, name: &Name, if_version: Option<i64>) -> Result<(), Error> {
    let found = get(tx, tenant, name)?;
    check_version("secret", name.as_str(), if_version, found.version)?;
    if let Some(connection) = connections::that_uses(tx, tenant, name)? {
        return Err(Error::InUse {
            what: "secret",
            name: name.to_string(),
            user: format!("connection `{connection}`"),
        });
    }
    tx.execute(
        "delete from tenant_secrets where tenant = ?1 and name = ?2",
        row![tenant, name],
    )?;
    told(tx, tenant, name, "secret.deleted")
}

/// The value, for a job that may use it; without a job, for a trigger, a target of events and the like, which may use
/// what all jobs may.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotGranted`], [`Error::NoKey`], [`Error::Tampered`].
pub fn reveal(
    tx: &mut Transaction<'_>,
    keys: &KeyRing,
    tenant: &Name,
    name: &Name,
    job: Option<&Name>,
) -> Result<SecretValue, Error> {
    let found = get(tx, tenant, name)?;
    if let Some(jobs) = &found.jobs
        && !job.is_some_and(|job| jobs.contains(job))
    {
        return Err(Error::NotGranted {
            secret: name.to_string(),
            user: job.map_or_else(|| "what is no job".to_owned(), |job| format!("job `{job}`")),
        });
    }
    opened(tx, keys, tenant, name)
}

fn opened(tx: &mut Transaction<'_>, keys: &KeyRing, tenant: &Name, name: &Name) -> Result<SecretValue, Error> {
    let row = tx.first(
        "select version, key_id, sealed, jobs from tenant_secrets where tenant = ?1 and name = ?2",
        row![tenant, name],
    )?;
    let row = row.ok_or_else(|| Error::not_found("secret", name.as_str()))?;
    let jobs: Option<String> = row.get(3)?;
    let place = Place {
        tenant,
        name,
        version: row.get(0)?,
        jobs: jobs.as_deref(),
    };
    open(keys, &row.get::<String>(1)?, place, &row.get::<Vec<u8>>(2)?)
}

fn find(tx: &mut Transaction<'_>, tenant: &Name, name: &Name) -> Result<Option<SecretInfo>, Error> {
    let row = tx.first(
        &format!("select {COLUMNS} from tenant_secrets where tenant = ?1 and name = ?2"),
        row![tenant, name],
    )?;
    row.as_ref().map(info).transpose()
}

fn told(tx: &mut Transaction<'_>, tenant: &Name, name: &Name, kind: &str) -> Result<(), Error> {
    emit(tx, &Event::new(kind).tenant(tenant.as_str()).subject(name.as_str()))?;
    Ok(())
}

fn jobs_text(jobs: Option<&[Name]>) -> Result<Option<String>, Error> {
    jobs.map(|jobs| serde_json::to_string(jobs).map_err(|error| Error::invalid("jobs", error.to_string())))
        .transpose()
}

fn info(row: &Row) -> Result<SecretInfo, Error> {
    let jobs: Option<String> = row.get(3)?;
    Ok(SecretInfo {
        name: tenants::name(row, 1)?,
        version: row.get(2)?,
        jobs: jobs.as_deref().map(crate::quotas::read).transpose()?,
        created: row.get(4)?,
        changed: row.get(5)?,
        key_id: row.get(6)?,
    })
}
