//! Whole jobs as scripts: read, transform and write, while the host plans and runs everything natively.
//!
//! A crate with one function that has the attribute [`macro@crate::job`] is a job: `tenon run job.wasm`. Its [`Frame`]s are
//! queries that have not run; the functions of the same crate run in sandboxes of their own, in parallel.
//!
//! ```
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//! use tenon::job::{Context, Mode, Sink};
//! use tenon::{Batch, Result, Utf8, json};
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Redact {
//!     /// The column whose values are to be hidden.
//!     column: String,
//! }
//!
//! /// Hides the values of a column.
//! #[tenon::transform]
//! fn redact(batch: Batch, config: &Redact) -> Result<Batch> {
//!     let hidden: Utf8 = batch.strings(&config.column)?.iter().map(|text| text.map(|_| "***")).collect();
//!     batch.with_column(&config.column, hidden)
//! }
//!
//! #[tenon::job]
//! fn run(ctx: &Context) -> Result<()> {
//!     let most: u32 = ctx.param("most")?;
//!     let orders = ctx.read("s3://raw/orders/*.parquet")?;
//!     orders
//!         .select(["id", "customer"])?
//!         .limit(most)?
//!         .apply(redact, json!({ "column": "customer" }))?
//!         .write(Sink::parquet("s3://lake/orders/").mode(Mode::Append))?;
//!     Ok(())
//! }
//!
//! // A unit test, with plain `cargo test`: sources are batches, and what was written can be looked at.
//! use tenon::testing;
//!
//! testing::set_parameter("most", "2");
//! let orders = tenon::batch! { "id" => [1, 2, 3], "customer" => ["Ada", "Grace", "Mary"], "total" => [1.0, 2.0, 3.0] };
//! testing::source("s3://raw/orders/*.parquet", orders);
//! run(&testing::context())?;
//! let written = testing::written("s3://lake/orders/");
//! assert_eq!(written[0].rows(), 2);
//! assert_eq!(written[0].strings("customer")?.get(1), Some("***"));
//! # Ok::<(), tenon::Error>(())
//! ```

#[cfg(target_family = "wasm")]
#[rustfmt::skip]
#[doc(hidden)]
pub mod bindings;
mod context;
mod frame;
mod function;
#[cfg(target_family = "wasm")]
mod guest;
mod sink;
mod source;
mod table;

pub use context::Context;
pub use frame::{Frame, JoinKind, Written};
pub use function::FunctionName;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub use guest::{JobResult, Outcome, run_job};
pub use sink::{Mode, Sink};
pub use source::Source;
