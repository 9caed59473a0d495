//! Who changed what, kept so that nothing can be changed or taken out unseen.

use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, row};

use crate::redact::redact;
use crate::{Error, Principal};

/// The hash before the first entry.
const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const COLUMNS: &str = "number, time, tenant, principal, action, target, details, request, address, hash";
const LONGEST_TEXT: usize = 512;
const LONGEST_DETAILS: usize = 16 << 10;
/// Entries that are looked at together.
const AT_ONCE: i64 = 1000;

/// Something that was done, to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Whose things; none for the server's.
    pub tenant: Option<Name>,
    /// Who: the token's id and name.
    pub principal: String,
    /// What was done, as "job.put".
    pub action: String,
    /// To what: the name of a job, the id of a token.
    pub target: String,
    /// What was before and after, or more about it. What looks like a secret is left out, and all of it if it is longer
    /// than 16 KiB.
    pub details: Json,
    /// The request's id.
    pub request: Option<String>,
    /// The address that the request came from.
    pub address: Option<String>,
}

impl Entry {
    /// What somebody did to something of theirs.
    pub fn new(principal: &Principal, action: impl Into<String>, target: impl Into<String>) -> Self {
        Self {
            tenant: principal.tenant.clone(),
            principal: format!("{} ({})", principal.token_id, principal.token_name),
            action: action.into(),
            target: target.into(),
            details: Json::Null,
            request: None,
            address: None,
        }
    }

    /// Whose thing it is, where an operator does something for a tenant.
    #[must_use]
    pub fn tenant(mut self, tenant: &Name) -> Self {
        self.tenant = Some(tenant.clone());
        self
    }

    /// More about it.
    #[must_use]
    pub fn details(mut self, details: Json) -> Self {
        self.details = details;
        self
    }

    /// What was before, and what is after.
    #[must_use]
    pub fn change(self, before: &impl Serialize, after: &impl Serialize) -> Self {
        let json = |result: serde_json::Result<Json>| result.unwrap_or(Json::Null);
        let (before, after) = (json(serde_json::to_value(before)), json(serde_json::to_value(after)));
        self.details(json!({ "before": before, "after": after }))
    }

    /// The request that it was done by.
    #[must_use]
    pub fn request(mut self, id: impl Into<String>) -> Self {
        self.request = Some(id.into());
        self
    }

    /// Where the request came from.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Recorded {
    /// Its number, from 1 without gaps over all tenants.
    pub number: i64,
    /// When, in microseconds since 1970.
    pub time: i64,
    /// Whose things; none for the server's.
    pub tenant: Option<String>,
    /// Who: the token's id and name.
    pub principal: String,
    /// What was done, as "job.put".
    pub action: String,
    /// To what.
    pub target: String,
    /// What was before and after, or more about it.
    pub details: Json,
    /// The request's id.
    pub request: Option<String>,
    /// The address that the request came from.
    pub address: Option<String>,
    /// SHA-256 of this entry and of the hash before it, in hexadecimal.
    pub hash: String,
}

/// An end of the log. Kept outside of the database, it shows later that all up to it is still what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Head {
    /// The number of the last entry, 0 if there is none.
    pub number: i64,
    /// Its hash.
    pub hash: String,
}

/// Which entries are looked for, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this tenant, since it was made; of all and of the server if it is none.
    pub tenant: Option<Name>,
    /// Not before this time, in microseconds since 1970.
    pub since: Option<i64>,
    /// Before this time, in microseconds since 1970.
    pub until: Option<i64>,
}

/// Records what was done, in the transaction that does it. Answers with the entry's number.
///
/// # Errors
/// What the database says.
pub fn record(tx: &mut Transaction<'_>, entry: &Entry) -> Result<i64, Error> {
    let (first, before_first, head) = ends(tx, Lock::Yes)?;
    let number = head.number + 1;
    let mut recorded = Recorded {
        number,
        time: tx.now(),
        tenant: entry.tenant.as_ref().map(Name::to_string),
        principal: cut(&entry.principal),
        action: cut(&entry.action),
        target: cut(&entry.target),
        details: redact(&entry.details),
        request: entry.request.as_deref().map(cut),
        address: entry.address.as_deref().map(cut),
        hash: String::new(),
    };
    let mut details = recorded.details.to_string();
    if details.len() > LONGEST_DETAILS {
        recorded.details = json!({ "left_out": "more than 16 KiB", "bytes": details.len() });
        details = recorded.details.to_string();
    }
    recorded.hash = hash(&recorded, &details, &head.hash);
    tx.execute(
        &format!("insert into audit ({COLUMNS}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"),
        row![
            number,
            recorded.time,
            recorded.tenant.as_deref(),
            recorded.principal,
            recorded.action,
            recorded.target,
            details,
            recorded.request.as_deref(),
            recorded.address.as_deref(),
            recorded.hash.as_str(),
        ],
    )?;
    let end = Head {
        number,
        hash: recorded.hash,
    };
    set_ends(tx, first, &before_first, &end)?;
    Ok(number)
}

/// Entries, the latest first.
///
/// # Errors
/// [`Error::NoTenant`]; [`Error::Invalid`] if `after` is no number.
pub fn list(tx: &mut Transaction<'_>, filter: &AuditFilter, page: &PageRequest) -> Result<Page<Recorded>, Error> {
    let before = match &page.after {
        Some(after) => after
            .parse()
            .map_err(|_| Error::invalid("after", "it is not what a page called `next`"))?,
        None => i64::MAX,
    };
    let mut since = filter.since.unwrap_or(i64::MIN);
    let until = filter.until.unwrap_or(i64::MAX);
    let rows = if let Some(tenant) = &filter.tenant {
        // A tenant of the same name may have been before it.
        since = since.max(crate::tenants::get(tx, tenant)?.created);
        tx.query(
            &format!(
                "select {COLUMNS} from audit where tenant = ?1 and number < ?2 and time >= ?3 and time < ?4
                 order by number desc limit ?5"
            ),
            row![tenant, before, since, until, page.look_for()],
        )?
    } else {
        tx.query(
            &format!(
                "select {COLUMNS} from audit where number < ?1 and time >= ?2 and time < ?3
                 order by number desc limit ?4"
            ),
            row![before, since, until, page.look_for()],
        )?
    };
    let found = rows.iter().map(recorded).collect::<Result<Vec<_>, _>>()?;
    Ok(page.page(found, |entry| entry.number.to_string()))
}

/// The last entry's number and hash.
///
/// # Errors
/// What the database says.
pub fn head(tx: &mut Transaction<'_>) -> Result<Head, Error> {
    Ok(ends(tx, Lock::No)?.2)
}

/// Looks through the whole log for entries that were changed, put in or taken out. Who can write the database can also
/// write a new log with right hashes; `known`, a [`head`] that was noted elsewhere, finds that too. Answers with the
/// number of entries.
///
/// # Errors
/// [`Error::AuditBroken`] with the first entry that is wrong.
pub fn verify(tx: &mut Transaction<'_>, known: Option<&Head>) -> Result<u64, Error> {
    let broken = |number, reason| Err(Error::AuditBroken { number, reason });
    let (first, mut before, end) = ends(tx, Lock::No)?;
    let mut number = first;
    if known.is_some_and(|known| known.number > end.number) {
        return broken(end.number + 1, "the log ends before it");
    }
    let (mut seen, mut after) = (0, i64::MIN);
    loop {
        let rows = tx.query(
            &format!("select {COLUMNS} from audit where number > ?1 order by number limit ?2"),
            row![after, AT_ONCE],
        )?;
        for row in &rows {
            let entry = recorded(row)?;
            if entry.number != number {
                return broken(number.min(entry.number), "an entry was taken out or put in");
            }
            if hash(&entry, &row.get::<String>(6)?, &before) != entry.hash {
                return broken(number, "it, or the one before it, was changed");
            }
            if known.is_some_and(|known| known.number == number && known.hash != entry.hash) {
                return broken(number, "it is not the one that was noted");
            }
            (before, after) = (entry.hash, number);
            number += 1;
            seen += 1;
        }
        if (rows.len() as i64) < AT_ONCE {
            break;
        }
    }
    if number != end.number + 1 || before != end.hash {
        return broken(number, "the log ends before it");
    }
    Ok(seen)
}

/// Forgets the entries before a time, in microseconds since 1970, oldest first and at most 1000 at once; what stays can
/// still be verified. Answers with the number of entries: call it again while it is 1000.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Transaction<'_>, before: i64) -> Result<u64, Error> {
    let (first, _, end) = ends(tx, Lock::Yes)?;
    // Up to the first entry that is to stay: clocks may have jumped, and the log may have no gaps.
    let stays: Option<i64> = tx
        .one("select min(number) from audit where time >= ?1", row![before])?
        .get(0)?;
    let to = stays.unwrap_or(end.number + 1).min(first + AT_ONCE);
    if to <= first {
        return Ok(0);
    }
    let last = tx.one("select hash from audit where number = ?1", row![to - 1])?;
    set_ends(tx, to, &last.get::<String>(0)?, &end)?;
    Ok(tx.execute("delete from audit where number < ?1", row![to])?)
}

/// Whether the log is about to be changed, so that nobody else may change it meanwhile.
#[derive(Clone, Copy)]
enum Lock {
    Yes,
    No,
}

/// The first entry's number, the hash before it, and the last entry.
fn ends(tx: &mut Transaction<'_>, lock: Lock) -> Result<(i64, String, Head), Error> {
    let select = "select first, before_first, last, last_hash from audit_ends where number = 1";
    let row = match lock {
        Lock::Yes => tx.first(&format!("{select} {{for_update}}"), row![])?,
        Lock::No => tx.first(select, row![])?,
    };
    let Some(row) = row else {
        let hash = BEGINNING.to_owned();
        return Ok((1, hash.clone(), Head { number: 0, hash }));
    };
    let head = Head {
        number: row.get(2)?,
        hash: row.get(3)?,
    };
    Ok((row.get(0)?, row.get(1)?, head))
}

fn set_ends(tx: &mut Transaction<'_>, first: i64, before_first: &str, head: &Head) -> Result<(), Error> {
    tx.execute(
        "insert into audit_ends (number, first, before_first, last, last_hash) values (1, ?1, ?2, ?3, ?4)
         on conflict (number) do update set first = excluded.first, before_first = excluded.before_first,
             last = excluded.last, last_hash = excluded.last_hash",
        row![first, before_first, head.number, head.hash.as_str()],
    )?;
    Ok(())
}

fn recorded(row: &Row) -> Result<Recorded, Error> {
    Ok(Recorded {
        number: row.get(0)?,
        time: row.get(1)?,
        tenant: row.get(2)?,
        principal: row.get(3)?,
        action: row.get(4)?,
        target: row.get(5)?,
        // Not JSON any more: somebody has changed it, which verify says.
        details: serde_json::from_str(&row.get::<String>(6)?).unwrap_or(Json::Null),
        request: row.get(7)?,
        address: row.get(8)?,
        hash: row.get(9)?,
    })
}

/// Each text with its length before it, so that nothing can move from one to the next.
fn hash(entry: &Recorded, details: &str, before: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"tenon audit 1\0");
    context.update(&entry.number.to_be_bytes());
    context.update(&entry.time.to_be_bytes());
    let texts = [
        Some(before),
        entry.tenant.as_deref(),
        Some(&entry.principal),
        Some(&entry.action),
        Some(&entry.target),
        Some(details),
        entry.request.as_deref(),
        entry.address.as_deref(),
    ];
    for text in texts {
        // No text is so long.
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        context.update(&length.to_be_bytes());
        context.update(text.unwrap_or("").as_bytes());
    }
    hex::encode(context.finish())
}

fn cut(text: &str) -> String {
    text.chars().filter(|&c| c != '\0').take(LONGEST_TEXT).collect()
}
