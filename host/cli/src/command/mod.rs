//! One file per command.

mod bookmark;
mod build;
mod completions;
mod inspect;
mod logs;
mod run;
mod runs;

pub use bookmark::bookmark;
pub use build::build;
pub use completions::completions;
pub use inspect::inspect;
pub use logs::logs;
pub use run::run;
pub use runs::runs;
