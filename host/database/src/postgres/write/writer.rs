//! Copying rows to a staging table.

use std::pin::Pin;
use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::SinkExt;
use tokio_postgres::CopyInSink;

use super::super::{Connection, Postgres, PostgresDialect, Running};
use super::catalog::quoted;
use super::encode::{self, Rows};
use super::plan::Plan;
use super::session::DURABLE;
use crate::misfits::Misfits;
use crate::sql::Dialect;
use crate::{Error, Part, TableName, TableWriter};

/// Bytes in a message. Larger ones gain nothing, and a writer holds a few of them.
const MESSAGE_BYTES: usize = 128 * 1024;

/// What the writers of a load have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub database: Postgres,
    pub target: TableName,
    pub staging: TableName,
    pub plan: Plan,
    pub misfits: Misfits,
    copy: String,
}

impl Shared {
    pub fn new(database: Postgres, target: TableName, staging: String, plan: Plan, misfits: Misfits) -> Self {
        let staging = target.beside(staging);
        let columns = PostgresDialect.quote_all(plan.sent.iter().map(|sent| &sent.name));
        Self {
            copy: format!("copy {} ({columns}) from stdin (format binary)", quoted(&staging)),
            database,
            target,
            staging,
            plan,
            misfits,
        }
    }
}

/// Copies rows over a connection of its own, in one transaction.
pub(super) struct Writer {
    shared: Arc<Shared>,
    copy: Option<Copy>,
    buffer: BytesMut,
    rows: u64,
    bytes: u64,
}

struct Copy {
    // Dropped first, so that the statement is cancelled rather than waited for.
    running: Running,
    sink: Pin<Box<CopyInSink<Bytes>>>,
    connection: Connection,
}

impl Writer {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            copy: None,
            buffer: BytesMut::new(),
            rows: 0,
            bytes: 0,
        }
    }

    async fn begin(&mut self) -> Result<(), Error> {
        if self.copy.is_some() {
            return Ok(());
        }
        let connection = self.shared.database.connect().await?;
        let doing = self.doing();
        connection.run(&doing, &format!("begin; {DURABLE}")).await?;
        let running = connection.running();
        let sink = connection.client().copy_in(&self.shared.copy).await;
        let sink = sink.map_err(|error| connection.failed(&doing, &error));
        match sink {
            Ok(sink) => {
                self.copy = Some(Copy {
                    running,
                    sink: Box::pin(sink),
                    connection,
                });
                encode::begin(&mut self.buffer);
                Ok(())
            }
            Err(error) => {
                running.end();
                Err(error)
            }
        }
    }

    async fn send(&mut self) -> Result<(), Error> {
        let doing = self.doing();
        let Some(copy) = &mut self.copy else {
            return Ok(());
        };
        let message = self.buffer.split().freeze();
        self.bytes += message.len() as u64;
        if let Err(error) = copy.sink.send(message).await {
            return Err(copy.connection.failed(&doing, &error));
        }
        Ok(())
    }

    fn doing(&self) -> String {
        format!("writing rows for {}", self.shared.target)
    }

    /// An error of the server, with the column that it says is at fault.
    fn refused(&self, error: &tokio_postgres::Error, connection: &Connection) -> Error {
        let context = error.as_db_error().and_then(|answer| answer.where_());
        let column = context.and_then(|context| context.lines().next()?.split_once(", column "));
        let column = column.map(|(_, column)| column.trim_end_matches(':').to_owned());
        match (connection.failed(&self.doing(), error), column) {
            (Error::Refused { message, code, .. }, Some(column))
                if code.as_ref().is_some_and(|code| code.starts_with("22")) =>
            {
                Error::Value {
                    relation: self.shared.target.to_string(),
                    column,
                    reason: message,
                }
            }
            (error, _) => error,
        }
    }
}

#[async_trait]
impl TableWriter for Writer {
    async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.begin().await?;
        let shared = Arc::clone(&self.shared);
        let rows = Rows::new(&shared.target, &shared.plan.sent, batch)?;
        let mut row = 0;
        while row < batch.num_rows() {
            self.buffer.reserve(MESSAGE_BYTES);
            while row < batch.num_rows() && self.buffer.len() < MESSAGE_BYTES {
                let start = self.buffer.len();
                match rows.put(row, self.rows + 1, &mut self.buffer) {
                    Ok(()) => self.rows += 1,
                    Err(reason) => {
                        self.buffer.truncate(start);
                        shared.misfits.keep(batch, row, reason)?;
                    }
                }
                row += 1;
            }
            if self.buffer.len() >= MESSAGE_BYTES {
                self.send().await?;
            }
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    async fn finish(mut self: Box<Self>) -> Result<Part, Error> {
        if self.copy.is_none() {
            return Ok(Part::default());
        }
        encode::end(&mut self.buffer);
        let sent = self.send().await;
        let Some(mut copy) = self.copy.take() else {
            return Ok(Part::default());
        };
        let finished = copy.sink.as_mut().finish().await;
        copy.running.end();
        let copied = finished.map_err(|error| self.refused(&error, &copy.connection))?;
        sent?;
        if copied != self.rows {
            return Err(Error::Mismatch {
                table: self.shared.target.to_string(),
                reason: format!("{} rows were sent and the server has {copied} of them", self.rows),
            });
        }
        copy.connection.run(&self.doing(), "commit").await?;
        Ok(Part {
            rows: self.rows,
            bytes: self.bytes,
        })
    }
}
