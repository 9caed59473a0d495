//! MySQL, against a real MariaDB.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod commits;
mod faults;
mod full;
mod harness;
mod modes;
mod odd;
mod reading;
mod speed;
mod types;
