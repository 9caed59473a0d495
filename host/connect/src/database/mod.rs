//! Tables, queries and changes of relational databases.
//!
//! [`open`] makes a source out of a [`SourceConfig`], [`begin`] starts to write to a [`SinkConfig`]. What databases there are
//! and how each of them is spoken to is in the crate `tenon_database`.

mod bookmark;
mod config;
mod overlap;
mod predicate;
mod scan;
mod sink;
mod source;
mod table;

pub use config::{Connections, NoConnections, SinkConfig, SourceConfig, parse_url};
pub use sink::{Sink, Writer, begin};
pub use source::{Source, open};
