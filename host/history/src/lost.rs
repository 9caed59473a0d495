//! Runs whose process died without saying so.

use rusqlite::{Connection, params};

use crate::error::{Error, Fault};
use crate::history::History;
use crate::process::{Fate, fate};
use crate::run::{Failure, State};
use crate::store::Durability;

/// Kind of the failure of a run whose process died.
pub const DIED: &str = "died";

/// A run that has not ended, by what is recorded.
pub(crate) struct UnderWay {
    pub number: i64,
    pub fate: Fate,
}

impl History {
    /// Records the end of runs whose process is gone.
    pub(crate) fn mark_lost(&self) -> Result<(), Error> {
        let under_way = self.store.read(under_way)?;
        let lost: Vec<UnderWay> = under_way.into_iter().filter(|run| run.fate == Fate::Gone).collect();
        if lost.is_empty() {
            return Ok(());
        }
        let failure = Failure {
            sentence: "the process died".to_owned(),
            kind: DIED.to_owned(),
            chain: Vec::new(),
        };
        self.store.write(Durability::Process, |transaction| {
            let failure = serde_json::to_string(&failure)?;
            let update = "update runs set state = ?2, error = ?3, ended = updated where number = ?1 and ended is null";
            for run in &lost {
                transaction.execute(update, params![run.number, State::Error.as_str(), failure])?;
            }
            Ok(())
        })
    }
}

/// The runs that have not ended, and what became of their processes.
pub(crate) fn under_way(connection: &Connection) -> Result<Vec<UnderWay>, Fault> {
    let select = "select number, host, pid, process from runs where ended is null";
    let mut statement = connection.prepare_cached(select)?;
    let rows = statement.query_map([], |row| {
        let (host, pid, mark): (String, u32, Option<String>) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let fate = fate(&host, pid, mark.as_deref());
        Ok(UnderWay {
            number: row.get(0)?,
            fate,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
