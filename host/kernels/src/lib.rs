//! SQL expressions and batch kernels that run natively on behalf of a sandboxed guest.
//!
//! A guest holds handles to record batches and asks the host to work on them. The text of an expression and the data
//! come from the guest, but the work is done in the host's process. So everything is bounded by [`Limits`] before it
//! happens, only functions on a list are offered ([`function_names`]), and every failure is an [`Error`] that names
//! the expression and the position in it.
//!
//! ```
//! use std::sync::Arc;
//! use arrow::{array::{Float64Array, RecordBatch, StringArray}, datatypes::{DataType, Field, Schema}};
//! use tenon_kernels::{Limits, Program};
//!
//! let schema = Arc::new(Schema::new(vec![
//!     Field::new("status", DataType::Utf8, false),
//!     Field::new("amount", DataType::Float64, false),
//! ]));
//! let batch = RecordBatch::try_new(schema.clone(), vec![
//!     Arc::new(StringArray::from(vec!["paid", "open"])),
//!     Arc::new(Float64Array::from(vec![10.0, 20.0])),
//! ])?;
//!
//! let paid = Program::compile(&schema, &["status = 'paid'".to_owned()], &Limits::default())?;
//! assert_eq!(paid.filter(&batch)?.num_rows(), 1);
//!
//! let gross = Program::compile(&schema, &["amount * 1.19 as gross".to_owned()], &Limits::default())?;
//! assert_eq!(gross.project(&batch)?.schema().field(0).name(), "gross");
//!
//! let error = Program::compile(&schema, &["amout * 2".to_owned()], &Limits::default()).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "In the expression `amout * 2` at line 1, column 1: there is no column `amout`; did you mean `amount`? \
//!      The columns are `status`, `amount`"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod budget;
mod dialect;
mod error;
mod functions;
mod guard;
mod limits;
mod measure;
mod parse;
mod patterns;
mod physical;
mod plan;
mod program;
mod tokens;
mod weight;

pub use batch::{concat, select, slice, take, with_columns};
pub use error::{At, Error, Kind};
pub use functions::function_names;
pub use limits::{Limits, STACK_BYTES};
pub use program::Program;
