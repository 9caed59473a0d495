//! Versions: what has been uploaded, and whether it can be used.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tenon_events::{Event, emit};
use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, row};

use crate::schema::TOPIC;
use crate::{Digest, Error, LATEST, MoveKind, STABLE, moves};

/// Whether a version can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VersionState {
    /// It has arrived, and nobody has looked at it.
    Uploaded,
    /// It is compiled and tried out.
    Checking,
    /// It can be used.
    Ready,
    /// It cannot be used.
    Refused,
    /// It is used no more, and its bytes may be gone.
    Retired,
}

impl VersionState {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::Checking => "checking",
            Self::Ready => "ready",
            Self::Refused => "refused",
            Self::Retired => "retired",
        }
    }

    fn of(text: &str) -> Option<Self> {
        let all = [
            Self::Uploaded,
            Self::Checking,
            Self::Ready,
            Self::Refused,
            Self::Retired,
        ];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// A version of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Version {
    /// The plugin.
    pub plugin: String,
    /// Its number, counted up from 1 for each plugin of a tenant.
    pub version: i64,
    /// What its makers call it: `1.2.0`.
    pub label: Option<String>,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// What the check has found: its interfaces and functions.
    pub facts: Option<Json>,
    /// Whether it can be used.
    pub state: VersionState,
    /// Why it is refused.
    pub reason: Option<String>,
    /// Whether it was rolled back; then it is not promoted again but by somebody.
    pub rolled_back: bool,
    /// Who has uploaded it.
    pub uploaded_by: String,
    /// When, in microseconds since 1970, UTC.
    pub uploaded_at: i64,
    /// When its state has changed, in microseconds since 1970, UTC.
    pub changed_at: i64,
}

const COLUMNS: &str = "plugin, version, label, digest, size, facts, state, reason, rolled_back, uploaded_by, \
                       uploaded_at, changed_at";

impl Version {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let state: String = row.get(6)?;
        let broken = |column, expected| tenon_metadata::Error::Type { column, expected };
        Ok(Self {
            plugin: row.get(0)?,
            version: row.get(1)?,
            label: row.get(2)?,
            digest: row.get::<String>(3)?.parse()?,
            size: row.get(4)?,
            facts: row.get(5)?,
            state: VersionState::of(&state).ok_or(broken(6, "a state"))?,
            reason: row.get(7)?,
            rolled_back: row.get(8)?,
            uploaded_by: row.get(9)?,
            uploaded_at: row.get(10)?,
            changed_at: row.get(11)?,
        })
    }

    fn refused(&self, needed: &'static str) -> Error {
        Error::State {
            plugin: self.plugin.clone(),
            version: self.version,
            state: self.state.as_str(),
            needed,
        }
    }

    /// That it can be used.
    pub(crate) fn must_be_ready(&self) -> Result<(), Error> {
        match self.state {
            VersionState::Ready => Ok(()),
            _ => Err(self.refused("only one that is ready can be used")),
        }
    }
}

/// A version by its number.
///
/// # Errors
/// [`Error::NoPlugin`], [`Error::NoVersion`].
pub fn version(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name, version: i64) -> Result<Version, Error> {
    let found = tx.first(
        &format!("select {COLUMNS} from plugin_versions where tenant = ?1 and plugin = ?2 and version = ?3"),
        row![tenant, plugin, version],
    )?;
    if let Some(row) = found {
        return Version::from_row(&row);
    }
    exists(tx, tenant, plugin)?;
    Err(Error::NoVersion {
        plugin: plugin.to_string(),
        version: version.to_string(),
    })
}

/// A version by its bytes, if there is one.
///
/// # Errors
/// What the database says.
pub fn find(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name, digest: &Digest) -> Result<Option<Version>, Error> {
    let found = tx.first(
        &format!("select {COLUMNS} from plugin_versions where tenant = ?1 and plugin = ?2 and digest = ?3"),
        row![tenant, plugin, digest.as_str()],
    )?;
    found.as_ref().map(Version::from_row).transpose()
}

/// The versions of a plugin, the newest first; `after` is a number.
///
/// # Errors
/// [`Error::NoPlugin`], [`Error::Invalid`].
pub fn versions(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    page: &PageRequest,
) -> Result<Page<Version>, Error> {
    exists(tx, tenant, plugin)?;
    let before = crate::moves::before(page)?;
    let rows = tx.query(
        &format!(
            "select {COLUMNS} from plugin_versions where tenant = ?1 and plugin = ?2 and version < ?3
             order by version desc limit ?4"
        ),
        row![tenant, plugin, before, page.look_for()],
    )?;
    let found = rows.iter().map(Version::from_row).collect::<Result<_, _>>()?;
    Ok(page.page(found, |version: &Version| version.version.to_string()))
}

/// The names of a tenant's plugins, in order; `after` is a name.
///
/// # Errors
/// What the database says.
pub fn plugins(tx: &mut Transaction<'_>, tenant: &Name, page: &PageRequest) -> Result<Page<String>, Error> {
    let after = page.after.as_deref().unwrap_or_default();
    let rows = tx.query(
        "select distinct plugin from plugin_versions where tenant = ?1 and plugin > ?2 order by plugin limit ?3",
        row![tenant, after, page.look_for()],
    )?;
    let found = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    Ok(page.page(found, String::clone))
}

/// Every version of a plugin.
pub(crate) fn all(tx: &mut Transaction<'_>, tenant: &str, plugin: &str) -> Result<Vec<Version>, Error> {
    let rows = tx.query(
        &format!("select {COLUMNS} from plugin_versions where tenant = ?1 and plugin = ?2 order by version"),
        row![tenant, plugin],
    )?;
    rows.iter().map(Version::from_row).collect()
}

/// That there is such a plugin.
pub(crate) fn exists(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name) -> Result<(), Error> {
    let found = tx.first(
        "select 1 from plugin_versions where tenant = ?1 and plugin = ?2 limit 1",
        row![tenant, plugin],
    )?;
    found.map(drop).ok_or_else(|| Error::NoPlugin {
        plugin: plugin.to_string(),
    })
}

/// Begins to check a version. One that is being checked already may be checked again: its server may have died.
///
/// # Errors
/// [`Error::State`] if there is nothing to check, [`Error::NoVersion`].
pub fn begin_check(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name, number: i64) -> Result<Version, Error> {
    let found = version(tx, tenant, plugin, number)?;
    match found.state {
        VersionState::Uploaded | VersionState::Checking => {}
        _ => return Err(found.refused("only one that was uploaded is checked")),
    }
    set_state(tx, tenant, plugin, number, VersionState::Checking, None)?;
    version(tx, tenant, plugin, number)
}

/// A version is checked and can be used. `facts` is what the check has found. The alias `latest` moves to it if it is the
/// newest, and `stable` is made if there is none.
///
/// # Errors
/// [`Error::State`] if it is retired or refused, [`Error::NoVersion`].
pub fn ready(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    number: i64,
    facts: &Json,
) -> Result<Version, Error> {
    let found = version(tx, tenant, plugin, number)?;
    match found.state {
        VersionState::Uploaded | VersionState::Checking | VersionState::Ready => {}
        _ => return Err(found.refused("it would have to be uploaded again")),
    }
    set_state(tx, tenant, plugin, number, VersionState::Ready, None)?;
    tx.execute(
        "update plugin_versions set facts = ?4 where tenant = ?1 and plugin = ?2 and version = ?3",
        row![tenant, plugin, number, facts],
    )?;
    if found.state != VersionState::Ready {
        tell(
            tx,
            "plugin.ready",
            tenant,
            plugin,
            json!({ "version": number, "digest": found.digest }),
        )?;
    }
    crate::alias::follow_latest(tx, tenant, plugin)?;
    if !found.rolled_back && crate::alias::find(tx, tenant, plugin, STABLE)?.is_none() {
        crate::alias::point(tx, tenant, plugin, STABLE, number)?;
        let reason = "the first version that is ready";
        moves::record(
            tx,
            tenant,
            plugin,
            STABLE,
            MoveKind::Followed,
            (None, Some(number)),
            "",
            reason,
        )?;
    }
    version(tx, tenant, plugin, number)
}

/// A version is checked and cannot be used.
///
/// # Errors
/// [`Error::State`] if it was ready before, or is retired; [`Error::NoVersion`].
pub fn refuse(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    number: i64,
    reason: &str,
) -> Result<Version, Error> {
    let found = version(tx, tenant, plugin, number)?;
    match found.state {
        VersionState::Uploaded | VersionState::Checking => {}
        _ => return Err(found.refused("only one that is checked can be refused")),
    }
    set_state(tx, tenant, plugin, number, VersionState::Refused, Some(reason))?;
    tell(
        tx,
        "plugin.refused",
        tenant,
        plugin,
        json!({ "version": number, "reason": reason }),
    )?;
    version(tx, tenant, plugin, number)
}

/// A version is used no more. Runs that have it keep it; its bytes are removed later.
///
/// # Errors
/// [`Error::InUse`] if an alias other than `latest` points to it, [`Error::NoVersion`].
pub fn retire(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name, number: i64) -> Result<Version, Error> {
    let found = version(tx, tenant, plugin, number)?;
    if found.state == VersionState::Retired {
        return Ok(found);
    }
    let used = tx.first(
        "select alias from plugin_aliases
         where tenant = ?1 and plugin = ?2 and (canary = ?3 or (version = ?3 and alias <> ?4))",
        row![tenant, plugin, number, LATEST],
    )?;
    if let Some(row) = used {
        let (plugin, version, alias) = (plugin.to_string(), number, row.get(0)?);
        return Err(Error::InUse { plugin, version, alias });
    }
    set_state(tx, tenant, plugin, number, VersionState::Retired, None)?;
    let now = tx.now();
    tx.execute(
        "update plugin_blobs set touched = ?2 where digest = ?1",
        row![found.digest.as_str(), now],
    )?;
    crate::alias::follow_latest(tx, tenant, plugin)?;
    tell(tx, "plugin.retired", tenant, plugin, json!({ "version": number }))?;
    version(tx, tenant, plugin, number)
}

/// Changes a version's state, and tells the servers.
pub(crate) fn set_state(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    number: i64,
    state: VersionState,
    reason: Option<&str>,
) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(
        "update plugin_versions set state = ?4, reason = ?5, changed_at = ?6
         where tenant = ?1 and plugin = ?2 and version = ?3",
        row![tenant, plugin, number, state.as_str(), reason, now],
    )?;
    changed(tx, tenant, plugin);
    Ok(())
}

/// A version was rolled back, or is promoted by somebody who knows.
pub(crate) fn set_rolled_back(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    number: i64,
    rolled_back: bool,
) -> Result<(), Error> {
    tx.execute(
        "update plugin_versions set rolled_back = ?4 where tenant = ?1 and plugin = ?2 and version = ?3",
        row![tenant, plugin, number, rolled_back],
    )?;
    Ok(())
}

/// Tells the servers that something about a plugin has changed.
pub(crate) fn changed(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name) {
    tx.notify(TOPIC, &format!("{tenant}/{plugin}"));
}

/// Emits an event about a plugin.
pub(crate) fn tell(
    tx: &mut Transaction<'_>,
    kind: &str,
    tenant: &Name,
    plugin: &Name,
    mut data: Json,
) -> Result<(), Error> {
    data["plugin"] = json!(plugin);
    let event = Event::new(kind)
        .tenant(tenant.as_str())
        .subject(plugin.as_str())
        .data(data);
    emit(tx, &event)?;
    Ok(())
}
