//! Writing rows by statements of many rows each, where there is no bucket to copy them from.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;

use super::super::{Connection, RedshiftDialect};
use super::catalog::quoted;
use super::load::Shared;
use super::objects::Stage;
use crate::sql::Dialect;
use crate::{Error, Part, TableWriter, Value};

/// Bytes of a statement, about. Redshift takes 16 MB.
const STATEMENT_BYTES: usize = 1 << 20;

/// Inserts rows over a connection of its own, in one transaction.
pub(super) struct Inserter {
    shared: Arc<Shared>,
    stage: Stage,
    connection: Option<Connection>,
    /// The statement that is being written; empty before its first row.
    statement: String,
    head: String,
    rows: u64,
    bytes: u64,
}

impl Inserter {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            head: format!("insert into {} values ", quoted(&shared.staging)),
            stage: Stage::new(&shared.target, &shared.plan),
            shared,
            connection: None,
            statement: String::new(),
            rows: 0,
            bytes: 0,
        }
    }

    async fn send(&mut self) -> Result<(), Error> {
        if self.statement.is_empty() {
            return Ok(());
        }
        let doing = format!("writing rows for {}", self.shared.target);
        let connection = if let Some(connection) = self.connection.take() {
            connection
        } else {
            let connection = self.shared.database.connect().await?;
            connection.run(&doing, "begin").await?;
            connection
        };
        let connection = self.connection.insert(connection);
        connection.run(&doing, &self.statement).await?;
        self.bytes += self.statement.len() as u64;
        self.statement.clear();
        Ok(())
    }
}

#[async_trait]
impl TableWriter for Inserter {
    async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let rows = self.stage.rows(batch)?;
        for row in 0..rows.num_rows() {
            if self.statement.is_empty() {
                self.statement.push_str(&self.head);
            } else {
                self.statement.push(',');
            }
            put_row(&rows, row, &mut self.statement).map_err(|reason| Error::Value {
                relation: self.shared.target.to_string(),
                column: "of a row".to_owned(),
                reason,
            })?;
            self.rows += 1;
            if self.statement.len() >= STATEMENT_BYTES {
                self.send().await?;
            }
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    async fn finish(mut self: Box<Self>) -> Result<Part, Error> {
        self.send().await?;
        if let Some(connection) = &self.connection {
            let doing = format!("writing rows for {}", self.shared.target);
            connection.run(&doing, "commit").await?;
        }
        Ok(Part {
            rows: self.rows,
            bytes: self.bytes,
        })
    }
}

/// A row in parentheses.
fn put_row(rows: &RecordBatch, row: usize, out: &mut String) -> Result<(), String> {
    out.push('(');
    for (index, column) in rows.columns().iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        put(column, row, out)?;
    }
    out.push(')');
    Ok(())
}

fn put(column: &ArrayRef, row: usize, out: &mut String) -> Result<(), String> {
    if column.is_null(row) {
        out.push_str("null");
        return Ok(());
    }
    let literal = |value: Value| {
        RedshiftDialect
            .literal(&value)
            .ok_or("a value has no literal in Redshift")
    };
    match column.data_type() {
        DataType::Utf8 => out.push_str(&literal(Value::Text(column.as_string::<i32>().value(row).to_owned()))?),
        DataType::Binary => out.push_str(&literal(Value::Binary(column.as_binary::<i32>().value(row).to_vec()))?),
        data_type => {
            let options = FormatOptions::default();
            let formatter = ArrayFormatter::try_new(column, &options).map_err(|error| error.to_string())?;
            let cast = match data_type {
                DataType::Date32 => "::date",
                DataType::Timestamp(..) => "::timestamp",
                DataType::Float32 | DataType::Float64 => "::double precision",
                // Booleans and numbers need no quotes.
                _ => return write!(out, "{}", formatter.value(row)).map_err(|error| error.to_string()),
            };
            write!(out, "'{}'{cast}", formatter.value(row)).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use arrow::array::{BinaryArray, Decimal128Array, Float64Array, StringArray, TimestampMicrosecondArray};

    use super::*;

    #[test]
    fn rows_are_literals() {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("text", Arc::new(StringArray::from(vec!["it's \\"]))),
            ("bytes", Arc::new(BinaryArray::from(vec![&b"\x01\xff"[..]]))),
            (
                "number",
                Arc::new(
                    Decimal128Array::from(vec![-1250])
                        .with_precision_and_scale(38, 2)
                        .expect("it fits"),
                ),
            ),
            ("float", Arc::new(Float64Array::from(vec![f64::NAN]))),
            ("at", Arc::new(TimestampMicrosecondArray::from(vec![1]))),
            ("none", Arc::new(StringArray::from(vec![None::<&str>]))),
        ];
        let rows =
            RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
        let mut out = String::new();
        put_row(&rows.expect("columns"), 0, &mut out).expect("literals");
        assert_eq!(
            out,
            "(('it''s ' || chr(92) || ''),to_varbyte('01ff', 'hex'),-12.50,'NaN'::double precision,\
             '1970-01-01T00:00:00.000001'::timestamp,null)"
        );
    }
}
