//! The history of aliases.

use serde::{Deserialize, Serialize};
use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, row};

use crate::Error;

/// Why an alias has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MoveKind {
    /// Somebody has promoted a version.
    Promoted,
    /// Somebody has let a version have a share of the runs.
    CanaryStarted,
    /// The version that had a share of the runs has done well.
    CanaryPromoted,
    /// The version that had a share of the runs has failed.
    CanaryRolledBack,
    /// Somebody has gone back; or nobody, where the first runs of a version that was promoted all failed.
    RolledBack,
    /// It has followed the versions that are ready.
    Followed,
    /// Somebody has removed it.
    Removed,
}

impl MoveKind {
    const ALL: [Self; 7] = [
        Self::Promoted,
        Self::CanaryStarted,
        Self::CanaryPromoted,
        Self::CanaryRolledBack,
        Self::RolledBack,
        Self::Followed,
        Self::Removed,
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Promoted => "promoted",
            Self::CanaryStarted => "canary_started",
            Self::CanaryPromoted => "canary_promoted",
            Self::CanaryRolledBack => "canary_rolled_back",
            Self::RolledBack => "rolled_back",
            Self::Followed => "followed",
            Self::Removed => "removed",
        }
    }
}

/// A move of an alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Move {
    /// Its number: later ones have larger ones.
    pub number: i64,
    /// The plugin.
    pub plugin: String,
    /// The alias.
    pub alias: String,
    /// What kind of a move.
    pub kind: MoveKind,
    /// The version before; none if there was none.
    pub from: Option<i64>,
    /// The version after, or the one that gets a share; none if the alias was removed.
    pub to: Option<i64>,
    /// Who; empty if nobody but the rules.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When, in microseconds since 1970, UTC.
    pub at: i64,
}

/// The moves of a plugin's aliases, or of one of them, the latest first; `after` is a number.
///
/// # Errors
/// [`Error::Invalid`], and what the database says.
pub fn moves(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    alias: Option<&Name>,
    page: &PageRequest,
) -> Result<Page<Move>, Error> {
    crate::version::exists(tx, tenant, plugin)?;
    let before = before(page)?;
    // A text in any case: what has no value has no type.
    let alias = alias.map(Name::as_str).unwrap_or_default();
    let rows = tx.query(
        "select number, plugin, alias, kind, from_version, to_version, moved_by, reason, moved_at from plugin_moves
         where tenant = ?1 and plugin = ?2 and (?3 = '' or alias = ?3) and number < ?4
         order by number desc limit ?5",
        row![tenant, plugin, alias, before, page.look_for()],
    )?;
    let found = rows.iter().map(from_row).collect::<Result<_, _>>()?;
    Ok(page.page(found, |moved: &Move| moved.number.to_string()))
}

/// The number that a page begins below.
pub(crate) fn before(page: &PageRequest) -> Result<i64, Error> {
    let Some(after) = &page.after else { return Ok(i64::MAX) };
    after.parse().map_err(|_| Error::Invalid {
        field: "after",
        reason: "is not what a page before called `next`".to_owned(),
    })
}

/// The version that an alias pointed to before it pointed to `current`.
pub(crate) fn previous(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    alias: &str,
    current: i64,
) -> Result<Option<i64>, Error> {
    let row = tx.first(
        "select from_version from plugin_moves
         where tenant = ?1 and plugin = ?2 and alias = ?3 and to_version = ?4 and from_version <> ?4
             and kind in ('promoted', 'canary_promoted', 'followed')
         order by number desc limit 1",
        row![tenant, plugin, alias, current],
    )?;
    row.map_or(Ok(None), |row| Ok(row.get(0)?))
}

/// The version that somebody has promoted last to an alias, whatever has become of the alias since.
///
/// # Errors
/// What the database says.
pub fn last_promoted(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    alias: &str,
    by: &str,
) -> Result<Option<i64>, Error> {
    let row = tx.first(
        "select to_version from plugin_moves
         where tenant = ?1 and plugin = ?2 and alias = ?3 and kind = 'promoted' and moved_by = ?4
         order by number desc limit 1",
        row![tenant, plugin, alias, by],
    )?;
    row.map_or(Ok(None), |row| Ok(row.get(0)?))
}

/// Writes down a move from a version to another.
#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
pub(crate) fn record(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    alias: &str,
    kind: MoveKind,
    (from, to): (Option<i64>, Option<i64>),
    by: &str,
    reason: &str,
) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(
        "insert into plugin_moves (tenant, plugin, alias, kind, from_version, to_version, moved_by, reason, moved_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        row![tenant, plugin, alias, kind.as_str(), from, to, by, reason, now],
    )?;
    Ok(())
}

fn from_row(row: &Row) -> Result<Move, Error> {
    let kind: String = row.get(3)?;
    let expected = "a kind of move";
    let kind = MoveKind::ALL.into_iter().find(|known| known.as_str() == kind);
    Ok(Move {
        number: row.get(0)?,
        plugin: row.get(1)?,
        alias: row.get(2)?,
        kind: kind.ok_or(tenon_metadata::Error::Type { column: 3, expected })?,
        from: row.get(4)?,
        to: row.get(5)?,
        by: row.get(6)?,
        reason: row.get(7)?,
        at: row.get(8)?,
    })
}
