//! CSV files as a table.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use object_store::ObjectStore;

use super::super::format::Codec;
use super::super::read_config::CsvRead;
use super::super::text::{self, Dialect, TextFile};
use super::infer::{infer, schema_of};
use super::scan::CsvScan;
use super::value::ColumnType;
use crate::Error;

/// Text that is looked at first when columns are inferred; what is missing is read on from there.
const SAMPLE_BYTES: usize = 1 << 20;

/// Text beyond which columns are taken as they have been inferred so far.
const MAX_SAMPLE_BYTES: usize = 256 << 20;

/// How much larger text usually is than its compressed form; decides only how many partitions are worth it.
const TYPICAL_COMPRESSION: u64 = 4;

/// Text that is worth a partition of its own, in bytes.
const PARTITION_BYTES: u64 = 1 << 20;

/// Files of one format that share their columns.
#[derive(Debug, Clone)]
pub(in super::super) struct CsvFiles {
    pub store: ObjectStoreUrl,
    pub files: Vec<TextFile>,
    pub dialect: Dialect,
    pub options: CsvRead,
}

/// CSV files as a table.
#[derive(Debug)]
pub(in super::super) struct CsvTable {
    files: Arc<CsvFiles>,
    columns: Arc<[(String, ColumnType)]>,
    schema: SchemaRef,
}

impl CsvTable {
    /// Infers the columns from the first file.
    pub async fn open(files: CsvFiles, store: &Arc<dyn ObjectStore>) -> Result<Self, Error> {
        let Some(first) = files.files.first() else {
            return Err(Error::NoFiles {
                url: files.store.to_string(),
            });
        };
        let mut bytes = SAMPLE_BYTES;
        let columns = loop {
            let (sample, whole) = text::sample(store, first, files.dialect, bytes).await?;
            let inferred = infer(&sample, files.dialect, &files.options).map_err(|fault| Error::Line {
                file: first.name.to_string(),
                line: fault.line,
                reason: fault.reason,
            })?;
            if inferred.columns.is_empty() {
                return Err(Error::Empty {
                    file: first.name.to_string(),
                });
            }
            if whole || !inferred.wants_more || bytes >= MAX_SAMPLE_BYTES {
                break inferred.into_columns();
            }
            bytes *= 8;
        };
        if let Some(unknown) = files
            .options
            .types
            .keys()
            .find(|name| !columns.iter().any(|(column, _)| column == *name))
        {
            let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
            return Err(Error::Config {
                subject: first.name.to_string(),
                reason: format!("`types` names the column `{unknown}`; there are {}", names.join(", ")),
            });
        }
        let schema = Arc::new(schema_of(&columns));
        Ok(Self {
            files: Arc::new(files),
            columns: columns.into(),
            schema,
        })
    }

    /// As many partitions as the text keeps busy.
    fn partitions(&self, target: usize) -> usize {
        let text_bytes: u64 = self
            .files
            .files
            .iter()
            .map(|file| {
                if file.codec == Codec::None {
                    file.size
                } else {
                    file.size.saturating_mul(TYPICAL_COMPRESSION)
                }
            })
            .sum();
        let worthwhile = usize::try_from(text_bytes.div_ceil(PARTITION_BYTES)).unwrap_or(usize::MAX);
        worthwhile.clamp(1, target.max(1))
    }
}

#[async_trait]
impl TableProvider for CsvTable {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let projection = projection.cloned().unwrap_or_else(|| (0..self.columns.len()).collect());
        let schema = Arc::new(self.schema.project(&projection)?);
        let partitions = self.partitions(state.config().target_partitions());
        let (files, columns) = (Arc::clone(&self.files), Arc::clone(&self.columns));
        Ok(Arc::new(CsvScan::new(files, columns, projection, schema, partitions)))
    }
}
