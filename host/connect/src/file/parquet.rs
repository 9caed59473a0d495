//! Parquet, read by DataFusion: row groups in parallel, pruned by their statistics.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::config::TableParquetOptions;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;

use super::partitions;
use super::pinned::PinnedStore;
use super::schema::{FileColumns, SeenColumn};
use super::store::Store;
use super::stored::StoredFile;
use crate::Error;

/// Files whose footers are read at the same time.
const PARALLEL_FOOTERS: usize = 16;

/// Files up to which statistics are collected before planning.
const STATISTICS_FILES: usize = 1000;

/// Parquet files as a table.
#[derive(Debug)]
pub(super) struct ParquetTable {
    pub store: Arc<dyn ObjectStore>,
    pub store_url: ObjectStoreUrl,
    pub files: Vec<StoredFile>,
    pub file_schema: SchemaRef,
    pub partition_fields: Vec<FieldRef>,
    /// The files' columns and, behind them, those of their folders.
    pub schema: SchemaRef,
}

/// The store of one source under a URL of its own, for the session's registry: sources may have the same bucket with
/// different keys, and each knows the versions of its files.
pub(super) fn register(
    store: &Arc<Store>,
    files: &[StoredFile],
) -> DataFusionResult<(Arc<dyn ObjectStore>, ObjectStoreUrl)> {
    static SOURCES: AtomicUsize = AtomicUsize::new(1);
    let pinned: Arc<dyn ObjectStore> = Arc::new(PinnedStore::new(Arc::clone(store), files));
    let number = SOURCES.fetch_add(1, Ordering::Relaxed);
    Ok((pinned, ObjectStoreUrl::parse(format!("source-{number}://files"))?))
}

fn format(state: &dyn Session) -> ParquetFormat {
    let options = TableParquetOptions {
        global: state.config().options().execution.parquet.clone(),
        ..TableParquetOptions::default()
    };
    ParquetFormat::default().with_options(options)
}

/// What the files' footers say about their columns.
pub(super) async fn footers(
    state: &dyn Session,
    store: &Arc<dyn ObjectStore>,
    files: &[StoredFile],
) -> Result<Vec<FileColumns>, Error> {
    let format = &format(state);
    let footer = |file: StoredFile| async move {
        let schema = format
            .infer_schema(state, store, std::slice::from_ref(&file.meta))
            .await;
        let schema = schema.map_err(|error| damaged(&file, error))?;
        let seen = |field: &FieldRef| SeenColumn {
            name: field.name().clone(),
            data_type: Some(field.data_type().clone()),
            because: None,
        };
        Ok(FileColumns {
            columns: schema.fields().iter().map(seen).collect(),
            file: file.name,
            rows: 0,
        })
    };
    let footers = futures::stream::iter(files.to_vec())
        .map(footer)
        .buffered(PARALLEL_FOOTERS);
    footers.try_collect().await
}

fn damaged(file: &StoredFile, error: DataFusionError) -> Error {
    if Error::find_in(&error).is_some() {
        return Error::Source {
            url: file.name.to_string(),
            source: Box::new(error),
        };
    }
    Error::Damaged {
        file: file.name.to_string(),
        place: "in its footer".to_owned(),
        reason: error.strip_backtrace(),
    }
}

impl ParquetTable {
    fn partitioned(file: &StoredFile) -> PartitionedFile {
        PartitionedFile::new_from_meta(file.meta.clone()).with_partition_values(file.partition.to_vec())
    }

    /// What the footers say about the values, where reading them is worth it.
    async fn with_statistics(
        &self,
        state: &dyn Session,
        files: &[StoredFile],
    ) -> DataFusionResult<Vec<PartitionedFile>> {
        if !state.config().collect_statistics() || files.len() > STATISTICS_FILES {
            return Ok(files.iter().map(Self::partitioned).collect());
        }
        let format = &format(state);
        let with_statistics = |file: StoredFile| async move {
            let schema = Arc::clone(&self.file_schema);
            let statistics = format.infer_stats(state, &self.store, schema, &file.meta).await?;
            Ok(Self::partitioned(&file).with_statistics(Arc::new(statistics)))
        };
        let files = futures::stream::iter(files.to_vec());
        files
            .map(with_statistics)
            .buffered(PARALLEL_FOOTERS)
            .try_collect()
            .await
    }
}

#[async_trait]
impl TableProvider for ParquetTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        let rest = TableProviderFilterPushDown::Inexact;
        Ok(partitions::pushdown(&self.partition_fields, filters, &rest))
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let files = partitions::prune(&self.files, &self.partition_fields, filters, state)?;
        if files.is_empty() {
            let schema: SchemaRef = match projection {
                Some(projection) => Arc::new(Schema::project(&self.schema, projection)?),
                None => Arc::clone(&self.schema),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        // The session that executes may be another than the one that opened the source.
        let registry = state.runtime_env();
        registry.register_object_store(self.store_url.as_ref(), Arc::clone(&self.store));

        let files = self.with_statistics(state, &files).await?;
        let known: Option<Vec<&Statistics>> = files.iter().map(|file| file.statistics.as_deref()).collect();
        let statistics = match known {
            Some(known) => Statistics::try_merge_iter(known, &self.schema)?,
            None => Statistics::new_unknown(&self.schema),
        };
        let table_schema = TableSchema::builder(Arc::clone(&self.file_schema))
            .with_table_partition_cols(self.partition_fields.clone())
            .build();
        let format = format(state);
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let config = FileScanConfigBuilder::new(self.store_url.clone(), format.file_source(table_schema))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        format.create_physical_plan(state, config).await
    }
}
