//! A look at a source without a job.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::prelude::SessionContext;
use tenon_connect::file::{self, ReadConfig, Source};

use crate::error::Error;

/// A source that is looked at.
pub struct Preview {
    session: SessionContext,
    source: Source,
}

impl Preview {
    /// Finds the files and infers their columns.
    ///
    /// # Errors
    /// [`Error::Source`].
    pub async fn open(config: &ReadConfig) -> Result<Self, Error> {
        let session = SessionContext::new();
        let source = file::open(config, &file::ReadOptions::default(), &session)
            .await
            .map_err(|error| Error::Source(Box::new(error)))?;
        Ok(Self { session, source })
    }

    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        self.source.schema()
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
