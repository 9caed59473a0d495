//! What a job's guests keep between runs: small values by key, bounded in bytes.

use std::collections::BTreeMap;

use tenon_metadata::{Name, Transaction, row};

use crate::Error;
use crate::change::Standing;

/// What an entry is charged besides its key and value, in bytes.
const ENTRY_OVERHEAD: u64 = 64;

/// A change of a job's state. It becomes current when its run is [committed](crate::committed).
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

/// The current state of a job.
///
/// # Errors
/// What the database says.
pub fn state(tx: &mut Transaction<'_>, tenant: &Name, job: &Name) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let rows = tx.query(
        "select name, value from job_state where tenant = ?1 and job = ?2",
        row![tenant, job],
    )?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// One value of a job's current state.
///
/// # Errors
/// What the database says.
pub fn state_get(tx: &mut Transaction<'_>, tenant: &Name, job: &Name, key: &str) -> Result<Option<Vec<u8>>, Error> {
    let row = tx.first(
        "select value from job_state where tenant = ?1 and job = ?2 and name = ?3",
        row![tenant, job, key],
    )?;
    Ok(row.map(|row| row.get(0)).transpose()?)
}

/// Removes everything that a job's guests kept; says how many values there were.
///
/// # Errors
/// [`Error::Undecided`] while a run of the job is being committed.
pub fn state_clear(tx: &mut Transaction<'_>, tenant: &Name, job: &Name) -> Result<u64, Error> {
    super::refuse_undecided(tx, tenant.as_str(), job.as_str(), None)?;
    Ok(tx.execute(
        "delete from job_state where tenant = ?1 and job = ?2",
        row![tenant, job],
    )?)
}

/// Stores changes that are not current yet, instead of those stored for the run before.
pub(super) fn stage(
    tx: &mut Transaction<'_>,
    run: &Standing,
    changes: &[StateChange],
    limit: u64,
) -> Result<(), Error> {
    tx.execute("delete from pending_state where run = ?1", row![&run.id])?;
    // The last one to each key counts.
    let mut last: BTreeMap<&str, Option<&[u8]>> = BTreeMap::new();
    for change in changes {
        match change {
            StateChange::Put { key, value } => last.insert(key, Some(value)),
            StateChange::Delete { key } => last.insert(key, None),
        };
    }
    let before = tx.one(
        "select cast(coalesce(sum(bytes), 0) as bigint) from job_state where tenant = ?1 and job = ?2",
        row![&run.tenant, &run.job],
    )?;
    let mut bytes: u64 = before.get(0)?;
    for (key, value) in last {
        if key.contains('\0') {
            return Err(Error::Invalid {
                field: "key",
                reason: "a key of the job's state has a zero character".to_owned(),
            });
        }
        let known = tx.first(
            "select bytes from job_state where tenant = ?1 and job = ?2 and name = ?3",
            row![&run.tenant, &run.job, key],
        )?;
        let known: u64 = known.map_or(Ok(0), |row| row.get(0))?;
        bytes = bytes.saturating_sub(known) + value.map_or(0, |value| charged(key, value));
        tx.execute(
            "insert into pending_state (run, name, value) values (?1, ?2, ?3)",
            row![&run.id, key, value],
        )?;
    }
    if bytes > limit {
        let job = run.job.clone();
        return Err(Error::StateFull { job, bytes, limit });
    }
    Ok(())
}

/// Makes the changes that were stored for a run.
pub(super) fn apply(tx: &mut Transaction<'_>, run: &str, tenant: &str, job: &str) -> Result<(), Error> {
    for row in tx.query("select name, value from pending_state where run = ?1", row![run])? {
        let (key, value): (String, Option<Vec<u8>>) = (row.get(0)?, row.get(1)?);
        let Some(value) = value else {
            tx.execute(
                "delete from job_state where tenant = ?1 and job = ?2 and name = ?3",
                row![tenant, job, &key],
            )?;
            continue;
        };
        let bytes = charged(&key, &value);
        tx.execute(
            "insert into job_state (tenant, job, name, value, bytes) values (?1, ?2, ?3, ?4, ?5)
             on conflict (tenant, job, name) do update set value = excluded.value, bytes = excluded.bytes",
            row![tenant, job, &key, value, bytes],
        )?;
    }
    Ok(())
}

fn charged(key: &str, value: &[u8]) -> u64 {
    (key.len() + value.len()) as u64 + ENTRY_OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_of_two_states() {
        let state = |entries: &[(&str, &str)]| -> BTreeMap<String, Vec<u8>> {
            let entry = |(key, value): &(&str, &str)| ((*key).to_owned(), value.as_bytes().to_vec());
            entries.iter().map(entry).collect()
        };
        let changes = StateChange::between(
            &state(&[("a", "1"), ("b", "2"), ("c", "3")]),
            &state(&[("a", "1"), ("b", "4")]),
        );
        let put = StateChange::Put {
            key: "b".to_owned(),
            value: b"4".to_vec(),
        };
        assert_eq!(changes, [put, StateChange::Delete { key: "c".to_owned() }]);
    }
}
