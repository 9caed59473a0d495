//! Rows that constraints have refused, as they were to be written.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use rusqlite::Connection;

use super::apply::{self, Refusals};
use super::connection::{Opener, run};
use super::decode::Builder;
use super::dialect::Sql;
use super::encode::Kind;
use super::plan::PlannedColumn;
use super::staging::{ROWS, Staging};
use crate::sql::Dialect;
use crate::{Error, RejectedRows};

/// Rows that are handed over together.
const ROWS_AT_ONCE: usize = 1_024;

/// Hands refused rows over and removes them from the staging file.
pub(super) struct Rejection {
    pub opener: Opener,
    pub staging: Staging,
    pub columns: Arc<Vec<PlannedColumn>>,
    pub schema: SchemaRef,
    pub table: String,
}

impl Rejection {
    /// Hands over all of them before any is removed.
    pub async fn hand_over(self, refusals: Refusals, rejected: &dyn RejectedRows) -> Result<(), Error> {
        let (this, refusals) = (Arc::new(self), Arc::new(refusals));
        for start in (0..refusals.rows.len()).step_by(ROWS_AT_ONCE) {
            let end = refusals.rows.len().min(start + ROWS_AT_ONCE);
            let (reader, of) = (Arc::clone(&this), Arc::clone(&refusals));
            let batch = run(move || reader.read(&of.rows[start..end])).await?;
            let reason = |(_, message): &(i64, u32)| refusals.messages[*message as usize].clone();
            let reasons: Vec<String> = refusals.rows[start..end].iter().map(reason).collect();
            rejected.reject(&batch, &reasons).await?;
        }
        run(move || this.remove(&refusals)).await
    }

    fn read(&self, rows: &[(i64, u32)]) -> Result<RecordBatch, Error> {
        let connection = self.staging.open().map_err(|error| self.failed(&error))?;
        let rowid = apply::rowid(&self.opener, &connection, "main", &self.table)?;
        let names = Sql.quote_all(self.columns.iter().map(|column| &column.name));
        let one = format!("select {names} from {ROWS} where {rowid} = ?1");
        let mut one = connection.prepare(&one).map_err(|error| self.failed(&error))?;
        let types: Vec<DataType> = self.columns.iter().zip(self.schema.fields()).map(held_as).collect();
        let mut builders: Vec<Builder> = types.iter().filter_map(|held| Builder::new(held, rows.len())).collect();
        for (number, _) in rows {
            let mut found = one.query([number]).map_err(|error| self.failed(&error))?;
            let Some(row) = found.next().map_err(|error| self.failed(&error))? else {
                continue;
            };
            for (index, builder) in builders.iter_mut().enumerate() {
                let value = row.get_ref(index).map_err(|error| self.failed(&error))?;
                builder.append(value).map_err(|reason| Error::Value {
                    relation: self.table.clone(),
                    column: self.columns[index].name.clone(),
                    reason: format!("a rejected row {reason}"),
                })?;
            }
        }
        let arrays: Vec<ArrayRef> = builders.iter_mut().map(Builder::finish).collect();
        self.as_written(arrays)
    }

    /// In the types in which the rows came. Nested values stay JSON.
    fn as_written(&self, arrays: Vec<ArrayRef>) -> Result<RecordBatch, Error> {
        let columns = arrays
            .into_iter()
            .zip(self.schema.fields())
            .map(|(array, field)| match field.data_type() {
                DataType::Null => (field.clone(), new_null_array(&DataType::Null, array.len())),
                wanted => match cast(&array, wanted) {
                    Ok(array) if !wanted.is_nested() => (field.clone(), array),
                    _ => (
                        Arc::new(Field::new(field.name(), array.data_type().clone(), true)),
                        array,
                    ),
                },
            });
        let (fields, arrays): (Vec<Arc<Field>>, Vec<ArrayRef>) = columns.unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(|error| Error::Mismatch {
            table: self.table.clone(),
            reason: error.to_string(),
        })
    }

    fn remove(&self, refusals: &Refusals) -> Result<(), Error> {
        let removed = self.staging.open().map_err(|error| self.failed(&error))?;
        let rowid = apply::rowid(&self.opener, &removed, "main", &self.table)?;
        let delete = |connection: &Connection| -> rusqlite::Result<()> {
            connection.execute_batch("begin")?;
            let mut delete = connection.prepare(&format!("delete from {ROWS} where {rowid} = ?1"))?;
            for (number, _) in &refusals.rows {
                delete.execute([number])?;
            }
            connection.execute_batch("commit")
        };
        delete(&removed).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &rusqlite::Error) -> Error {
        self.opener.refused("to read its staging file", error)
    }
}

/// The type in which a staged column is read back.
fn held_as((column, field): (&PlannedColumn, &Arc<Field>)) -> DataType {
    let came_as = match field.data_type() {
        DataType::Dictionary(_, values) => values.as_ref(),
        other => other,
    };
    match (column.kind, came_as) {
        (Kind::Integer, DataType::UInt64) => DataType::UInt64,
        (Kind::Integer, _) => DataType::Int64,
        (Kind::Float, _) => DataType::Float64,
        (Kind::Boolean, _) => DataType::Boolean,
        (Kind::Decimal { .. }, DataType::Decimal256(precision, scale)) => {
            DataType::Decimal256(*precision, (*scale).max(0))
        }
        (
            Kind::Decimal { .. },
            DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale),
        ) => DataType::Decimal128(38, (*scale).max(0)),
        (Kind::Binary, _) => DataType::Binary,
        (Kind::Date, _) => DataType::Date32,
        (Kind::Time, _) => DataType::Time64(TimeUnit::Microsecond),
        (Kind::Timestamp { .. }, DataType::Timestamp(_, Some(_))) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        (Kind::Timestamp { .. }, _) => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ => DataType::Utf8,
    }
}
