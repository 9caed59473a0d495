//! The command, as a person uses it, on the flights data.

mod history;
mod inspect;
mod interrupt;
mod job;
mod mistakes;
mod place;
mod run;
