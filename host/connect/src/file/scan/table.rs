//! Files as a table.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::FileSet;
use super::plan::FileScan;
use crate::file::format::Codec;
use crate::file::partitions;
use crate::file::stored::StoredFile;

/// How much larger text usually is than its compressed form; decides only how many partitions are worth it.
const TYPICAL_COMPRESSION: u64 = 4;

/// Text that is worth a partition of its own, in bytes.
const PARTITION_BYTES: u64 = 1 << 20;

/// Files as a table.
#[derive(Debug)]
pub(in super::super) struct FileTable(Arc<FileSet>);

impl FileTable {
    pub fn new(set: FileSet) -> Self {
        Self(Arc::new(set))
    }

    /// As many partitions as the files keep busy.
    fn partitions(files: &[StoredFile], target: usize) -> usize {
        let bytes = |file: &StoredFile| match file.codec {
            Some(Codec::None) | None => file.meta.size,
            Some(_) => file.meta.size.saturating_mul(TYPICAL_COMPRESSION),
        };
        let bytes: u64 = files.iter().map(bytes).sum();
        let worthwhile = usize::try_from(bytes.div_ceil(PARTITION_BYTES)).unwrap_or(usize::MAX);
        worthwhile.clamp(1, target.max(1))
    }
}

#[async_trait]
impl TableProvider for FileTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        let rest = TableProviderFilterPushDown::Unsupported;
        Ok(partitions::pushdown(&self.0.partition_fields, filters, &rest))
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let set = &self.0;
        let files = partitions::prune(&set.files, &set.partition_fields, filters, state)?;
        let projection = projection
            .cloned()
            .unwrap_or_else(|| (0..set.schema.fields().len()).collect());
        let partitions = Self::partitions(&files, state.config().target_partitions());
        Ok(Arc::new(FileScan::try_new(
            Arc::clone(set),
            files,
            &projection,
            limit,
            partitions,
        )?))
    }
}
