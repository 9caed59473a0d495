//! What the tests and benchmarks across crates share.

pub mod arena;
pub mod bench;
pub mod core_guest;
pub mod guests;
pub mod jobs;
pub mod languages;
pub mod peer;
pub mod samples;
pub mod services;
pub mod tpch;
