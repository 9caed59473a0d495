//! Jobs and their runs, as the server keeps them: the queue, leases, retries, bookmarks, logs.
//!
//! A run is [submitted](submit()), waits in a queue that is fair between tenants, and is [claimed](claim()) by a server,
//! which holds it by a [`Lease`] for as long as it [renews](renew) its own. What the server then does to the run is refused
//! once the run was [taken over](take_over) by another one. Bookmarks and state change in two phases around the commit of
//! the sinks: [`prepare`], [`committed`]. Attempts [finish](finish()); one that failed is followed by the next one as long
//! as the job's [settings](JobSettings) allow it. A run may go on in [micro-batches](batch()). Every change of a run's state is an event.
//!
//! All are functions over a transaction, so that several can be one change; [`Runs`] is for those who do one at a time.
//!
//! ```
//! use std::time::Duration;
//!
//! use tenon_metadata::{Metadata, Name, Settings};
//! use tenon_runs::{Capacity, Error, JobInput, LogSettings, Outcome, Request, Runs, State, jobs};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = tempfile::tempdir()?;
//! # let url = place.path().join("server.db").display().to_string();
//! let tables = [tenon_events::MIGRATIONS, tenon_runs::MIGRATIONS];
//! let metadata = Metadata::open(&Settings::new(url), &tables).await?;
//! let (shop, orders) = (Name::new("shop")?, Name::new("orders")?);
//! let (tenant, job) = (shop.clone(), orders.clone());
//! let input = JobInput {
//!     definition: "name = \"orders\"".to_owned(),
//!     ..JobInput::default()
//! };
//! metadata
//!     .write(move |tx| jobs::put(tx, &tenant, &job, &input, None, |_| Ok(())))
//!     .await?;
//!
//! let runs = Runs::new(metadata, LogSettings::default());
//! let submitted = runs.submit(Request::new(shop.clone(), orders)).await?;
//!
//! let server = runs.join(&Name::new("here")?, Duration::from_secs(30)).await?;
//! let claimed = runs.claim(&server, Capacity { runs: 8 }).await?;
//! assert_eq!(claimed[0].lease.run, submitted.id);
//! runs.running(&claimed[0].lease).await?;
//! runs.finish(&claimed[0].lease, Outcome::new(State::Succeeded)).await?;
//! assert_eq!(runs.get(&shop, &submitted.id).await?.state, State::Succeeded);
//! # Ok(())
//! # }
//! ```

mod backoff;
mod batch;
mod change;
mod claim;
mod clock;
mod error;
mod finish;
mod handle;
pub mod jobs;
mod json;
mod keys;
mod ledger;
mod log;
#[cfg(test)]
mod plans;
mod queue;
mod quotas;
mod request;
mod retention;
mod run;
pub mod runs;
mod schema;
mod servers;
mod settings;
mod shares;
mod state;
mod stop;
mod submit;
mod takeover;
mod time;

pub use batch::{Batch, BatchNoted, batch, stream};
pub use claim::{Capacity, Claimed, Lease, claim, claim_due};
pub use clock::clock_set;
pub use error::Error;
pub use finish::{Finished, Outcome, finish, give_back, progress, running};
pub use handle::Runs;
pub use jobs::{Format, Job, JobInput, JobVersion};
pub use ledger::{
    Bookmark, Commit, Pending, STATE_BYTES_PER_JOB, StateChange, aborted, bookmark_history, bookmark_reset,
    bookmark_rewind, bookmark_version, bookmarks, committed, prepare, resolve, state, state_clear, state_get,
    undecided, unfinished,
};
pub use log::{
    Appended, Level, LogFollower, LogLine, LogQuery, LogSettings, LogSink, LogSource, NewLine, RunLog, append, logs,
};
pub use quotas::{Quotas, quotas, set_quotas};
pub use request::{Request, Submitted};
pub use retention::{LogsRemoved, Removed, Retention, keep_to_log_quota, over_log_quota, remove_old};
pub use run::{Attempt, Failure, LogSummary, PluginUsed, Run, Usage};
pub use runs::{Count, RunFilter, attempts, counts};
pub use schema::MIGRATIONS;
pub use servers::{Held, Renewed, held, join, leave, renew, set_lease};
pub use settings::{JobSettings, RetryWhen};
pub use shares::{Share, take_share};
pub use state::State;
pub use stop::request_stop;
pub use submit::{DEEPEST, rerun, resume, submit};
pub use takeover::{Recovery, TakenOver, take_over};
