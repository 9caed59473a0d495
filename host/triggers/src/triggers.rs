//! Making, changing and removing triggers, and starting them by hand.

use serde_json::{Map, Value};
use tenon_metadata::{Name, Page, PageRequest, Transaction, row};
use tenon_tenants::quotas;

use crate::definition::{Definition, When};
use crate::error::Error;
use crate::fire::{Cause, Fired, Started, fire};
use crate::pending;
use crate::trigger::{PROBE, State, Stored, Trigger, date, source};
use crate::workflows::Workflows;

/// Makes a trigger, and activates it if asked to.
///
/// # Errors
/// [`Error::Exists`], [`Error::Invalid`], the tenant's quota, and what the database says.
pub fn create(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    name: &Name,
    definition: &Definition,
    activate: bool,
) -> Result<Trigger, Error> {
    let now = tx.now();
    definition.check(date(now))?;
    let count: u64 = tx
        .one("select count(*) from triggers where tenant = ?1", row![tenant])?
        .get(0)?;
    let limit = quotas::of(tx, tenant)?.triggers;
    quotas::check(tenant, "triggers", limit.into(), count + 1)?;
    let id = tenon_metadata::id("trigger");
    let made = tx.execute(
        "insert into triggers (tenant, name, id, version, state, source, definition, created, changed, postponed,
             pending, failures)
         values (?1, ?2, ?3, 1, 'CREATED', ?4, ?5, ?6, ?6, 0, 0, 0) on conflict (tenant, name) do nothing",
        row![tenant, name, id, source(definition), text(definition)?, now],
    )?;
    if made == 0 {
        return Err(Error::Exists {
            trigger: name.to_string(),
        });
    }
    if activate {
        let stored = Stored::of(tx, tenant, name)?;
        arm(tx, &stored.trigger)?;
    }
    tx.notify(crate::TOPIC, name.as_str());
    get(tx, tenant, name)
}

/// A tenant's trigger.
///
/// # Errors
/// [`Error::UnknownTrigger`], and what the database says.
pub fn get(tx: &mut Transaction<'_>, tenant: &Name, name: &Name) -> Result<Trigger, Error> {
    let sql = format!(
        "select {} from triggers where tenant = ?1 and name = ?2",
        Stored::COLUMNS
    );
    let row = tx.first(&sql, row![tenant, name])?;
    let row = row.ok_or_else(|| Error::UnknownTrigger {
        trigger: name.to_string(),
    })?;
    Stored::read(&row).map(|stored| stored.trigger)
}

/// A tenant's triggers, by name.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Transaction<'_>, tenant: &Name, page: &PageRequest) -> Result<Page<Trigger>, Error> {
    let sql = format!(
        "select {} from triggers where tenant = ?1 and name > ?2 order by name limit ?3",
        Stored::COLUMNS
    );
    let after = page.after.as_deref().unwrap_or("");
    let rows = tx.query(&sql, row![tenant, after, page.look_for()])?;
    let found = rows
        .iter()
        .map(|row| Stored::read(row).map(|stored| stored.trigger))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(page.page(found, |trigger| trigger.name.to_string()))
}

/// Changes what a trigger waits for and starts. If it waits for something else now, it begins to wait anew, and events
/// that waited for their batch are forgotten.
///
/// # Errors
/// [`Error::UnknownTrigger`], [`Error::Changed`], [`Error::Invalid`], and what the database says.
pub fn update(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    name: &Name,
    definition: &Definition,
    if_version: Option<i64>,
) -> Result<Trigger, Error> {
    let now = tx.now();
    definition.check(date(now))?;
    let stored = at_version(tx, tenant, name, if_version)?;
    tx.execute(
        "update triggers set definition = ?2, source = ?3 where id = ?1",
        row![&stored.trigger.id, text(definition)?, source(definition)],
    )?;
    if stored.trigger.definition.when != definition.when {
        disarm(tx, &stored.trigger)?;
        if stored.is_active() {
            arm(
                tx,
                &Trigger {
                    definition: definition.clone(),
                    ..stored.trigger
                },
            )?;
        }
    }
    changed(tx, tenant, name)
}

/// Removes a trigger with its history.
///
/// # Errors
/// [`Error::UnknownTrigger`], [`Error::Changed`], and what the database says.
pub fn delete(tx: &mut Transaction<'_>, tenant: &Name, name: &Name, if_version: Option<i64>) -> Result<(), Error> {
    let stored = at_version(tx, tenant, name, if_version)?;
    remove(tx, &stored.trigger.id)?;
    tx.notify(crate::TOPIC, name.as_str());
    Ok(())
}

/// Removes all triggers of a tenant.
///
/// # Errors
/// What the database says.
pub fn delete_all(tx: &mut Transaction<'_>, tenant: &Name) -> Result<u64, Error> {
    let ids = tx.query("select id from triggers where tenant = ?1", row![tenant])?;
    for id in &ids {
        remove(tx, &id.get::<String>(0)?)?;
    }
    tx.notify(crate::TOPIC, "");
    Ok(ids.len() as u64)
}

/// A trigger begins to wait. What happened before is not made up for.
///
/// # Errors
/// [`Error::UnknownTrigger`], [`Error::Changed`]; [`Error::Invalid`] if its schedule is never due again.
pub fn activate(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    name: &Name,
    if_version: Option<i64>,
) -> Result<Trigger, Error> {
    let stored = at_version(tx, tenant, name, if_version)?;
    if stored.is_active() {
        return Ok(stored.trigger);
    }
    arm(tx, &stored.trigger)?;
    changed(tx, tenant, name)
}

/// A trigger no longer waits. Events that waited for their batch are forgotten.
///
/// # Errors
/// [`Error::UnknownTrigger`], [`Error::Changed`], and what the database says.
pub fn deactivate(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    name: &Name,
    if_version: Option<i64>,
) -> Result<Trigger, Error> {
    let stored = at_version(tx, tenant, name, if_version)?;
    if stored.trigger.state == State::Deactivated {
        return Ok(stored.trigger);
    }
    disarm(tx, &stored.trigger)?;
    tx.execute(
        "update triggers set state = 'DEACTIVATED' where id = ?1",
        row![&stored.trigger.id],
    )?;
    changed(tx, tenant, name)
}

/// Starts a trigger by hand, whatever it waits for and whether or not it does. `arguments` go over those of its actions.
/// With a `key`, asking again with the same one within 24 hours answers with the same runs.
///
/// # Errors
/// [`Error::UnknownTrigger`]; [`Error::Refused`] if an action can't be started, [`Error::Full`] if the queue is. What
/// other actions of it started is undone then.
pub fn start(
    tx: &mut Transaction<'_>,
    workflows: &dyn Workflows,
    tenant: &Name,
    name: &Name,
    arguments: &Map<String, Value>,
    key: Option<&str>,
) -> Result<Vec<Started>, Error> {
    let trigger = Stored::of(tx, tenant, name)?.trigger;
    let now = tx.now();
    let key = key.map_or_else(|| tenon_metadata::id("start"), str::to_owned);
    let cause = Cause {
        key: format!("start:{key}"),
        due: now,
        now,
        events: &[],
        depth: 0,
        given: arguments.clone(),
    };
    let refused = |reason| Error::Refused {
        trigger: name.to_string(),
        reason,
    };
    match fire(tx, workflows, &trigger, &cause)? {
        Fired::Done { started, refused: None } => Ok(started),
        Fired::Done {
            refused: Some(reason), ..
        } => Err(refused(reason)),
        Fired::Full { reason, retry_after } => {
            let (trigger, tenant) = (name.to_string(), tenant.to_string());
            Err(Error::Full {
                trigger,
                tenant,
                reason,
                retry_after,
            })
        }
    }
}

/// It waits from now on.
fn arm(tx: &mut Transaction<'_>, trigger: &Trigger) -> Result<(), Error> {
    let now = tx.now();
    let (mut next_due, mut next_fire) = (None, None);
    if let When::Schedule(schedule) = &trigger.definition.when {
        let due = schedule.next_after(date(now));
        let due = due.ok_or_else(|| Error::invalid("when.schedule", "it is never due again"))?;
        next_due = Some(due.timestamp_micros());
        next_fire = Some((due + schedule.jitter(&trigger.id)).timestamp_micros());
    }
    let look_due = (source(&trigger.definition) == PROBE).then_some(now);
    tx.execute(
        "update triggers set state = 'ACTIVATED', activated = ?2, next_due = ?3, next_fire = ?4, postponed = 0,
             look_due = ?5, look_cursor = null, failures = 0, last_error = null
         where id = ?1",
        row![&trigger.id, now, next_due, next_fire, look_due],
    )?;
    Ok(())
}

/// It waits for nothing.
fn disarm(tx: &mut Transaction<'_>, trigger: &Trigger) -> Result<(), Error> {
    pending::clear(tx, trigger)?;
    tx.execute(
        "update triggers set next_due = null, next_fire = null, postponed = 0, look_due = null, look_cursor = null,
             failures = 0
         where id = ?1",
        row![&trigger.id],
    )?;
    Ok(())
}

fn at_version(tx: &mut Transaction<'_>, tenant: &Name, name: &Name, if_version: Option<i64>) -> Result<Stored, Error> {
    let stored = Stored::of(tx, tenant, name)?;
    let found = stored.trigger.version;
    match if_version {
        Some(expected) if expected != found => Err(Error::Changed {
            trigger: name.to_string(),
            expected,
            found,
        }),
        _ => Ok(stored),
    }
}

/// Notes a change, and tells the drivers.
fn changed(tx: &mut Transaction<'_>, tenant: &Name, name: &Name) -> Result<Trigger, Error> {
    let now = tx.now();
    tx.execute(
        "update triggers set changed = ?3, version = version + 1 where tenant = ?1 and name = ?2",
        row![tenant, name, now],
    )?;
    tx.notify(crate::TOPIC, name.as_str());
    get(tx, tenant, name)
}

fn remove(tx: &mut Transaction<'_>, id: &str) -> Result<(), Error> {
    tx.execute("delete from trigger_pending where trigger_id = ?1", row![id])?;
    tx.execute("delete from trigger_firings where trigger_id = ?1", row![id])?;
    tx.execute("delete from trigger_deliveries where trigger_id = ?1", row![id])?;
    tx.execute("delete from triggers where id = ?1", row![id])?;
    Ok(())
}

fn text(definition: &Definition) -> Result<String, Error> {
    serde_json::to_string(definition).map_err(|error| Error::invalid("definition", error))
}
