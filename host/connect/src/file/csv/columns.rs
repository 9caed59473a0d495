//! Builds Arrow columns out of values.

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, BooleanArray, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder,
    StringBuilder, TimestampMicrosecondBuilder, new_null_array,
};
use arrow::compute::{cast, filter};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::error::ArrowError;

use super::exact::{date_loses, float_loses, integer_loses, timestamp_loses};
use super::records::Value;
use super::value::{parse_boolean, parse_date, parse_float, parse_integer, parse_timestamp};

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

/// A column to build.
#[derive(Debug)]
pub(super) struct Wanted {
    pub data_type: DataType,
    /// Whether its type was told from other rows, so that a value must fit it without losing anything.
    pub inferred: bool,
}

/// The columns of one batch under construction.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    building: Vec<Column>,
    /// Per value of a record, the column it goes to, where it is read.
    slots: &'a [Option<usize>],
    rows: usize,
    /// Rows that hold a fault and are left out.
    spoiled: Vec<usize>,
}

#[derive(Debug)]
enum Column {
    Boolean(BooleanBuilder),
    // With whether values must lose nothing.
    Integer(Int64Builder, bool),
    Float(Float64Builder, bool),
    Date(Date32Builder, bool),
    // And with whether it is in UTC.
    Timestamp(TimestampMicrosecondBuilder, bool, bool),
    Text(StringBuilder),
    /// Types that are rare enough to be parsed from a column of text.
    Other(StringBuilder, DataType),
    /// The file does not have the column.
    Absent(DataType),
}

/// A value that turned out not to fit once its column was complete.
#[derive(Debug)]
pub(super) struct LateMisfit {
    pub row: usize,
    pub column: usize,
    pub value: String,
}

impl<'a> Columns<'a> {
    /// `wanted` holds the columns to build, `slots`, per value of a record, the one it belongs to.
    pub fn new(wanted: &[Wanted], slots: &'a [Option<usize>], rows: usize) -> Self {
        let columns = wanted.iter().enumerate().map(|(index, wanted)| {
            if slots.contains(&Some(index)) {
                Column::new(wanted, rows)
            } else {
                Column::Absent(wanted.data_type.clone())
            }
        });
        Self {
            building: columns.collect(),
            slots,
            rows: 0,
            spoiled: Vec::new(),
        }
    }

    /// Adds the value at `index` to the row under construction.
    #[inline]
    pub fn append(&mut self, index: usize, value: Value<'_>, nulls: &Nulls) -> Result<(), Misfit> {
        match self.slots.get(index) {
            Some(Some(slot)) => self.building[*slot].append(value, nulls),
            Some(None) => Ok(()),
            None => Err(Misfit::TooManyValues),
        }
    }

    /// Ends a row.
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    /// Ends a row that holds a fault, wherever in it that was found.
    pub fn spoil_row(&mut self) {
        for column in &mut self.building {
            if column.len().is_some_and(|length| length == self.rows) {
                column.append_null();
            }
        }
        self.spoiled.push(self.rows);
        self.rows += 1;
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether values may still turn out not to fit when the columns are finished.
    pub fn may_misfit_late(&self) -> bool {
        self.building.iter().any(|column| matches!(column, Column::Other(..)))
    }

    /// The arrays of the rows without faults. Rows with values that turn out not to fit only now are reported to `late`,
    /// which decides whether they are left out too.
    pub fn finish<E: From<ArrowError>>(
        mut self,
        mut late: impl FnMut(LateMisfit) -> Result<(), E>,
    ) -> Result<(Vec<ArrayRef>, usize), E> {
        let mut arrays = Vec::with_capacity(self.building.len());
        for (index, column) in self.building.iter_mut().enumerate() {
            arrays.push(match column {
                Column::Absent(data_type) => new_null_array(data_type, self.rows),
                Column::Other(builder, data_type) => {
                    let text = builder.finish();
                    let array = cast(&text, data_type)?;
                    if array.null_count() > text.null_count() {
                        for row in (0..self.rows).filter(|row| text.is_valid(*row) && array.is_null(*row)) {
                            late(LateMisfit {
                                row,
                                column: index,
                                value: text.value(row).to_owned(),
                            })?;
                            self.spoiled.push(row);
                        }
                    }
                    array
                }
                column => column.finish(),
            });
        }
        if self.spoiled.is_empty() {
            return Ok((arrays, self.rows));
        }
        let mut sound = vec![true; self.rows];
        for row in self.spoiled {
            sound[row] = false;
        }
        let sound = BooleanArray::from(sound);
        let arrays = arrays
            .iter()
            .map(|array| Ok(filter(array, &sound)?))
            .collect::<Result<_, E>>()?;
        Ok((arrays, sound.true_count()))
    }
}

/// Why a value does not fit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    TooManyValues,
    WrongType,
    /// The type would lose a part of it.
    Loss,
    NotUtf8,
}

impl Misfit {
    fn if_lost(lost: bool) -> Result<(), Self> {
        if lost { Err(Self::Loss) } else { Ok(()) }
    }
}

/// A value as a message shows it.
pub(super) fn shown(value: &[u8]) -> String {
    let clipped = &value[..value.len().min(QUOTED_VALUE_BYTES)];
    let ellipsis = if clipped.len() < value.len() { "..." } else { "" };
    format!("`{}{ellipsis}`", String::from_utf8_lossy(clipped).escape_debug())
}

impl Column {
    fn new(wanted: &Wanted, rows: usize) -> Self {
        let exact = wanted.inferred;
        match &wanted.data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            DataType::Int64 => Self::Integer(Int64Builder::with_capacity(rows), exact),
            DataType::Float64 => Self::Float(Float64Builder::with_capacity(rows), exact),
            DataType::Date32 => Self::Date(Date32Builder::with_capacity(rows), exact),
            DataType::Timestamp(TimeUnit::Microsecond, zone) if zone.as_deref().is_none_or(|zone| zone == "UTC") => {
                let builder = TimestampMicrosecondBuilder::with_capacity(rows);
                let builder = builder.with_data_type(wanted.data_type.clone());
                Self::Timestamp(builder, exact, zone.is_some())
            }
            DataType::Utf8 => Self::Text(StringBuilder::with_capacity(rows, rows * 8)),
            other => Self::Other(StringBuilder::with_capacity(rows, rows * 8), other.clone()),
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
            Self::Integer(builder, exact) => {
                let value = parse_integer(bytes).ok_or(Misfit::WrongType)?;
                Misfit::if_lost(*exact && integer_loses(bytes))?;
                builder.append_value(value);
            }
            Self::Float(builder, exact) => {
                let value = parse_float(bytes).ok_or(Misfit::WrongType)?;
                Misfit::if_lost(*exact && float_loses(bytes))?;
                builder.append_value(value);
            }
            Self::Date(builder, exact) => {
                let value = parse_date(bytes).ok_or(Misfit::WrongType)?;
                Misfit::if_lost(*exact && date_loses(bytes))?;
                builder.append_value(value);
            }
            Self::Timestamp(builder, exact, in_utc) => {
                let value = parse_timestamp(bytes).ok_or(Misfit::WrongType)?;
                Misfit::if_lost(*exact && timestamp_loses(bytes, *in_utc))?;
                builder.append_value(value);
            }
            Self::Text(builder) | Self::Other(builder, _) => {
                builder.append_value(std::str::from_utf8(bytes).map_err(|_| Misfit::NotUtf8)?);
            }
            Self::Absent(_) => {}
        }
        Ok(())
    }

    fn append_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Integer(builder, ..) => builder.append_null(),
            Self::Float(builder, ..) => builder.append_null(),
            Self::Date(builder, ..) => builder.append_null(),
            Self::Timestamp(builder, ..) => builder.append_null(),
            Self::Text(builder) | Self::Other(builder, _) => builder.append_null(),
            Self::Absent(_) => {}
        }
    }

    /// Values so far; none where the file does not have the column.
    fn len(&self) -> Option<usize> {
        Some(match self {
            Self::Boolean(builder) => builder.len(),
            Self::Integer(builder, ..) => builder.len(),
            Self::Float(builder, ..) => builder.len(),
            Self::Date(builder, ..) => builder.len(),
            Self::Timestamp(builder, ..) => builder.len(),
            Self::Text(builder) | Self::Other(builder, _) => builder.len(),
            Self::Absent(_) => return None,
        })
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(builder) => ArrayBuilder::finish(builder),
            Self::Integer(builder, ..) => ArrayBuilder::finish(builder),
            Self::Float(builder, ..) => ArrayBuilder::finish(builder),
            Self::Date(builder, ..) => ArrayBuilder::finish(builder),
            Self::Timestamp(builder, ..) => ArrayBuilder::finish(builder),
            Self::Text(builder) | Self::Other(builder, _) => ArrayBuilder::finish(builder),
            Self::Absent(data_type) => new_null_array(data_type, 0),
        }
    }
}
