//! Hostile guests: every attack ends in an error that names the limit, column or import at fault, in bounded time, and
//! leaves the host well.
#![allow(clippy::unwrap_used, reason = "tests")]

mod answers;
mod crashes;
mod damage;
mod floods;
mod handles;
mod http;
mod lies;
mod lines;
mod loading;
mod memory;
mod processor;
mod raw;
mod sql;
mod wasi;
