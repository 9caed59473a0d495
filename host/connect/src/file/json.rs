//! JSON and NDJSON: objects decoded into Arrow columns.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use arrow::json::reader::infer_json_schema;

use super::rejects::BadRows;
use super::schema::SeenColumn;
use super::text::{Chunk, split_objects};
use crate::Error;

/// How objects become rows.
#[derive(Debug)]
pub(super) struct JsonParser {
    schema: SchemaRef,
    /// Whether each line is one object, so that a broken one does not spoil the next.
    by_line: bool,
    bad_rows: BadRows,
}

impl JsonParser {
    /// Decodes the fields of `schema`; others are passed over.
    pub fn new(schema: Schema, by_line: bool, bad_rows: BadRows) -> Self {
        Self {
            schema: Arc::new(schema),
            by_line,
            bad_rows,
        }
    }

    /// All rows of a chunk, in batches of at most `batch_rows`.
    pub fn parse(&self, chunk: &Chunk, file: &str, batch_rows: usize) -> Result<Vec<RecordBatch>, Error> {
        match self.decode(&chunk.bytes, batch_rows) {
            Ok(batches) => Ok(batches),
            Err(_) => self.parse_one_by_one(chunk, file),
        }
    }

    /// Finds out which objects are at fault.
    fn parse_one_by_one(&self, chunk: &Chunk, file: &str) -> Result<Vec<RecordBatch>, Error> {
        let mut sound = Vec::new();
        for (line, record) in split_objects(&chunk.bytes, chunk.line, self.by_line) {
            match self.decode(record, 2) {
                Ok(batches) if batches.iter().map(RecordBatch::num_rows).sum::<usize>() == 1 => sound.extend(batches),
                Ok(_) => {
                    let reason = "expected one object per line".to_owned();
                    self.bad_rows.take(file, line, reason, record)?;
                }
                Err(error) => self.bad_rows.take(file, line, explain(&error), record)?,
            }
        }
        let joined = concat_batches(&self.schema, &sound).map_err(|error| Error::Line {
            file: file.to_owned(),
            line: chunk.line,
            reason: error.to_string(),
        })?;
        Ok(vec![joined])
    }

    fn decode(&self, text: &[u8], batch_rows: usize) -> Result<Vec<RecordBatch>, ArrowError> {
        let mut decoder = ReaderBuilder::new(Arc::clone(&self.schema))
            .with_batch_size(batch_rows)
            // A column of text takes numbers too.
            .with_coerce_primitive(true)
            .build_decoder()?;
        let mut batches = Vec::new();
        let mut rest = text;
        loop {
            let decoded = decoder.decode(rest)?;
            rest = &rest[decoded..];
            if decoder.has_partial_record() && rest.is_empty() {
                let reason = "the text ends inside an object".to_owned();
                return Err(ArrowError::JsonError(reason));
            }
            match decoder.flush()? {
                Some(batch) => batches.push(batch),
                None if rest.is_empty() => return Ok(batches),
                None if decoded == 0 => return Err(ArrowError::JsonError("this is no object".to_owned())),
                None => {}
            }
        }
    }
}

/// Infers the fields from a text of whole objects. Broken objects are passed over if `lenient`.
pub(super) fn infer(
    text: &[u8],
    file: &str,
    by_line: bool,
    infer_rows: usize,
    lenient: bool,
) -> Result<(Vec<SeenColumn>, u64), Error> {
    let (schema, rows) = match infer_json_schema(text, Some(infer_rows)) {
        Ok((schema, rows)) => (schema, rows),
        Err(error) => {
            let mut sound = Vec::new();
            for (line, record) in split_objects(text, 1, by_line).into_iter().take(infer_rows) {
                match infer_json_schema(record, None) {
                    Ok(_) => {
                        sound.extend_from_slice(record);
                        sound.push(b'\n');
                    }
                    Err(_) if lenient => {}
                    Err(error) => {
                        return Err(Error::Line {
                            file: file.to_owned(),
                            line,
                            reason: explain(&error),
                        });
                    }
                }
            }
            let together = |_| Error::Line {
                file: file.to_owned(),
                line: 1,
                reason: explain(&error),
            };
            infer_json_schema(sound.as_slice(), None).map_err(together)?
        }
    };
    let columns = schema.fields().iter().map(|field| SeenColumn {
        name: field.name().clone(),
        data_type: (!field.data_type().is_null()).then(|| field.data_type().clone()),
        because: None,
    });
    Ok((columns.collect(), rows as u64))
}

fn explain(error: &ArrowError) -> String {
    let text = match error {
        ArrowError::JsonError(text) => text.clone(),
        other => other.to_string(),
    };
    text.replace('\n', " ")
}
