//! The layout as its callers see it: what goes out comes back, and what lies is refused.

mod hostile_columns;
mod hostile_schemas;
mod random;
mod random_arrays;
mod round_trip;
mod schemas;
mod trimming;
