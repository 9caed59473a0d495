//! Sources of any connector.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::prelude::SessionContext;
use serde::{Deserialize, Serialize};

use crate::file::{self, FileBookmark, SourceFile};
use crate::{Error, database};

/// What a job says about where rows come from.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceConfig {
    /// Files.
    File(Box<file::ReadConfig>),
    /// A table, a query, or the changes of a table.
    Database(Box<database::SourceConfig>),
}

/// What a run wants of a source, beside its configuration.
#[derive(Clone, Default)]
pub struct ReadOptions<'a> {
    /// What earlier runs have read, where only what is new is to be read. For the first such run it is the empty one.
    pub bookmark: Option<&'a Bookmark>,
    /// Reads at most so many files.
    pub max_files: Option<usize>,
    /// Reads at most so many bytes of files, as stored, but always one file.
    pub max_bytes: Option<u64>,
    /// Takes the rows of files that can't be read, where the configuration says `on_error = "reject"`.
    pub rejects: Option<Arc<dyn file::RejectedRows>>,
    /// Whether rows are only planned for or looked at: then nothing is changed in the source.
    pub dry: bool,
}

/// How far a source has been read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Bookmark {
    /// Of a database.
    Database(tenon_database::Bookmark),
    /// Of files.
    File(FileBookmark),
    /// Nothing has been read.
    #[default]
    None,
}

/// A source that is ready to be read.
#[derive(Debug, Clone)]
pub enum Source {
    /// Files.
    File(file::Source),
    /// A table, a query, or the changes of a table.
    Database(database::Source),
}

impl From<file::ReadConfig> for SourceConfig {
    fn from(config: file::ReadConfig) -> Self {
        Self::File(Box::new(config))
    }
}

impl From<database::SourceConfig> for SourceConfig {
    fn from(config: database::SourceConfig) -> Self {
        Self::Database(Box::new(config))
    }
}

impl SourceConfig {
    /// What it is called in messages: a URL, or a table with its database. Holds no secrets.
    pub fn place(&self) -> String {
        match self {
            Self::File(config) => config.url.clone(),
            Self::Database(config) => config.place(),
        }
    }

    /// The path or URL of its files, if it has any.
    pub fn file_url(&self) -> Option<&str> {
        match self {
            Self::File(config) => Some(&config.url),
            Self::Database(_) => None,
        }
    }

    /// The configuration of its files, if it has any.
    pub fn file_mut(&mut self) -> Option<&mut file::ReadConfig> {
        match self {
            Self::File(config) => Some(config),
            Self::Database(_) => None,
        }
    }

    /// Finds what is to be read and learns its columns.
    ///
    /// # Errors
    /// When it is not there, can't be reached, or is not what the configuration says.
    pub async fn open(&self, options: &ReadOptions<'_>, session: &SessionContext) -> Result<Source, Error> {
        match self {
            Self::File(config) => {
                let bookmark = options.bookmark.map(|bookmark| match bookmark {
                    Bookmark::File(bookmark) => Ok(bookmark.clone()),
                    Bookmark::None => Ok(FileBookmark::default()),
                    Bookmark::Database(_) => Err(Error::ForeignBookmark {
                        source_name: self.place(),
                    }),
                });
                let bookmark = bookmark.transpose()?;
                let options = file::ReadOptions {
                    bookmark: bookmark.as_ref(),
                    max_files: options.max_files,
                    max_bytes: options.max_bytes,
                    rejects: options.rejects.clone(),
                };
                file::open(config, &options, session).await.map(Source::File)
            }
            Self::Database(config) => database::open(config, options).await.map(Source::Database),
        }
    }
}

impl Source {
    /// The rows as a table for DataFusion.
    pub fn table(&self) -> Arc<dyn TableProvider> {
        match self {
            Self::File(source) => source.table(),
            Self::Database(source) => source.table(),
        }
    }

    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        self.table().schema()
    }

    /// The files that are read; none where it reads something else.
    pub fn files(&self) -> &[SourceFile] {
        match self {
            Self::File(source) => source.files(),
            Self::Database(_) => &[],
        }
    }

    /// Whether a bookmark says that everything has been read.
    pub fn has_nothing_new(&self) -> bool {
        match self {
            Self::File(source) => source.files().is_empty(),
            Self::Database(source) => source.has_nothing_new(),
        }
    }

    /// Bytes that there are, as stored.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::File(source) => source.bytes(),
            Self::Database(_) => 0,
        }
    }

    /// Whether all of its bytes are read, whichever columns somebody needs.
    pub fn is_read_whole(&self) -> bool {
        match self {
            Self::File(source) => !matches!(source.format(), file::Format::Parquet | file::Format::Orc),
            Self::Database(_) => false,
        }
    }

    /// Rows that there are, as a database estimates them.
    pub fn rows(&self) -> Option<u64> {
        match self {
            Self::File(_) => None,
            Self::Database(source) => source.rows(),
        }
    }

    /// Where the columns of files and their types come from; none where it reads something else, which declares them.
    pub fn schema_report(&self) -> Option<&file::SchemaReport> {
        match self {
            Self::File(source) => Some(source.schema_report()),
            Self::Database(_) => None,
        }
    }

    /// What a person should know of columns that are not quite what they are in the source: column and remark.
    pub fn remarks(&self) -> Vec<(String, String)> {
        match self {
            Self::File(_) => Vec::new(),
            Self::Database(source) => source.remarks(),
        }
    }

    /// What to save once everything that was made of these rows has been committed, for the next run to begin with.
    pub fn next_bookmark(&self) -> Bookmark {
        match self {
            Self::File(source) => Bookmark::File(source.next_bookmark().clone()),
            Self::Database(source) => source.next_bookmark(),
        }
    }
}

impl std::fmt::Debug for ReadOptions<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ReadOptions")
            .field("bookmark", &self.bookmark)
            .field("max_files", &self.max_files)
            .field("max_bytes", &self.max_bytes)
            .field("rejects", &self.rejects.is_some())
            .field("dry", &self.dry)
            .finish()
    }
}
