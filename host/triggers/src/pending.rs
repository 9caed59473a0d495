//! Events that wait: for their batch to be full or its window to end, or for room in the queue.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tenon_metadata::{Row, Transaction, row};

use crate::definition::{Batch, When};
use crate::error::Error;
use crate::fire::{Cause, Fired, emit, fire};
use crate::trigger::{PROBE, Stored, Trigger, micros, source};
use crate::workflows::Workflows;

/// Tenants whose queues were found full, with when to try again, in seconds. Their events wait.
pub(crate) type Deferred = BTreeMap<String, u64>;

/// Most events that wait for one trigger; what comes after is lost, and this is told.
const LONGEST: u32 = 10_000;
/// Most bytes of an event that is given to a run, as JSON.
const LARGEST: usize = 16 << 10;
/// Events of one look at objects or rows that fire together.
const LOOK: usize = 1000;
/// Firings of one trigger in one transaction.
const AT_ONCE: usize = 50;

/// An event for one trigger.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// Unlike that of any other event of this trigger.
    pub key: String,
    /// How many runs led to what this starts.
    pub depth: u32,
    /// What the run is given.
    pub value: Value,
}

impl Item {
    /// `value` is an object; if it is too large, the field `heavy` of it is left out.
    pub(crate) fn new(key: String, depth: u32, mut value: Value, heavy: &str) -> Self {
        let bytes = value.to_string().len();
        if bytes > LARGEST {
            match value.get_mut(heavy) {
                Some(heavy) => *heavy = json!({ "left_out_bytes": bytes }),
                None => value = json!({ "left_out_bytes": bytes }),
            }
        }
        Self { key, depth, value }
    }
}

/// Events come in: they fire the trigger, or wait.
pub(crate) fn offer(
    tx: &mut Transaction<'_>,
    workflows: &dyn Workflows,
    stored: &Stored,
    items: &[Item],
    now: i64,
    deferred: &Deferred,
) -> Result<(), Error> {
    let trigger = &stored.trigger;
    let retry = deferred.get(trigger.tenant.as_str());
    let group = group(trigger);
    if retry.is_none() && group.window.is_none() && trigger.pending_events == 0 {
        for (number, together) in items.chunks(group.size).enumerate() {
            if let Fired::Full { reason, retry_after } = fire_group(tx, workflows, trigger, together, now)? {
                append(tx, trigger, &items[number * group.size..], now)?;
                return wait(tx, trigger, now + micros(retry_after), Some(&reason));
            }
        }
        return Ok(());
    }
    append(tx, trigger, items, now)?;
    match retry {
        Some(retry) => wait(tx, trigger, now + micros(*retry), None),
        None => settle(tx, workflows, trigger, now),
    }
}

/// Fires for the events that no longer have to wait.
pub(crate) fn settle(
    tx: &mut Transaction<'_>,
    workflows: &dyn Workflows,
    trigger: &Trigger,
    now: i64,
) -> Result<(), Error> {
    let group = group(trigger);
    for _ in 0..AT_ONCE {
        let waiting = first(tx, trigger, group.size)?;
        let Some(oldest) = waiting.first() else {
            tx.execute(
                "update triggers set batch_due = null, pending = 0 where id = ?1",
                row![&trigger.id],
            )?;
            return Ok(());
        };
        let window_ends = oldest.time.saturating_add(group.window.unwrap_or(0));
        if waiting.len() < group.size && now < window_ends {
            return wait(tx, trigger, window_ends, None);
        }
        let items: Vec<Item> = waiting.iter().map(|waiting| waiting.item.clone()).collect();
        if let Fired::Full { reason, retry_after } = fire_group(tx, workflows, trigger, &items, now)? {
            return wait(tx, trigger, now + micros(retry_after), Some(&reason));
        }
        let last = waiting.last().map_or(0, |waiting| waiting.number);
        let gone = tx.execute(
            "delete from trigger_pending where trigger_id = ?1 and number <= ?2",
            row![&trigger.id, last],
        )?;
        tx.execute(
            "update triggers set pending = pending - ?2 where id = ?1",
            row![&trigger.id, gone],
        )?;
    }
    wait(tx, trigger, now, None)
}

/// Forgets the events that wait.
pub(crate) fn clear(tx: &mut Transaction<'_>, trigger: &Trigger) -> Result<(), Error> {
    tx.execute("delete from trigger_pending where trigger_id = ?1", row![&trigger.id])?;
    tx.execute(
        "update triggers set batch_due = null, pending = 0 where id = ?1",
        row![&trigger.id],
    )?;
    Ok(())
}

/// How events are put together.
struct Group {
    size: usize,
    /// In microseconds.
    window: Option<i64>,
}

fn group(trigger: &Trigger) -> Group {
    let batch = match &trigger.definition.when {
        When::Event(rule) => rule.batch,
        _ => None,
    };
    match batch {
        Some(Batch { size, window_seconds }) => Group {
            size: size.max(1) as usize,
            window: Some(micros(window_seconds.into())),
        },
        None if source(&trigger.definition) == PROBE => Group {
            size: LOOK,
            window: None,
        },
        None => Group { size: 1, window: None },
    }
}

fn fire_group(
    tx: &mut Transaction<'_>,
    workflows: &dyn Workflows,
    trigger: &Trigger,
    items: &[Item],
    now: i64,
) -> Result<Fired, Error> {
    let events: Vec<Value> = items.iter().map(|item| item.value.clone()).collect();
    let cause = Cause {
        key: items.first().map(|item| item.key.clone()).unwrap_or_default(),
        due: now,
        now,
        events: &events,
        depth: items.iter().map(|item| item.depth).max().unwrap_or(0),
        given: serde_json::Map::new(),
    };
    fire(tx, workflows, trigger, &cause)
}

fn append(tx: &mut Transaction<'_>, trigger: &Trigger, items: &[Item], now: i64) -> Result<(), Error> {
    let pending: u32 = tx
        .one("select pending from triggers where id = ?1", row![&trigger.id])?
        .get(0)?;
    let room = LONGEST.saturating_sub(pending) as usize;
    let (kept, lost) = items.split_at(room.min(items.len()));
    for item in kept {
        tx.execute(
            "insert into trigger_pending (trigger_id, event_key, depth, time, item) values (?1, ?2, ?3, ?4, ?5)",
            row![&trigger.id, item.key.as_str(), item.depth, now, &item.value],
        )?;
    }
    tx.execute(
        "update triggers set pending = pending + ?2 where id = ?1",
        row![&trigger.id, kept.len()],
    )?;
    if !lost.is_empty() {
        let reason = format!(
            "{} events are lost, as {LONGEST} wait already: take larger batches",
            lost.len()
        );
        tx.execute(
            "update triggers set last_error = ?2 where id = ?1",
            row![&trigger.id, reason.as_str()],
        )?;
        // Not a cause of anything: it would make the flood larger.
        let data = json!({ "trigger": &trigger.name, "lost": lost.len(), "depth": u32::MAX });
        emit(tx, trigger, "trigger.overflow", data)?;
    }
    Ok(())
}

fn wait(tx: &mut Transaction<'_>, trigger: &Trigger, until: i64, why: Option<&str>) -> Result<(), Error> {
    tx.execute(
        "update triggers set batch_due = ?2, last_error = coalesce(?3, last_error) where id = ?1",
        row![&trigger.id, until, why],
    )?;
    Ok(())
}

/// An event that waits.
struct Waiting {
    number: i64,
    time: i64,
    item: Item,
}

fn first(tx: &mut Transaction<'_>, trigger: &Trigger, count: usize) -> Result<Vec<Waiting>, Error> {
    let rows = tx.query(
        "select number, time, event_key, depth, item from trigger_pending where trigger_id = ?1
         order by number limit ?2",
        row![&trigger.id, count],
    )?;
    let read = |row: &Row| -> Result<Waiting, Error> {
        let item = Item {
            key: row.get(2)?,
            depth: row.get(3)?,
            value: row.get(4)?,
        };
        Ok(Waiting {
            number: row.get(0)?,
            time: row.get(1)?,
            item,
        })
    };
    rows.iter().map(read).collect()
}
