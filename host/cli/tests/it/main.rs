//! The command, as a person uses it, on the flights data.

mod azure;
mod bad_input;
mod bad_scripts;
mod databases;
mod gcs;
mod history;
mod inspect;
mod interrupt;
mod job;
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
mod text_scripts;
mod tutorial;
mod watch;
