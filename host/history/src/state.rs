//! What a job's guests keep between runs: small values by key, bounded in bytes.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Error, Fault};
use crate::history::History;
use crate::store::Durability;

/// What an entry is charged besides its key and value, in bytes.
const ENTRY_OVERHEAD: i64 = 64;

/// A change of a job's state. It becomes current when its run is [committed](History::committed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateChange {
    /// Sets a value.
    Put {
        /// Its key.
        key: String,
        /// The value.
        value: Vec<u8>,
    },
    /// Removes a value.
    Delete {
        /// Its key.
        key: String,
    },
}

impl StateChange {
    /// What makes `after` of `before`.
    pub fn between(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<Self> {
        let put = after.iter().filter(|(key, value)| before.get(*key) != Some(*value));
        let put = put.map(|(key, value)| Self::Put {
            key: key.clone(),
            value: value.clone(),
        });
        let deleted = before.keys().filter(|key| !after.contains_key(*key));
        put.chain(deleted.map(|key| Self::Delete { key: key.clone() }))
            .collect()
    }
}

impl History {
    /// The current state of a job.
    ///
    /// # Errors
    /// Whatever keeps the database from being read.
    pub fn state(&self, job: &str) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        self.store.read(|connection| {
            let mut statement = connection.prepare_cached("select key, value from state where job = ?")?;
            let entries = statement.query_map([job], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(entries.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// One value of a job's current state.
    ///
    /// # Errors
    /// Whatever keeps the database from being read.
    pub fn state_get(&self, job: &str, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.store.read(|connection| {
            let mut statement = connection.prepare_cached("select value from state where job = ? and key = ?")?;
            Ok(statement.query_row([job, key], |row| row.get(0)).optional()?)
        })
    }

    /// Removes everything that a job's guests kept; says how many values there were.
    ///
    /// # Errors
    /// Whatever keeps the database from being written.
    pub fn state_clear(&self, job: &str) -> Result<u64, Error> {
        self.store.write(Durability::Power, |transaction| {
            Ok(transaction.execute("delete from state where job = ?", [job])? as u64)
        })
    }
}

/// Stores changes that are not current yet, instead of those stored for the run before.
pub(crate) fn stage(
    connection: &Connection,
    run: &str,
    job: &str,
    changes: &[StateChange],
    limit: u64,
) -> Result<(), Fault> {
    connection.execute("delete from pending_state where run = ?", [run])?;
    let mut insert =
        connection.prepare_cached("insert or replace into pending_state (run, key, value) values (?, ?, ?)")?;
    for change in changes {
        match change {
            StateChange::Put { key, value } => insert.execute(params![run, key, value])?,
            StateChange::Delete { key } => insert.execute(params![run, key, None::<Vec<u8>>])?,
        };
    }
    // What the job will keep: its values that don't change, and the new ones.
    let select = "select ifnull(sum(length(cast(key as blob)) + length(value) + ?3), 0) from ( \
                      select key, value from state where job = ?2 \
                          and key not in (select key from pending_state where run = ?1) \
                      union all select key, value from pending_state where run = ?1 and value is not null)";
    let bytes: i64 = connection.query_row(select, params![run, job, ENTRY_OVERHEAD], |row| row.get(0))?;
    let bytes = bytes.unsigned_abs();
    if bytes > limit {
        let job = job.to_owned();
        return Err(Error::StateFull { job, bytes, limit }.into());
    }
    Ok(())
}

/// Makes the changes that were stored for a run.
pub(crate) fn apply(connection: &Connection, run: &str, job: &str) -> Result<(), Fault> {
    let delete = "delete from state where job = ?2 and key in (select key from pending_state where run = ?1)";
    connection.execute(delete, [run, job])?;
    let insert = "insert into state (job, key, value) \
                  select ?2, key, value from pending_state where run = ?1 and value is not null";
    connection.execute(insert, [run, job])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_of_two_states() {
        let map = |entries: &[(&str, u8)]| {
            let entries = entries.iter().map(|(key, value)| ((*key).to_owned(), vec![*value]));
            entries.collect::<BTreeMap<_, _>>()
        };
        let (before, after) = (
            map(&[("a", 1), ("b", 2), ("c", 3)]),
            map(&[("a", 1), ("b", 9), ("d", 4)]),
        );
        let put = |key: &str, value| StateChange::Put {
            key: key.to_owned(),
            value: vec![value],
        };
        let deleted = StateChange::Delete { key: "c".to_owned() };
        assert_eq!(
            StateChange::between(&before, &after),
            [put("b", 9), put("d", 4), deleted]
        );
        assert_eq!(StateChange::between(&before, &before), []);
    }
}
