//! A new version gets a share of the runs, until it is clear whether it is as good as the old one.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tenon_metadata::{Name, Transaction, row};

use crate::alias::{Alias, alias, find, follow_latest, point, settable, with_canary};
use crate::decide::{Verdict, verdict};
use crate::version::{changed, set_rolled_back, tell, version};
use crate::{Error, MoveKind, moves, trial};

/// Characters that are kept of a failure's sentence.
const LONGEST_FAILURE: usize = 500;

/// When a canary ends by itself. Its version is rolled back as well where it fails so much more often than the old one that
/// this would happen by chance in less than 1 of 1000 cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CanaryRules {
    /// Successful runs of the new version after which it is promoted, if it is not worse. Default 100.
    pub promote_after_runs: u64,
    /// Seconds after which it is promoted with fewer runs, if it is not worse. By default, time does not promote.
    pub promote_after_seconds: Option<u64>,
    /// Successful runs that it needs at least to be promoted by time. Default 10.
    pub least_runs: u64,
    /// If so many of its runs fail and none succeeds, it is rolled back at once. Default 3.
    pub first_failures: u32,
}

impl Default for CanaryRules {
    fn default() -> Self {
        Self {
            promote_after_runs: 100,
            promote_after_seconds: None,
            least_runs: 10,
            first_failures: 3,
        }
    }
}

/// Runs of a version since the canary began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Counts {
    /// Runs that succeeded.
    pub succeeded: u64,
    /// Runs that failed by the plugin's fault.
    pub failed: u64,
}

impl Counts {
    /// Both.
    pub fn runs(self) -> u64 {
        self.succeeded + self.failed
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {} runs failed", self.failed, self.runs())
    }
}

/// A version that gets a share of an alias's runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Canary {
    /// The new version.
    pub version: i64,
    /// Its share of the runs, in percent: 0 to 100.
    pub share: u8,
    /// When it ends by itself.
    pub rules: CanaryRules,
    /// When it began, in microseconds since 1970, UTC.
    pub since: i64,
    /// Runs of the old version since then.
    pub old: Counts,
    /// Runs of the new version since then.
    pub new: Counts,
    /// What the last failure of the new version said.
    pub last_failure: Option<String>,
}

/// What somebody wants to try out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartCanary {
    /// The alias, which points to the old version.
    pub alias: Name,
    /// The new version, which is ready.
    pub version: i64,
    /// Its share of the runs, in percent: 0 to 100.
    pub share: u8,
    /// When it ends by itself.
    pub rules: CanaryRules,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Only if the alias is at this revision.
    pub if_revision: Option<i64>,
}

/// How a run of a version ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded.
    Succeeded,
    /// It failed by the plugin's fault: a trap, a limit, an error of its function.
    Failed {
        /// What went wrong, in a sentence.
        reason: String,
    },
    /// It failed for another reason, or was stopped, which says nothing about the plugin.
    Unrelated,
}

/// How a canary, or the trial of a version that was promoted at once, has ended by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Decision {
    /// Whose plugin it is.
    pub tenant: String,
    /// The plugin.
    pub plugin: String,
    /// The alias.
    pub alias: String,
    /// [`MoveKind::CanaryPromoted`], [`MoveKind::CanaryRolledBack`], or [`MoveKind::RolledBack`] where there was no canary.
    pub kind: MoveKind,
    /// The old version.
    pub old_version: i64,
    /// The new one.
    pub new_version: i64,
    /// Runs of the old version.
    pub old: Counts,
    /// Runs of the new version.
    pub new: Counts,
    /// Why, in a sentence.
    pub reason: String,
}

/// Whether a run is among those of the new version: always the same for a run, and independent of other plugins'.
pub(crate) fn is_chosen(plugin: &str, version: i64, share: u8, run: &str) -> bool {
    let hash = Sha256::new_with_prefix(format!("{plugin}\n{version}\n{run}")).finalize();
    let point = u16::from_be_bytes([hash[0], hash[1]]);
    u32::from(point) * 100 < u32::from(share) << 16
}

/// Gives a version a share of the runs of an alias; or changes the share and the rules of the one that has it, which
/// keeps its counts.
///
/// # Errors
/// [`Error::NoAlias`], [`Error::Changed`], [`Error::State`], [`Error::NoVersion`], [`Error::Canary`] if another version
/// has a share, [`Error::Invalid`].
pub fn start_canary(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    start: &StartCanary,
) -> Result<Alias, Error> {
    if start.share > 100 {
        let (field, reason) = ("share", format!("is {} percent, and can be 0 to 100", start.share));
        return Err(Error::Invalid { field, reason });
    }
    let before = alias(tx, tenant, plugin, &start.alias)?;
    settable(tx, tenant, plugin, &start.alias, start.if_revision)?;
    version(tx, tenant, plugin, start.version)?.must_be_ready()?;
    let conflict = |reason| {
        let (plugin, alias) = (plugin.to_string(), start.alias.to_string());
        Err(Error::Canary { plugin, alias, reason })
    };
    if before.version == start.version {
        return conflict("points to this version already");
    }
    let running = before.canary.as_ref().map(|canary| canary.version);
    if running.is_some_and(|running| running != start.version) {
        return conflict("gives another version a share already; promote that one or roll it back first");
    }
    // Somebody knows better.
    set_rolled_back(tx, tenant, plugin, start.version, false)?;
    // From here on they are compared.
    trial::end(tx, tenant, plugin, start.alias.as_str())?;
    let (now, rules) = (tx.now(), json!(start.rules));
    tx.execute(
        "update plugin_aliases set canary = ?4, share = ?5, rules = ?6, since = coalesce(since, ?7),
             revision = revision + 1, changed_at = ?7
         where tenant = ?1 and plugin = ?2 and alias = ?3",
        row![tenant, plugin, &start.alias, start.version, start.share, &rules, now],
    )?;
    let (kind, moved) = (MoveKind::CanaryStarted, (Some(before.version), Some(start.version)));
    let name = start.alias.as_str();
    moves::record(tx, tenant, plugin, name, kind, moved, &start.by, &start.reason)?;
    changed(tx, tenant, plugin);
    let data =
        json!({ "alias": name, "from": before.version, "to": start.version, "share": start.share, "by": start.by });
    tell(tx, "plugin.canary_started", tenant, plugin, data)?;
    alias(tx, tenant, plugin, &start.alias)
}

/// Goes back: ends the canary of an alias, or points the alias to the version before. The version that is left is not
/// promoted again but by somebody.
///
/// # Errors
/// [`Error::NoAlias`], [`Error::Changed`], [`Error::Canary`] if there is no version before, [`Error::State`] if that one
/// cannot be used.
pub fn rollback(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    name: &Name,
    by: &str,
    reason: &str,
    if_revision: Option<i64>,
) -> Result<Alias, Error> {
    let before = alias(tx, tenant, plugin, name)?;
    settable(tx, tenant, plugin, name, if_revision)?;
    let (from, to) = if let Some(canary) = &before.canary {
        (canary.version, before.version)
    } else {
        let previous = moves::previous(tx, tenant, plugin, name.as_str(), before.version)?;
        let previous = previous.ok_or_else(|| Error::Canary {
            plugin: plugin.to_string(),
            alias: name.to_string(),
            reason: "has pointed to no other version before",
        })?;
        (before.version, previous)
    };
    version(tx, tenant, plugin, to)?.must_be_ready()?;
    set_rolled_back(tx, tenant, plugin, from, true)?;
    point(tx, tenant, plugin, name.as_str(), to)?;
    let moved = (Some(from), Some(to));
    moves::record(
        tx,
        tenant,
        plugin,
        name.as_str(),
        MoveKind::RolledBack,
        moved,
        by,
        reason,
    )?;
    follow_latest(tx, tenant, plugin)?;
    let data = json!({ "alias": name, "from": from, "to": to, "by": by, "reason": reason });
    tell(tx, "plugin.rolled_back", tenant, plugin, data)?;
    alias(tx, tenant, plugin, name)
}

/// Counts a run of a version for the canaries that it is part of, and ends those of which it is clear now how they end:
///
/// - The first 3 runs of the new version all failed ([`CanaryRules::first_failures`]): it is rolled back.
/// - As many failures of the new version, or more, would happen by chance in less than 1 of 1000 cases if both versions
///   were equally good (Fisher's exact test, one-sided): it is rolled back.
/// - It has succeeded often or long enough ([`CanaryRules`]), and as many failures would happen by chance in more than 1
///   of 10 cases: it is promoted.
///
/// Of a version that was promoted without a canary, 3 runs that all failed before one succeeded have its alias go back.
///
/// # Errors
/// What the database says.
pub fn record_outcome(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    version: i64,
    outcome: &Outcome,
) -> Result<Vec<Decision>, Error> {
    let (succeeded, failure) = match outcome {
        Outcome::Succeeded => (true, None),
        Outcome::Failed { reason } => (false, Some(reason.chars().take(LONGEST_FAILURE).collect::<String>())),
        Outcome::Unrelated => return Ok(Vec::new()),
    };
    let rows = tx.query(
        "select alias, canary from plugin_aliases
         where tenant = ?1 and plugin = ?2 and since is not null and (canary = ?3 or version = ?3)",
        row![tenant, plugin, version],
    )?;
    let mut decisions = Vec::new();
    for row in rows {
        let name: String = row.get(0)?;
        let Some(canary) = row.get::<Option<i64>>(1)? else {
            decisions.extend(trial::count(tx, tenant, plugin, &name, failure.as_deref())?);
            continue;
        };
        let is_new = canary == version;
        let column = match (is_new, succeeded) {
            (true, true) => "new_succeeded",
            (true, false) => "new_failed",
            (false, true) => "old_succeeded",
            (false, false) => "old_failed",
        };
        tx.execute(
            &format!(
                "update plugin_aliases set {column} = {column} + 1, failure = coalesce(?4, failure)
                 where tenant = ?1 and plugin = ?2 and alias = ?3"
            ),
            row![tenant, plugin, name.as_str(), failure.as_deref().filter(|_| is_new)],
        )?;
        if let Some(alias) = find(tx, tenant, plugin, &name)? {
            decisions.extend(decide(tx, tenant, plugin, &alias)?);
        }
    }
    Ok(decisions)
}

/// Ends the canaries, of all tenants, that have lasted long enough. To be called every few seconds.
///
/// # Errors
/// What the database says.
pub fn review_canaries(tx: &mut Transaction<'_>) -> Result<Vec<Decision>, Error> {
    let mut decisions = Vec::new();
    for (tenant, alias) in with_canary(tx)? {
        // As they are in the table.
        let Ok(plugin) = Name::new(alias.plugin.as_str()) else {
            continue;
        };
        decisions.extend(decide(tx, &tenant, &plugin, &alias)?);
    }
    Ok(decisions)
}

fn decide(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name, alias: &Alias) -> Result<Option<Decision>, Error> {
    let Some(canary) = &alias.canary else { return Ok(None) };
    // A clock that was set back has not gone on.
    let lasted = u64::try_from(tx.now() - canary.since).unwrap_or_default();
    let seconds = lasted / 1_000_000;
    let compared = format!(
        "{} with version {}, and {} with version {}",
        canary.new, canary.version, canary.old, alias.version
    );
    let (kind, reason) = match verdict(&canary.rules, canary.old, canary.new, seconds) {
        Verdict::Wait => return Ok(None),
        Verdict::Promote => {
            // Somebody may have gone back from it by another alias.
            let candidate = version(tx, tenant, plugin, canary.version)?;
            if candidate.rolled_back || candidate.must_be_ready().is_err() {
                return Ok(None);
            }
            (MoveKind::CanaryPromoted, compared)
        }
        Verdict::RollBack => {
            let last = canary.last_failure.as_deref().unwrap_or("nothing is known about it");
            (
                MoveKind::CanaryRolledBack,
                format!("{compared}; the last failure: {last}"),
            )
        }
    };
    let is_promoted = kind == MoveKind::CanaryPromoted;
    let to = if is_promoted { canary.version } else { alias.version };
    let from = if is_promoted { alias.version } else { canary.version };
    let moved = (Some(from), Some(to));
    set_rolled_back(tx, tenant, plugin, canary.version, !is_promoted)?;
    point(tx, tenant, plugin, &alias.alias, to)?;
    moves::record(tx, tenant, plugin, &alias.alias, kind, moved, "", &reason)?;
    follow_latest(tx, tenant, plugin)?;
    let event = if is_promoted {
        "plugin.promoted"
    } else {
        "plugin.rolled_back"
    };
    let data = json!({
        "alias": alias.alias, "from": moved.0, "to": moved.1,
        "old": canary.old, "new": canary.new, "reason": reason,
    });
    tell(tx, event, tenant, plugin, data)?;
    Ok(Some(Decision {
        tenant: tenant.to_string(),
        plugin: alias.plugin.clone(),
        alias: alias.alias.clone(),
        kind,
        old_version: alias.version,
        new_version: canary.version,
        old: canary.old,
        new: canary.new,
        reason,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept_and_runs_stay_on_their_side() {
        for share in [0, 1, 10, 50, 99, 100] {
            let chosen = |run: &u32| is_chosen("clean", 2, share, &format!("run_{run}"));
            let count = (0..20_000_u32).filter(chosen).count();
            let expected = 200.0 * f64::from(share);
            assert!(
                (count as f64 - expected).abs() <= expected.sqrt() * 4.0,
                "{share} %: {count}"
            );
        }
        assert!((0..100).all(|_| is_chosen("clean", 2, 50, "run_1") == is_chosen("clean", 2, 50, "run_1")));
    }
}
