//! Aliases: names of versions that move.

use serde::{Deserialize, Serialize};
use serde_json::json;
use tenon_metadata::{Name, Row, Transaction, row};

use crate::canary::{Canary, CanaryRules, Counts};
use crate::version::{changed, set_rolled_back, tell, version};
use crate::{Error, LATEST, MoveKind, moves, trial};

/// An alias of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Alias {
    /// The plugin.
    pub plugin: String,
    /// The alias: `stable`.
    pub alias: String,
    /// The version that it points to.
    pub version: i64,
    /// Counted up with each change of it, from 1.
    pub revision: i64,
    /// When it has changed, in microseconds since 1970, UTC.
    pub changed_at: i64,
    /// A version that gets a share of the runs.
    pub canary: Option<Canary>,
}

/// What somebody wants with an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promote {
    /// The alias, which is made if it is not there.
    pub alias: Name,
    /// The version, which is ready.
    pub version: i64,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Only if the alias is at this revision; 0 for one that is not there.
    pub if_revision: Option<i64>,
}

const COLUMNS: &str = "plugin, alias, version, revision, changed_at, canary, share, rules, since, old_succeeded, \
                       old_failed, new_succeeded, new_failed, failure";

impl Alias {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let canary: Option<i64> = row.get(5)?;
        let canary = canary.map(|version| -> Result<Canary, Error> {
            let rules: serde_json::Value = row.get(7)?;
            let column = 7;
            let expected = "the rules of a canary";
            Ok(Canary {
                version,
                share: row.get(6)?,
                rules: serde_json::from_value::<CanaryRules>(rules)
                    .map_err(|_| tenon_metadata::Error::Type { column, expected })?,
                since: row.get(8)?,
                old: Counts {
                    succeeded: row.get(9)?,
                    failed: row.get(10)?,
                },
                new: Counts {
                    succeeded: row.get(11)?,
                    failed: row.get(12)?,
                },
                last_failure: row.get(13)?,
            })
        });
        Ok(Self {
            plugin: row.get(0)?,
            alias: row.get(1)?,
            version: row.get(2)?,
            revision: row.get(3)?,
            changed_at: row.get(4)?,
            canary: canary.transpose()?,
        })
    }
}

/// An alias, if there is one.
pub(crate) fn find(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    alias: &str,
) -> Result<Option<Alias>, Error> {
    let found = tx.first(
        &format!("select {COLUMNS} from plugin_aliases where tenant = ?1 and plugin = ?2 and alias = ?3"),
        row![tenant, plugin, alias],
    )?;
    found.as_ref().map(Alias::from_row).transpose()
}

/// An alias.
///
/// # Errors
/// [`Error::NoPlugin`], [`Error::NoAlias`].
pub fn alias(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name, alias: &Name) -> Result<Alias, Error> {
    if let Some(found) = find(tx, tenant, plugin, alias.as_str())? {
        return Ok(found);
    }
    crate::version::exists(tx, tenant, plugin)?;
    Err(Error::NoAlias {
        plugin: plugin.to_string(),
        alias: alias.to_string(),
    })
}

/// The aliases of a plugin, by name. There are at most [`MOST_ALIASES`].
///
/// # Errors
/// [`Error::NoPlugin`].
pub fn aliases(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name) -> Result<Vec<Alias>, Error> {
    crate::version::exists(tx, tenant, plugin)?;
    all(tx, tenant.as_str(), plugin.as_str())
}

/// Every alias of a plugin.
pub(crate) fn all(tx: &mut Transaction<'_>, tenant: &str, plugin: &str) -> Result<Vec<Alias>, Error> {
    let rows = tx.query(
        &format!("select {COLUMNS} from plugin_aliases where tenant = ?1 and plugin = ?2 order by alias"),
        row![tenant, plugin],
    )?;
    rows.iter().map(Alias::from_row).collect()
}

/// Aliases with a canary, of all tenants.
pub(crate) fn with_canary(tx: &mut Transaction<'_>) -> Result<Vec<(Name, Alias)>, Error> {
    let rows = tx.query(
        &format!(
            "select {COLUMNS}, tenant from plugin_aliases where canary is not null order by tenant, plugin, alias"
        ),
        row![],
    )?;
    let expected = "a name";
    let broken = |_| tenon_metadata::Error::Type { column: 14, expected };
    let with_tenant = |row: &Row| {
        Ok((
            Name::new(row.get::<String>(14)?).map_err(broken)?,
            Alias::from_row(row)?,
        ))
    };
    rows.iter().map(with_tenant).collect()
}

/// Most aliases of a plugin.
pub const MOST_ALIASES: i64 = 100;

/// Points an alias to a version, at once and for all runs that begin from then on. A canary that it has is over. It goes
/// back by itself if the first runs of the version all fail, unless the version was rolled back before.
///
/// # Errors
/// [`Error::Changed`], [`Error::State`], [`Error::NoVersion`], [`Error::Invalid`] for `latest`, which moves by itself,
/// and for an alias past [`MOST_ALIASES`].
pub fn promote(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name, promote: &Promote) -> Result<Alias, Error> {
    let before = settable(tx, tenant, plugin, &promote.alias, promote.if_revision)?;
    let promoted = version(tx, tenant, plugin, promote.version)?;
    promoted.must_be_ready()?;
    let from = before.as_ref().map(|alias| alias.version);
    let moved = (from, Some(promote.version));
    // Somebody knows better.
    set_rolled_back(tx, tenant, plugin, promote.version, false)?;
    point(tx, tenant, plugin, promote.alias.as_str(), promote.version)?;
    if !promoted.rolled_back && from.is_some_and(|from| from != promote.version) {
        trial::begin(tx, tenant, plugin, promote.alias.as_str())?;
    }
    moves::record(
        tx,
        tenant,
        plugin,
        promote.alias.as_str(),
        MoveKind::Promoted,
        moved,
        &promote.by,
        &promote.reason,
    )?;
    follow_latest(tx, tenant, plugin)?;
    let data = json!({ "alias": promote.alias, "from": from, "to": promote.version, "by": promote.by });
    tell(tx, "plugin.promoted", tenant, plugin, data)?;
    alias(tx, tenant, plugin, &promote.alias)
}

/// Removes an alias.
///
/// # Errors
/// [`Error::Changed`], [`Error::NoAlias`], [`Error::Invalid`] for `latest`.
pub fn remove_alias(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    name: &Name,
    by: &str,
    if_revision: Option<i64>,
) -> Result<(), Error> {
    let before = alias(tx, tenant, plugin, name)?;
    settable(tx, tenant, plugin, name, if_revision)?;
    tx.execute(
        "delete from plugin_aliases where tenant = ?1 and plugin = ?2 and alias = ?3",
        row![tenant, plugin, name],
    )?;
    let moved = (Some(before.version), None);
    moves::record(tx, tenant, plugin, name.as_str(), MoveKind::Removed, moved, by, "")?;
    changed(tx, tenant, plugin);
    Ok(())
}

/// The alias, if there is one, once it is clear that it may be changed.
pub(crate) fn settable(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    name: &Name,
    if_revision: Option<i64>,
) -> Result<Option<Alias>, Error> {
    if name.as_str() == LATEST {
        let (field, reason) = ("alias", "`latest` follows the newest version by itself".to_owned());
        return Err(Error::Invalid { field, reason });
    }
    if name.as_str().starts_with(|first: char| first.is_ascii_digit()) {
        let (field, reason) = ("alias", "begins with a digit, as numbers of versions do".to_owned());
        return Err(Error::Invalid { field, reason });
    }
    let found = find(tx, tenant, plugin, name.as_str())?;
    let revision = found.as_ref().map_or(0, |alias| alias.revision);
    if let Some(expected) = if_revision
        && expected != revision
    {
        return Err(Error::Changed {
            plugin: plugin.to_string(),
            alias: name.to_string(),
            found: revision,
            expected,
        });
    }
    if found.is_none() {
        let count = tx.one(
            "select count(*) from plugin_aliases where tenant = ?1 and plugin = ?2",
            row![tenant, plugin],
        )?;
        if count.get::<i64>(0)? >= MOST_ALIASES {
            let reason = format!("would be one more than the {MOST_ALIASES} that a plugin can have");
            let field = "alias";
            return Err(Error::Invalid { field, reason });
        }
    }
    Ok(found)
}

/// Points an alias to a version, without a canary and on no trial.
pub(crate) fn point(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    alias: &str,
    version: i64,
) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(
        "insert into plugin_aliases (tenant, plugin, alias, version, revision, changed_at,
             old_succeeded, old_failed, new_succeeded, new_failed)
         values (?1, ?2, ?3, ?4, 1, ?5, 0, 0, 0, 0)
         on conflict (tenant, plugin, alias) do update set version = excluded.version,
             revision = plugin_aliases.revision + 1, changed_at = excluded.changed_at,
             canary = null, share = null, rules = null, since = null, failure = null,
             old_succeeded = 0, old_failed = 0, new_succeeded = 0, new_failed = 0",
        row![tenant, plugin, alias, version, now],
    )?;
    changed(tx, tenant, plugin);
    Ok(())
}

/// Points `latest` to the newest version that is ready and was not rolled back; without one, removes it.
pub(crate) fn follow_latest(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name) -> Result<(), Error> {
    let newest = tx.one(
        "select max(version) from plugin_versions
         where tenant = ?1 and plugin = ?2 and state = 'ready' and rolled_back = 0",
        row![tenant, plugin],
    )?;
    let newest: Option<i64> = newest.get(0)?;
    let before = find(tx, tenant, plugin, LATEST)?.map(|alias| alias.version);
    if newest == before {
        return Ok(());
    }
    if let Some(newest) = newest {
        point(tx, tenant, plugin, LATEST, newest)?;
    } else {
        tx.execute(
            "delete from plugin_aliases where tenant = ?1 and plugin = ?2 and alias = ?3",
            row![tenant, plugin, LATEST],
        )?;
        changed(tx, tenant, plugin);
    }
    let reason = "the newest version that is ready";
    moves::record(
        tx,
        tenant,
        plugin,
        LATEST,
        MoveKind::Followed,
        (before, newest),
        "",
        reason,
    )
}
