//! JSON and NDJSON: objects decoded into Arrow columns.

mod shape;
mod walk;
mod whole;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use arrow::json::reader::infer_json_schema;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use self::shape::Shape;
use super::rejects::BadRows;
use super::schema::SeenColumn;
use super::text::{Chunk, split_objects};
use crate::Error;

/// Objects whose keys settle the order of columns.
const ORDERING_RECORDS: usize = 100;

/// How objects become rows.
#[derive(Debug)]
pub(super) struct JsonParser {
    schema: SchemaRef,
    shape: Shape,
    /// Whether each line is one object, so that a broken one does not spoil the next.
    by_line: bool,
    bad_rows: BadRows,
}

impl JsonParser {
    /// Decodes the fields of `schema`; others of `known` are passed over.
    pub fn new(schema: Schema, known: &Schema, by_line: bool, bad_rows: BadRows) -> Self {
        Self {
            shape: Shape::new(known, &schema),
            schema: Arc::new(schema),
            by_line,
            bad_rows,
        }
    }

    /// All rows of a chunk, in batches of at most `batch_rows`.
    pub fn parse(&self, chunk: &Chunk, file: &str, batch_rows: usize) -> Result<Vec<RecordBatch>, Error> {
        if self.shape.loss(&chunk.bytes).is_none()
            && let Ok(batches) = self.decode(&chunk.bytes, batch_rows)
        {
            return Ok(batches);
        }
        self.parse_one_by_one(chunk, file)
    }

    /// Finds out which objects are at fault.
    fn parse_one_by_one(&self, chunk: &Chunk, file: &str) -> Result<Vec<RecordBatch>, Error> {
        let mut sound = Vec::new();
        for (line, record) in split_objects(&chunk.bytes, chunk.line, self.by_line) {
            if let Some(loss) = self.shape.loss(record) {
                self.bad_rows.take(file, line, loss.reason(), record)?;
                continue;
            }
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

/// Infers the fields from a text of whole objects; none where there are fewer than `infer_rows` and it is not `enough`.
/// Broken objects are passed over if `lenient`.
pub(super) fn infer(
    text: &[u8],
    file: &str,
    by_line: bool,
    infer_rows: usize,
    lenient: bool,
    enough: bool,
) -> Result<Option<(Vec<SeenColumn>, u64)>, Error> {
    let failed = |line: u64, error: &ArrowError| Error::Line {
        file: file.to_owned(),
        line,
        reason: explain(error),
    };
    let records = split_objects(text, 1, by_line);
    if records.len() < infer_rows && !enough {
        return Ok(None);
    }
    // What infers takes each line for an object.
    let on_one_line = |record: &[u8]| -> Vec<u8> {
        let blank = |byte: &u8| if *byte == b'\n' { b' ' } else { *byte };
        record.iter().map(blank).chain([b'\n']).collect()
    };
    let mut sound: Vec<u8> = Vec::with_capacity(text.len());
    for (_, record) in records.iter().take(infer_rows) {
        sound.extend(on_one_line(record));
    }
    let (schema, rows) = match infer_json_schema(sound.as_slice(), None) {
        Ok(inferred) => inferred,
        Err(error) => {
            sound.clear();
            for (line, record) in records.iter().take(infer_rows) {
                let record = on_one_line(record);
                match infer_json_schema(record.as_slice(), None) {
                    Ok(_) => sound.extend(record),
                    Err(_) if lenient => {}
                    Err(error) => return Err(failed(*line, &error)),
                }
            }
            // Each by itself is sound, so they do not fit together.
            infer_json_schema(sound.as_slice(), None).map_err(|_| failed(1, &error))?
        }
    };
    let order = key_order(&records);
    let mut columns: Vec<SeenColumn> = schema
        .fields()
        .iter()
        .map(|field| SeenColumn {
            name: field.name().clone(),
            data_type: (!field.data_type().is_null()).then(|| field.data_type().clone()),
            because: None,
        })
        .collect();
    columns.sort_by_key(|column| order.get(&column.name).copied().unwrap_or(usize::MAX));
    Ok(Some((columns, rows as u64)))
}

/// The order in which the first objects bring their keys.
fn key_order(records: &[(u64, &[u8])]) -> HashMap<String, usize> {
    let mut order = HashMap::new();
    for (_, record) in records.iter().take(ORDERING_RECORDS) {
        let Ok(Keys(keys)) = serde_json::from_slice(record) else {
            continue;
        };
        for key in keys {
            let next = order.len();
            order.entry(key).or_insert(next);
        }
    }
    order
}

/// The keys of an object, in their order.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeysVisitor;

        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = Keys;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, _)) = map.next_entry::<String, IgnoredAny>()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }

        deserializer.deserialize_map(KeysVisitor)
    }
}

fn explain(error: &ArrowError) -> String {
    let text = match error {
        ArrowError::JsonError(text) => text.clone(),
        other => other.to_string(),
    };
    text.replace('\n', " ")
}
