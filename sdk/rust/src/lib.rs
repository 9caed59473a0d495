//! Write Tenon transforms in Rust.
