//! Reads files of every format but Parquet: readers in the background, any number of partitions that parse.
//!
//! One reader goes through a file of text, Avro or Arrow from its start to its end and cuts it; partitions parse or decode
//! what was cut off. A stripe of ORC is too large to wait in a queue before it is decoded: readers decode those, each one at
//! a time.

mod partition;
mod plan;
mod table;
mod units;
mod work;

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{FieldRef, SchemaRef};

pub(super) use table::FileTable;

use super::format::Format;
use super::read_config::CsvRead;
use super::rejects::BadRows;
use super::store::Store;
use super::stored::StoredFile;
use super::text::{Dialect, TextOptions};

/// Files that share their columns.
#[derive(Debug)]
pub(super) struct FileSet {
    pub store: Arc<Store>,
    pub format: Format,
    pub files: Vec<StoredFile>,
    /// The files' columns and, behind them, those of their folders.
    pub schema: SchemaRef,
    /// The most columns that a file was seen to have, with those that columns of folders hide.
    pub width: usize,
    /// Columns that folders stand for.
    pub partition_fields: Vec<FieldRef>,
    /// Names of the columns whose types a configuration gives.
    pub given: BTreeSet<String>,
    pub reading: Arc<Reading>,
    pub bad_rows: BadRows,
}

/// How files of a format become rows.
#[derive(Debug)]
pub(super) enum Reading {
    Csv {
        text: TextOptions,
        dialect: Dialect,
        options: CsvRead,
    },
    Json {
        text: TextOptions,
        by_line: bool,
    },
    /// Files that hold batches.
    Container,
}

impl Reading {
    /// Whether files are text, which is cut before it is parsed.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Csv { .. } | Self::Json { .. })
    }
}

impl FileSet {
    /// How many columns are in the files themselves.
    pub fn file_columns(&self) -> usize {
        self.schema.fields().len() - self.partition_fields.len()
    }
}
