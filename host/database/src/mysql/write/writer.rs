//! One of the writers that fill a staging table.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;

use crate::misfits::Misfits;
use crate::mysql::target::Target;
use crate::mysql::write::encode::{self, Form};
use crate::mysql::write::plan::StagedColumn;
use crate::mysql::write::sending::Sending;
use crate::{Error, Part, TableName, TableWriter};

/// Where rows go, and as what.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) target: Arc<Target>,
    pub(crate) table: TableName,
    pub(crate) staging: TableName,
    pub(crate) schema: SchemaRef,
    pub(crate) staged: Vec<StagedColumn>,
    pub(crate) misfits: Misfits,
}

/// Fills a staging table over a connection of its own.
pub(crate) struct MySqlWriter {
    destination: Arc<Destination>,
    /// Connects with the first batch.
    sending: Option<Sending>,
    buffer: Vec<u8>,
    part: Part,
}

impl MySqlWriter {
    pub(crate) fn new(destination: Arc<Destination>) -> Self {
        Self {
            destination,
            sending: None,
            buffer: Vec::new(),
            part: Part::default(),
        }
    }
}

#[async_trait]
impl TableWriter for MySqlWriter {
    async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let sending = match &mut self.sending {
            Some(sending) => sending,
            none => none.insert(Sending::begin(&self.destination).await?),
        };
        let mut row = 0;
        while row < batch.num_rows() {
            let mut written = 0;
            row = append(&self.destination, sending, &mut self.buffer, batch, row, &mut written)?;
            self.part.rows += written;
            if self.buffer.len() >= sending.piece {
                let rows = std::mem::replace(&mut self.buffer, Vec::with_capacity(sending.piece + sending.piece / 8));
                self.part.bytes += rows.len() as u64;
                sending.send(rows).await?;
            }
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.part.bytes
    }

    async fn finish(mut self: Box<Self>) -> Result<Part, Error> {
        if let Some(mut sending) = self.sending.take() {
            if !self.buffer.is_empty() {
                let rows = std::mem::take(&mut self.buffer);
                self.part.bytes += rows.len() as u64;
                sending.send(rows).await?;
            }
            sending.end().await?;
        }
        Ok(self.part.clone())
    }
}

/// Encodes rows until there are enough of them to be sent, counts them, and answers with the first that is left.
fn append(
    destination: &Destination,
    sending: &Sending,
    buffer: &mut Vec<u8>,
    batch: &RecordBatch,
    from: usize,
    written: &mut u64,
) -> Result<usize, Error> {
    let unwritable = |error: encode::Unwritable| {
        let names: Vec<String> = destination.staged.iter().map(|column| column.name.clone()).collect();
        error.of(&destination.table.to_string(), &names)
    };
    let columns = encode::columns(batch).map_err(unwritable)?;
    for row in from..batch.num_rows() {
        let start = buffer.len();
        if sending.form == Form::Literals && !buffer.is_empty() {
            buffer.push(b',');
        }
        match encode::row(sending.form, &columns, row, buffer) {
            Ok(()) => *written += 1,
            Err(reason) => {
                buffer.truncate(start);
                destination.misfits.keep(batch, row, unwritable(reason))?;
            }
        }
        if buffer.len() >= sending.piece {
            return Ok(row + 1);
        }
    }
    Ok(batch.num_rows())
}
