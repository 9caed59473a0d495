//! Parquet files from and to what PostgreSQL's `COPY` has as text.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use arrow::util::display::array_value_to_string;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Type as PhysicalType;

use super::frames::Column;

/// A type as Parquet has it. None for those of which Redshift unloads none.
fn arrow_type(column: &Column) -> Option<DataType> {
    Some(match column.oid {
        16 => DataType::Boolean,
        21 => DataType::Int16,
        23 => DataType::Int32,
        20 => DataType::Int64,
        700 => DataType::Float32,
        701 => DataType::Float64,
        1700 if column.modifier > 4 => {
            let both = column.modifier - 4;
            DataType::Decimal128(u8::try_from(both >> 16).ok()?, i8::try_from(both & 0xff).ok()?)
        }
        25 | 1043 | 1042 => DataType::Utf8,
        1082 => DataType::Date32,
        1114 => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ => return None,
    })
}

/// Values of rows, column by column.
pub(super) fn rows(lines: &[&Bytes], columns: usize) -> Result<Vec<StringArray>> {
    let mut values: Vec<Vec<Option<String>>> = vec![Vec::with_capacity(lines.len()); columns];
    for line in lines {
        let line = std::str::from_utf8(line)?.trim_end_matches('\n');
        for (column, value) in values.iter_mut().zip(line.split('\t')) {
            column.push((value != "\\N").then(|| unescaped(value)));
        }
    }
    Ok(values.into_iter().map(StringArray::from).collect())
}

fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some('b') => text.push('\u{8}'),
                Some('f') => text.push('\u{c}'),
                Some('v') => text.push('\u{b}'),
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    text
}

/// A file of rows.
pub(super) fn parquet(columns: &[Column], values: &[StringArray]) -> Result<Vec<u8>> {
    let arrays = columns.iter().zip(values).map(|(column, values)| {
        let data_type = arrow_type(column)
            .with_context(|| format!("Unload of column \"{}\" to Parquet is not supported", column.name))?;
        let values: ArrayRef = Arc::new(values.clone());
        Ok((column.name.as_str(), cast(&values, &data_type)?, true))
    });
    let batch = RecordBatch::try_from_iter_with_nullable(arrays.collect::<Result<Vec<_>>>()?)?;
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None)?;
    writer.write(&batch)?;
    Ok(writer.into_inner()?)
}

/// Refuses a file whose columns are not those of a table, as strictly as Redshift does.
pub(super) fn check_types(url: &str, file: Bytes, columns: &[Column]) -> Result<()> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let found = builder.schema().fields();
    let physical = builder.parquet_schema().columns();
    ensure!(
        found.len() == columns.len(),
        "Spectrum Scan Error: the number of columns in table ({}) and in {url} ({}) differ",
        columns.len(),
        found.len()
    );
    for ((field, physical), column) in found.iter().zip(physical).zip(columns) {
        let is_fitting = match arrow_type(column) {
            Some(wanted @ DataType::Decimal128(..)) => {
                *field.data_type() == wanted && physical.physical_type() == PhysicalType::FIXED_LEN_BYTE_ARRAY
            }
            Some(wanted) => *field.data_type() == wanted,
            // A varbyte.
            None => column.oid > 10_000 && *field.data_type() == DataType::Binary,
        };
        ensure!(
            is_fitting,
            "Spectrum Scan Error: File '{url}' has an incompatible Parquet schema for column '{}': {}",
            column.name,
            field.data_type()
        );
    }
    Ok(())
}

/// The rows of a file as `COPY` takes them.
pub(super) fn lines(file: Bytes) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.build()? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let values: Result<Vec<String>> = batch.columns().iter().map(|column| value(column, row)).collect();
            lines.push(values?.join("\t") + "\n");
        }
    }
    Ok(lines)
}

fn value(column: &ArrayRef, row: usize) -> Result<String> {
    if column.is_null(row) {
        return Ok("\\N".to_owned());
    }
    let text = match column.data_type() {
        DataType::Binary => {
            let bytes = column.as_binary::<i32>().value(row);
            bytes
                .iter()
                .fold("\\x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
        }
        _ => array_value_to_string(column, row)?,
    };
    let escaped = text
        .replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\n', "\\n")
        .replace('\r', "\\r");
    Ok(escaped)
}
