//! Real servers for tests, each on its own port of 127.0.0.1 with its own folder. `cargo xtask services` installs them.

pub use tenon_servers::S3;
