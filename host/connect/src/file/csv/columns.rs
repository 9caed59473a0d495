//! Builds Arrow columns out of values.

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, RecordBatch, RecordBatchOptions,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::SchemaRef;

use super::records::Value;
use super::value::{ColumnType, parse_boolean, parse_date, parse_float, parse_integer, parse_timestamp};

/// Longest part of a value that a message repeats, in bytes.
const QUOTED_VALUE_BYTES: usize = 80;

/// The texts that mean "no value".
#[derive(Debug, Clone, Default)]
pub(super) struct Nulls(Vec<Vec<u8>>);

impl Nulls {
    pub fn new(texts: &[String]) -> Self {
        Self(
            texts
                .iter()
                .filter(|text| !text.is_empty())
                .map(|text| text.clone().into_bytes())
                .collect(),
        )
    }

    #[inline]
    pub fn contain(&self, value: &[u8]) -> bool {
        self.0.iter().any(|null| null == value)
    }
}

/// The columns of one batch under construction, one per column of the file; columns that nobody reads are not built.
#[derive(Debug)]
pub(super) struct Columns {
    columns: Vec<Option<Column>>,
    rows: usize,
}

#[derive(Debug)]
enum Column {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Float(Float64Builder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Text(StringBuilder),
}

impl Columns {
    /// `wanted` holds, per column of the file, its type where it is read.
    pub fn new(wanted: &[Option<ColumnType>], rows: usize) -> Self {
        let columns = wanted
            .iter()
            .map(|kind| kind.map(|kind| Column::new(kind, rows)))
            .collect();
        Self { columns, rows: 0 }
    }

    /// Adds the value of column `index` to the row under construction.
    #[inline]
    pub fn append(&mut self, index: usize, value: Value<'_>, nulls: &Nulls) -> Result<(), Misfit> {
        match self.columns.get_mut(index) {
            Some(Some(column)) => column.append(value, nulls),
            Some(None) => Ok(()),
            None => Err(Misfit::TooManyValues),
        }
    }

    /// Ends a row.
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The batch, with the columns at `projection` in that order.
    pub fn finish(mut self, schema: &SchemaRef, projection: &[usize]) -> Result<RecordBatch, arrow::error::ArrowError> {
        let arrays = projection
            .iter()
            .zip(schema.fields())
            .map(|(index, field)| {
                let column = self.columns.get_mut(*index).and_then(Option::as_mut);
                let array = column.map(Column::finish).ok_or_else(|| {
                    arrow::error::ArrowError::SchemaError(format!("column {} is not read", field.name()))
                })?;
                // The only type with a parameter: its time zone.
                if array.data_type() == field.data_type() {
                    Ok(array)
                } else {
                    arrow::compute::cast(&array, field.data_type())
                }
            })
            .collect::<Result<Vec<ArrayRef>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(SchemaRef::clone(schema), arrays, &options)
    }
}

/// Why a value does not fit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    TooManyValues,
    WrongType,
    NotUtf8,
}

/// A value as a message shows it.
pub(super) fn shown(value: &[u8]) -> String {
    let clipped = &value[..value.len().min(QUOTED_VALUE_BYTES)];
    let ellipsis = if clipped.len() < value.len() { "..." } else { "" };
    format!("`{}{ellipsis}`", String::from_utf8_lossy(clipped).escape_debug())
}

impl Column {
    fn new(kind: ColumnType, rows: usize) -> Self {
        match kind {
            ColumnType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            ColumnType::Integer => Self::Integer(Int64Builder::with_capacity(rows)),
            ColumnType::Float => Self::Float(Float64Builder::with_capacity(rows)),
            ColumnType::Date => Self::Date(Date32Builder::with_capacity(rows)),
            ColumnType::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows)),
            ColumnType::TimestampUtc => {
                let builder = TimestampMicrosecondBuilder::with_capacity(rows);
                Self::Timestamp(builder.with_data_type(kind.data_type()))
            }
            ColumnType::Text => Self::Text(StringBuilder::with_capacity(rows, rows * 8)),
        }
    }

    #[inline]
    fn append(&mut self, value: Value<'_>, nulls: &Nulls) -> Result<(), Misfit> {
        let bytes = value.bytes;
        let empty = bytes.is_empty() && !(value.quoted && matches!(self, Self::Text(_)));
        if empty || nulls.contain(bytes) {
            self.append_null();
            return Ok(());
        }
        match self {
            Self::Boolean(builder) => builder.append_value(parse_boolean(bytes).ok_or(Misfit::WrongType)?),
            Self::Integer(builder) => builder.append_value(parse_integer(bytes).ok_or(Misfit::WrongType)?),
            Self::Float(builder) => builder.append_value(parse_float(bytes).ok_or(Misfit::WrongType)?),
            Self::Date(builder) => builder.append_value(parse_date(bytes).ok_or(Misfit::WrongType)?),
            Self::Timestamp(builder) => builder.append_value(parse_timestamp(bytes).ok_or(Misfit::WrongType)?),
            Self::Text(builder) => builder.append_value(std::str::from_utf8(bytes).map_err(|_| Misfit::NotUtf8)?),
        }
        Ok(())
    }

    fn append_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        use arrow::array::ArrayBuilder;
        match self {
            Self::Boolean(builder) => ArrayBuilder::finish(builder),
            Self::Integer(builder) => ArrayBuilder::finish(builder),
            Self::Float(builder) => ArrayBuilder::finish(builder),
            Self::Date(builder) => ArrayBuilder::finish(builder),
            Self::Timestamp(builder) => ArrayBuilder::finish(builder),
            Self::Text(builder) => ArrayBuilder::finish(builder),
        }
    }
}
