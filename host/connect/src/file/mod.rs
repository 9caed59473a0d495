//! Files and folders of files: CSV, TSV, NDJSON and Parquet; text also compressed.
//!
//! - [`open`] makes a source out of a [`ReadConfig`].
//! - [`Sink::begin`] starts to write to a [`WriteConfig`]; nothing is visible until [`Sink::commit`].

mod commit;
mod config;
mod csv;
mod encode;
mod encodings;
mod format;
mod read;
mod read_config;
pub mod store;
mod text;
mod write;

pub use config::{CsvWrite, Mode, ParquetCompression, ParquetWrite, WriteConfig};
pub use csv::ColumnType;
pub use format::{Codec, Format};
pub use read::{Source, open};
pub use read_config::{CsvRead, ReadConfig};
pub use store::StoreOptions;
pub use write::{Begun, Committed, Part, PartitionWriter, Sink};
