//! The command, as a person uses it, on the flights data.

mod bad_input;
mod history;
mod inspect;
mod interrupt;
mod job;
mod mistakes;
mod pii;
mod place;
mod run;
