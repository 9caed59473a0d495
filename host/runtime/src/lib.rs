//! Loads WebAssembly components, keeps warm sandboxes and passes Arrow batches to them.
//!
//! A [`Runtime`] loads a [`Plugin`] from a file: it reads which interfaces of `tenon:etl` the component exports,
//! refuses what it cannot serve, compiles it once (or takes the code from a signed cache) and keeps a pool of
//! instantiated sandboxes. A [`Run`] says whose work it is and what that work may do; everything is denied until
//! granted. [`Plugin::checkout`] gives a [`Sandbox`] to a run; it is opened once, given batches, and thrown away.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use arrow::array::{RecordBatch, StringArray};
//! use arrow::datatypes::{DataType, Field, Schema};
//! use tenon_runtime::{Run, Runtime, RuntimeConfig};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = Runtime::new(RuntimeConfig::default())?;
//! let plugin = runtime.load("target/plugins/mask.wasm").await?;
//!
//! let schema = Arc::new(Schema::new(vec![Field::new("name", DataType::Utf8, true)]));
//! let names = Arc::new(StringArray::from(vec!["Ada", "Grace"]));
//! let batch = RecordBatch::try_new(Arc::clone(&schema), vec![names])?;
//!
//! let run = Run::builder("tenant", "run-1").build();
//! let mut sandbox = plugin.checkout(&run).await?;
//! sandbox.open("redact", r#"{"columns": ["name"]}"#, &schema).await?;
//! let output = sandbox.process(batch).await?;
//! println!("{:?}, {} rejected", output.batches, output.rejected.len());
//! # Ok(())
//! # }
//! ```
//!
//! # Who pays for what
//! A checkout costs about a microsecond when a warm sandbox waits, and one instantiation (some ten microseconds for a
//! Rust plugin) when none does. A call costs about a microsecond, whatever the size of the batch; bytes cross only when
//! the guest reads or builds columns, one copy per buffer. Native kernels that a guest asks for run on the caller's
//! thread and count as its CPU time.

mod bindings;
mod cache;
mod call;
mod config;
mod engine;
mod error;
mod files;
mod host;
mod http;
mod limits;
mod lines;
mod output;
mod plugin;
mod pool;
mod run;
mod runtime;
mod sandbox;
mod script;
mod stats;
mod ticker;
mod trap;
mod wasi;

pub use config::{CacheConfig, PluginConfig, PoolConfig, RuntimeConfig};
pub use error::{Error, ErrorKind};
pub use http::HttpGrant;
pub use limits::{LimitReached, Limits};
pub use output::{Output, Rejection};
pub use plugin::{Function, Plugin, Shape};
pub use run::{Clock, Level, LogRecord, LogSink, Randomness, Run, RunBuilder, RunStatistics};
pub use runtime::Runtime;
pub use sandbox::Sandbox;
pub use script::{Batches, Fault, Frame, JobSandbox, JoinKind, Pipeline, Written};
pub use stats::{PluginStatistics, RuntimeStatistics, SandboxStatistics};
pub use tenon_component::{CONTRACT_VERSION, Interfaces};
