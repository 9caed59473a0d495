//! The local record of runs: what ran, how it ended, what it logged, how far each source was read, and the batches that
//! failed. It lives in one SQLite database in a folder of the user's, which several processes may use at once.
//!
//! ```
//! use serde_json::json;
//! use tenon_history::{Commit, Filter, History, Level, LogQuery, LogSource, NewRun, Outcome, State};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = tempfile::tempdir()?;
//! # let folder = place.path();
//! let history = History::open(folder)?;
//! history.begin(&NewRun::new("run-1", "flights"))?;
//!
//! // What it logs is written in batches, by a thread of its own.
//! let log = history.log_writer("run-1")?;
//! log.write(Level::Info, LogSource::Guest, Some("clean"), "5 rows look odd");
//! log.close()?;
//!
//! // Bookmarks change together with what the sinks commit, or not at all.
//! let mut commit = Commit::new("run-1", "flights");
//! commit.bookmarks.insert("orders".to_owned(), json!({ "until": "2026-01-31" }));
//! commit.tokens = json!({ "lake": "manifest-7" });
//! history.prepare(&commit)?;
//! // ... here the sinks commit ...
//! history.committed("run-1")?;
//! history.finish("run-1", &Outcome::new(State::Succeeded).report(json!({ "rows_in": 336_776 })))?;
//!
//! assert_eq!(history.get("last")?.state, State::Succeeded);
//! assert_eq!(history.list(&Filter::default())?.len(), 1);
//! assert_eq!(history.logs("last", &LogQuery::default())?[0].message, "5 rows look odd");
//! assert_eq!(history.bookmark("flights", "orders")?.unwrap().value["until"], "2026-01-31");
//! # Ok(())
//! # }
//! ```
//!
//! Calls block, for as long as a small write to a disk takes; [`History`] is cheap to clone and may be shared between
//! threads.

mod bookmarks;
mod error;
mod history;
mod kept;
mod log;
mod lost;
mod place;
mod process;
mod retention;
mod run;
mod runs;
mod schema;
mod state;
mod store;
mod time;

pub use bookmarks::{Bookmark, Commit, Pending};
pub use error::Error;
pub use history::{History, Settings};
pub use kept::{KeptBatch, KeptInfo, LoadedBatch};
pub use log::{Level, LogLine, LogQuery, LogSource, LogWriter};
pub use lost::DIED;
pub use place::default_folder;
pub use process::host_name;
pub use retention::{Removed, Retention};
pub use run::{Failure, Filter, LogSummary, NewRun, Outcome, PluginUsed, Run, State};
pub use state::StateChange;
