//! What the tests and benchmarks across crates share.

pub mod arena;
pub mod bench;
pub mod core_guest;
pub mod guests;
pub mod samples;
pub mod services;
