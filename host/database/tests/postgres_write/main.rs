//! Writing to PostgreSQL, against a real server.

mod conversions;
mod crash;
mod evolution;
mod faults;
mod modes;
mod names;
mod rejects;
mod speed;
mod support;
mod types;
mod upsert;
