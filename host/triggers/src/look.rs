//! Looking for new objects and new rows, which this crate knows nothing of.

use async_trait::async_trait;
use serde_json::{Value, json};
use tenon_metadata::{Name, Transaction, row};

use crate::definition::{Objects, Rows, Source, When};
use crate::due::Queue;
use crate::error::Error;
use crate::fire::emit;
use crate::pending::{Deferred, Item, offer};
use crate::trigger::{Stored, micros};
use crate::workflows::Workflows;

/// Most items that one look may find.
pub const MOST_ITEMS: usize = 1000;
/// How long one look may take, in seconds.
pub(crate) const LOOK_SECONDS: u64 = 60;
/// If whoever looks has not come back after so many seconds, another looks.
const LEASE_SECONDS: u64 = 2 * LOOK_SECONDS;
/// Longest pause after failures, in seconds, where the interval is not longer.
const LONGEST_PAUSE: u64 = 3600;
/// What a look remembers of objects are their names: mostly those of a thousand, but all that are as new as the newest.
const LONGEST_CURSOR: usize = 16 << 20;
const LONGEST_ERROR: usize = 1024;

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeConfig {
    /// A prefix of a storage.
    Objects(Objects),
    /// A query of a database.
    Rows(Rows),
}

/// What a look found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What is new, oldest first; at most [`MOST_ITEMS`], the next look finds the rest. Runs are given these as events.
    pub items: Vec<Value>,
    /// Where the next look goes on; at most 16 MiB as JSON, though it is written whenever it changes.
    pub cursor: Value,
}

/// Looks at objects and rows. The server gives one to the [`Driver`](crate::Driver).
#[async_trait]
pub trait Probe: Send + Sync + 'static {
    /// What is new since `cursor`, which is what the look before answered; none at the first look, whose cursor has to be
    /// after all that is there if `existing` is false. It has to check what the tenant may touch, and is given up after a
    /// minute.
    ///
    /// # Errors
    /// A sentence without secrets, which the tenant sees.
    async fn look(&self, tenant: &Name, config: &ProbeConfig, cursor: Option<Value>) -> Result<Found, String>;
}

/// A look that is to be taken.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    id: String,
    version: i64,
    cursor: Option<String>,
    interval: u64,
    existing: bool,
    pub tenant: Name,
    pub config: ProbeConfig,
}

impl Claim {
    /// Takes looks that are due. Others leave them alone until a lease has run out.
    pub(crate) fn take(tx: &mut Transaction<'_>, now: i64, limit: u32) -> Result<Vec<Self>, Error> {
        let mut claims = Vec::new();
        for id in Queue::Looks.due(tx, now, limit)? {
            let stored = match Stored::by_id(tx, &id) {
                Ok(Some(stored)) => stored,
                Ok(None) => continue,
                Err(Error::Database(error)) => return Err(error.into()),
                Err(error) => {
                    Queue::Looks.put_off(tx, &id, &error.to_string(), now)?;
                    continue;
                }
            };
            let claim = Self::of(stored);
            let due = claim.as_ref().map(|_| now + micros(LEASE_SECONDS));
            tx.execute("update triggers set look_due = ?2 where id = ?1", row![&id, due])?;
            claims.extend(claim);
        }
        Ok(claims)
    }

    fn of(stored: Stored) -> Option<Self> {
        let active = stored.is_active();
        let When::Event(rule) = stored.trigger.definition.when else {
            return None;
        };
        let (config, interval, existing) = match rule.source {
            Source::Objects(objects) => {
                let (interval, existing) = (objects.interval_seconds, objects.existing);
                (ProbeConfig::Objects(objects), interval, existing)
            }
            Source::Rows(rows) => {
                let (interval, existing) = (rows.interval_seconds, rows.existing);
                (ProbeConfig::Rows(rows), interval, existing)
            }
            Source::Condition(_) | Source::Job(_) | Source::Webhook(_) => return None,
        };
        active.then_some(Self {
            id: stored.trigger.id,
            version: stored.trigger.version,
            cursor: stored.look_cursor,
            interval: interval.into(),
            existing,
            tenant: stored.trigger.tenant,
            config,
        })
    }

    /// Where the look begins.
    pub(crate) fn cursor(&self) -> Option<Value> {
        self.cursor
            .as_deref()
            .and_then(|cursor| serde_json::from_str(cursor).ok())
    }

    /// Saves what was found, together with what it starts. If somebody else has looked meanwhile, or the trigger has
    /// changed, nothing is done.
    pub(crate) fn save(
        &self,
        tx: &mut Transaction<'_>,
        workflows: &dyn Workflows,
        found: &Found,
        now: i64,
        deferred: &Deferred,
    ) -> Result<(), Error> {
        let cursor = found.cursor.to_string();
        if found.items.len() > MOST_ITEMS || cursor.len() > LONGEST_CURSOR {
            return self.fail(
                tx,
                "the look found more than it may: 1000 items, and 16 MiB to remember",
                now,
            );
        }
        let Some(stored) = self.still(tx)? else { return Ok(()) };
        tx.execute(
            "update triggers set look_due = ?2, failures = 0,
                 last_error = case when failures > 0 then null else last_error end
             where id = ?1",
            row![&self.id, now + micros(self.interval)],
        )?;
        // Most looks find nothing, and what is remembered may be long.
        if self.cursor.as_ref() != Some(&cursor) {
            tx.execute(
                "update triggers set look_cursor = ?2 where id = ?1",
                row![&self.id, cursor],
            )?;
        }
        if found.items.is_empty() || self.cursor.is_none() && !self.existing {
            return Ok(());
        }
        let items = found.items.iter().enumerate().map(|(number, item)| {
            let value = if item.is_object() {
                item.clone()
            } else {
                json!({ "item": item })
            };
            Item::new(format!("look:{now}:{number}"), 0, value, "item")
        });
        offer(tx, workflows, &stored, &items.collect::<Vec<_>>(), now, deferred)
    }

    /// A look has failed: the next one is later, the more have failed.
    pub(crate) fn fail(&self, tx: &mut Transaction<'_>, why: &str, now: i64) -> Result<(), Error> {
        let Some(stored) = self.still(tx)? else { return Ok(()) };
        let why: String = why.chars().take(LONGEST_ERROR).collect();
        let failures = stored.trigger.failures.saturating_add(1);
        let pause = self
            .interval
            .saturating_mul(1 << failures.min(16))
            .min(LONGEST_PAUSE)
            .max(self.interval);
        tx.execute(
            "update triggers set failures = ?2, last_error = ?3, look_due = ?4 where id = ?1",
            row![&self.id, failures, why.as_str(), now + micros(pause)],
        )?;
        if failures == 1 {
            let data = json!({ "trigger": &stored.trigger.name, "reason": why });
            emit(tx, &stored.trigger, "trigger.look_failed", data)?;
        }
        Ok(())
    }

    /// The trigger, if nothing has happened to it since.
    fn still(&self, tx: &mut Transaction<'_>) -> Result<Option<Stored>, Error> {
        let stored = Stored::by_id(tx, &self.id)?;
        Ok(stored.filter(|stored| {
            stored.is_active() && stored.trigger.version == self.version && stored.look_cursor == self.cursor
        }))
    }
}
