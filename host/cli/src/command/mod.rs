//! One file per command.

mod build;
mod completions;
mod inspect;
mod run;

pub use build::build;
pub use completions::completions;
pub use inspect::inspect;
pub use run::run;
