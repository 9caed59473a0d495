//! The command, as a person uses it, on the flights data.

mod azure;
mod bad_input;
mod bad_scripts;
mod databases;
mod dice;
mod duckdb;
#[cfg(target_os = "linux")]
mod full_disk;
mod gcs;
mod history;
mod inspect;
mod interrupt;
mod job;
#[cfg(unix)]
mod killed;
mod languages;
mod leaving;
mod mistakes;
mod new;
mod pii;
mod place;
mod remote;
mod replay;
mod run;
mod script;
mod serve;
mod state;
mod stream;
mod text_scripts;
mod tutorial;
mod watch;
