//! Events of the tenant's, and the conditions that wait for them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tenon_events::{Condition, Cursor, Recorded};
use tenon_metadata::{Transaction, row};
use tenon_runs::DEEPEST;

use crate::definition::{Source, When};
use crate::error::Error;
use crate::pending::{Deferred, Item, offer};
use crate::trigger::{INTERNAL, Stored};
use crate::workflows::Workflows;

/// Name of our cursor over the events.
pub(crate) const CURSOR: &str = "triggers";
/// Events looked at together.
const TOGETHER: u32 = 256;
/// Parsed conditions that are kept.
const CONDITIONS: usize = 10_000;

/// Events that nobody has looked at, and the triggers that wait for some.
#[derive(Debug, Clone, Default)]
pub(crate) struct Look {
    /// Where the cursor stood.
    from: i64,
    events: Vec<Recorded>,
    candidates: Vec<Stored>,
    /// There may be more events after these.
    pub more: bool,
}

impl Look {
    /// The next events. If nobody waits for any of them, the cursor moves on at once.
    pub(crate) fn next(tx: &mut Transaction<'_>, cursor: &Cursor) -> Result<Self, Error> {
        let events = cursor.next(tx, TOGETHER)?;
        let more = events.len() == TOGETHER as usize;
        let Some(last) = events.last().map(|event| event.position) else {
            return Ok(Self::default());
        };
        let tenants: BTreeSet<&str> = events.iter().filter_map(|event| event.tenant.as_deref()).collect();
        let sql = format!(
            "select {} from triggers where tenant = ?1 and source = ?2 and state = 'ACTIVATED' order by name",
            Stored::COLUMNS
        );
        let mut candidates = Vec::new();
        for tenant in tenants {
            for row in tx.query(&sql, row![tenant, INTERNAL])? {
                // One that can't be read waits for nothing.
                candidates.extend(Stored::read(&row).ok());
            }
        }
        if candidates.is_empty() {
            cursor.advance(tx, last)?;
            return Ok(Self {
                more,
                ..Self::default()
            });
        }
        let from = cursor.position(tx)?;
        Ok(Self {
            from,
            events,
            candidates,
            more,
        })
    }

    /// Nothing is left to be decided.
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Which events fire which triggers. Conditions can take their time, so this is not within a transaction.
    pub(crate) fn decide(self, conditions: &Conditions) -> Decided {
        let mut matched = Vec::new();
        for candidate in &self.candidates {
            let items: Vec<Item> = self
                .events
                .iter()
                .filter(|event| is_for(candidate, event) && conditions.hold(candidate, event))
                .map(item)
                .collect();
            if !items.is_empty() {
                matched.push((candidate.trigger.id.clone(), candidate.trigger.version, items));
            }
        }
        let until = self.events.last().map_or(self.from, |event| event.position);
        Decided {
            from: self.from,
            until,
            matched,
        }
    }
}

/// What events fire.
#[derive(Debug, Clone)]
pub(crate) struct Decided {
    from: i64,
    until: i64,
    matched: Vec<(String, i64, Vec<Item>)>,
}

impl Decided {
    /// Fires, and moves the cursor past the events. Answers false if somebody else has moved it, or has changed one of
    /// the triggers: then they have to be looked at anew.
    pub(crate) fn act(
        &self,
        tx: &mut Transaction<'_>,
        cursor: &Cursor,
        workflows: &dyn Workflows,
        now: i64,
        deferred: &Deferred,
    ) -> Result<bool, Error> {
        if cursor.position(tx)? != self.from {
            return Ok(false);
        }
        let mut waiting = Vec::new();
        for (id, version, items) in &self.matched {
            let stored = Stored::by_id(tx, id)?.filter(Stored::is_active);
            let Some(stored) = stored else { continue };
            if stored.trigger.version != *version {
                return Ok(false);
            }
            waiting.push((stored, items));
        }
        for (stored, items) in waiting {
            offer(tx, workflows, &stored, items, now, deferred)?;
        }
        cursor.advance(tx, self.until)?;
        Ok(true)
    }
}

/// A condition with the version of its trigger; none if it can't be read.
type Parsed = (i64, Option<Arc<Condition>>);

/// Conditions, parsed once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    /// By the trigger's id. Locked while one is looked up.
    parsed: Arc<Mutex<HashMap<String, Parsed>>>,
}

impl Conditions {
    fn hold(&self, candidate: &Stored, event: &Recorded) -> bool {
        let When::Event(rule) = &candidate.trigger.definition.when else {
            return false;
        };
        match &rule.source {
            Source::Job(outcome) => {
                event.data.get("job").and_then(Value::as_str) == Some(outcome.job.as_str())
                    && outcome.states.iter().any(|state| state.event() == event.kind)
            }
            // A condition that asks for what an event has not got is not true.
            Source::Condition(text) => {
                let condition = self.parsed(candidate, text);
                condition.is_some_and(|condition| condition.matches(event).unwrap_or(false))
            }
            Source::Webhook(_) | Source::Objects(_) | Source::Rows(_) => false,
        }
    }

    fn parsed(&self, candidate: &Stored, text: &str) -> Option<Arc<Condition>> {
        let (id, version) = (&candidate.trigger.id, candidate.trigger.version);
        let mut parsed = self.parsed.lock();
        if let Some((of, condition)) = parsed.get(id)
            && *of == version
        {
            return condition.clone();
        }
        if parsed.len() >= CONDITIONS {
            parsed.clear();
        }
        let condition = Condition::parse(text).ok().map(Arc::new);
        parsed.insert(id.clone(), (version, condition.clone()));
        condition
    }
}

/// Whether a trigger may look at an event: one of its tenant's, since it was activated. What ends a chain that is too
/// long starts nothing more.
fn is_for(candidate: &Stored, event: &Recorded) -> bool {
    event.tenant.as_deref() == Some(candidate.trigger.tenant.as_str())
        && candidate.activated.is_some_and(|activated| event.time >= activated)
        && depth(event) <= DEEPEST
}

/// How many runs led to an event.
fn depth(event: &Recorded) -> u32 {
    let depth = event.data.get("depth").and_then(Value::as_u64).unwrap_or(0);
    u32::try_from(depth).unwrap_or(u32::MAX)
}

fn item(event: &Recorded) -> Item {
    let value = json!({
        "number": event.number, "kind": &event.kind, "subject": &event.subject, "time": event.time, "data": &event.data,
    });
    Item::new(format!("event:{}", event.number), depth(event) + 1, value, "data")
}
