//! How far a reader has come.

use tenon_metadata::{Transaction, row};

use crate::event::Recorded;
use crate::sequence::{last_position, sequence};
use crate::stream::{Whose, read};
use crate::{Error, EventFilter};

/// Where a new cursor begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the oldest event that is kept.
    Oldest,
    /// With what happens from now on.
    Now,
}

/// A durable place in the stream of all tenants' events. It never skips one, and events that it has not passed are kept.
///
/// Read and move it in one transaction with what is done about the events, and each is done exactly once, whichever
/// server does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    name: String,
}

impl Cursor {
    /// Opens a cursor, and makes it if there is none of this name.
    ///
    /// # Errors
    /// What the database says.
    pub fn open(tx: &mut Transaction<'_>, name: &str, start: Start) -> Result<Self, Error> {
        let position = match start {
            Start::Oldest => 0,
            Start::Now => {
                while sequence(tx)? > 0 {}
                last_position(tx)?
            }
        };
        tx.execute(
            "insert into event_cursors (name, position, changed) values (?1, ?2, ?3) on conflict (name) do nothing",
            row![name, position, tx.now()],
        )?;
        Ok(Self { name: name.to_owned() })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next events, in order, at most `limit`; the cursor stays where it is. Others who read this cursor wait until
    /// the transaction ends. The transaction must be one that can write.
    ///
    /// # Errors
    /// [`Error::NoSuchCursor`], or what the database says.
    pub fn next(&self, tx: &mut Transaction<'_>, limit: u32) -> Result<Vec<Recorded>, Error> {
        sequence(tx)?;
        let position = self.read_position(tx, "{for_update}")?;
        read(
            tx,
            Whose::Everybody,
            &EventFilter::default(),
            position,
            i64::from(limit),
        )
        .map(|found| found.events)
    }

    /// Moves the cursor past an event. It does not go back.
    ///
    /// # Errors
    /// What the database says.
    pub fn advance(&self, tx: &mut Transaction<'_>, position: i64) -> Result<(), Error> {
        tx.execute(
            "update event_cursors set position = ?2, changed = ?3 where name = ?1 and position < ?2",
            row![self.name.as_str(), position, tx.now()],
        )?;
        Ok(())
    }

    /// The position of the last event that it has passed.
    ///
    /// # Errors
    /// [`Error::NoSuchCursor`], or what the database says.
    pub fn position(&self, tx: &mut Transaction<'_>) -> Result<i64, Error> {
        self.read_position(tx, "")
    }

    /// Removes the cursor: events are no longer kept for it.
    ///
    /// # Errors
    /// What the database says.
    pub fn remove(self, tx: &mut Transaction<'_>) -> Result<(), Error> {
        tx.execute("delete from event_cursors where name = ?1", row![self.name.as_str()])?;
        Ok(())
    }

    fn read_position(&self, tx: &mut Transaction<'_>, lock: &str) -> Result<i64, Error> {
        let sql = format!("select position from event_cursors where name = ?1 {lock}");
        let row = tx.first(&sql, row![self.name.as_str()])?;
        let row = row.ok_or_else(|| Error::NoSuchCursor {
            name: self.name.clone(),
        })?;
        Ok(row.get(0)?)
    }
}
