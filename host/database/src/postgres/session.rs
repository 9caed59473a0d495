//! A connection that is kept for a moment, for whoever asks next.

use std::ops::Deref;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Connection;

/// How long it is kept.
const KEPT: Duration = Duration::from_secs(5);

/// Where it is kept. What is there is between statements, and in no transaction.
#[derive(Default)]
pub(super) struct Idle(Mutex<Option<(Instant, Connection)>>);

impl Idle {
    /// The connection that is kept, if it is still alive.
    pub fn take(&self) -> Option<Connection> {
        let (_, connection) = self.0.lock().take()?;
        connection.is_idle().then_some(connection)
    }

    fn keep(self: &Arc<Self>, connection: Connection) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let since = Instant::now();
        *self.0.lock() = Some((since, connection));
        let idle = Arc::downgrade(self);
        runtime.spawn(async move {
            tokio::time::sleep(KEPT).await;
            let Some(idle) = Weak::upgrade(&idle) else { return };
            let mut kept = idle.0.lock();
            if kept.as_ref().is_some_and(|(kept_since, _)| *kept_since == since) {
                *kept = None;
            }
        });
    }
}

/// A connection that is kept for the next one once it is dropped, unless a statement is left half way.
pub(super) struct Session {
    connection: Option<Connection>,
    idle: Option<Arc<Idle>>,
    is_in_transaction: bool,
}

impl Session {
    /// A connection that ends with the session.
    pub fn alone(connection: Connection) -> Self {
        Self {
            connection: Some(connection),
            idle: None,
            is_in_transaction: true,
        }
    }

    pub fn new(connection: Connection, idle: Arc<Idle>) -> Self {
        Self {
            connection: Some(connection),
            idle: Some(idle),
            is_in_transaction: false,
        }
    }

    /// To be called before a transaction begins, and after it has ended: a connection is not kept in one.
    pub fn set_in_transaction(&mut self, is_in_transaction: bool) {
        self.is_in_transaction = is_in_transaction;
    }
}

impl Deref for Session {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("there is one until the session is dropped")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let (Some(connection), Some(idle)) = (self.connection.take(), &self.idle)
            && connection.is_idle()
            && !self.is_in_transaction
        {
            idle.keep(connection);
        }
    }
}
