//! Writing rows to a staging table.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use crate::{Error, Part, TableWriter};

use super::plan::Plan;
use super::stage::{ROW_BITS, schema, staged};
use super::worker::Worker;
use super::{Connector, Fault, FaultKind, Incoming, Session};

/// Batches that wait to be sent.
const AHEAD: usize = 2;

/// Writes some of the rows, in one transaction of its own.
pub(crate) struct Writer<C: Connector> {
    connector: Arc<C>,
    plan: Arc<Plan>,
    schema: SchemaRef,
    next_row: i64,
    part: Part,
    running: Option<Running<C>>,
}

/// A session that takes rows.
struct Running<C: Connector> {
    batches: mpsc::Sender<Message>,
    done: oneshot::Receiver<Result<(), Error>>,
    /// Ends what the session does when it is dropped.
    _worker: Worker<C>,
}

enum Message {
    Batch(RecordBatch),
    /// There are no more. Without it the rows are not kept.
    End,
}

impl<C: Connector> Writer<C> {
    pub(crate) fn new(connector: Arc<C>, plan: Arc<Plan>, partition: usize) -> Self {
        Self {
            connector,
            schema: schema(&plan),
            plan,
            next_row: i64::try_from(partition).unwrap_or_default() << ROW_BITS,
            part: Part::default(),
            running: None,
        }
    }

    async fn start(&self) -> Result<Running<C>, Error> {
        let worker = Worker::connect(Arc::clone(&self.connector)).await?;
        let (batches, inbox) = mpsc::channel(AHEAD);
        let (plan, schema, name) = (
            Arc::clone(&self.plan),
            Arc::clone(&self.schema),
            self.connector.name().to_owned(),
        );
        let done = worker.start(move |session| {
            let staging = &plan.prepared.staging;
            let written = load(session, &plan, &schema, inbox);
            let table = plan.prepared.table.to_string();
            written.map_err(|fault| {
                fault.error(
                    &name,
                    &table,
                    &format!("to write to {staging}, the staging table of {table}"),
                )
            })
        });
        Ok(Running {
            batches,
            done,
            _worker: worker,
        })
    }

    /// What ended a session that takes no more rows.
    async fn ended(&mut self) -> Error {
        let lost = Error::Lost {
            database: self.connector.name().to_owned(),
            doing: format!("writing {}", self.plan.prepared.table),
            reason: "the driver ended without a word".to_owned(),
        };
        match self.running.take() {
            Some(running) => match running.done.await {
                Ok(Err(error)) => error,
                _ => lost,
            },
            None => lost,
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Error> {
        let sent = match &self.running {
            Some(running) => running.batches.send(message).await.is_ok(),
            None => false,
        };
        if sent { Ok(()) } else { Err(self.ended().await) }
    }
}

fn load(
    session: &mut impl Session,
    plan: &Plan,
    schema: &SchemaRef,
    mut inbox: mpsc::Receiver<Message>,
) -> Result<(), Fault> {
    session.begin()?;
    let mut ended = false;
    let batches: Incoming = Box::new(std::iter::from_fn(move || {
        if ended {
            return None;
        }
        match inbox.blocking_recv() {
            Some(Message::Batch(batch)) => Some(Ok(batch)),
            Some(Message::End) => {
                ended = true;
                None
            }
            None => {
                ended = true;
                Some(Err(Fault::of_kind(FaultKind::Other, "the rows were given up", None)))
            }
        }
    }));
    match session.load(&plan.prepared.staging, schema, batches) {
        Ok(()) => session.commit(),
        Err(fault) => {
            drop(session.rollback());
            Err(fault)
        }
    }
}

#[async_trait]
impl<C: Connector> TableWriter for Writer<C> {
    async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if self.running.is_none() {
            self.running = Some(self.start().await?);
        }
        let batch = staged(&self.plan, &self.schema, batch, self.next_row)?;
        let (rows, bytes) = (batch.num_rows(), size(&batch));
        self.send(Message::Batch(batch)).await?;
        self.next_row += rows as i64;
        self.part.rows += rows as u64;
        self.part.bytes += bytes;
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.part.bytes
    }

    async fn finish(mut self: Box<Self>) -> Result<Part, Error> {
        if self.running.is_none() {
            return Ok(self.part);
        }
        self.send(Message::End).await?;
        let lost = || Error::Lost {
            database: self.connector.name().to_owned(),
            doing: format!("writing {}", self.plan.prepared.table),
            reason: "the driver ended without a word".to_owned(),
        };
        match self.running.take() {
            Some(running) => running.done.await.unwrap_or_else(|_| Err(lost()))?,
            None => return Err(lost()),
        }
        Ok(self.part)
    }
}

/// Bytes of the values in a batch.
fn size(batch: &RecordBatch) -> u64 {
    let sizes = batch
        .columns()
        .iter()
        .map(|column| column.to_data().get_slice_memory_size().unwrap_or_default());
    sizes.sum::<usize>() as u64
}
