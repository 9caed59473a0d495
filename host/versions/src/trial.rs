//! A version that takes the place of another one at once, without a canary, is on trial: until its first run succeeds, an
//! alias that points to it goes back if the first runs all fail.
//!
//! There is nothing to compare it with, since no run has the old version any more. A version that works for some of the
//! runs is therefore left where somebody has put it; and one that was rolled back before, and that somebody promotes all
//! the same, is not on trial again.

use serde_json::json;
use tenon_metadata::{Name, Transaction, row};

use crate::alias::{follow_latest, point};
use crate::version::{set_rolled_back, tell, version};
use crate::{CanaryRules, Counts, Decision, Error, MoveKind, moves};

/// Whether anybody wants to know how runs of a plugin end: an alias has a canary, or points to a version on trial.
///
/// # Errors
/// What the database says.
pub fn is_judged(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name) -> Result<bool, Error> {
    let found = tx.first(
        "select 1 from plugin_aliases where tenant = ?1 and plugin = ?2 and since is not null limit 1",
        row![tenant, plugin],
    )?;
    Ok(found.is_some())
}

/// From now on the version that an alias points to is on trial.
pub(crate) fn begin(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name, alias: &str) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(
        "update plugin_aliases set since = ?4 where tenant = ?1 and plugin = ?2 and alias = ?3",
        row![tenant, plugin, alias, now],
    )?;
    Ok(())
}

/// The trial is over, if there is one: the version stays, or its runs are compared by a canary from now on.
pub(crate) fn end(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name, alias: &str) -> Result<(), Error> {
    tx.execute(
        "update plugin_aliases set since = null, new_failed = 0, failure = null
         where tenant = ?1 and plugin = ?2 and alias = ?3 and canary is null",
        row![tenant, plugin, alias],
    )?;
    Ok(())
}

/// A run of the version on trial has ended: well, or by this failure of the plugin's.
pub(crate) fn count(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    alias: &str,
    failure: Option<&str>,
) -> Result<Option<Decision>, Error> {
    let Some(failure) = failure else {
        end(tx, tenant, plugin, alias)?;
        return Ok(None);
    };
    tx.execute(
        "update plugin_aliases set new_failed = new_failed + 1, failure = ?4
         where tenant = ?1 and plugin = ?2 and alias = ?3",
        row![tenant, plugin, alias, failure],
    )?;
    let counted = tx.one(
        "select version, new_failed from plugin_aliases where tenant = ?1 and plugin = ?2 and alias = ?3",
        row![tenant, plugin, alias],
    )?;
    let (from, failed): (i64, u64) = (counted.get(0)?, counted.get(1)?);
    if failed < u64::from(CanaryRules::default().first_failures) {
        return Ok(None);
    }
    let Some(to) = usable_before(tx, tenant, plugin, alias, from)? else {
        end(tx, tenant, plugin, alias)?;
        return Ok(None);
    };
    let new = Counts { succeeded: 0, failed };
    let reason = format!("{new} with version {from}, the first since it was promoted; the last failure: {failure}");
    go_back(tx, tenant, plugin, alias, (from, to), new, reason).map(Some)
}

/// The version that an alias pointed to before, if it can still be used.
fn usable_before(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    alias: &str,
    current: i64,
) -> Result<Option<i64>, Error> {
    let Some(before) = moves::previous(tx, tenant, plugin, alias, current)? else {
        return Ok(None);
    };
    let is_ready = version(tx, tenant, plugin, before)?.must_be_ready().is_ok();
    Ok(is_ready.then_some(before))
}

fn go_back(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    alias: &str,
    (from, to): (i64, i64),
    new: Counts,
    reason: String,
) -> Result<Decision, Error> {
    let (kind, old) = (MoveKind::RolledBack, Counts::default());
    set_rolled_back(tx, tenant, plugin, from, true)?;
    point(tx, tenant, plugin, alias, to)?;
    moves::record(tx, tenant, plugin, alias, kind, (Some(from), Some(to)), "", &reason)?;
    follow_latest(tx, tenant, plugin)?;
    let data = json!({ "alias": alias, "from": from, "to": to, "old": old, "new": new, "reason": reason });
    tell(tx, "plugin.rolled_back", tenant, plugin, data)?;
    Ok(Decision {
        tenant: tenant.to_string(),
        plugin: plugin.to_string(),
        alias: alias.to_owned(),
        kind,
        old_version: to,
        new_version: from,
        old,
        new,
        reason,
    })
}
