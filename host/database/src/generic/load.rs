//! A table that is being written.

use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::{Committed, Error, Load, LoadRequest, Part, Prepared, RejectedRows, TableWriter};

use super::commit::{Applied, abort, apply, commit, made_meanwhile, seal};
use super::convert::converted;
use super::plan::{Plan, Source};
use super::rejects::Rejected;
use super::worker::Worker;
use super::writer::Writer;
use super::{Connector, Session};

/// Refused rows that wait to be taken.
const AHEAD: usize = 64;

/// A load.
#[derive(Debug)]
pub(crate) struct GenericLoad<C: Connector> {
    connector: Arc<C>,
    plan: Arc<Plan>,
    /// Holds the run's lock, and the transaction once it is open.
    worker: Worker<C>,
    prepared: Option<Prepared>,
    writers: usize,
}

impl<C: Connector> GenericLoad<C> {
    pub(crate) fn new(connector: Arc<C>, plan: Plan, worker: Worker<C>, request: &LoadRequest) -> Self {
        let most = if plan.dbms.parallel_writes() {
            request.config.writers.unwrap_or(connector.options().connections).max(1)
        } else {
            1
        };
        Self {
            connector,
            plan: Arc::new(plan),
            worker,
            prepared: None,
            writers: most as usize,
        }
    }
}

#[async_trait]
impl<C: Connector> Load for GenericLoad<C> {
    fn writers(&self) -> usize {
        self.writers
    }

    fn writer(&self, partition: usize) -> Box<dyn TableWriter> {
        Box::new(Writer::new(
            Arc::clone(&self.connector),
            Arc::clone(&self.plan),
            partition,
        ))
    }

    async fn prepare(&mut self, parts: Vec<Part>, rejected: &dyn RejectedRows) -> Result<Prepared, Error> {
        let mut prepared = self.plan.prepared.clone();
        prepared.rows = parts.iter().map(|part| part.rows).sum();
        prepared.bytes = parts.iter().map(|part| part.bytes).sum();
        let (rejects, mut refused) = mpsc::channel::<Rejected>(AHEAD);
        let (mut own, name, mode) = (prepared.clone(), self.connector.name().to_owned(), self.plan.mode);
        let moved = self.worker.start(move |session| {
            made_meanwhile(session, &mut own, mode);
            seal(session, &name, &own)?;
            let applied = apply(session, &name, &own, Some(&rejects))?;
            Ok((applied, own))
        });
        while let Some((rows, reason)) = refused.recv().await {
            let rows = as_written(&self.plan, &rows)?;
            rejected.reject(&rows, &[reason]).await?;
        }
        let (applied, own) = moved.await.unwrap_or_else(|_| Err(self.worker.gone()))?;
        prepared = own;
        match applied {
            Applied::Open(rows) | Applied::Already(rows, _) => prepared.rows = rows,
        }
        self.prepared = Some(prepared.clone());
        Ok(prepared)
    }

    async fn commit(self: Box<Self>) -> Result<Committed, Error> {
        let Some(prepared) = self.prepared.clone() else {
            return Err(Error::Config {
                subject: self.plan.prepared.table.to_string(),
                reason: "nothing was prepared to be committed".to_owned(),
            });
        };
        let committed = Committed {
            table: prepared.table.to_string(),
            rows: prepared.rows,
            bytes: prepared.bytes,
        };
        let name = self.connector.name().to_owned();
        self.worker
            .run(move |session| commit(session, &name, &prepared))
            .await?;
        Ok(committed)
    }

    async fn abandon(self: Box<Self>) {
        let (name, prepared) = (self.connector.name().to_owned(), self.plan.prepared.clone());
        let is_open = self.prepared.is_some();
        let given_up = self.worker.run(move |session| {
            if is_open {
                drop(session.rollback());
            }
            abort(session, &name, &prepared)
        });
        if let Err(error) = given_up.await {
            tracing::warn!(%error, "cannot remove what was written");
        }
    }
}

/// Rows of the staging table as they were to be written. Columns that are not kept are null.
fn as_written(plan: &Plan, rows: &RecordBatch) -> Result<RecordBatch, Error> {
    let columns = plan.schema.fields().iter().enumerate().map(|(index, field)| {
        let staged = plan
            .staged
            .iter()
            .position(|column| column.source == Source::Column(index));
        let found = staged.and_then(|position| rows.columns().get(position));
        let one = Arc::new(arrow::datatypes::Schema::new(vec![
            field.as_ref().clone().with_nullable(true),
        ]));
        found
            .and_then(|column| RecordBatch::try_from_iter([(field.name(), Arc::clone(column))]).ok())
            .and_then(|batch| converted(&batch, &one, "rejected rows").ok())
            .map_or_else(
                || arrow::array::new_null_array(field.data_type(), rows.num_rows()),
                |batch| Arc::clone(batch.column(0)),
            )
    });
    let fields = plan
        .schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true));
    let schema = Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new(schema, columns.collect()).map_err(|error| Error::Mismatch {
        table: plan.prepared.table.to_string(),
        reason: format!("the refused rows cannot be shown: {error}"),
    })
}
