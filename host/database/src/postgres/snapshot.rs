//! One state of the data for all parts of a scan.

use tokio::sync::{Mutex as AsyncMutex, watch};

use super::session::Session;
use super::{Postgres, PostgresDialect};
use crate::sql::Dialect;
use crate::{Error, Value};

const BEGIN: &str = "begin isolation level repeatable read read only";

/// A snapshot that transactions of several connections share. The first of them makes it, and has to stay until all others
/// have taken it: so the last part to begin gets that connection.
pub(super) struct Snapshot {
    database: Postgres,
    parts: usize,
    /// The snapshot, and the parts that have begun. Held while the first part makes it, which the others wait for.
    state: AsyncMutex<State>,
    /// Parts that have taken the snapshot, or will not.
    settled: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    first: Option<Session>,
    name: String,
    begun: usize,
}

impl Snapshot {
    pub fn new(database: Postgres, parts: usize) -> Self {
        Self {
            database,
            parts,
            state: AsyncMutex::default(),
            settled: watch::Sender::new(0),
        }
    }

    /// A connection in a transaction that sees the snapshot. Each part takes one, once.
    pub async fn begin(&self) -> Result<Session, Error> {
        let (name, first) = {
            let mut state = self.state.lock().await;
            if state.begun == 0 {
                state.first = Some(self.make(&mut state.name).await?);
            }
            state.begun += 1;
            let is_last = state.begun == self.parts;
            (state.name.clone(), if is_last { state.first.take() } else { None })
        };
        if let Some(first) = first {
            let mut settled = self.settled.subscribe();
            // The sender is this very value's, so it does not close.
            let _ = settled.wait_for(|settled| settled + 1 >= self.parts).await;
            return Ok(first);
        }
        let _settled = Settled(&self.settled);
        let connection = self.database.connect().await?;
        let literal = PostgresDialect.literal(&Value::Text(name)).unwrap_or_default();
        let statements = format!("{BEGIN}; set transaction snapshot {literal}");
        connection
            .run("taking the snapshot that all parts read", &statements)
            .await?;
        Ok(Session::alone(connection))
    }

    async fn make(&self, name: &mut String) -> Result<Session, Error> {
        let mut session = self.database.session().await?;
        session.set_in_transaction(true);
        session.run("beginning a transaction", BEGIN).await?;
        if self.parts > 1 {
            *name = session
                .text("making a snapshot", "select pg_catalog.pg_export_snapshot()")
                .await?;
        }
        Ok(session)
    }
}

/// Counts a part when it has taken the snapshot, or has failed to.
struct Settled<'a>(&'a watch::Sender<usize>);

impl Drop for Settled<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|settled| *settled += 1);
    }
}
