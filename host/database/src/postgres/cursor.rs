//! Rows of databases that cannot copy to their clients, such as Redshift: fetched from a cursor, as text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, RecordBatch, StringBuilder, TimestampMicrosecondArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::util::display::FormatOptions;
use tokio_postgres::types::Type;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::Connection;
use super::wire::{Cast, Reading, Wire};
use crate::Error;

/// The type that everything is cast to that has no form of its own here; `text` is shorter there.
const TEXT: &str = "varchar(65535)";
/// Rows that are fetched at once at most: all of them are in memory before the first is looked at.
const ROWS: usize = 8192;

/// How a column of a type is read as text.
pub(super) fn reading(data_type: &Type, reading: Reading) -> Reading {
    let called = |wire, call, note: &str| Reading {
        wire,
        cast: Some(call),
        note: Some(note.to_owned()),
    };
    match data_type.name() {
        "super" => return called(Wire::Text, Cast::Call("json_serialize(", ")"), "read as JSON text"),
        "varbyte" => {
            let note = "sent as hexadecimal digits, which takes twice the space";
            return called(Wire::Binary, Cast::Call("from_varbyte(", ", 'hex')"), note);
        }
        _ => {}
    }
    match (&reading.wire, reading.cast) {
        (
            Wire::Boolean
            | Wire::Int16
            | Wire::Int32
            | Wire::Int64
            | Wire::Oid
            | Wire::Float32
            | Wire::Float64
            | Wire::Decimal { .. }
            | Wire::Text
            | Wire::Date
            | Wire::Time
            | Wire::Timestamp
            | Wire::Instant,
            None,
        ) => reading,
        _ => Reading {
            wire: Wire::Text,
            cast: Some(Cast::To(TEXT)),
            note: reading.note.or_else(|| Some("read as text".to_owned())),
        },
    }
}

/// A cursor in the transaction of its connection.
pub(super) struct Cursor {
    doing: String,
    relation: String,
    schema: SchemaRef,
    fetch: String,
    has_ended: bool,
}

impl Cursor {
    /// Declares it. That the statement is a single one, its caller has let the server see.
    pub async fn begin(
        connection: &Connection,
        relation: String,
        statement: &str,
        schema: SchemaRef,
        batch_rows: usize,
    ) -> Result<Self, Error> {
        let doing = format!("reading {relation}");
        connection
            .run(&doing, &format!("declare tenon_cursor cursor for {statement}"))
            .await?;
        Ok(Self {
            doing,
            relation,
            schema,
            fetch: format!("fetch forward {} from tenon_cursor", batch_rows.clamp(1, ROWS)),
            has_ended: false,
        })
    }

    /// The next rows; none at the end.
    pub async fn next(&mut self, connection: &Connection) -> Result<Option<RecordBatch>, Error> {
        if self.has_ended {
            return Ok(None);
        }
        let running = connection.running();
        let messages = connection.client().simple_query(&self.fetch).await;
        running.end();
        let messages = messages.map_err(|error| connection.failed(&self.doing, &error))?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let rows: Vec<&SimpleQueryRow> = rows.collect();
        if rows.is_empty() {
            self.has_ended = true;
            connection.run(&self.doing, "close tenon_cursor").await?;
            return Ok(None);
        }
        self.batch(&rows).map(Some)
    }

    fn batch(&self, rows: &[&SimpleQueryRow]) -> Result<RecordBatch, Error> {
        let fields = self.schema.fields().iter().enumerate();
        let columns = fields.map(|(index, field)| {
            let mut text = StringBuilder::with_capacity(rows.len(), rows.len() * 16);
            for row in rows {
                text.append_option(row.try_get(index).ok().flatten());
            }
            let text: ArrayRef = Arc::new(text.finish());
            parsed(&text, field.data_type()).map_err(|error| Error::Value {
                relation: self.relation.clone(),
                column: field.name().clone(),
                reason: format!(
                    "{error}; read the column as text with `schema = {{ \"{}\" = \"{TEXT}\" }}`",
                    field.name()
                ),
            })
        });
        let columns: Result<Vec<ArrayRef>, Error> = columns.collect();
        RecordBatch::try_new(Arc::clone(&self.schema), columns?).map_err(|error| Error::Mismatch {
            table: self.relation.clone(),
            reason: error.to_string(),
        })
    }
}

/// Values of a type from how the database writes them.
pub(super) fn parsed(text: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    let options = CastOptions {
        safe: false,
        format_options: FormatOptions::default(),
    };
    if let DataType::Timestamp(unit @ TimeUnit::Microsecond, Some(zone)) = data_type {
        // By its offset, since a zone's name would have to be looked up.
        let by_offset = DataType::Timestamp(*unit, Some("+00:00".into()));
        let parsed = cast_with_options(text, &by_offset, &options)?;
        let moments: &TimestampMicrosecondArray = parsed.as_primitive::<TimestampMicrosecondType>();
        return Ok(Arc::new(moments.clone().with_timezone(Arc::clone(zone))));
    }
    if text.data_type() == data_type {
        return Ok(Arc::clone(text));
    }
    if (text.data_type(), data_type) == (&DataType::Utf8, &DataType::Binary) {
        return bytes(text);
    }
    cast_with_options(text, data_type, &options)
}

/// Bytes that are written as hexadecimal digits.
fn bytes(text: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let text = text.as_string::<i32>();
    let mut bytes = BinaryBuilder::with_capacity(text.len(), text.values().len() / 2);
    for digits in text {
        let Some(digits) = digits else {
            bytes.append_null();
            continue;
        };
        let value = hex::decode(digits).map_err(|error| ArrowError::ParseError(error.to_string()))?;
        bytes.append_value(value);
    }
    Ok(Arc::new(bytes.finish()))
}

#[cfg(test)]
mod tests {
    use arrow::array::StringArray;

    use super::*;

    #[test]
    fn text_is_parsed_as_the_database_writes_it() -> Result<(), ArrowError> {
        let types = [
            (DataType::Boolean, "t"),
            (DataType::Int64, "-9223372036854775808"),
            (DataType::Float64, "Infinity"),
            (DataType::Decimal128(12, 2), "-12.50"),
            (DataType::Date32, "2024-02-29"),
            (DataType::Time64(TimeUnit::Microsecond), "23:59:59.999999"),
            (
                DataType::Timestamp(TimeUnit::Microsecond, None),
                "2024-02-29 12:00:00.000001",
            ),
            (
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                "2024-02-29 12:00:00.000001+00",
            ),
        ];
        for (data_type, written) in types {
            let text: ArrayRef = Arc::new(StringArray::from(vec![Some(written), None]));
            let array = parsed(&text, &data_type)?;
            assert_eq!(array.data_type(), &data_type);
            assert!(array.is_valid(0) && array.is_null(1), "{written}");
        }
        let nonsense: ArrayRef = Arc::new(StringArray::from(vec!["infinity"]));
        assert!(parsed(&nonsense, &DataType::Date32).is_err());
        Ok(())
    }
}
