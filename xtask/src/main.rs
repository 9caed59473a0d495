//! Set-up, guests, tests and benchmarks.
fn main() {}
