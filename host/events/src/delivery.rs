//! Deliveries: what has to be told to a target, and what became of it.

use serde::{Deserialize, Serialize};
use tenon_metadata::{Page, PageRequest, Row, Transaction, row};

use crate::Error;

/// What changes of this topic tell: there are deliveries to make.
pub(crate) const DUE: &str = "events.due";

/// Dead deliveries that are tried again in one change.
const AGAIN_AT_ONCE: i64 = 1000;

const COLUMNS: &str = "number, event, kind, state, attempts, created, due, finished, error";

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits, for the first attempt or another one.
    Pending,
    /// The target has it.
    Delivered,
    /// It was given up.
    Dead,
}

impl DeliveryState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    fn from_text(text: &str) -> Self {
        match text {
            "delivered" => Self::Delivered,
            "dead" => Self::Dead,
            _ => Self::Pending,
        }
    }
}

/// An event that has to be told to a target, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Delivery {
    /// Its number.
    pub number: i64,
    /// The number of the event.
    pub event: i64,
    /// The kind of the event.
    pub kind: String,
    /// How far it has come.
    pub state: DeliveryState,
    /// Attempts that were made.
    pub attempts: i64,
    /// When it was made, or begun again, in microseconds since 1970, UTC.
    pub created: i64,
    /// When the next attempt is due, in microseconds since 1970, UTC.
    pub due: i64,
    /// When it was delivered or given up, in microseconds since 1970, UTC.
    pub finished: Option<i64>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// An attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Attempt {
    /// Its number.
    pub number: i64,
    /// The number of the delivery.
    pub delivery: i64,
    /// When it ended, in microseconds since 1970, UTC.
    pub time: i64,
    /// How long it took, in microseconds.
    pub duration: i64,
    /// What a server answered: a status of HTTP or SMTP.
    pub status: Option<i64>,
    /// Why it failed; none if it did not.
    pub error: Option<String>,
}

/// A target's deliveries, the newest first, of one state or all.
///
/// # Errors
/// [`Error::NoSuchTarget`], [`Error::InvalidPage`], or what the database says.
pub fn deliveries(
    tx: &mut Transaction<'_>,
    tenant: &str,
    target: &str,
    state: Option<DeliveryState>,
    page: &PageRequest,
) -> Result<Page<Delivery>, Error> {
    let id = target_id(tx, tenant, target)?;
    let sql = format!(
        "select {COLUMNS} from event_deliveries
         where tenant = ?1 and target = ?2 and number < ?3 and state = coalesce(?4, state) order by number desc limit ?5"
    );
    let state = state.map(DeliveryState::as_str);
    let rows = tx.query(&sql, row![tenant, id, before(page)?, state, page.look_for()])?;
    let found = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    Ok(page.page(found, |delivery| delivery.number.to_string()))
}

/// The attempts to deliver to a target, the newest first; of one delivery or all.
///
/// # Errors
/// [`Error::NoSuchTarget`], [`Error::InvalidPage`], or what the database says.
pub fn attempts(
    tx: &mut Transaction<'_>,
    tenant: &str,
    target: &str,
    delivery: Option<i64>,
    page: &PageRequest,
) -> Result<Page<Attempt>, Error> {
    let id = target_id(tx, tenant, target)?;
    let rows = tx.query(
        "select number, delivery, time, duration, status, error from event_attempts
         where tenant = ?1 and target = ?2 and number < ?3 and delivery = coalesce(?4, delivery) order by number desc limit ?5",
        row![tenant, id, before(page)?, delivery, page.look_for()],
    )?;
    let found = rows.iter().map(|row| {
        Ok(Attempt {
            number: row.get(0)?,
            delivery: row.get(1)?,
            time: row.get(2)?,
            duration: row.get(3)?,
            status: row.get(4)?,
            error: row.get(5)?,
        })
    });
    let found = found.collect::<Result<Vec<_>, Error>>()?;
    Ok(page.page(found, |attempt| attempt.number.to_string()))
}

/// Delivers again what was delivered or given up, with retries as the first time; it has the same id for the receiver.
///
/// # Errors
/// [`Error::NoSuchTarget`], [`Error::NoSuchDelivery`], or what the database says.
pub fn redeliver(tx: &mut Transaction<'_>, tenant: &str, target: &str, number: i64) -> Result<(), Error> {
    let id = target_id(tx, tenant, target)?;
    let changed = tx.execute(
        "update event_deliveries set state = 'pending', created = ?4, due = ?4, finished = null, attempts = 0
         where tenant = ?1 and target = ?2 and number = ?3",
        row![tenant, id, number, tx.now()],
    )?;
    if changed == 0 {
        return Err(Error::NoSuchDelivery {
            target: target.to_owned(),
            number,
        });
    }
    tx.notify(DUE, "");
    Ok(())
}

/// Delivers again the oldest of what was given up, at most 1000. Answers how many.
///
/// # Errors
/// [`Error::NoSuchTarget`], or what the database says.
pub fn redeliver_dead(tx: &mut Transaction<'_>, tenant: &str, target: &str) -> Result<u64, Error> {
    let id = target_id(tx, tenant, target)?;
    let changed = tx.execute(
        "update event_deliveries set state = 'pending', created = ?3, due = ?3, finished = null, attempts = 0
         where number in (
             select number from event_deliveries where tenant = ?1 and target = ?2 and state = 'dead'
             order by number limit ?4
         )",
        row![tenant, id, tx.now(), AGAIN_AT_ONCE],
    )?;
    tx.notify(DUE, "");
    Ok(changed)
}

fn target_id(tx: &mut Transaction<'_>, tenant: &str, name: &str) -> Result<String, Error> {
    let row = tx.first(
        "select id from event_targets where tenant = ?1 and name = ?2",
        row![tenant, name],
    )?;
    let row = row.ok_or_else(|| Error::NoSuchTarget { name: name.to_owned() })?;
    Ok(row.get(0)?)
}

fn before(page: &PageRequest) -> Result<i64, Error> {
    page.after.as_ref().map_or(Ok(i64::MAX), |after| {
        after.parse().map_err(|_| Error::InvalidPage { after: after.clone() })
    })
}

fn from_row(row: &Row) -> Result<Delivery, Error> {
    Ok(Delivery {
        number: row.get(0)?,
        event: row.get(1)?,
        kind: row.get(2)?,
        state: DeliveryState::from_text(&row.get::<String>(3)?),
        attempts: row.get(4)?,
        created: row.get(5)?,
        due: row.get(6)?,
        finished: row.get(7)?,
        error: row.get(8)?,
    })
}
