//! Tests across crates: conformance, hostile guests, the command line, and the benchmarks.
