//! The command, as a person uses it, on the flights data.

mod history;
mod inspect;
mod interrupt;
mod mistakes;
mod place;
mod run;
