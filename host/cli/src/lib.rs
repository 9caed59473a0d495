//! Tenon runs ETL jobs whose code is WebAssembly, on Arrow data.
//!
//! This package is the `tenon` command; as a library, `tenon_host`, it re-exports what the command is made of:
//! - [`engine`] plans and runs jobs,
//! - [`job`] reads job files,
//! - [`connect`] reads and writes files,
//! - [`history`] records runs, and how far they have read their sources,
//! - [`runtime`] loads plugins and keeps warm sandboxes,
//! - [`client`] asks a server,
//! - [`server`] runs the jobs of many tenants, by hand, on schedules and on events.
//!
//! ```no_run
//! use tenon_host::connect::file::{ReadConfig, WriteConfig};
//! use tenon_host::engine::{Engine, Progress, Transform};
//! use tenon_host::runtime::{Runtime, RuntimeConfig};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::new(Runtime::new(RuntimeConfig::default())?);
//! let mut flights = ReadConfig::new("flights.csv.gz");
//! flights.csv.null = vec!["NA".to_owned()];
//! let mut job = Transform::new("flights.wasm", flights, WriteConfig::new("out/"));
//! job.config = serde_json::json!({ "late_after": 30 });
//! let report = engine.run(&job.job(), &Progress::default()).await?;
//! println!("{} rows in, {} out, {} rejected", report.rows_in, report.rows_out, report.rows_rejected);
//! # Ok(())
//! # }
//! ```

pub use tenon_client as client;
pub use tenon_connect as connect;
pub use tenon_connections as connections;
pub use tenon_database as database;
pub use tenon_engine as engine;
pub use tenon_history as history;
pub use tenon_job as job;
pub use tenon_runtime as runtime;
pub use tenon_server as server;
