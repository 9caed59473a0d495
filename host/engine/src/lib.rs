//! Plans and runs Tenon jobs.
//!
//! A [`Job`] names a source, one function of a plugin and a sink. [`Engine::run`] makes one DataFusion plan of it, in
//! which the function is a node of its own, runs the plan in as many partitions as the machine has cores, a sandbox in
//! each, and commits what was written when every partition has ended. Rows that the function rejects are counted, and
//! kept where the job names a place for them.
//!
//! ```no_run
//! use tenon_connect::file::{ReadConfig, WriteConfig};
//! use tenon_engine::{Engine, Job, Progress};
//! use tenon_runtime::{Runtime, RuntimeConfig};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::new(Runtime::new(RuntimeConfig::default())?);
//! let mut job = Job::new("plugins/flights.wasm", ReadConfig::new("flights.csv.gz"), WriteConfig::new("out/"));
//! job.source.csv.null = vec!["NA".to_owned()];
//! let report = engine.run(&job, &Progress::default()).await?;
//! println!("{} rows in, {} out, {} rejected", report.rows_in, report.rows_out, report.rows_rejected);
//! # Ok(())
//! # }
//! ```

mod apply;
mod context;
mod drive;
mod error;
mod job;
mod metrics;
mod node;
mod plan;
mod planner;
mod progress;
mod rejects;
mod report;
mod run;

pub use error::{Error, Outcome};
pub use job::{Job, Secret};
pub use progress::{Phase, Progress};
pub use report::{Report, Status, Timings};
pub use run::Engine;
