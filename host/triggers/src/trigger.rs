//! A trigger, as it is kept and shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenon_metadata::{Name, Row, Transaction, row};
use utoipa::ToSchema;

use crate::definition::{Definition, Source, When};
use crate::error::Error;

/// Whether a trigger waits. The names are Glue's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
// Definitions of triggers have states of runs in them, which are called so too.
#[schema(as = TriggerState)]
pub enum State {
    /// Made, and not yet activated.
    Created,
    /// It waits.
    Activated,
    /// It no longer waits. It can still be started by hand.
    Deactivated,
}

impl State {
    fn read(text: &str) -> Self {
        match text {
            "ACTIVATED" => Self::Activated,
            "DEACTIVATED" => Self::Deactivated,
            _ => Self::Created,
        }
    }
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Trigger {
    /// Whose it is.
    pub tenant: Name,
    /// Its name.
    pub name: Name,
    /// Its id, which a later trigger of the same name would not have.
    pub id: String,
    /// Grows with every change.
    pub version: i64,
    /// Whether it waits.
    pub state: State,
    /// What it waits for, and what it starts.
    pub definition: Definition,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it was changed last.
    pub changed: DateTime<Utc>,
    /// When it fires next, if that is known: by its schedule, or when the window of its events ends.
    pub next_fire: Option<DateTime<Utc>>,
    /// When it fired last.
    pub last_fired: Option<DateTime<Utc>>,
    /// What went wrong last, if it has not gone well since.
    pub last_error: Option<String>,
    /// How many looks at objects or rows have failed one after the other.
    pub failures: u32,
    /// Events that wait for their batch, or for room in the queue.
    pub pending_events: u32,
}

/// Where a trigger's events come from, for the database.
pub(crate) const INTERNAL: &str = "internal";
pub(crate) const WEBHOOK: &str = "webhook";
pub(crate) const PROBE: &str = "probe";

pub(crate) fn source(definition: &Definition) -> &'static str {
    match &definition.when {
        When::OnDemand => "on_demand",
        When::Schedule(_) => "schedule",
        When::Event(rule) => match rule.source {
            Source::Condition(_) | Source::Job(_) => INTERNAL,
            Source::Webhook(_) => WEBHOOK,
            Source::Objects(_) | Source::Rows(_) => PROBE,
        },
    }
}

/// A trigger with what is nobody else's business.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub trigger: Trigger,
    pub activated: Option<i64>,
    pub next_due: Option<i64>,
    pub postponed: bool,
    pub look_cursor: Option<String>,
}

impl Stored {
    pub(crate) const COLUMNS: &'static str = "tenant, name, id, version, state, definition, created, changed, \
         activated, next_due, next_fire, postponed, batch_due, pending, look_cursor, failures, last_fired, last_error";

    pub(crate) fn read(row: &Row) -> Result<Self, Error> {
        let unreadable = |error: &dyn std::fmt::Display| Error::invalid("what the database holds", error);
        let name = |column| -> Result<Name, Error> {
            Name::new(row.get::<String>(column)?).map_err(|error| unreadable(&error))
        };
        let definition: String = row.get(5)?;
        let (next_fire, batch_due): (Option<i64>, Option<i64>) = (row.get(10)?, row.get(12)?);
        Ok(Self {
            trigger: Trigger {
                tenant: name(0)?,
                name: name(1)?,
                id: row.get(2)?,
                version: row.get(3)?,
                state: State::read(&row.get::<String>(4)?),
                definition: serde_json::from_str(&definition).map_err(|error| unreadable(&error))?,
                created: date(row.get(6)?),
                changed: date(row.get(7)?),
                next_fire: next_fire.or(batch_due).map(date),
                pending_events: row.get(13)?,
                failures: row.get(15)?,
                last_fired: row.get::<Option<i64>>(16)?.map(date),
                last_error: row.get(17)?,
            },
            activated: row.get(8)?,
            next_due: row.get(9)?,
            postponed: row.get(11)?,
            look_cursor: row.get(14)?,
        })
    }

    /// A tenant's trigger, to be changed.
    pub(crate) fn of(tx: &mut Transaction<'_>, tenant: &Name, name: &Name) -> Result<Self, Error> {
        let sql = format!(
            "select {} from triggers where tenant = ?1 and name = ?2 {{for_update}}",
            Self::COLUMNS
        );
        let row = tx.first(&sql, row![tenant, name])?;
        Self::read(&row.ok_or_else(|| Error::UnknownTrigger {
            trigger: name.to_string(),
        })?)
    }

    /// The trigger with this id, to be changed; none if it has been deleted.
    pub(crate) fn by_id(tx: &mut Transaction<'_>, id: &str) -> Result<Option<Self>, Error> {
        let sql = format!("select {} from triggers where id = ?1 {{for_update}}", Self::COLUMNS);
        tx.first(&sql, row![id])?.as_ref().map(Self::read).transpose()
    }

    pub(crate) fn is_active(&self) -> bool {
        self.trigger.state == State::Activated
    }
}

/// What the database keeps, as a date.
pub(crate) fn date(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// Seconds as the database's microseconds.
pub(crate) fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000)
}
