//! Plans and runs Tenon jobs.
//!
//! A [`Job`] is a graph of sources, steps and sinks. [`Engine::run`] makes DataFusion plans of it, in which the functions
//! of plugins are nodes of their own, runs them in as many partitions as the machine has cores, a sandbox in each, and
//! commits what was written when every partition has ended. What several steps or sinks read runs once. Rows that a
//! function rejects are counted, and kept where the job names a place for them.
//!
//! ```no_run
//! use tenon_connect::file::{ReadConfig, WriteConfig};
//! use tenon_engine::{Engine, Job, PluginStep, Progress, Step};
//! use tenon_runtime::{Runtime, RuntimeConfig};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut flights = ReadConfig::new("flights.csv.gz");
//! flights.csv.null = vec!["NA".to_owned()];
//! let late = Step::Filter { from: "clean".to_owned(), predicate: "delay_category = 'late'".to_owned() };
//! let job = Job::new("flights")
//!     .source("flights", flights)
//!     .step("clean", PluginStep::new("flights", "plugins/flights.wasm"))
//!     .step("late", late)
//!     .sink("lake", "late", WriteConfig::new("out/"))
//!     .rejects("rejected", "clean", WriteConfig::new("rejected.ndjson"));
//!
//! let engine = Engine::new(Runtime::new(RuntimeConfig::default())?);
//! let report = engine.run(&job, &Progress::default()).await?;
//! println!("{} rows in, {} out, {} rejected", report.rows_in, report.rows_out, report.rows_rejected);
//! # Ok(())
//! # }
//! ```

mod apply;
mod at_work;
mod booked;
mod commit;
mod context;
mod definition;
mod drive;
mod error;
mod finish;
mod flow;
mod function;
mod graph;
mod interpreted;
mod job;
mod kept;
mod ledger;
mod metrics;
mod node;
mod outcome;
mod place;
mod plan;
mod planner;
mod preview;
mod progress;
mod rejects;
mod replay;
mod report;
mod retry;
mod run;
mod scalar;
mod script;
mod shared;
mod step;
mod steps;
mod stream;
mod told;
mod transform;
mod unreadable;

pub use definition::{Artifacts, job_schema};
pub use error::Error;
pub use finish::Finished;
pub use function::{OnRefusal, ScalarFunction};
pub use interpreted::{SCRIPT_FUNCTION, script_config};
pub use job::{Feed, Incremental, Job, MaxRejects, Output, Retries, Secret};
pub use kept::FailedBatch;
pub use ledger::{Commitment, Ledger};
pub use outcome::Outcome;
pub use preview::Preview;
pub use progress::{Flow, Phase, Progress};
pub use replay::{Replay, Replayed};
pub use report::{PluginUsed, Report, SinkReport, Status, Timings};
pub use run::Engine;
pub use script::{Place, Script};
pub use step::{Emits, JoinHow, JoinStep, PluginStep, SampleSize, SampleStep, Step};
pub use stream::{Batch, Batches, Streamed};
pub use told::Told;
pub use transform::Transform;
