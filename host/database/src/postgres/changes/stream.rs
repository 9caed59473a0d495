//! Reading the log from one bookmark to the next.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use futures::{StreamExt, TryStreamExt, stream};

use super::super::copy::Decoder;
use super::super::dialect::quoted;
use super::super::part::Copy;
use super::super::wire::Wire;
use super::super::{Connection, Postgres};
use super::replay::{Replay, Wanted};
use super::rows::Output;
use super::slot::explain;
use crate::{Batches, Error, Scan};

/// Messages that are taken from the server at once.
const MESSAGES: usize = 1_024;

/// The changes between two bookmarks.
#[derive(Clone)]
pub(super) struct ChangesScan {
    pub database: Postgres,
    pub slot: String,
    pub publication: String,
    pub wanted: Wanted,
    /// Whether values come in binary form. If not, a second connection converts them.
    pub is_binary: bool,
    pub batch_rows: usize,
}

impl fmt::Debug for ChangesScan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChangesScan")
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}

impl Scan for ChangesScan {
    fn parts(&self) -> usize {
        1
    }

    fn read(&self, _: usize) -> Batches {
        let scan = self.clone();
        let first = async move {
            let reading = Reading::begin(scan).await?;
            Ok(stream::try_unfold(reading, Reading::next))
        };
        stream::once(first).try_flatten().boxed()
    }

    fn statement(&self, _: usize) -> String {
        let text = |text: &str| quoted(text).unwrap_or_default();
        // In the list of publications, names are written as identifiers are.
        let publication = format!("\"{}\"", self.publication.replace('"', "\"\""));
        let binary = if self.is_binary { ", 'binary', 'true'" } else { "" };
        format!(
            "select data from pg_catalog.pg_logical_slot_peek_binary_changes({}, '{}', null, 'proto_version', '1', \
             'publication_names', {}{binary})",
            text(&self.slot),
            self.wanted.upto,
            text(&publication)
        )
    }
}

struct Reading {
    scan: ChangesScan,
    connection: Connection,
    converter: Option<Connection>,
    copy: Copy,
    /// Messages that have come, and how many of them have been taken.
    messages: Option<(RecordBatch, usize)>,
    replay: Replay,
    output: Output,
    ready: VecDeque<RecordBatch>,
    has_ended: bool,
}

impl Reading {
    async fn begin(scan: ChangesScan) -> Result<Self, Error> {
        let connection = scan.database.connect().await?;
        let converter = if scan.is_binary {
            None
        } else {
            Some(scan.database.connect().await?)
        };
        let field = Field::new("data", DataType::Binary, true);
        let decoder = Decoder::new(
            scan.wanted.table.to_string(),
            Arc::new(Schema::new(vec![field])),
            vec![Wire::Binary],
            MESSAGES,
        );
        let doing = format!("reading changes of {}", scan.wanted.table);
        let copy = Copy::begin(&connection, doing, &scan.statement(0), decoder).await;
        let copy = copy.map_err(|error| explain(error, &scan.slot))?;
        let relation = scan.wanted.table.to_string();
        Ok(Self {
            output: Output::new(&scan.wanted.columns, relation, scan.batch_rows, scan.is_binary),
            replay: Replay::new(scan.wanted.clone()),
            scan,
            connection,
            converter,
            copy,
            messages: None,
            ready: VecDeque::new(),
            has_ended: false,
        })
    }

    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>, Error> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some((batch, self)));
            }
            if self.has_ended {
                return Ok(None);
            }
            if self.messages.is_none() {
                let messages = self.copy.next(&self.connection).await;
                let messages = messages.map_err(|error| explain(error, &self.scan.slot))?;
                self.has_ended = messages.is_none();
                self.messages = messages.map(|messages| (messages, 0));
            }
            self.replay()?;
            self.output
                .batches(self.converter.as_ref(), self.has_ended, &mut self.ready)
                .await?;
        }
    }

    /// Takes messages until there is enough for a batch, or no message is left.
    fn replay(&mut self) -> Result<(), Error> {
        let Some((messages, mut taken)) = self.messages.take() else {
            return Ok(());
        };
        let data = messages.column(0).as_binary::<i32>();
        while taken < data.len() && !self.output.is_full() {
            self.replay.apply(data.value(taken), &mut self.output)?;
            taken += 1;
        }
        if taken < messages.num_rows() {
            self.messages = Some((messages, taken));
        }
        Ok(())
    }
}
