//! A look at a source without a job.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::prelude::SessionContext;
use tenon_connect::file::SchemaReport;
use tenon_connect::{Bookmark, ReadOptions, Source, SourceConfig};

use crate::error::Error;

/// A source that is looked at.
pub struct Preview {
    session: SessionContext,
    source: Source,
}

impl Preview {
    /// Finds what is to be read and learns its columns.
    ///
    /// # Errors
    /// [`Error::Source`].
    pub async fn open(config: &SourceConfig) -> Result<Self, Error> {
        Self::opened(config, None).await
    }

    /// The same, of what is new since a bookmark.
    ///
    /// # Errors
    /// [`Error::Source`].
    pub async fn since(config: &SourceConfig, bookmark: &Bookmark) -> Result<Self, Error> {
        Self::opened(config, Some(bookmark)).await
    }

    async fn opened(config: &SourceConfig, bookmark: Option<&Bookmark>) -> Result<Self, Error> {
        let session = SessionContext::new();
        let options = ReadOptions {
            bookmark,
            dry: true,
            ..ReadOptions::default()
        };
        let source = config
            .open(&options, &session)
            .await
            .map_err(|error| Error::Source(Box::new(error)))?;
        Ok(Self { session, source })
    }

    /// Whether there is nothing new since the bookmark.
    pub fn has_nothing_new(&self) -> bool {
        self.source.has_nothing_new()
    }

    /// The bookmark after all that is new now.
    pub fn next_bookmark(&self) -> Bookmark {
        self.source.next_bookmark()
    }

    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        self.source.schema()
    }

    /// Where the columns of files and their types come from; none of a table, which declares them.
    pub fn schema_report(&self) -> Option<&SchemaReport> {
        self.source.schema_report()
    }

    /// What a person should know of columns that are not quite what they are in the source: column and remark.
    pub fn remarks(&self) -> Vec<(String, String)> {
        self.source.remarks()
    }

    /// The first rows.
    ///
    /// # Errors
    /// [`Error::Source`] when a file is not what its first rows promised.
    pub async fn rows(&self, number: usize) -> Result<Vec<RecordBatch>, Error> {
        let rows = async {
            let table = self.session.read_table(self.source.table())?;
            table.limit(0, Some(number))?.collect().await
        };
        let mut rows = rows.await.map_err(Error::from_plan)?;
        if rows.is_empty() {
            rows.push(RecordBatch::new_empty(self.schema()));
        }
        Ok(rows)
    }
}

impl std::fmt::Debug for Preview {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Preview")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
