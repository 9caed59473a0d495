//! A new text for a token, while the old one goes on for a while.

use serde::{Deserialize, Serialize};
use tenon_metadata::{Name, Transaction, row};

use super::{Issued, TokenText, add_key, get, told};
use crate::Error;
use crate::error::check_version;

/// How long old texts can stay valid at most, in seconds: 30 days.
pub const LONGEST_GRACE: u64 = 30 * 24 * 60 * 60;
/// Texts of a token that are valid at the same time.
const MOST_KEYS: u64 = 10;

/// How a token is rotated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rotation {
    /// How long the texts before stay valid, in seconds, at most 30 days; 0 ends them at once. Default: a day.
    pub grace_seconds: u64,
    /// When the token ends from now on, in microseconds since 1970. Default: as before.
    pub expires: Option<i64>,
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            grace_seconds: 24 * 60 * 60,
            expires: None,
        }
    }
}

/// Gives a token, by its id or name, a new text. Its id, name and scopes stay.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Changed`], [`Error::Invalid`]; [`Error::Quota`] while ten texts of it are valid.
pub fn rotate(
    tx: &mut Transaction<'_>,
    tenant: Option<&Name>,
    token: &str,
    rotation: &Rotation,
    if_version: Option<i64>,
) -> Result<Issued, Error> {
    let now = tx.now();
    if rotation.grace_seconds > LONGEST_GRACE {
        let reason = format!("{} is more than {LONGEST_GRACE}", rotation.grace_seconds);
        return Err(Error::invalid("grace_seconds", reason));
    }
    if rotation.expires.is_some_and(|expires| expires <= now) {
        return Err(Error::invalid("expires", "it is over already"));
    }
    let id = get(tx, tenant, token)?.id;
    tx.one("select id from tokens where id = ?1 {for_update}", row![id.as_str()])?;
    let found = get(tx, tenant, &id)?;
    check_version("token", token, if_version, found.version)?;
    if rotation.expires.or(found.expires).is_some_and(|expires| expires <= now) {
        return Err(Error::invalid(
            "expires",
            "the token has ended; say when it ends from now on",
        ));
    }
    let until = now.saturating_add(rotation.grace_seconds as i64 * 1_000_000);
    tx.execute(
        "update token_keys set until = ?2 where token = ?1 and (until is null or until > ?2)",
        row![id.as_str(), until],
    )?;
    tx.execute(
        "delete from token_keys where token = ?1 and until <= ?2",
        row![id.as_str(), now],
    )?;
    let keys: u64 = tx
        .one("select count(*) from token_keys where token = ?1", row![id.as_str()])?
        .get(0)?;
    if keys >= MOST_KEYS {
        return Err(Error::Quota {
            tenant: tenant.map_or_else(|| "the operator".to_owned(), Name::to_string),
            what: "texts of a token that are valid at the same time",
            limit: MOST_KEYS,
            used: keys + 1,
        });
    }
    let text = TokenText::generate()?;
    add_key(tx, &id, &text)?;
    tx.execute(
        "update tokens set version = version + 1, expires = coalesce(?2, expires) where id = ?1",
        row![id.as_str(), rotation.expires],
    )?;
    let token = get(tx, tenant, &id)?;
    told(tx, &token, "token.rotated")?;
    Ok(Issued { token, text })
}
