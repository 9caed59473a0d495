//! Parses chunks of CSV into Arrow arrays.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::FieldRef;
use arrow::error::ArrowError;

use super::super::schema::name_of;
use super::super::text::{Chunk, Dialect};
use super::columns::{Columns, Misfit, Nulls, Wanted, shown};
use super::records::{Fault, Records};
use crate::Error;
use crate::file::rejects::BadRows;

/// How the columns of a table are built out of text.
#[derive(Debug)]
pub(in super::super) struct CsvParser {
    dialect: Dialect,
    nulls: Nulls,
    fields: Vec<FieldRef>,
    wanted: Vec<Wanted>,
    bad_rows: BadRows,
}

/// A chunk and how far it has been parsed.
#[derive(Debug)]
pub(in super::super) struct CsvChunk {
    chunk: Chunk,
    file: Arc<str>,
    /// Per value of a record, the column of the parser that it goes to, where it is read.
    slots: Arc<[Option<usize>]>,
    position: usize,
    line: u64,
    /// Rows per batch, so that the chunk's batches are about equally large.
    rows: usize,
}

impl CsvChunk {
    /// `start` is where the records begin, behind the header, as position and line.
    pub fn new(
        chunk: Chunk,
        file: Arc<str>,
        slots: Arc<[Option<usize>]>,
        start: (usize, u64),
        batch_rows: usize,
    ) -> Self {
        let lines = usize::try_from(chunk.lines).unwrap_or(usize::MAX).max(1);
        let batches = lines.div_ceil(batch_rows.max(1));
        Self {
            position: start.0,
            line: start.1,
            rows: lines.div_ceil(batches),
            chunk,
            file,
            slots,
        }
    }
}

/// Either kind of error that ends a batch.
enum Failure {
    Own(Error),
    Arrow(ArrowError),
}

impl From<ArrowError> for Failure {
    fn from(error: ArrowError) -> Self {
        Self::Arrow(error)
    }
}

impl CsvParser {
    /// Builds the columns `fields`. The types of those that are `given` were not told from other rows.
    pub fn new(
        dialect: Dialect,
        null: &[String],
        fields: Vec<FieldRef>,
        given: &BTreeSet<String>,
        bad_rows: BadRows,
    ) -> Self {
        let wanted = |field: &FieldRef| Wanted {
            data_type: field.data_type().clone(),
            inferred: !given.contains(field.name()),
        };
        Self {
            dialect,
            nulls: Nulls::new(null),
            wanted: fields.iter().map(wanted).collect(),
            fields,
            bad_rows,
        }
    }

    /// The chunk's next rows, with their number; none at its end.
    pub fn parse(&self, chunk: &mut CsvChunk) -> Result<Option<(Vec<ArrayRef>, usize)>, Error> {
        let slots = Arc::clone(&chunk.slots);
        let mut records = Records::resume(&chunk.chunk.bytes, self.dialect, chunk.position, chunk.line);
        let mut columns = Columns::new(&self.wanted, &slots, chunk.rows);
        let mut places: Vec<(u64, &[u8])> = Vec::new();
        let keeps_places = columns.may_misfit_late();
        while columns.rows() < chunk.rows {
            let read = records.next(|index, value| {
                columns
                    .append(index, value, &self.nulls)
                    .map_err(|misfit| self.explain(&slots, index, value.bytes, &misfit))
            });
            let fault = match read {
                Ok(None) => break,
                Ok(Some(count)) if count == slots.len() => {
                    columns.end_row();
                    if keeps_places {
                        places.push((records.record_line(), records.record()));
                    }
                    continue;
                }
                Ok(Some(count)) => Fault {
                    line: records.record_line(),
                    reason: format!("there are {count} values where {} were expected", slots.len()),
                },
                Err(fault) => {
                    records.recover();
                    fault
                }
            };
            self.bad_rows
                .take(&chunk.file, fault.line, fault.reason, records.record())?;
            columns.spoil_row();
            if keeps_places {
                places.push((fault.line, records.record()));
            }
        }
        chunk.position = records.position();
        chunk.line = records.line();
        if columns.rows() == 0 {
            return Ok(None);
        }
        let finished = columns.finish(|late| {
            let (line, record) = places.get(late.row).copied().unwrap_or((chunk.line, b""));
            let reason = self.wrong_type(late.column, late.value.as_bytes());
            self.bad_rows
                .take(&chunk.file, line, reason, record)
                .map_err(Failure::Own)
        });
        match finished {
            Ok(arrays) => Ok(Some(arrays)),
            Err(Failure::Own(error)) => Err(error),
            Err(Failure::Arrow(error)) => Err(Error::Line {
                file: chunk.file.to_string(),
                line: chunk.chunk.line,
                reason: error.to_string(),
            }),
        }
    }

    fn explain(&self, slots: &[Option<usize>], index: usize, value: &[u8], misfit: &Misfit) -> String {
        let column = slots.get(index).copied().flatten().unwrap_or_default();
        match misfit {
            Misfit::TooManyValues => format!("there are more than the {} values expected", slots.len()),
            Misfit::NotUtf8 => {
                let name = self.fields.get(column).map_or("", |field| field.name().as_str());
                format!(
                    "column `{name}` holds {}, which is not UTF-8; give the text's `encoding`",
                    shown(value)
                )
            }
            Misfit::WrongType => self.wrong_type(column, value),
            Misfit::Loss => {
                let (name, data_type) = self.named(column);
                format!(
                    "column `{name}` holds {}, of which {data_type}, the type that was inferred for it, would lose a part; \
                     name the column under `schema`, as `varchar` to keep it as it stands, or as `{data_type}` to have it \
                     read so",
                    shown(value)
                )
            }
        }
    }

    fn named(&self, column: usize) -> (&str, String) {
        self.fields.get(column).map_or_else(
            || ("", String::new()),
            |field| (field.name().as_str(), name_of(field.data_type())),
        )
    }

    fn wrong_type(&self, column: usize, value: &[u8]) -> String {
        let (name, data_type) = self.named(column);
        format!(
            "column `{name}` holds {}, but its type is {data_type}; name it as a null value if it means \"no value\", or \
             give the column another type",
            shown(value)
        )
    }
}
