//! Columns of a source: what its files say, what a configuration says, and how they fit together.

mod evolution;
mod report;
mod sql_type;

pub use evolution::Evolution;
pub use report::{ColumnReport, Origin, SchemaReport};
pub use sql_type::SqlType;

pub(super) use evolution::{FileColumns, SeenColumn, unify};
pub(super) use sql_type::name_of;
