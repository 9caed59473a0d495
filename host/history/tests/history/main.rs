//! The history, as runs, crashes and several processes use it.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

mod damage;
mod kept;
mod logs;
mod phases;
mod place;
mod processes;
mod runs;
