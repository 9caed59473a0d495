//! What earlier runs of the job have left: bookmarks and state to go on from, and commits to finish first.

use std::collections::BTreeMap;

use tenon_connect::Bookmark;
use tenon_engine::Incremental;
use tenon_runs::{Level, LogSource, Pending};

use super::ready::Ready;
use super::{Attempt, broken, refused};
use crate::Error;
use crate::executor::ledger::RunLedger;
use crate::executor::outcome::Ended;
use crate::executor::unfinished;
use crate::executor::unfinished::Completed;
use crate::executor::went::{Done, Went};

/// What earlier runs of the job have left to this one.
struct Kept {
    state: BTreeMap<String, Vec<u8>>,
    version: i64,
    bookmarks: BTreeMap<String, tenon_runs::Bookmark>,
    /// A commit that one was cut short in.
    unfinished: Option<Pending>,
}

impl Attempt<'_> {
    /// Has the job go on where its last committed run ended.
    pub(super) async fn read_on(&self, ready: &mut Ready) -> Result<RunLedger, Ended> {
        let mut kept = self.kept().await?;
        if let Some(left) = kept.unfinished.take() {
            unfinished::settle(self.shared, self.log, &ready.job, &left).await?;
            // What that commit kept is current now.
            kept = self.kept().await?;
        }
        let Kept {
            state,
            version,
            bookmarks,
            ..
        } = kept;
        for (source, defined) in &ready.definition.sources {
            if !ready.definition.bookmarked(source) {
                continue;
            }
            let since = match bookmarks.get(source) {
                None => Bookmark::None,
                Some(bookmark) => serde_json::from_value(bookmark.value.clone()).map_err(|error| {
                    refused(&format!(
                        "the bookmark of the source `{source}` cannot be read ({error}); resetting it removes it"
                    ))
                })?,
            };
            let incremental = Incremental {
                since,
                ..Incremental::of(defined)
            };
            ready.job.incremental.insert(source.clone(), incremental);
        }
        ready.job.state.clone_from(&state);
        Ok(RunLedger {
            metadata: self.shared.metadata.clone(),
            lease: self.run.lease.clone(),
            based_on: (!ready.job.incremental.is_empty()).then_some(version),
            state,
            seat: None,
        })
    }

    async fn kept(&self) -> Result<Kept, Ended> {
        let (tenant, job, run) = (
            self.run.tenant.clone(),
            self.run.job.clone(),
            self.run.lease.run.clone(),
        );
        let kept = self.shared.metadata.glance(move |tx| {
            Ok::<_, Error>(Kept {
                state: tenon_runs::state(tx, &tenant, &job)?,
                version: tenon_runs::bookmark_version(tx, &tenant, &job)?,
                bookmarks: tenon_runs::bookmarks(tx, &tenant, &job)?,
                unfinished: tenon_runs::unfinished(tx, &tenant, &job, &run)?,
            })
        });
        kept.await.map_err(|error| broken(&error))
    }

    /// Finishes the commit that an earlier attempt was cut short in: what it had made durable becomes visible.
    pub(super) async fn finish(&self, ready: &Ready, pending: &Pending) -> Went {
        let (went, committed) = match unfinished::complete(&self.shared.engine, &ready.job, pending).await {
            Ok(Completed::All(sinks)) => return Went::Well(Done::recovered(&sinks)),
            Ok(Completed::Partly(ended)) => (Went::Badly(ended), true),
            Ok(Completed::Nothing(why)) => {
                let text =
                    format!("the commit of an earlier attempt is given up, and its work is done again, since {why}");
                self.log.write(Level::Warn, LogSource::Host, None, &text);
                // By an attempt of its own: no two may be called the same where they write.
                (Went::Back, false)
            }
            Err(ended) => return Went::Badly(ended),
        };
        match self.decide(committed).await {
            Ok(()) => went,
            Err(ended) => Went::Badly(ended),
        }
    }

    /// Has the run's commit be over.
    async fn decide(&self, committed: bool) -> Result<(), Ended> {
        let lease = self.run.lease.clone();
        let decided = self.shared.metadata.write(move |tx| {
            if committed {
                tenon_runs::committed(tx, &lease)
            } else {
                tenon_runs::aborted(tx, &lease)
            }
        });
        decided.await.map_err(|error| broken(&error.into()))
    }
}
