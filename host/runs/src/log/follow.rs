//! Reading on while a run logs.

use std::time::Duration;

use tenon_metadata::{Metadata, Name, Subscription};

use super::{LogLine, LogQuery, logs};
use crate::{Error, runs};

/// How often it looks without having been told of anything: notices can be lost.
const LOOK: Duration = Duration::from_secs(2);

/// Follows the log of a run until that has ended.
#[derive(Debug)]
pub struct LogFollower {
    metadata: Metadata,
    tenant: Name,
    run: String,
    query: LogQuery,
    logged: Subscription,
    changed: Subscription,
}

impl LogFollower {
    /// Follows a run from where the query begins.
    pub fn new(metadata: Metadata, tenant: Name, run: impl Into<String>, query: LogQuery) -> Self {
        let (logged, changed) = (metadata.subscribe("logs"), metadata.subscribe("runs"));
        Self {
            metadata,
            tenant,
            run: run.into(),
            query,
            logged,
            changed,
        }
    }

    /// The next lines, once there are some; none once the run has ended and all was read.
    ///
    /// # Errors
    /// [`Error::UnknownRun`], [`Error::Invalid`].
    pub async fn next(&mut self) -> Result<Option<Vec<LogLine>>, Error> {
        loop {
            let (tenant, run, query) = (self.tenant.clone(), self.run.clone(), self.query.clone());
            let look = self.metadata.read(move |tx| {
                let ended = runs::get(tx, &tenant, &run)?.ended.is_some();
                Ok::<_, Error>((ended, logs(tx, &tenant, &run, &query)?.items))
            });
            let (ended, lines) = look.await?;
            if let Some(last) = lines.last() {
                self.query.after = Some(last.number);
                self.query.tail = false;
                return Ok(Some(lines));
            }
            if ended || !self.wait().await {
                return Ok(None);
            }
        }
    }

    /// Waits until there may be more; false if the database has closed.
    async fn wait(&mut self) -> bool {
        let told = async {
            loop {
                let notice = tokio::select! {
                    notice = self.logged.next() => notice,
                    notice = self.changed.next() => notice,
                };
                match notice {
                    None => return false,
                    Some(notice) if notice.text == self.run || notice.text.is_empty() => return true,
                    Some(_) => {}
                }
            }
        };
        tokio::time::timeout(LOOK, told).await.unwrap_or(true)
    }
}
