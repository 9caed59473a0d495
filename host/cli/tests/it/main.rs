//! The command, as a person uses it, on the flights data.

mod bad_input;
mod history;
mod inspect;
mod interrupt;
mod job;
mod mistakes;
mod new;
mod pii;
mod place;
mod replay;
mod run;
mod script;
mod watch;
