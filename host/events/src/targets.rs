//! The targets of a tenant, kept.

use std::str::FromStr;

use lettre::Address;
use lettre::message::Mailbox;
use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, Value, row};
use url::Url;

use crate::sequence::{last_position, sequence};
use crate::template::Template;
use crate::{Destination, Error, Guard, NewTarget, Target};

/// Targets that a tenant may have.
pub const MOST_TARGETS: usize = 50;
const MOST_KINDS: usize = 100;
const MOST_RECIPIENTS: usize = 20;
const LONGEST_URL: usize = 2048;
const LOCKED: &str = "{for_update}";

const COLUMNS: &str = "name, version, enabled, destination, filter, disabled_because, failures, created, changed";

/// Makes a target; it is told of what happens from now on.
///
/// # Errors
/// [`Error::TargetExists`], [`Error::TooManyTargets`], [`Error::InvalidTarget`], [`Error::Condition`],
/// [`Error::Refused`], or what the database says.
pub fn create_target(
    tx: &mut Transaction<'_>,
    guard: &Guard,
    tenant: &str,
    target: &NewTarget,
) -> Result<Target, Error> {
    check(guard, target)?;
    let count: i64 = tx
        .one("select count(*) from event_targets where tenant = ?1", row![tenant])?
        .get(0)?;
    if count >= MOST_TARGETS as i64 {
        return Err(Error::TooManyTargets {
            tenant: tenant.to_owned(),
            limit: MOST_TARGETS,
        });
    }
    let position = now_position(tx)?;
    let created = tx.execute(
        "insert into event_targets (tenant, name, id, version, enabled, destination, filter, created, changed, position,
                                    failures, due, lease_until)
         values (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?7, ?8, 0, 0, 0) on conflict (tenant, name) do nothing",
        row![
            tenant,
            &target.name,
            tenon_metadata::id("target"),
            target.enabled,
            json(&target.destination)?,
            json(&target.filter)?,
            tx.now(),
            position
        ],
    )?;
    if created == 0 {
        return Err(Error::TargetExists {
            name: target.name.to_string(),
        });
    }
    get_target(tx, tenant, target.name.as_str())
}

/// Changes a target to what is given, if it has the version that is expected. Enabling it begins with what happens from
/// now on, besides deliveries that still wait.
///
/// # Errors
/// As [`create_target`], [`Error::NoSuchTarget`], [`Error::TargetChanged`].
pub fn update_target(
    tx: &mut Transaction<'_>,
    guard: &Guard,
    tenant: &str,
    target: &NewTarget,
    if_version: Option<i64>,
) -> Result<Target, Error> {
    check(guard, target)?;
    let before = find(tx, tenant, target.name.as_str(), LOCKED)?;
    expect_version(&before, if_version)?;
    let position = if target.enabled && !before.enabled {
        Some(now_position(tx)?)
    } else {
        None
    };
    tx.execute(
        "update event_targets set version = version + 1, enabled = ?3, destination = ?4, filter = ?5, changed = ?6,
             position = coalesce(?7, position), disabled_because = null, failures = 0, due = 0
         where tenant = ?1 and name = ?2",
        row![
            tenant,
            &target.name,
            target.enabled,
            json(&target.destination)?,
            json(&target.filter)?,
            tx.now(),
            position
        ],
    )?;
    tx.notify(crate::delivery::DUE, "");
    get_target(tx, tenant, target.name.as_str())
}

/// Removes a target, and what waits for it.
///
/// # Errors
/// [`Error::NoSuchTarget`], [`Error::TargetChanged`], or what the database says.
pub fn remove_target(tx: &mut Transaction<'_>, tenant: &str, name: &str, if_version: Option<i64>) -> Result<(), Error> {
    let before = find(tx, tenant, name, LOCKED)?;
    expect_version(&before, if_version)?;
    // Its deliveries may be many: retention removes them in small batches.
    tx.execute(
        "insert into event_targets_removed (id) select id from event_targets where tenant = ?1 and name = ?2",
        row![tenant, name],
    )?;
    tx.execute(
        "delete from event_targets where tenant = ?1 and name = ?2",
        row![tenant, name],
    )?;
    Ok(())
}

/// A target.
///
/// # Errors
/// [`Error::NoSuchTarget`], or what the database says.
pub fn get_target(tx: &mut Transaction<'_>, tenant: &str, name: &str) -> Result<Target, Error> {
    find(tx, tenant, name, "")
}

fn find(tx: &mut Transaction<'_>, tenant: &str, name: &str, lock: &str) -> Result<Target, Error> {
    let sql = format!("select {COLUMNS} from event_targets where tenant = ?1 and name = ?2 {lock}");
    let row = tx.first(&sql, row![tenant, name])?;
    let row = row.ok_or_else(|| Error::NoSuchTarget { name: name.to_owned() })?;
    from_row(&row)
}

/// A tenant's targets, by name.
///
/// # Errors
/// What the database says.
pub fn list_targets(tx: &mut Transaction<'_>, tenant: &str, page: &PageRequest) -> Result<Page<Target>, Error> {
    let sql = format!("select {COLUMNS} from event_targets where tenant = ?1 and name > ?2 order by name limit ?3");
    let after = page.after.as_deref().unwrap_or_default();
    let rows = tx.query(&sql, row![tenant, after, page.look_for()])?;
    let targets = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    Ok(page.page(targets, |target| target.name.to_string()))
}

fn now_position(tx: &mut Transaction<'_>) -> Result<i64, Error> {
    while sequence(tx)? > 0 {}
    Ok(last_position(tx)?)
}

fn expect_version(target: &Target, expected: Option<i64>) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != target.version => Err(Error::TargetChanged {
            name: target.name.to_string(),
            found: target.version,
            expected,
        }),
        _ => Ok(()),
    }
}

fn check(guard: &Guard, target: &NewTarget) -> Result<(), Error> {
    let wrong = |reason: String| Error::InvalidTarget {
        name: target.name.to_string(),
        reason,
    };
    if target.filter.kinds.len() > MOST_KINDS || target.filter.kinds.iter().any(|kind| kind.len() > 200) {
        return Err(wrong(format!("it has more than {MOST_KINDS} kinds, or very long ones")));
    }
    target.filter.compile()?;
    let templates: &[&String] = match &target.destination {
        Destination::Webhook(webhook) => {
            if webhook.url.len() > LONGEST_URL {
                return Err(wrong(format!("its URL is longer than {LONGEST_URL} bytes")));
            }
            let url = Url::parse(&webhook.url).map_err(|error| wrong(format!("its URL is none: {error}")))?;
            guard.check_url(&url)?;
            &[]
        }
        Destination::Email(email) => {
            if email.to.is_empty() || email.to.len() > MOST_RECIPIENTS {
                return Err(wrong(format!("it needs 1 to {MOST_RECIPIENTS} addresses in `to`")));
            }
            for address in &email.to {
                Address::from_str(address).map_err(|_| wrong(format!("`{address}` is no address of e-mail")))?;
            }
            if let Some(from) = &email.from {
                Mailbox::from_str(from).map_err(|_| wrong(format!("`{from}` is no address of e-mail")))?;
            }
            &[&email.subject, &email.body]
        }
        Destination::Slack(slack) => &[&slack.text],
    };
    for template in templates {
        Template::parse(template).map_err(&wrong)?;
    }
    Ok(())
}

fn json(value: &impl serde::Serialize) -> Result<Value, Error> {
    let text = serde_json::to_string(value).map_err(|error| Error::Setting {
        setting: "target",
        reason: error.to_string(),
    })?;
    Ok(Value::Text(text))
}

fn from_row(row: &Row) -> Result<Target, Error> {
    let name: String = row.get(0)?;
    let broken = |reason: String| Error::InvalidTarget {
        name: name.clone(),
        reason,
    };
    let parsed: Result<Name, _> = name.parse();
    Ok(Target {
        name: parsed.map_err(|error| broken(error.to_string()))?,
        version: row.get(1)?,
        enabled: row.get(2)?,
        destination: serde_json::from_value(row.get(3)?).map_err(|error| broken(error.to_string()))?,
        filter: serde_json::from_value(row.get(4)?).map_err(|error| broken(error.to_string()))?,
        disabled_because: row.get(5)?,
        failures: row.get(6)?,
        created: row.get(7)?,
        changed: row.get(8)?,
    })
}
