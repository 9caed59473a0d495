//! The server as its clients see it.

mod embedded;
mod looks;
mod plugins;
mod reload;
mod restarts;
mod rollback;
mod runs;
mod streams;
mod support;
