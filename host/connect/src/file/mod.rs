//! Files and folders of files on disks and in object stores.
//!
//! - [`open`] makes a source out of a [`ReadConfig`]: CSV, TSV, JSON, NDJSON, Parquet, Avro, Arrow IPC and ORC.
//! - [`Sink::begin`] starts to write to a [`WriteConfig`]; nothing is visible until [`Sink::commit`].

mod bookmark;
mod commit;
mod config;
mod containers;
mod csv;
mod download;
mod encode;
mod encodings;
mod format;
mod heads;
mod json;
mod listing;
mod parquet;
mod partitions;
mod pattern;
mod pinned;
mod read;
mod read_config;
mod rejects;
mod scan;
mod schema;
mod source;
pub mod store;
mod stored;
mod text;
mod write;

pub use bookmark::{FileBookmark, SeenFile};
pub use config::{CsvWrite, Mode, ParquetCompression, ParquetWrite, WriteConfig};
pub use format::{Codec, Format};
pub use partitions::Partitions;
pub use read::open;
pub use read_config::{CsvRead, ReadConfig};
pub use rejects::{OnError, RejectedRows};
pub use schema::{ColumnReport, Evolution, Origin, SchemaReport, SqlType};
pub use source::{ReadOptions, Source, SourceFile};
pub use store::StoreOptions;
pub use text::Encoding;
pub use write::{Begun, Committed, Part, PartitionWriter, Sink};
