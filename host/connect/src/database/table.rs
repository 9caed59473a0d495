//! A relation as a table for DataFusion.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::common::stats::Precision;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use tenon_database::{Database, Description, Predicate, Pushdown, ReadConfig, Relation, Scan, ScanRequest};

use super::predicate::predicate;
use super::scan::DatabaseScan;
use crate::Error;

/// Rows that are worth a part of their own.
const PART_ROWS: u64 = 100_000;

/// A relation, or the changes of a table, as a table for DataFusion.
#[derive(Debug)]
pub(super) struct DatabaseTable {
    pub rows: Rows,
    pub description: Description,
    pub read: ReadConfig,
    pub batch_rows: usize,
}

/// Where the rows come from.
#[derive(Debug)]
pub(super) enum Rows {
    /// From a relation, filtered.
    Relation {
        database: Arc<dyn Database>,
        relation: Relation,
        predicate: Option<Predicate>,
    },
    /// From what is prepared already.
    Scan(Arc<dyn Scan>),
}

impl DatabaseTable {
    fn pushdown(&self, filter: &Expr) -> (Option<Predicate>, Pushdown) {
        let Rows::Relation { database, .. } = &self.rows else {
            return (None, Pushdown::No);
        };
        let Some(predicate) = predicate(filter, &self.description.schema) else {
            return (None, Pushdown::No);
        };
        match database.pushdown(&predicate, &self.description) {
            Pushdown::No => (None, Pushdown::No),
            pushdown => (Some(predicate), pushdown),
        }
    }

    /// As many parts as are worth it.
    fn parts(&self, target: usize) -> usize {
        if let Some(parts) = self.read.parts {
            return parts.max(1) as usize;
        }
        let worthwhile = self
            .description
            .rows
            .map_or(target as u64, |rows| rows.div_ceil(PART_ROWS));
        usize::try_from(worthwhile)
            .unwrap_or(usize::MAX)
            .clamp(1, target.max(1))
    }
}

#[async_trait]
impl TableProvider for DatabaseTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.description.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        let rows = usize::try_from(self.description.rows?).ok()?;
        Some(Statistics {
            num_rows: Precision::Inexact(rows),
            ..Statistics::new_unknown(&self.description.schema)
        })
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        let each = filters.iter().map(|filter| match self.pushdown(filter).1 {
            Pushdown::No => TableProviderFilterPushDown::Unsupported,
            Pushdown::Inexact => TableProviderFilterPushDown::Inexact,
            Pushdown::Exact => TableProviderFilterPushDown::Exact,
        });
        Ok(each.collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.description.schema.fields().len()).collect();
        let projection = projection.unwrap_or(&all);
        let schema = Arc::new(self.description.schema.project(projection)?);
        let (database, relation, own) = match &self.rows {
            Rows::Scan(scan) => {
                let whole = projection == &all;
                let projection = (!whole).then(|| projection.clone());
                return Ok(Arc::new(DatabaseScan::new(Arc::clone(scan), schema, projection, None)));
            }
            Rows::Relation {
                database,
                relation,
                predicate,
            } => (database, relation, predicate),
        };
        let pushed: Vec<(Predicate, Pushdown)> = filters
            .iter()
            .filter_map(|filter| match self.pushdown(filter) {
                (Some(predicate), pushdown) => Some((predicate, pushdown)),
                (None, _) => None,
            })
            .collect();
        let is_exact = pushed.iter().all(|(_, pushdown)| *pushdown == Pushdown::Exact) && pushed.len() == filters.len();
        let predicates = own
            .iter()
            .cloned()
            .chain(pushed.into_iter().map(|(predicate, _)| predicate));
        let request = ScanRequest {
            relation: relation.clone(),
            schema: Arc::clone(&schema),
            predicate: Predicate::all(predicates),
            limit: limit.filter(|_| is_exact).map(|limit| limit as u64),
            parts: self.parts(state.config().target_partitions()),
            split_by: self.read.split_by.clone(),
            batch_rows: self.batch_rows,
        };
        let scan = database.scan(request).await.map_err(Error::from)?;
        let rows = self.description.rows.filter(|_| filters.is_empty() && own.is_none());
        Ok(Arc::new(DatabaseScan::new(scan, schema, None, rows)))
    }
}
