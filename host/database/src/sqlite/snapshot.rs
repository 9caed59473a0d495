//! Several connections that see the same state of a file.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::connection::{Opener, Purpose};
use crate::Error;

/// The connections of a scan's parts, opened together when the first part is read.
pub(super) struct Snapshot {
    parts: usize,
    /// One for each part that has not been read yet. Whoever comes first opens all of them while the others wait.
    connections: Mutex<Option<Vec<Option<Connection>>>>,
}

impl Snapshot {
    pub fn new(parts: usize) -> Self {
        Self {
            parts,
            connections: Mutex::new(None),
        }
    }

    /// The connection for a part, in a transaction that sees what those of the other parts see.
    pub fn take(&self, opener: &Opener, part: usize) -> Result<Connection, Error> {
        let mut connections = self.connections.lock();
        let opened = match connections.as_mut() {
            Some(opened) => opened,
            None => connections.insert(open(opener, self.parts)?),
        };
        opened
            .get_mut(part)
            .and_then(Option::take)
            .ok_or_else(|| Error::Config {
                subject: opener.name.to_string(),
                reason: format!("part {part} has been read already"),
            })
    }
}

/// SQLite cannot hand a state from one connection to another. But it can tell whether anybody has committed since a
/// connection last asked: if nobody has while the transactions were begun, all of them see the same.
fn open(opener: &Opener, parts: usize) -> Result<Vec<Option<Connection>>, Error> {
    let until = Instant::now() + Duration::from_secs(opener.options.lock_timeout.into());
    let failed = |error: rusqlite::Error| opener.refused("to begin to read", &error);
    let version = |witness: &Connection| witness.query_row("pragma data_version", [], |row| row.get::<_, i64>(0));
    let witness = opener.connect(Purpose::Read)?;
    let connect = || opener.connect(Purpose::Read);
    let connections: Vec<Connection> = (0..parts).map(|_| connect()).collect::<Result<_, Error>>()?;
    loop {
        let before = version(&witness).map_err(failed)?;
        for connection in &connections {
            // The transaction begins to see a state when it first reads.
            connection
                .execute_batch("begin; select count(*) from sqlite_schema")
                .map_err(failed)?;
        }
        if parts == 1 || version(&witness).map_err(failed)? == before {
            return Ok(connections.into_iter().map(Some).collect());
        }
        for connection in &connections {
            connection.execute_batch("rollback").map_err(failed)?;
        }
        if Instant::now() > until {
            return Err(Error::Refused {
                database: opener.name.to_string(),
                doing: "to begin to read".to_owned(),
                message: "others commit without a pause, so its parts cannot see the same state; try `parts = 1`"
                    .to_owned(),
                code: None,
                transient: true,
            });
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
