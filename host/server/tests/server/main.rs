//! The server as its clients see it.

mod embedded;
mod plugins;
mod reload;
mod restarts;
mod runs;
mod streams;
mod support;
