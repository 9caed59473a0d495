//! Tokens: who may ask for what.

mod authenticator;
mod rotation;
mod text;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tenon_events::{Event, emit};
use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, id, row};

use crate::{Error, Principal, Scope, tenants};

pub use authenticator::Authenticator;
pub use rotation::{LONGEST_GRACE, Rotation, rotate};
pub use text::{PREFIX, TokenText};

/// Most tokens of a tenant, and of the operator.
pub const MOST: u32 = 1000;
/// How long a use is not written down after the one before, in microseconds.
const USED_EVERY: i64 = 60_000_000;
const COLUMNS: &str = "id, owner, name, scopes, created, created_by, expires, last_used, version";

/// A token, without what is secret of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Token {
    /// Its id: `tok_...`.
    pub id: String,
    /// Whose; none for the operator's.
    pub tenant: Option<Name>,
    /// Its name, unlike that of any other of its owner.
    pub name: Name,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// When it was made, in microseconds since 1970.
    pub created: i64,
    /// By whom: a token's id.
    pub created_by: Option<String>,
    /// When it ends, in microseconds since 1970; none if it does not.
    pub expires: Option<i64>,
    /// When it was last used, to the minute, in microseconds since 1970.
    pub last_used: Option<i64>,
    /// Counts changes, from 1.
    pub version: i64,
}

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenInput {
    /// Its name, unlike that of any other of its owner.
    pub name: Name,
    /// What it allows, at least one. `server` is for the operator's tokens, which have no other scope.
    pub scopes: Vec<Scope>,
    /// When it ends, in microseconds since 1970. Default: it does not.
    #[serde(default)]
    pub expires: Option<i64>,
}

/// A token that was just made: the only time that its text is there.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The token.
    pub token: Token,
    /// Its text, to be sent with requests.
    pub text: TokenText,
}

/// Makes a token of a tenant, or of the operator.
///
/// # Errors
/// [`Error::NoTenant`], [`Error::Exists`], [`Error::Invalid`], [`Error::Quota`].
pub fn create(
    tx: &mut Transaction<'_>,
    tenant: Option<&Name>,
    input: &TokenInput,
    by: &Principal,
) -> Result<Issued, Error> {
    create_with(tx, tenant, input, Some(&by.token_id), TokenText::generate()?)
}

/// Sees to it that the operator has a token. With a text given, from the environment, that one is valid from now on, as
/// token `bootstrap`, in place of one given before; without one, a token is made if the operator has none that is valid,
/// and answered, to be shown once.
///
/// # Errors
/// [`Error::Invalid`] if the text given is not one that [`TokenText::generate`] made.
pub fn bootstrap(tx: &mut Transaction<'_>, given: Option<&str>) -> Result<Option<Issued>, Error> {
    let name = Name::new("bootstrap").map_err(|error| Error::invalid("name", error.to_string()))?;
    let input = TokenInput {
        name: name.clone(),
        scopes: vec![Scope::Server],
        expires: None,
    };
    let found = find(tx, None, name.as_str())?;
    let Some(given) = given else {
        let now = tx.now();
        let live: i64 = tx
            .one(
                "select count(*) from tokens where owner = '' and (expires is null or expires > ?1)",
                row![now],
            )?
            .get(0)?;
        if live > 0 {
            return Ok(None);
        }
        if let Some(found) = found {
            remove(tx, &found)?;
        }
        return create_with(tx, None, &input, None, TokenText::generate()?).map(Some);
    };
    let text = TokenText::parse(given).map_err(|_| {
        Error::invalid(
            "the operator's token",
            "it has to be one that this program made: `tnn_` and 58 digits",
        )
    })?;
    if let Some(found) = found {
        let known = tx.first(
            "select token from token_keys where hash = ?1 and token = ?2",
            row![hex::encode(text.hash()), found.id.as_str()],
        )?;
        if known.is_some() {
            return Ok(None);
        }
        remove(tx, &found)?;
    }
    create_with(tx, None, &input, None, text)?;
    Ok(None)
}

/// Who has a token: valid now, of a tenant that is there.
///
/// # Errors
/// [`Error::BadToken`], whatever is wrong.
pub fn authenticate(tx: &mut Transaction<'_>, text: &str) -> Result<Principal, Error> {
    Ok(authenticated(tx, &TokenText::parse(text)?)?.principal)
}

/// Writes down that a token is used, at most once a minute.
///
/// # Errors
/// What the database says.
pub fn used(tx: &mut Transaction<'_>, token_id: &str) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(
        "update tokens set last_used = ?2 where id = ?1 and (last_used is null or last_used <= ?3)",
        row![token_id, now, now - USED_EVERY],
    )?;
    Ok(())
}

/// A token of a tenant or of the operator, by its id or name.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(tx: &mut Transaction<'_>, tenant: Option<&Name>, token: &str) -> Result<Token, Error> {
    find(tx, tenant, token)?.ok_or_else(|| Error::not_found("token", token))
}

/// The tokens of a tenant, or of the operator, by name.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Transaction<'_>, tenant: Option<&Name>, page: &PageRequest) -> Result<Page<Token>, Error> {
    let after = page.after.as_deref().unwrap_or("");
    let rows = tx.query(
        &format!("select {COLUMNS} from tokens where owner = ?1 and name > ?2 order by name limit ?3"),
        row![owner(tenant), after, page.look_for()],
    )?;
    let found = rows.iter().map(token).collect::<Result<Vec<_>, _>>()?;
    Ok(page.page(found, |token| token.name.to_string()))
}

/// Makes a token, by its id or name, invalid at once. All servers forget it when this is committed.
///
/// # Errors
/// [`Error::NotFound`].
pub fn revoke(tx: &mut Transaction<'_>, tenant: Option<&Name>, token: &str) -> Result<(), Error> {
    let token = get(tx, tenant, token)?;
    remove(tx, &token)?;
    told(tx, &token, "token.revoked")
}

/// Forgets tokens that ended before a time, in microseconds since 1970, and keys whose rotation is over.
///
/// # Errors
/// What the database says.
pub fn forget_expired(tx: &mut Transaction<'_>, before: i64) -> Result<u64, Error> {
    let now = tx.now();
    tx.execute("delete from token_keys where until <= ?1", row![now])?;
    tx.execute(
        "delete from token_keys where token in (select id from tokens where expires < ?1)",
        row![before],
    )?;
    Ok(tx.execute("delete from tokens where expires < ?1", row![before])?)
}

/// Who has a token, and what has to be known to remember it.
#[derive(Clone, Debug)]
pub(crate) struct Authenticated {
    pub principal: Principal,
    /// When it ends, in microseconds since 1970.
    pub until: i64,
    /// Whether its use should be written down.
    pub note_use: bool,
}

pub(crate) fn authenticated(tx: &mut Transaction<'_>, text: &TokenText) -> Result<Authenticated, Error> {
    let now = tx.now();
    let hash = hex::encode(text.hash());
    // The index tells how long the prefix took to find, which helps nobody: the rest is compared in constant time.
    let rows = tx.query(
        "select k.hash, k.until, t.id, t.owner, t.name, t.scopes, t.expires, t.last_used
         from token_keys k join tokens t on t.id = k.token where k.prefix = ?1",
        row![prefix(&hash)],
    )?;
    for row in rows {
        let stored: String = row.get(0)?;
        if !bool::from(stored.as_bytes().ct_eq(hash.as_bytes())) {
            continue;
        }
        let until: Option<i64> = row.get(1)?;
        let expires: Option<i64> = row.get(6)?;
        let until = until.unwrap_or(i64::MAX).min(expires.unwrap_or(i64::MAX));
        if until <= now {
            return Err(Error::BadToken);
        }
        let tenant = owned_by(&row, 3)?;
        let suspended = match &tenant {
            Some(name) => {
                let found = tenants::get(tx, name).map_err(|error| match error {
                    Error::NoTenant { .. } => Error::BadToken,
                    error => error,
                })?;
                found.state == tenants::TenantState::Suspended
            }
            None => false,
        };
        let last_used: Option<i64> = row.get(7)?;
        return Ok(Authenticated {
            principal: Principal {
                tenant,
                token_id: row.get(2)?,
                token_name: row.get(4)?,
                scopes: scopes(&row.get::<String>(5)?)?,
                suspended,
            },
            until,
            note_use: last_used.is_none_or(|last| last <= now - USED_EVERY),
        });
    }
    Err(Error::BadToken)
}

fn create_with(
    tx: &mut Transaction<'_>,
    tenant: Option<&Name>,
    input: &TokenInput,
    by: Option<&str>,
    text: TokenText,
) -> Result<Issued, Error> {
    let now = tx.now();
    if let Some(tenant) = tenant {
        tenants::get(tx, tenant)?;
    }
    let mut scopes = input.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Error::invalid(
            "scopes",
            "there is none, so that it would allow nothing",
        ));
    }
    if scopes.contains(&Scope::Server) != tenant.is_none() || (tenant.is_none() && scopes.len() > 1) {
        let reason =
            "tokens of the operator have `server`, which allows everything, and those of tenants never have it";
        return Err(Error::invalid("scopes", reason));
    }
    if input.expires.is_some_and(|expires| expires <= now) {
        return Err(Error::invalid("expires", "it is over already"));
    }
    if find(tx, tenant, input.name.as_str())?.is_some() {
        return Err(Error::Exists {
            what: "token",
            name: input.name.to_string(),
        });
    }
    let count: i64 = tx
        .one("select count(*) from tokens where owner = ?1", row![owner(tenant)])?
        .get(0)?;
    if count >= i64::from(MOST) {
        return Err(Error::Quota {
            tenant: tenant.map_or_else(|| "the operator".to_owned(), Name::to_string),
            what: "tokens",
            limit: u64::from(MOST),
            used: u64::from(MOST) + 1,
        });
    }
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let row = tx.one(
        &format!(
            "insert into tokens (id, owner, name, scopes, created, created_by, expires, version)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1) returning {COLUMNS}"
        ),
        row![
            id("tok"),
            owner(tenant),
            &input.name,
            scopes.join(" "),
            now,
            by,
            input.expires
        ],
    )?;
    let token = token(&row)?;
    add_key(tx, &token.id, &text)?;
    told(tx, &token, "token.created")?;
    Ok(Issued { token, text })
}

fn add_key(tx: &mut Transaction<'_>, token: &str, text: &TokenText) -> Result<(), Error> {
    let now = tx.now();
    let hash = hex::encode(text.hash());
    tx.execute(
        "insert into token_keys (hash, prefix, token, created) values (?1, ?2, ?3, ?4)",
        row![hash.as_str(), prefix(&hash), token, now],
    )?;
    Ok(())
}

fn remove(tx: &mut Transaction<'_>, token: &Token) -> Result<(), Error> {
    tx.execute("delete from token_keys where token = ?1", row![token.id.as_str()])?;
    tx.execute("delete from tokens where id = ?1", row![token.id.as_str()])?;
    tx.notify("tokens", &token.id);
    Ok(())
}

fn told(tx: &mut Transaction<'_>, token: &Token, kind: &str) -> Result<(), Error> {
    let data = serde_json::json!({ "name": token.name, "scopes": token.scopes, "expires": token.expires });
    let mut event = Event::new(kind).subject(token.id.as_str()).data(data);
    if let Some(tenant) = &token.tenant {
        event = event.tenant(tenant.as_str());
    }
    emit(tx, &event)?;
    tx.notify("tokens", &token.id);
    Ok(())
}

fn find(tx: &mut Transaction<'_>, tenant: Option<&Name>, token_or_name: &str) -> Result<Option<Token>, Error> {
    let row = tx.first(
        &format!("select {COLUMNS} from tokens where owner = ?1 and (id = ?2 or name = ?2) order by id = ?2 desc"),
        row![owner(tenant), token_or_name],
    )?;
    row.as_ref().map(token).transpose()
}

fn owner(tenant: Option<&Name>) -> &str {
    tenant.map_or("", Name::as_str)
}

fn prefix(hash: &str) -> &str {
    hash.get(..16).unwrap_or(hash)
}

fn owned_by(row: &Row, column: usize) -> Result<Option<Name>, Error> {
    match row.get::<String>(column)?.as_str() {
        "" => Ok(None),
        _ => tenants::name(row, column).map(Some),
    }
}

fn scopes(text: &str) -> Result<Vec<Scope>, Error> {
    let scope = |name: &str| {
        let all = [Scope::Read, Scope::Run, Scope::Write, Scope::Admin, Scope::Server];
        let found = all.into_iter().find(|scope| scope.as_str() == name);
        found.ok_or_else(|| Error::invalid("what the database holds", "a token has a scope that is not known"))
    };
    text.split_whitespace().map(scope).collect()
}

fn token(row: &Row) -> Result<Token, Error> {
    Ok(Token {
        id: row.get(0)?,
        tenant: owned_by(row, 1)?,
        name: tenants::name(row, 2)?,
        scopes: scopes(&row.get::<String>(3)?)?,
        created: row.get(4)?,
        created_by: row.get(5)?,
        expires: row.get(6)?,
        last_used: row.get(7)?,
        version: row.get(8)?,
    })
}
