//! Jobs: what is to be run, and how.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenon_events::{Event, emit};
use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, row};

use crate::time::date;
use crate::{Error, JobSettings, json, queue};

const COLUMNS: &str = "tenant, name, version, format, definition, settings, created, updated";
const LONGEST_DEFINITION: usize = 1 << 20;

/// What a job file is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// TOML.
    #[default]
    Toml,
    /// YAML.
    Yaml,
    /// JSON.
    Json,
}

/// A job, as it is put.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobInput {
    /// The text of the job file; at most 1 MiB.
    pub definition: String,
    /// What it is written in. Default `toml`.
    #[serde(default)]
    pub format: Format,
    /// How its runs are run.
    #[serde(default)]
    pub settings: JobSettings,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Job {
    /// Whose it is.
    pub tenant: Name,
    /// Its name.
    pub name: Name,
    /// Its version, which rises with each change. A job that was deleted and put again goes on from there.
    pub version: i64,
    /// What its job file is written in.
    pub format: Format,
    /// The text of its job file.
    pub definition: String,
    /// How its runs are run.
    pub settings: JobSettings,
    /// When it was put first.
    pub created: DateTime<Utc>,
    /// When this version was put.
    pub updated: DateTime<Utc>,
}

impl Job {
    /// What tells this version from others, for HTTP.
    pub fn etag(&self) -> String {
        format!("\"{}-{}\"", self.created.timestamp_micros(), self.version)
    }
}

/// One version of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JobVersion {
    /// Which.
    pub version: i64,
    /// What the job file is written in.
    pub format: Format,
    /// The text of the job file.
    pub definition: String,
    /// How its runs were run.
    pub settings: JobSettings,
    /// When it was put.
    pub created: DateTime<Utc>,
}

/// Makes a job, or changes it. `check` looks at the definition, which this crate does not understand, and says what is
/// wrong with it. Putting what is there already changes nothing.
///
/// # Errors
/// [`Error::Invalid`]; [`Error::JobChanged`] if it has not the version `if_version`, which is 0 for a job that is not there.
pub fn put(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    name: &Name,
    input: &JobInput,
    if_version: Option<i64>,
    check: impl FnOnce(&JobInput) -> Result<(), String>,
) -> Result<Job, Error> {
    input.settings.check()?;
    let invalid = |reason| Error::Invalid {
        field: "definition",
        reason,
    };
    if input.definition.len() > LONGEST_DEFINITION {
        return Err(invalid(format!("it can have {LONGEST_DEFINITION} bytes at most")));
    }
    check(input).map_err(invalid)?;

    let before = find(tx, tenant, name)?;
    check_version(name, if_version, before.as_ref())?;
    let unchanged = before.as_ref().is_some_and(|job| {
        (&job.definition, job.format, &job.settings) == (&input.definition, input.format, &input.settings)
    });
    if let Some(job) = before.filter(|_| unchanged) {
        return Ok(job);
    }
    let latest = tx.one(
        "select coalesce(max(version), 0) from job_versions where tenant = ?1 and job = ?2",
        row![tenant, name],
    )?;
    let (version, now) = (latest.get::<i64>(0)? + 1, tx.now());
    let (format, settings) = (format_text(input.format), json::write(&input.settings)?);
    tx.execute(
        "insert into jobs (tenant, name, version, format, definition, settings, created, updated)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
         on conflict (tenant, name) do update set version = excluded.version, format = excluded.format,
             definition = excluded.definition, settings = excluded.settings, updated = excluded.updated",
        row![tenant, name, version, format, &input.definition, &settings, now],
    )?;
    tx.execute(
        "insert into job_versions (tenant, job, version, format, definition, settings, created)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        row![tenant, name, version, format, &input.definition, &settings, now],
    )?;
    queue::set_lane(tx, tenant.as_str(), name.as_str(), input.settings.max_concurrent_runs)?;
    tell(tx, "job.put", tenant, name, version)?;
    get(tx, tenant, name)
}

/// A job.
///
/// # Errors
/// [`Error::UnknownJob`].
pub fn get(tx: &mut Transaction<'_>, tenant: &Name, name: &Name) -> Result<Job, Error> {
    find(tx, tenant, name)?.ok_or_else(|| unknown(name))
}

/// A tenant's jobs, by name.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Transaction<'_>, tenant: &Name, page: &PageRequest) -> Result<Page<Job>, Error> {
    let after = page.after.as_deref().unwrap_or_default();
    let rows = tx.query(
        &format!("select {COLUMNS} from jobs where tenant = ?1 and name > ?2 order by name limit ?3"),
        row![tenant, after, page.look_for()],
    )?;
    let jobs = rows.iter().map(job).collect::<Result<Vec<_>, _>>()?;
    Ok(page.page(jobs, |job| job.name.to_string()))
}

/// How many jobs a tenant has.
///
/// # Errors
/// What the database says.
pub fn count(tx: &mut Transaction<'_>, tenant: &Name) -> Result<u64, Error> {
    let row = tx.one("select count(*) from jobs where tenant = ?1", row![tenant])?;
    Ok(row.get(0)?)
}

/// Removes a job with its bookmarks and state. Its runs and its versions stay.
///
/// # Errors
/// [`Error::UnknownJob`], [`Error::JobChanged`], [`Error::JobBusy`].
pub fn delete(tx: &mut Transaction<'_>, tenant: &Name, name: &Name, if_version: Option<i64>) -> Result<(), Error> {
    let job = get(tx, tenant, name)?;
    check_version(name, if_version, Some(&job))?;
    let runs = queue::under_way(tx, tenant.as_str(), name.as_str())?;
    if runs > 0 {
        let job = name.to_string();
        return Err(Error::JobBusy { job, runs });
    }
    crate::ledger::refuse_undecided(tx, tenant.as_str(), name.as_str(), None)?;
    for delete in [
        "delete from jobs where tenant = ?1 and name = ?2",
        "delete from bookmarks where tenant = ?1 and job = ?2",
        "delete from job_state where tenant = ?1 and job = ?2",
    ] {
        tx.execute(delete, row![tenant, name])?;
    }
    tell(tx, "job.deleted", tenant, name, job.version)
}

/// The versions of a job, the latest first, also of one that was deleted.
///
/// # Errors
/// [`Error::UnknownJob`] if there never was one, [`Error::Invalid`] if `after` is no number.
pub fn versions(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    name: &Name,
    page: &PageRequest,
) -> Result<Page<JobVersion>, Error> {
    let before = page.after.as_deref().map_or(Ok(i64::MAX), |after| {
        after.parse().map_err(|_| Error::Invalid {
            field: "after",
            reason: "it is not what a page called `next`".to_owned(),
        })
    })?;
    let rows = tx.query(
        "select version, format, definition, settings, created from job_versions
         where tenant = ?1 and job = ?2 and version < ?3 order by version desc limit ?4",
        row![tenant, name, before, page.look_for()],
    )?;
    if rows.is_empty() && page.after.is_none() {
        return Err(unknown(name));
    }
    let versions = rows.iter().map(job_version).collect::<Result<Vec<_>, _>>()?;
    Ok(page.page(versions, |version| version.version.to_string()))
}

/// One version of a job, also of one that was deleted.
///
/// # Errors
/// [`Error::UnknownJob`].
pub fn version(tx: &mut Transaction<'_>, tenant: &Name, name: &Name, version: i64) -> Result<JobVersion, Error> {
    let row = tx.first(
        "select version, format, definition, settings, created from job_versions
         where tenant = ?1 and job = ?2 and version = ?3",
        row![tenant, name, version],
    )?;
    job_version(&row.ok_or_else(|| unknown(name))?)
}

/// How the runs of one version of a job are run.
pub(crate) fn settings(tx: &mut Transaction<'_>, tenant: &str, job: &str, version: i64) -> Result<JobSettings, Error> {
    let row = tx.first(
        "select settings from job_versions where tenant = ?1 and job = ?2 and version = ?3",
        row![tenant, job, version],
    )?;
    row.map_or(Ok(JobSettings::default()), |row| json::read(&row.get::<String>(0)?))
}

/// The current version of a job, and how its runs are run.
pub(crate) fn current(tx: &mut Transaction<'_>, tenant: &str, job: &str) -> Result<(i64, JobSettings), Error> {
    let row = tx.first(
        "select version, settings from jobs where tenant = ?1 and name = ?2",
        row![tenant, job],
    )?;
    let row = row.ok_or_else(|| Error::UnknownJob { job: job.to_owned() })?;
    Ok((row.get(0)?, json::read(&row.get::<String>(1)?)?))
}

fn find(tx: &mut Transaction<'_>, tenant: &Name, name: &Name) -> Result<Option<Job>, Error> {
    let row = tx.first(
        &format!("select {COLUMNS} from jobs where tenant = ?1 and name = ?2 {{for_update}}"),
        row![tenant, name],
    )?;
    row.as_ref().map(job).transpose()
}

fn check_version(name: &Name, expected: Option<i64>, job: Option<&Job>) -> Result<(), Error> {
    let found = job.map_or(0, |job| job.version);
    match expected {
        Some(expected) if expected != found => Err(Error::JobChanged {
            job: name.to_string(),
            expected,
            found,
        }),
        _ => Ok(()),
    }
}

fn tell(tx: &mut Transaction<'_>, kind: &str, tenant: &Name, name: &Name, version: i64) -> Result<(), Error> {
    let data = serde_json::json!({ "job": name, "version": version });
    let event = Event::new(kind)
        .tenant(tenant.as_str())
        .subject(name.as_str())
        .data(data);
    emit(tx, &event)?;
    Ok(())
}

fn unknown(name: &Name) -> Error {
    Error::UnknownJob { job: name.to_string() }
}

fn format_text(format: Format) -> &'static str {
    match format {
        Format::Toml => "toml",
        Format::Yaml => "yaml",
        Format::Json => "json",
    }
}

fn format_of(text: &str) -> Format {
    match text {
        "yaml" => Format::Yaml,
        "json" => Format::Json,
        _ => Format::Toml,
    }
}

fn job(row: &Row) -> Result<Job, Error> {
    Ok(Job {
        tenant: json::name(row, 0)?,
        name: json::name(row, 1)?,
        version: row.get(2)?,
        format: format_of(&row.get::<String>(3)?),
        definition: row.get(4)?,
        settings: json::read(&row.get::<String>(5)?)?,
        created: date(row.get(6)?),
        updated: date(row.get(7)?),
    })
}

fn job_version(row: &Row) -> Result<JobVersion, Error> {
    Ok(JobVersion {
        version: row.get(0)?,
        format: format_of(&row.get::<String>(1)?),
        definition: row.get(2)?,
        settings: json::read(&row.get::<String>(3)?)?,
        created: date(row.get(4)?),
    })
}
