//! Files and folders of files on disks and in object stores.
//!
//! - [`open`] makes a source out of a [`ReadConfig`]: CSV, TSV, JSON, NDJSON, Parquet, Avro, Arrow IPC and ORC.
//! - [`Sink::begin`] starts to write to a [`WriteConfig`], in the same formats but ORC; nothing is visible until
//!   [`Sink::commit`], or until [`Sink::prepare`] and [`commit`].

mod bookmark;
mod compress;
mod config;
mod containers;
mod csv;
mod download;
mod durable;
mod encode;
mod encodings;
mod format;
mod heads;
mod hive;
mod json;
mod kept;
mod later;
mod listing;
mod local;
mod local_existing;
mod local_journal;
mod local_left;
mod local_lock;
mod local_sweep;
mod output;
mod parquet;
mod partition_writer;
mod partitions;
mod pattern;
mod pinned;
mod prepared;
mod read;
mod read_config;
mod rejects;
mod remote;
mod remote_lock;
mod scan;
mod schema;
mod source;
pub mod store;
mod stored;
mod target;
mod text;
mod unfinished;
mod write;

pub use bookmark::{FileBookmark, SeenFile};
pub use config::{ArrowWrite, CsvWrite, Dictionary, Mode, Overwrite, ParquetCompression, ParquetWrite, WriteConfig};
pub use format::{Codec, Format};
pub(crate) use later::is_target_of;
pub use later::{abort, commit, forget};
pub use listing::location;
pub use partition_writer::PartitionWriter;
pub use partitions::Partitions;
pub use prepared::{Committed, Part, Prepared};
pub use read::{new_files, open};
pub use read_config::{CsvRead, ReadConfig};
pub use rejects::{OnError, RejectedRows};
pub use schema::{ColumnReport, Evolution, Origin, SchemaReport, SqlType};
pub use source::{ReadOptions, Source, SourceFile};
pub use store::StoreOptions;
pub use text::Encoding;
pub use unfinished::finish;
pub use write::{Begun, Sink};
