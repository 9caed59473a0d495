//! Write Tenon transforms in Rust.
//!
//! A transform is a function from batches to batches that runs in a sandbox. The rows stay with the host: a function
//! reads the columns it needs, adds the ones it makes, and lets the host do what the host does best ([`Batch::eval`],
//! [`Batch::filter`]).
//!
//! ```
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//! use tenon::{Batch, Result, Utf8, reject};
//!
//! /// How to tell late flights.
//! #[derive(Deserialize, JsonSchema)]
//! struct Categorise {
//!     /// Minutes behind schedule from which a flight counts as late.
//!     late_after: i64,
//! }
//!
//! /// Says of each flight whether it was on time.
//! #[tenon::transform]
//! fn categorise(batch: Batch, config: &Categorise) -> Result<Batch> {
//!     let delay = batch.column::<i64>("arr_delay")?;
//!     let category: Utf8 = delay
//!         .iter()
//!         .enumerate()
//!         .map(|(row, delay)| match delay {
//!             None => "cancelled",
//!             Some(delay) if delay < -1440 => {
//!                 reject(row, "the flight arrived the day before");
//!                 "early"
//!             }
//!             Some(delay) if delay > config.late_after => "late",
//!             _ => "on time",
//!         })
//!         .collect();
//!     batch.with_column("category", category)?.without_rejected()
//! }
//!
//! // A unit test, with plain `cargo test`: a stand-in for the host holds the rows.
//! let flights = tenon::batch! { "arr_delay" => [Some(3_i64), None, Some(40), Some(-2000)] };
//! let output = tenon::testing::run("categorise", r#"{ "late_after": 15 }"#, flights)?;
//! let category = output.batches[0].strings("category")?;
//! assert_eq!(category.iter().flatten().collect::<Vec<_>>(), ["on time", "cancelled", "late"]);
//! assert_eq!(output.rejected, [(3, "the flight arrived the day before".to_owned())]);
//! # Ok::<(), tenon::Error>(())
//! ```
//!
//! # A whole job
//!
//! A function with the attribute [`macro@job`] makes the crate a job of its own, which reads, transforms and writes; see
//! the module [`job`](mod@job).
//!
//! # A plugin's crate
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! schemars = { version = "1", default-features = false, features = ["derive", "std"] }
//! serde = { version = "1", features = ["derive"] }
//! tenon-sdk = "0.1"
//! ```
//!
//! `tenon build` makes it a component. Every function with the attribute [`macro@transform`] is offered to jobs, whatever
//! module it is in.
//!
//! # Features
//!
//! | feature | |
//! |---|---|
//! | `log` (default) | what is written with the crate `log` goes to the run's log |
//! | `tracing` | so do the events of the crate `tracing` |
//! | `arrow` | batches from and to arrow-rs record batches; makes a component some 1.5 MB larger |
//! | `kernels` | [`Batch::eval`] and [`Batch::filter`] are computed in tests outside a sandbox, which otherwise say what comes of them with [`testing::answer`]: builds DataFusion, so give it to dev-dependencies. Not in the SDK that `tenon new` puts beside a project |

#[cfg(feature = "arrow")]
mod arrow;
mod batch;
mod bitmap;
mod boundary;
mod buffer;
mod column;
mod config;
mod data_type;
mod error;
mod function;
mod host;
pub mod job;
#[cfg(any(feature = "arrow", not(target_family = "wasm")))]
mod layout;
mod logging;
mod program;
mod reject;
mod schema;
mod sql;
pub mod state;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
#[cfg(feature = "tracing")]
mod tracing_bridge;
mod transform;

#[cfg(target_family = "wasm")]
#[rustfmt::skip]
mod bindings;
#[cfg(target_family = "wasm")]
mod guest;

pub use batch::Batch;
pub use buffer::Buffer;
pub use column::{
    AnyColumn, Binary, Booleans, Column, ColumnType, Date, DateMillis, DayMillis, Decimal32, Decimal64, Decimal256,
    Duration, F16, List, Map, MonthDayNanos, Months, Node, NullColumn, Primitive, RawColumn, Struct, Time32, Time64,
    Timestamp, Utf8,
};
pub use config::NoConfig;
pub use data_type::{DataType, TimeUnit};
pub use error::{Context, Error, ErrorKind, Result};
pub use host::{Instant, Level, count, log, now, parameter, random, secret};
pub use program::Evaluated;
pub use reject::reject;
pub use schema::{Field, Schema};
pub use serde_json::json;
pub use sql::{literal, quote};
pub use tenon_sdk_macros::{job, transform};
pub use transform::{IntoBatches, Transform};

/// What the attribute macros need; no part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::config::{ByReference, ByValue};
    pub use crate::function::{Function, id_of, open_function, open_transform, schema_of};
    #[cfg(target_family = "wasm")]
    pub use crate::job::bindings::exports::tenon::etl::job::Guest as Job;
    #[cfg(target_family = "wasm")]
    pub use crate::job::bindings::{self as script, export_job};
    #[cfg(target_family = "wasm")]
    pub use crate::job::{JobResult, run_job};
    pub use inventory::submit;
}
