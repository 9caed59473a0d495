//! Redshift, against a stand-in: PostgreSQL behind a proxy that unloads and copies, and refuses what Redshift lacks.

mod reading;
mod support;
mod writing;
