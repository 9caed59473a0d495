//! Opens the sources of a job, and keeps an eye on what is read from them.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Constraints, Statistics};
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use parking_lot::Mutex;
use tenon_connect::file;
use tenon_connect::{ReadOptions, Source, SourceConfig};

use super::Layout;
use crate::error::Error;
use crate::job::{Incremental, Job};
use crate::progress::Progress;
use crate::unreadable::Unreadable;

/// A source that was opened.
#[derive(Debug, Clone)]
pub(crate) struct OpenedSource {
    pub name: String,
    /// Whether only what is new is read.
    pub incremental: bool,
    pub source: Source,
    pub table: Arc<WatchedTable>,
}

/// Opens the sources that a sink needs. None where a micro-batch has to wait: a folder of which it reads what is new holds
/// nothing yet, so that not even its columns are known.
///
/// A folder that the job writes to as well may hold a part of a commit, whose run was killed. The sinks would finish it,
/// but begin after this, and so are asked to do it before. `dry` where nothing is going to be read, nor to be changed.
pub(super) async fn open(
    job: &Job,
    layout: &Layout,
    run: &str,
    progress: &Progress,
    dry: bool,
) -> Result<Option<Vec<OpenedSource>>, Error> {
    let mut opened = Vec::new();
    for name in &layout.graph.order {
        if let Some(config) = job.sources.get(name) {
            let incremental = job.incremental.get(name);
            let open = || OpenedSource::open(name, config, incremental, &layout.session, progress, dry);
            let mut opening = open().await;
            if !dry
                && let Some(dead) = half_visible(&opening)
                && finish(job, &dead, run).await?
            {
                opening = open().await;
            }
            match opening {
                Ok(source) => opened.push(source),
                Err(Error::Source(error)) if job.batch.is_some() && incremental.is_some() && error.found_no_files() => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(Some(opened))
}

/// The run of which a source's folder holds only a part.
fn half_visible(opening: &Result<OpenedSource, Error>) -> Option<String> {
    match opening {
        Err(Error::Source(error)) => error.half_visible().map(str::to_owned),
        _ => None,
    }
}

/// Has the sinks of a job finish what a dead run has decided to make visible where they write. Whether one did.
async fn finish(job: &Job, dead: &str, run: &str) -> Result<bool, Error> {
    for output in job.sinks.values() {
        let finished = output.to.finish(dead, run).await;
        if finished.map_err(|error| Error::Sink(Box::new(error)))? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl OpenedSource {
    pub async fn open(
        name: &str,
        config: &SourceConfig,
        incremental: Option<&Incremental>,
        session: &SessionContext,
        progress: &Progress,
        dry: bool,
    ) -> Result<Self, Error> {
        let unreadable = Arc::new(Unreadable::new(name, progress));
        let options = ReadOptions {
            bookmark: incremental.map(|incremental| &incremental.since),
            max_files: incremental.and_then(|incremental| incremental.max_files),
            max_bytes: incremental.and_then(|incremental| incremental.max_bytes),
            rejects: Some(Arc::clone(&unreadable) as Arc<dyn file::RejectedRows>),
            dry,
        };
        let source = config
            .open(&options, session)
            .await
            .map_err(|error| Error::Source(Box::new(error)))?;
        let table = WatchedTable {
            table: source.table(),
            scans: Mutex::default(),
            unreadable,
        };
        Ok(Self {
            name: name.to_owned(),
            incremental: incremental.is_some(),
            source,
            table: Arc::new(table),
        })
    }
}

/// A source's table, which knows the operators that read it: their metrics tell how many rows they have read.
#[derive(Debug)]
pub(crate) struct WatchedTable {
    table: Arc<dyn TableProvider>,
    scans: Mutex<Vec<Arc<dyn ExecutionPlan>>>,
    unreadable: Arc<Unreadable>,
}

impl WatchedTable {
    /// Rows read so far, those among them that were rejected as well.
    pub fn rows(&self) -> u64 {
        let scans = self.scans.lock();
        let rows = scans.iter().filter_map(|scan| scan.metrics()?.output_rows());
        rows.sum::<usize>() as u64 + self.unreadable.count()
    }

    /// What happens to rows that can't be read.
    pub fn unreadable(&self) -> &Unreadable {
        &self.unreadable
    }

    /// Bytes read so far, as stored.
    pub fn bytes(&self) -> u64 {
        let scans = self.scans.lock();
        let bytes = scans
            .iter()
            .filter_map(|scan| scan.metrics()?.sum_by_name("bytes_scanned"));
        bytes.map(|bytes| bytes.as_usize()).sum::<usize>() as u64
    }

    /// The operators that read it.
    pub fn scans(&self) -> Vec<Arc<dyn ExecutionPlan>> {
        self.scans.lock().clone()
    }
}

#[async_trait]
impl TableProvider for WatchedTable {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn constraints(&self) -> Option<&Constraints> {
        self.table.constraints()
    }

    fn table_type(&self) -> TableType {
        self.table.table_type()
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let scan = self.table.scan(state, projection, filters, limit).await?;
        self.scans.lock().push(Arc::clone(&scan));
        Ok(scan)
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        self.table.supports_filters_pushdown(filters)
    }

    fn statistics(&self) -> Option<Statistics> {
        self.table.statistics()
    }
}
