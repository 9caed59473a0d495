//! Events, as they are kept.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenon_metadata::{Error, Row, Transaction, row};

use crate::sequence;

/// Most bytes of an event's data as JSON; larger data are replaced by `{"left_out_bytes": n}`.
pub const LARGEST_DATA: usize = 64 << 10;

/// What changes of this topic tell: there are events, not yet in order.
pub(crate) const EMITTED: &str = "events";

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Whose; none for what concerns the server.
    pub tenant: Option<String>,
    /// What, by parts from the general to the particular: `run.succeeded`.
    pub kind: String,
    /// To what: the id of a run, the name of a trigger.
    pub subject: String,
    /// More about it. Never secrets.
    pub data: Value,
}

impl Event {
    /// An event of the server.
    pub fn new(kind: impl Into<String>) -> Self {
        Self {
            tenant: None,
            kind: kind.into(),
            subject: String::new(),
            data: Value::Null,
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// What it happened to.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// More about it.
    #[must_use]
    pub fn data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }
}

/// Keeps an event, for everybody whom it concerns. Answers with its number.
///
/// # Errors
/// What the database says.
pub fn emit(tx: &mut Transaction<'_>, event: &Event) -> Result<i64, Error> {
    let now = tx.now();
    let mut data = event.data.to_string();
    if data.len() > LARGEST_DATA {
        data = json!({ "left_out_bytes": data.len() }).to_string();
    }
    let position = sequence::at_once(tx)?;
    let row = tx.one(
        "insert into events (tenant, kind, subject, time, data, position) values (?1, ?2, ?3, ?4, ?5, ?6)
         returning number",
        row![
            event.tenant.as_deref(),
            event.kind.as_str(),
            event.subject.as_str(),
            now,
            data,
            position
        ],
    )?;
    tx.notify(EMITTED, "");
    row.get(0)
}

/// An event that is kept, with its place among the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Recorded {
    /// Its place in the stream: grows in the order of commits, without regard to numbers. What a reader has read up to.
    pub position: i64,
    /// Its number, which no other event has.
    pub number: i64,
    /// Whose; none for what concerns the server.
    pub tenant: Option<String>,
    /// What, by parts from the general to the particular: `run.succeeded`.
    pub kind: String,
    /// To what: the id of a run, the name of a trigger; may be empty.
    pub subject: String,
    /// When, in microseconds since 1970, UTC.
    pub time: i64,
    /// More about it.
    pub data: Value,
}

impl Recorded {
    /// The columns that [`from_row`](Self::from_row) reads.
    pub(crate) const COLUMNS: &'static str = "position, number, tenant, kind, subject, time, data";

    pub(crate) fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            position: row.get(0)?,
            number: row.get(1)?,
            tenant: row.get(2)?,
            kind: row.get(3)?,
            subject: row.get(4)?,
            time: row.get(5)?,
            data: row.get(6)?,
        })
    }
}
