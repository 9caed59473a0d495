//! What the tests and benchmarks across crates share.

pub mod arena;
pub mod bench;
pub mod guests;
