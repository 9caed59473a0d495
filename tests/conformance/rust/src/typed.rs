//! Columns value by value.

use tenon::{
    Batch, Binary, Booleans, Column, ColumnType, DataType, Date, DateMillis, DayMillis, Decimal32, Decimal64,
    Decimal256, Duration, Error, F16, List, Map, MonthDayNanos, Months, NullColumn, Primitive, RawColumn, Result,
    Struct, Time32, Time64, TimeUnit, Timestamp, Utf8,
};

/// Reads every column value by value, and builds it anew of those values.
#[tenon::transform]
fn rebuild(batch: Batch) -> Result<Batch> {
    let mut columns = Vec::new();
    for column in batch.raw_columns()? {
        columns.push((column.field.name.clone(), rebuilt(column)?.into()));
    }
    batch.with_columns(columns)
}

fn rebuilt(column: RawColumn) -> Result<RawColumn> {
    let field = column.field.clone();
    through(column)?.like(&field)
}

fn through(column: RawColumn) -> Result<RawColumn> {
    let data_type = column.field.data_type.clone();
    if data_type.is_text() {
        return Ok(Utf8::read(column)?.into());
    }
    if data_type.is_binary() {
        return Ok(Binary::read(column)?.into());
    }
    Ok(match data_type {
        DataType::Null => NullColumn(NullColumn::read(column)?.len()).into(),
        DataType::Boolean => bool::read(column)?.iter().collect::<Booleans>().into(),
        DataType::Int8 => primitive::<i8>(column)?,
        DataType::Int16 => primitive::<i16>(column)?,
        DataType::Int32 => primitive::<i32>(column)?,
        DataType::Int64 => primitive::<i64>(column)?,
        DataType::UInt8 => primitive::<u8>(column)?,
        DataType::UInt16 => primitive::<u16>(column)?,
        DataType::UInt32 => primitive::<u32>(column)?,
        DataType::UInt64 => primitive::<u64>(column)?,
        DataType::Float16 => primitive::<F16>(column)?,
        DataType::Float32 => primitive::<f32>(column)?,
        DataType::Float64 => primitive::<f64>(column)?,
        DataType::Decimal { bits: 32, .. } => primitive::<Decimal32>(column)?,
        DataType::Decimal { bits: 64, .. } => primitive::<Decimal64>(column)?,
        DataType::Decimal { bits: 128, .. } => primitive::<i128>(column)?,
        DataType::Decimal { .. } => primitive::<Decimal256>(column)?,
        DataType::Date => primitive::<Date>(column)?,
        DataType::DateMillis => primitive::<DateMillis>(column)?,
        DataType::Time(TimeUnit::Second | TimeUnit::Millisecond) => primitive::<Time32>(column)?,
        DataType::Time(_) => primitive::<Time64>(column)?,
        DataType::Timestamp(..) => primitive::<Timestamp>(column)?,
        DataType::Duration(_) => primitive::<Duration>(column)?,
        DataType::IntervalMonths => primitive::<Months>(column)?,
        DataType::IntervalDays => primitive::<DayMillis>(column)?,
        DataType::IntervalMonthDayNanos => primitive::<MonthDayNanos>(column)?,
        DataType::FixedSizeBinary(width) => Binary::read(column)?
            .iter()
            .collect::<Binary>()
            .into_fixed_size(width)?
            .into(),
        DataType::Dictionary(indices) => dictionary(column, *indices)?,
        DataType::Nested(format) => nested(column, &format)?,
        other => return Err(without_values(&column, &other.to_string())),
    })
}

fn primitive<T: Primitive>(column: RawColumn) -> Result<RawColumn> {
    let column = T::read_column(column)?;
    let data_type = column.data_type().clone();
    Ok(column.iter().collect::<Column<T>>().with_type(data_type)?.into())
}

fn dictionary(column: RawColumn, indices: DataType) -> Result<RawColumn> {
    let values = column.field.value_type().clone();
    if values.is_text() {
        return Utf8::read(column)?.to_dictionary(indices);
    }
    if values.is_binary() {
        return Binary::read(column)?.to_dictionary(indices);
    }
    Err(without_values(&column, &format!("a dictionary of {values}")))
}

fn nested(column: RawColumn, format: &str) -> Result<RawColumn> {
    match format {
        "+l" | "+vl" => Ok(lists(column)?.into()),
        "+L" | "+vL" => Ok(lists(column)?.into_large().into()),
        "+s" => structs(column),
        "+m" => maps(column),
        _ => match format.strip_prefix("+w:").and_then(|length| length.parse().ok()) {
            Some(length) => lists_of(length, column),
            None => Err(without_values(&column, &column.field.data_type.to_string())),
        },
    }
}

fn lists(column: RawColumn) -> Result<List> {
    let read = List::<RawColumn>::read(column)?;
    let lengths: Vec<usize> = (0..read.len()).map(|row| read.range(row).len()).collect();
    let valid: Vec<bool> = read.iter().map(|row| row.is_some()).collect();
    List::new(lengths, rebuilt(read.into_items())?)?.with_nulls(valid)
}

fn lists_of(length: u32, column: RawColumn) -> Result<RawColumn> {
    let read = List::<RawColumn>::read(column)?;
    let valid: Vec<bool> = read.iter().map(|row| row.is_some()).collect();
    let items = rebuilt(read.into_items())?;
    Ok(List::fixed_size(length, items)?.with_nulls(valid)?.into())
}

fn structs(column: RawColumn) -> Result<RawColumn> {
    let read = Struct::read(column)?;
    let valid: Vec<bool> = (0..read.len()).map(|row| !read.is_null(row)).collect();
    let mut members = Vec::new();
    for member in read.into_members() {
        members.push((member.field.name.clone(), rebuilt(member)?.into()));
    }
    Ok(Struct::new(members)?.with_nulls(valid)?.into())
}

fn maps(column: RawColumn) -> Result<RawColumn> {
    let read = Map::<RawColumn, RawColumn>::read(column)?;
    let lengths: Vec<usize> = (0..read.len()).map(|row| read.range(row).len()).collect();
    let valid: Vec<bool> = read.iter().map(|row| row.is_some()).collect();
    let (keys, values) = read.into_entries();
    Ok(Map::new(lengths, rebuilt(keys)?, rebuilt(values)?)?
        .with_nulls(valid)?
        .into())
}

fn without_values(column: &RawColumn, found: &str) -> Error {
    Error::unsupported(format!(
        "the column `{}` is {found}, which has no typed access",
        column.field.name
    ))
}
