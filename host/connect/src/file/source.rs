//! Files that are ready to be read, and what a run wants of them.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;

use super::bookmark::FileBookmark;
use super::format::Format;
use super::rejects::RejectedRows;
use super::schema::SchemaReport;

/// What a run wants of a source, beside its configuration.
#[derive(Clone, Default)]
pub struct ReadOptions<'a> {
    /// What earlier runs have read: only files that are new or changed since then are read, the oldest first.
    pub bookmark: Option<&'a FileBookmark>,
    /// Reads at most so many files.
    pub max_files: Option<usize>,
    /// Reads at most so many bytes, as stored, but always one file.
    pub max_bytes: Option<u64>,
    /// Takes the rows that can't be read, where the configuration says `on_error = "reject"`.
    pub rejects: Option<Arc<dyn RejectedRows>>,
}

impl std::fmt::Debug for ReadOptions<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ReadOptions")
            .field("bookmark", &self.bookmark)
            .field("max_files", &self.max_files)
            .field("max_bytes", &self.max_bytes)
            .field("rejects", &self.rejects.is_some())
            .finish()
    }
}

/// Files that are ready to be read.
#[derive(Debug, Clone)]
pub struct Source {
    pub(super) table: Arc<dyn TableProvider>,
    pub(super) format: Format,
    pub(super) files: Arc<[SourceFile]>,
    pub(super) report: Arc<SchemaReport>,
    pub(super) next_bookmark: Arc<FileBookmark>,
    /// What was downloaded first, as long as it is needed.
    pub(super) _download: Option<Arc<tempfile::TempDir>>,
}

/// A file of a source, as it was when it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its full name: a path, or the URL in a store.
    pub url: String,
    /// Size in bytes, as stored.
    pub bytes: u64,
    /// When it was last changed, in microseconds since 1970.
    pub modified: i64,
    /// The store's tag for this version of the file, where it has one.
    pub etag: Option<String>,
    /// Where it is on the local file system, if it is there.
    pub path: Option<PathBuf>,
}

impl Source {
    /// The files as a table for DataFusion.
    pub fn table(&self) -> Arc<dyn TableProvider> {
        Arc::clone(&self.table)
    }

    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    /// Where the columns and their types come from.
    pub fn schema_report(&self) -> &SchemaReport {
        &self.report
    }

    /// Format of the files.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The files that are read; none where a bookmark says that all have been.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Bytes of all files, as stored.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// What to save once everything that was made of these files has been committed, for the next run to begin with.
    pub fn next_bookmark(&self) -> &FileBookmark {
        &self.next_bookmark
    }
}
