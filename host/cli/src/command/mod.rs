//! One file per command.

mod bookmark;
mod build;
mod completions;
mod explain;
mod inspect;
mod logs;
mod new;
mod preview;
mod replay;
mod run;
mod runs;
mod schema;
mod validate;

pub use bookmark::bookmark;
pub use build::build;
pub use completions::completions;
pub use explain::explain;
pub use inspect::inspect;
pub use logs::logs;
pub use new::new;
pub use preview::preview;
pub use replay::replay;
pub use run::run;
pub use runs::runs;
pub use schema::schema;
pub use validate::validate;
