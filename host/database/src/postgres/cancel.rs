//! Ending statements that nobody waits for any more.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_postgres::CancelToken;

use super::connect::reach;
use super::line::{Encrypted, Line};
use super::target::Target;

/// Asks the server to end whatever a session is doing.
#[derive(Clone)]
pub(super) struct Cancel {
    target: Arc<Target>,
    token: CancelToken,
    runtime: Handle,
}

impl Cancel {
    /// Has to be called on a runtime, which is where the request will be sent from.
    pub fn new(target: Arc<Target>, token: CancelToken) -> Self {
        Self {
            target,
            token,
            runtime: Handle::current(),
        }
    }

    /// Sends the request, over a connection of its own, without waiting for it. If that fails the server finds out when it
    /// next sends something to the session, which is gone.
    pub fn send(&self) {
        let Self { target, token, .. } = self.clone();
        self.runtime.spawn(async move {
            let Ok(socket) = reach(&target).await else { return };
            if let Err(error) = token.cancel_query_raw(Line::new(socket), Encrypted).await {
                tracing::debug!(%error, "a statement was not cancelled");
            }
        });
    }
}
