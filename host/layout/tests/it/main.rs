//! The layout as its callers see it: what goes out comes back, and what lies is refused.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

mod findings;
mod hostile_columns;
mod hostile_nesting;
mod hostile_schemas;
mod random;
mod random_arrays;
mod refusal;
mod round_trip;
mod schemas;
mod trimming;
