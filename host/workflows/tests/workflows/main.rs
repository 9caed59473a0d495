//! Workflows, on a database in a folder that is removed.

#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod definitions;
mod drivers;
mod flow;
mod pictures;
mod random;
mod resuming;
mod world;
