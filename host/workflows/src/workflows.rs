//! Keeping definitions, every version of them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, row};

use crate::check::check;
use crate::definition::Definition;
use crate::record::{date, optional_date};
use crate::{Error, RunState, nearest};

/// A version of a workflow, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Workflow {
    /// Its name.
    pub name: Name,
    /// The version, from 1.
    pub version: i64,
    /// When this version was made.
    pub created: DateTime<Utc>,
    /// What it is.
    pub definition: Definition,
}

/// A workflow in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Listed {
    /// Its name.
    pub name: Name,
    /// Its latest version.
    pub version: i64,
    /// When its first version was made.
    pub created: DateTime<Utc>,
    /// When its latest version was made.
    pub updated: DateTime<Utc>,
    /// When its latest run was started, if it has any.
    pub last_run: Option<DateTime<Utc>>,
    /// Where its latest run stands, if it has any.
    pub last_state: Option<RunState>,
}

/// Keeps a definition, as a new workflow or as a new version of one; runs that are under way keep theirs. The same
/// definition again makes no version. `if_version` is the version that is to be replaced, 0 for a workflow that is not
/// there yet.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Changed`].
pub fn put(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    definition: &Definition,
    if_version: Option<i64>,
) -> Result<Workflow, Error> {
    check(definition)?;
    let name = &definition.name;
    let found = current(tx, tenant, name)?;
    if let Some(expected) = if_version
        && expected != found.unwrap_or(0)
    {
        return Err(Error::Changed {
            workflow: name.to_string(),
            expected,
            found: found.unwrap_or(0),
        });
    }
    if found.is_some() {
        let latest = get(tx, tenant, name, None)?;
        if latest.definition == *definition {
            return Ok(latest);
        }
    }
    // Numbers go on where a workflow of this name was removed: its runs are still there.
    let versions = tx.one(
        "select coalesce(max(version), 0) from workflow_versions where tenant = ?1 and name = ?2",
        row![tenant, name],
    )?;
    let version = versions.get::<i64>(0)? + 1;
    let text = serde_json::to_string(definition).map_err(|error| unreadable(name.as_str(), &error.to_string()))?;
    let now = tx.now();
    tx.execute(
        "insert into workflow_versions (tenant, name, version, definition, created) values (?1, ?2, ?3, ?4, ?5)",
        row![tenant, name, version, text, now],
    )?;
    tx.execute(
        "insert into workflows (tenant, name, version, created, updated) values (?1, ?2, ?3, ?4, ?4)
         on conflict (tenant, name) do update set version = excluded.version, updated = excluded.updated",
        row![tenant, name, version, now],
    )?;
    get(tx, tenant, name, None)
}

/// A workflow's latest version, or an earlier one.
///
/// # Errors
/// [`Error::UnknownWorkflow`], [`Error::UnknownVersion`].
pub fn get(tx: &mut Transaction<'_>, tenant: &Name, name: &Name, version: Option<i64>) -> Result<Workflow, Error> {
    let latest = tx.first(
        "select version from workflows where tenant = ?1 and name = ?2",
        row![tenant, name],
    )?;
    let Some(latest) = latest else {
        return Err(unknown(tx, tenant, name)?);
    };
    let latest: i64 = latest.get(0)?;
    kept(tx, tenant, name, version.unwrap_or(latest))
}

/// A version of a workflow, also of one that was removed since.
pub(crate) fn kept(tx: &mut Transaction<'_>, tenant: &Name, name: &Name, version: i64) -> Result<Workflow, Error> {
    let found = tx.first(
        "select version, created, definition from workflow_versions
         where tenant = ?1 and name = ?2 and version = ?3",
        row![tenant, name, version],
    )?;
    let workflow = name.to_string();
    read(name, &found.ok_or(Error::UnknownVersion { workflow, version })?)
}

/// The tenant's workflows, by name.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Transaction<'_>, tenant: &Name, page: &PageRequest) -> Result<Page<Listed>, Error> {
    let found = tx.query(
        "select w.name, w.version, w.created, w.updated, r.started, r.state
         from workflows w left join workflow_runs r on r.tenant = w.tenant and r.id =
             (select max(id) from workflow_runs l where l.tenant = w.tenant and l.workflow = w.name)
         where w.tenant = ?1 and w.name > ?2 order by w.name limit ?3",
        row![tenant, page.after.as_deref().unwrap_or(""), page.look_for()],
    )?;
    let listed = found.iter().map(|row| {
        let name = Name::new(row.get::<String>(0)?).map_err(|error| unreadable(&error.text, &error.to_string()))?;
        let state: Option<String> = row.get(5)?;
        let state = state.map(|state| state.parse()).transpose();
        Ok(Listed {
            version: row.get(1)?,
            created: date(row.get(2)?),
            updated: date(row.get(3)?),
            last_run: optional_date(row.get(4)?),
            last_state: state.map_err(|reason: String| unreadable(name.as_str(), &reason))?,
            name,
        })
    });
    let listed = listed.collect::<Result<Vec<_>, Error>>()?;
    Ok(page.page(listed, |workflow| workflow.name.to_string()))
}

/// All versions of a workflow, the latest first.
///
/// # Errors
/// [`Error::UnknownWorkflow`], [`Error::Field`] if `after` is not a version.
pub fn versions(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    name: &Name,
    page: &PageRequest,
) -> Result<Page<Workflow>, Error> {
    get(tx, tenant, name, None)?;
    let after = page.after.as_deref().map_or(Ok(i64::MAX), |after| {
        after.parse().map_err(|_| Error::Field {
            field: "after".to_owned(),
            reason: "it is not what the page before called `next`".to_owned(),
        })
    })?;
    let found = tx.query(
        "select version, created, definition from workflow_versions
         where tenant = ?1 and name = ?2 and version < ?3 order by version desc limit ?4",
        row![tenant, name, after, page.look_for()],
    )?;
    let versions = found
        .iter()
        .map(|row| read(name, row))
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(page.page(versions, |workflow| workflow.version.to_string()))
}

/// Removes a workflow. Its runs and the versions that they had stay.
///
/// # Errors
/// [`Error::UnknownWorkflow`], [`Error::Changed`], [`Error::Busy`] while runs are under way.
pub fn remove(tx: &mut Transaction<'_>, tenant: &Name, name: &Name, if_version: Option<i64>) -> Result<(), Error> {
    let Some(found) = current(tx, tenant, name)? else {
        return Err(unknown(tx, tenant, name)?);
    };
    let workflow = name.to_string();
    if let Some(expected) = if_version
        && expected != found
    {
        return Err(Error::Changed {
            workflow,
            expected,
            found,
        });
    }
    let runs = under_way(tx, tenant, name)?;
    if runs > 0 {
        return Err(Error::Busy { workflow, runs });
    }
    tx.execute(
        "delete from workflows where tenant = ?1 and name = ?2",
        row![tenant, name],
    )?;
    Ok(())
}

/// The latest version, whose row nobody else can change until this transaction has ended.
pub(crate) fn current(tx: &mut Transaction<'_>, tenant: &Name, name: &Name) -> Result<Option<i64>, Error> {
    let found = tx.first(
        "select version from workflows where tenant = ?1 and name = ?2 {for_update}",
        row![tenant, name],
    )?;
    Ok(found.map(|row| row.get(0)).transpose()?)
}

/// The error that says that the tenant has no such workflow.
pub(crate) fn unknown(tx: &mut Transaction<'_>, tenant: &Name, name: &Name) -> Result<Error, Error> {
    let rows = tx.query("select name from workflows where tenant = ?1 limit 1000", row![tenant])?;
    let names = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<String>, _>>()?;
    let hint = nearest::hint(name.as_str(), names.iter().map(String::as_str));
    let workflow = name.to_string();
    Ok(Error::UnknownWorkflow { workflow, hint })
}

/// How many runs of it have not ended.
pub(crate) fn under_way(tx: &mut Transaction<'_>, tenant: &Name, name: &Name) -> Result<i64, Error> {
    let count = tx.one(
        "select count(*) from workflow_runs where tenant = ?1 and workflow = ?2 and ended is null",
        row![tenant, name],
    )?;
    Ok(count.get(0)?)
}

fn read(name: &Name, row: &Row) -> Result<Workflow, Error> {
    let text: String = row.get(2)?;
    let definition = serde_json::from_str(&text).map_err(|error| unreadable(name.as_str(), &error.to_string()))?;
    Ok(Workflow {
        name: name.clone(),
        version: row.get(0)?,
        created: date(row.get(1)?),
        definition,
    })
}

fn unreadable(name: &str, reason: &str) -> Error {
    Error::Unreadable {
        run: name.to_owned(),
        reason: reason.to_owned(),
    }
}
