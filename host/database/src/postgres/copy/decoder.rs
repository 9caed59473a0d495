//! Batches of the rows that a stream brings.

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use super::super::wire::Wire;
use super::column::Column;
use super::flaw::Flaw;
use super::rows::Framed;
use crate::Error;

/// Bytes of values at which a batch ends even if it could have more rows.
const BATCH_BYTES: usize = 16 << 20;
/// Values that are decoded at once, so that their bytes are still in the processor's caches for each column.
const GROUP_VALUES: usize = 4096;
/// Rows that are decoded at once at most.
const GROUP_ROWS: usize = 256;

/// Makes batches of a stream's bytes.
pub(in crate::postgres) struct Decoder {
    /// What errors call the table or query.
    relation: String,
    schema: SchemaRef,
    wires: Vec<Wire>,
    batch_rows: usize,
    group_rows: usize,
    framed: Framed,
    /// Those of the batch at hand; none before its first rows.
    columns: Vec<Column>,
    /// Bytes that each column of the last batch had.
    last_bytes: Vec<usize>,
    rows: usize,
    bytes: usize,
}

impl Decoder {
    /// For rows of at least one column. The wires are those of the schema's fields.
    pub fn new(relation: String, schema: SchemaRef, wires: Vec<Wire>, batch_rows: usize) -> Self {
        let batch_rows = batch_rows.max(1);
        Self {
            relation,
            framed: Framed::new(wires.len()),
            columns: Vec::new(),
            last_bytes: vec![batch_rows * 8; wires.len()],
            group_rows: (GROUP_VALUES / wires.len().max(1)).clamp(1, GROUP_ROWS),
            schema,
            wires,
            batch_rows,
            rows: 0,
            bytes: 0,
        }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.framed.push(bytes);
    }

    /// A batch, if there are rows enough for a full one. To be called until there is none, after bytes have come.
    pub fn full(&mut self) -> Result<Option<RecordBatch>, Error> {
        loop {
            let wanted = self.group_rows.min(self.batch_rows - self.rows);
            self.framed.find(wanted).map_err(|flaw| self.broken(&flaw))?;
            let found = self.framed.count();
            let is_group = found >= wanted || self.framed.bytes() >= BATCH_BYTES / 64;
            if found == 0 || !(is_group || self.framed.has_ended()) {
                return Ok(None);
            }
            self.decode(found)?;
            if self.rows >= self.batch_rows || self.bytes >= BATCH_BYTES {
                return self.finish().map(Some);
            }
        }
    }

    /// The rest, once the stream is over; none where there are no more rows.
    pub fn rest(&mut self) -> Result<Option<RecordBatch>, Error> {
        if let Some(batch) = self.full()? {
            return Ok(Some(batch));
        }
        if !self.framed.has_ended() {
            return Err(self.broken(&Flaw::broken("it ends in the middle")));
        }
        if self.rows == 0 {
            return Ok(None);
        }
        self.finish().map(Some)
    }

    fn decode(&mut self, rows: usize) -> Result<(), Error> {
        if self.columns.is_empty() {
            // Batches of a table are alike. A little more than the last one had, so that nothing is moved for a few bytes.
            let sizes = self.wires.iter().zip(&self.last_bytes);
            let column = |(wire, bytes): (&Wire, &usize)| Column::new(wire, self.batch_rows, bytes + bytes / 16);
            self.columns = sizes.map(column).collect();
        }
        for (index, column) in self.columns.iter_mut().enumerate() {
            if let Err(flaw) = column.fill(self.framed.rows(index)) {
                return Err(self.flawed(index, &flaw));
            }
        }
        self.framed.remove();
        self.rows += rows;
        self.bytes = self.columns.iter().map(Column::bytes).sum();
        Ok(())
    }

    fn finish(&mut self) -> Result<RecordBatch, Error> {
        let columns = std::mem::take(&mut self.columns);
        self.last_bytes = columns.iter().map(Column::bytes).collect();
        let mut arrays = Vec::with_capacity(columns.len());
        for (index, column) in columns.into_iter().enumerate() {
            let array = column.finish(self.schema.field(index).data_type());
            arrays.push(array.map_err(|error| self.unreadable(index, &error))?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        self.rows = 0;
        self.bytes = 0;
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options).map_err(|error| Error::Mismatch {
            table: self.relation.clone(),
            reason: error.to_string(),
        })
    }

    fn flawed(&self, index: usize, flaw: &Flaw) -> Error {
        let name = self.schema.field(index).name();
        match flaw {
            Flaw::Unfit(what) => Error::Value {
                relation: self.relation.clone(),
                column: name.clone(),
                reason: format!(
                    "{what} is no value of {} in Arrow; read the column as text with `schema = {{ \"{name}\" = \"text\" }}`",
                    self.schema.field(index).data_type()
                ),
            },
            Flaw::Broken(how) => Error::Mismatch {
                table: self.relation.clone(),
                reason: format!("the server sends, for the column `{name}`, {how}"),
            },
        }
    }

    fn unreadable(&self, index: usize, error: &ArrowError) -> Error {
        let name = self.schema.field(index).name();
        Error::Value {
            relation: self.relation.clone(),
            column: name.clone(),
            reason: format!(
                "its text is not UTF-8, which a database of the encoding SQL_ASCII does not check ({error}); read the \
                 column as bytes with `schema = {{ \"{name}\" = \"bytea\" }}`"
            ),
        }
    }

    fn broken(&self, flaw: &Flaw) -> Error {
        let (Flaw::Broken(how) | Flaw::Unfit(how)) = flaw;
        Error::Mismatch {
            table: self.relation.clone(),
            reason: format!("the server's copy of it cannot be read: {how}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::AsArray;
    use arrow::datatypes::{Field, Int32Type, Schema};

    use super::*;

    const WIRES: fn() -> Vec<Wire> = || vec![Wire::Int32, Wire::Text, Wire::List(Box::new(Wire::Int32))];

    fn decoder(batch_rows: usize) -> Decoder {
        let fields = WIRES()
            .iter()
            .zip(["a", "b", "c"])
            .map(|(wire, name)| Field::new(name, wire.arrow(), true))
            .collect();
        let schema = Schema::new(Vec::from_iter::<Vec<Field>>(fields));
        Decoder::new("t".to_owned(), Arc::new(schema), WIRES(), batch_rows)
    }

    fn value(bytes: &[u8]) -> Vec<u8> {
        [&(bytes.len() as i32).to_be_bytes(), bytes].concat()
    }

    fn stream(rows: i32) -> Vec<u8> {
        let mut stream = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
        for row in 0..rows {
            let numbers = [1, 0, 23, 2, 1].map(i32::to_be_bytes).concat();
            let list = [numbers, value(&row.to_be_bytes()), vec![0xff; 4]].concat();
            stream.extend([0, 3]);
            stream.extend(value(&row.to_be_bytes()));
            stream.extend(if row % 2 == 0 {
                value("😀é".as_bytes())
            } else {
                vec![0xff; 4]
            });
            stream.extend(value(&list));
        }
        stream.extend([0xff, 0xff]);
        stream
    }

    /// All batches of a stream that comes in chunks of that size.
    fn decoded(stream: &[u8], chunk: usize, batch_rows: usize) -> Result<Vec<RecordBatch>, Error> {
        let mut decoder = decoder(batch_rows);
        let mut batches = Vec::new();
        for bytes in stream.chunks(chunk) {
            decoder.push(bytes);
            while let Some(batch) = decoder.full()? {
                batches.push(batch);
            }
        }
        while let Some(batch) = decoder.rest()? {
            batches.push(batch);
        }
        Ok(batches)
    }

    #[test]
    fn rows_may_span_chunks() -> Result<(), Error> {
        let stream = stream(1000);
        for (chunk, batch_rows) in [(1, 7), (13, 300), (4096, 999), (1 << 20, 1000), (1 << 20, 5000)] {
            let batches = decoded(&stream, chunk, batch_rows)?;
            assert!(batches.iter().all(|batch| batch.num_rows() <= batch_rows));
            let numbers = batches
                .iter()
                .flat_map(|batch| batch.column(0).as_primitive::<Int32Type>().values().to_vec());
            assert!(numbers.eq(0..1000), "{chunk} {batch_rows}");
            let text = batches.iter().flat_map(|batch| batch.column(1).as_string::<i32>());
            assert_eq!(text.flatten().filter(|text| *text == "😀é").count(), 500);
            let list = batches[0].column(2).as_list::<i32>().value(0);
            assert_eq!(
                list.as_primitive::<Int32Type>().iter().collect::<Vec<_>>(),
                [Some(0), None]
            );
        }
        Ok(())
    }

    #[test]
    fn bytes_that_were_decoded_are_not_kept() -> Result<(), Error> {
        let mut decoder = decoder(8192);
        for bytes in stream(200_000).chunks(5000) {
            decoder.push(bytes);
            decoder.full()?;
            assert!(decoder.framed.held() < 1 << 16);
        }
        Ok(())
    }

    #[test]
    fn a_stream_without_rows_is_complete() -> Result<(), Error> {
        assert!(decoded(&stream(0), 64, 10)?.is_empty());
        Ok(())
    }

    #[test]
    fn a_truncated_stream_is_an_error() {
        let stream = stream(3);
        for length in 0..stream.len() {
            assert!(decoded(&stream[..length], 1 << 20, 10).is_err(), "{length}");
        }
    }

    #[test]
    fn corrupt_bytes_are_an_error_or_other_values() {
        let whole = stream(3);
        for at in 0..whole.len() {
            for byte in [0x00, 0x01, 0x7f, 0x80, 0xff] {
                let mut corrupt = whole.clone();
                corrupt[at] = byte;
                if let Ok(batches) = decoded(&corrupt, 1 << 20, 10) {
                    assert!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() <= 3);
                }
            }
        }
    }

    #[test]
    fn what_is_no_copy_is_an_error() {
        assert!(decoded(b"HTTP/1.1 400 Bad Request", 8, 10).is_err());
        let long = [&stream(1)[..], &[0]].concat();
        assert!(decoded(&long, 1 << 20, 10).is_err());
    }
}
