//! Changes on their way to batches.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;

use super::super::copy::Decoder;
use super::super::dialect::quoted;
use super::super::{Connection, part};
use super::columns::Columns;
use crate::Error;

/// What every binary copy begins with.
const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Bytes of a statement that has the server decode values, at most.
const STATEMENT: usize = 1 << 20;

/// A change of one row.
pub(super) struct Change<'a> {
    pub operation: &'static str,
    pub position: &'a str,
    /// Microseconds since 2000.
    pub committed_at: i64,
    pub sequence: i64,
    /// The values of the table's columns.
    pub values: &'a [Option<&'a [u8]>],
}

/// Makes batches of changes.
pub(super) enum Output {
    /// Of values in the form in which a copy has them too: so a copy is made of them.
    Binary {
        decoder: Decoder,
        bytes: Vec<u8>,
        ready: VecDeque<RecordBatch>,
    },
    /// Of values in text, which the server converts.
    Text {
        columns: Arc<Columns>,
        relation: String,
        batch_rows: usize,
        rows: String,
        count: usize,
    },
}

impl Output {
    pub fn new(columns: &Arc<Columns>, relation: String, batch_rows: usize, is_binary: bool) -> Self {
        if is_binary {
            return Self::Binary {
                decoder: Decoder::new(relation, Arc::clone(&columns.schema), columns.wires.clone(), batch_rows),
                bytes: HEADER.to_vec(),
                ready: VecDeque::new(),
            };
        }
        Self::Text {
            columns: Arc::clone(columns),
            relation,
            batch_rows,
            rows: String::new(),
            count: 0,
        }
    }

    /// Adds a change. False for text that is none.
    pub fn push(&mut self, change: &Change<'_>) -> Result<bool, Error> {
        match self {
            Self::Binary { decoder, bytes, ready } => {
                // Row by row, as a server sends them: the decoder keeps what it was given beside a row that it still needs.
                push_binary(bytes, change);
                decoder.push(bytes);
                bytes.clear();
                while let Some(batch) = decoder.full()? {
                    ready.push_back(batch);
                }
                Ok(true)
            }
            Self::Text { rows, count, .. } => {
                *count += 1;
                Ok(push_text(rows, change).is_some())
            }
        }
    }

    /// The batches that are complete; at the end also the last one. `connection` is for the server to convert values.
    pub async fn batches(
        &mut self,
        connection: Option<&Connection>,
        at_end: bool,
        ready: &mut VecDeque<RecordBatch>,
    ) -> Result<(), Error> {
        match self {
            Self::Binary {
                decoder,
                bytes,
                ready: full,
            } => {
                ready.append(full);
                if at_end {
                    // The header too, where there was no row.
                    bytes.extend((-1_i16).to_be_bytes());
                    decoder.push(bytes);
                    while let Some(batch) = decoder.rest()? {
                        ready.push_back(batch);
                    }
                }
            }
            Self::Text {
                columns,
                relation,
                batch_rows,
                rows,
                count,
            } => {
                let is_full = rows.len() >= STATEMENT || *count >= *batch_rows;
                if *count == 0 || !(is_full || at_end) {
                    return Ok(());
                }
                let Some(connection) = connection else { return Ok(()) };
                let statement = conversion(columns, rows);
                rows.clear();
                *count = 0;
                let doing = format!("converting changes of {relation}");
                let (schema, wires) = (Arc::clone(&columns.schema), columns.wires.clone());
                for batch in part::all(connection, doing, &statement, schema, wires).await? {
                    ready.extend(sliced(&batch, *batch_rows));
                }
            }
        }
        Ok(())
    }

    /// Whether enough has been gathered to be made batches of.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Binary { ready, .. } => !ready.is_empty(),
            Self::Text {
                rows,
                count,
                batch_rows,
                ..
            } => rows.len() >= STATEMENT || count >= batch_rows,
        }
    }
}

fn sliced(batch: &RecordBatch, rows: usize) -> Vec<RecordBatch> {
    let starts = (0..batch.num_rows()).step_by(rows.max(1));
    starts
        .map(|start| batch.slice(start, rows.min(batch.num_rows() - start)))
        .collect()
}

fn push_binary(bytes: &mut Vec<u8>, change: &Change<'_>) {
    let count = change.values.len() + super::columns::ADDED.len();
    bytes.extend((count as i16).to_be_bytes());
    let mut push = |value: Option<&[u8]>| match value {
        Some(value) => {
            bytes.extend((value.len() as i32).to_be_bytes());
            bytes.extend(value);
        }
        None => bytes.extend((-1_i32).to_be_bytes()),
    };
    push(Some(change.operation.as_bytes()));
    push(Some(change.position.as_bytes()));
    push(Some(&change.committed_at.to_be_bytes()));
    push(Some(&change.sequence.to_be_bytes()));
    for value in change.values {
        push(*value);
    }
}

/// One row of a list of values.
fn push_text(rows: &mut String, change: &Change<'_>) -> Option<()> {
    rows.push_str(if rows.is_empty() { "(" } else { ",\n(" });
    rows.push_str(&quoted(change.operation)?);
    rows.push(',');
    rows.push_str(&quoted(change.position)?);
    rows.push(',');
    for number in [change.committed_at, change.sequence] {
        rows.push('\'');
        rows.push_str(&number.to_string());
        rows.push_str("'::int8,");
    }
    rows.pop();
    for value in change.values {
        rows.push(',');
        match value {
            Some(value) => rows.push_str(&quoted(std::str::from_utf8(value).ok()?)?),
            None => rows.push_str("null"),
        }
    }
    rows.push(')');
    Some(())
}

fn conversion(columns: &Columns, rows: &str) -> String {
    let names: Vec<String> = (0..columns.table.len()).map(|index| format!("c{index}")).collect();
    let mut selected = vec![
        "operation::text".to_owned(),
        "position::text".to_owned(),
        "'2000-01-01 00:00:00+00'::timestamptz + committed_at * interval '1 microsecond'".to_owned(),
        "sequence".to_owned(),
    ];
    for (name, column) in names.iter().zip(&columns.table) {
        // A text's own type is that of a literal's, so that nothing is cut off or refused.
        let value = format!("{name}::text::{}", column.attribute.type_name);
        selected.push(match &column.cast {
            Some(cast) => cast.of(&value),
            None => value,
        });
    }
    format!(
        "select {} from (values {rows}) as changes (operation, position, committed_at, sequence, {})",
        selected.join(", "),
        names.join(", ")
    )
}
