//! A webhook's call fires its trigger.

use serde::{Deserialize, Serialize};
use serde_json::json;
use tenon_metadata::{Name, Transaction, row};
use tenon_tenants::quotas;
use utoipa::ToSchema;

use crate::definition::{Source, Webhook, When};
use crate::error::Error;
use crate::pending::{Deferred, Item, offer};
use crate::trigger::{State, Stored, Trigger, micros};
use crate::triggers;
use crate::webhook::Delivery;
use crate::workflows::Workflows;

/// How long ids of deliveries are remembered, in seconds: those who deliver again do it within a day or so.
const REMEMBERED: u64 = 3 * 86_400;
/// How many are forgotten in one transaction, so that others need not wait long for their turn.
const FORGOTTEN_TOGETHER: u32 = 1000;
/// In seconds.
const MINUTE: u64 = 60;

/// What came of a webhook's call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Received {
    /// Whether it is new; otherwise it had been delivered before, and nothing was done.
    pub fresh: bool,
}

/// What the webhook of a trigger needs to [verify](Webhook::verify) a call. It is only looked at.
///
/// # Errors
/// [`Error::UnknownTrigger`]; [`Error::NotListening`] if it is not activated or waits for something else.
pub fn webhook(tx: &mut Transaction<'_>, tenant: &Name, name: &Name) -> Result<Webhook, Error> {
    listening(&triggers::get(tx, tenant, name)?).cloned()
}

/// Checks that the tenant has not had as many calls within a minute as its quota says, of all of its triggers together. It
/// is only looked at, so that calls at the same time do not wait for each other: some more may come through.
///
/// # Errors
/// [`Error::Tenants`]: the sender may try again.
pub fn check_rate(tx: &mut Transaction<'_>, tenant: &Name) -> Result<(), Error> {
    let since = tx.now() - micros(MINUTE);
    // Trigger by trigger: by the time alone, each call would go through all tenants' calls of that minute.
    let row = tx.one(
        "select cast(coalesce(sum(
                 (select count(*) from trigger_deliveries d where d.trigger_id = t.id and d.time > ?2)), 0) as bigint)
         from triggers t where t.tenant = ?1",
        row![tenant, since],
    )?;
    let (count, limit): (u64, _) = (row.get(0)?, quotas::of(tx, tenant)?.events_per_minute);
    quotas::check(tenant, "events_per_minute", limit.into(), count + 1)?;
    Ok(())
}

/// Takes in a call that has been [verified](Webhook::verify): it fires the trigger, or waits for its batch or for room
/// in the queue. Either is durable with the transaction.
///
/// # Errors
/// As [`webhook`]; [`Error::Full`] if only some of the actions could be started: nothing is done then, and the sender may
/// try again.
pub fn receive(
    tx: &mut Transaction<'_>,
    workflows: &dyn Workflows,
    tenant: &Name,
    name: &Name,
    delivery: &Delivery,
) -> Result<Received, Error> {
    let stored = Stored::of(tx, tenant, name)?;
    listening(&stored.trigger)?;
    let (id, now) = (&stored.trigger.id, tx.now());
    let key = delivery.id.clone().unwrap_or_else(|| tenon_metadata::id("delivery"));
    let new = tx.execute(
        "insert into trigger_deliveries (trigger_id, delivery, time) values (?1, ?2, ?3)
         on conflict (trigger_id, delivery) do nothing",
        row![id, key.as_str(), now],
    )?;
    if new == 0 {
        return Ok(Received { fresh: false });
    }
    let value = json!({ "kind": &delivery.kind, "id": &delivery.id, "time": now, "body": &delivery.body });
    let item = Item::new(format!("delivery:{key}"), 0, value, "body");
    offer(tx, workflows, &stored, &[item], now, &Deferred::new())?;
    // For the driver, which may have to wait for the end of a window.
    tx.notify(crate::TOPIC, name.as_str());
    Ok(Received { fresh: true })
}

/// Forgets some ids of deliveries that are old. Answers whether there may be more.
pub(crate) fn forget(tx: &mut Transaction<'_>, now: i64) -> Result<bool, Error> {
    let forgotten = tx.execute(
        "delete from trigger_deliveries where (trigger_id, delivery) in
             (select trigger_id, delivery from trigger_deliveries where time < ?1 order by time limit ?2)",
        row![now - micros(REMEMBERED), FORGOTTEN_TOGETHER],
    )?;
    Ok(forgotten >= u64::from(FORGOTTEN_TOGETHER))
}

/// What a trigger that waits for a webhook's call waits for.
fn listening(trigger: &Trigger) -> Result<&Webhook, Error> {
    match &trigger.definition.when {
        When::Event(rule) if trigger.state == State::Activated => match &rule.source {
            Source::Webhook(webhook) => Ok(webhook),
            _ => Err(not_listening(trigger)),
        },
        _ => Err(not_listening(trigger)),
    }
}

fn not_listening(trigger: &Trigger) -> Error {
    Error::NotListening {
        trigger: trigger.name.to_string(),
    }
}
