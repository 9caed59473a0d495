//! One column of every Arrow type, with nulls wherever the type has them.

use std::sync::Arc;

use arrow::array::types::{ArrowPrimitiveType, Int8Type, Int32Type, Int64Type};
use arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, DictionaryArray, FixedSizeBinaryArray,
    FixedSizeListArray, Float16Array, GenericListArray, Int16Array, Int32Array, LargeBinaryArray, LargeStringArray,
    MapArray, NullArray, OffsetSizeTrait, PrimitiveArray, RecordBatch, RunArray, StringArray, StringViewArray,
    StructArray, UnionArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType, Field, Fields,
    Float32Type, Float64Type, Int16Type, IntervalDayTime, IntervalDayTimeType, IntervalMonthDayNano,
    IntervalMonthDayNanoType, IntervalYearMonthType, Schema, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type, UnionFields, i256,
};

/// Rows of every sample; odd, and more than a byte of validity bits.
pub const ROWS: usize = 23;

/// Columns named after their types.
///
/// # Errors
/// Never, unless arrow changes what it accepts.
pub fn samples() -> anyhow::Result<Vec<(String, ArrayRef)>> {
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("null".into(), Arc::new(NullArray::new(ROWS))),
        (
            "boolean".into(),
            Arc::new(
                (0..ROWS)
                    .map(|row| present(row).then_some(row % 2 == 0))
                    .collect::<BooleanArray>(),
            ),
        ),
        (
            "float16".into(),
            Arc::new(Float16Array::from_iter(
                (0..ROWS).map(|row| present(row).then(|| half(row))),
            )),
        ),
    ];
    integers(&mut columns);
    times(&mut columns)?;
    text(&mut columns)?;
    nested(&mut columns)?;
    encoded(&mut columns)?;
    Ok(columns)
}

/// All samples as one batch.
///
/// # Errors
/// As for [`samples`].
pub fn batch() -> anyhow::Result<RecordBatch> {
    let (names, arrays): (Vec<String>, Vec<ArrayRef>) = samples()?.into_iter().unzip();
    let fields: Vec<Field> = names
        .iter()
        .zip(&arrays)
        .map(|(name, array)| {
            let metadata = [("origin".to_owned(), format!("sample of {name}"))];
            Field::new(name, array.data_type().clone(), true).with_metadata(metadata.into_iter().collect())
        })
        .collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

/// Every fifth row is null.
fn present(row: usize) -> bool {
    row % 5 != 3
}

fn half(row: usize) -> half::f16 {
    half::f16::from_f32(row as f32 / 4.0)
}

fn primitive<T: ArrowPrimitiveType>(value: impl Fn(usize) -> T::Native) -> PrimitiveArray<T> {
    (0..ROWS)
        .map(|row| present(row).then(|| value(row)))
        .collect::<Vec<_>>()
        .into_iter()
        .collect_primitive()
}

/// `collect` into a primitive array, for any primitive type.
trait CollectPrimitive<N> {
    fn collect_primitive<T: ArrowPrimitiveType<Native = N>>(self) -> PrimitiveArray<T>;
}

impl<N, I: Iterator<Item = Option<N>>> CollectPrimitive<N> for I {
    fn collect_primitive<T: ArrowPrimitiveType<Native = N>>(self) -> PrimitiveArray<T> {
        let mut builder = PrimitiveArray::<T>::builder(ROWS);
        for value in self {
            builder.append_option(value);
        }
        builder.finish()
    }
}

fn integers(columns: &mut Vec<(String, ArrayRef)>) {
    let row = |row: usize| row as i64 - 10;
    columns.extend([
        (
            "int8".into(),
            Arc::new(primitive::<Int8Type>(|r| row(r) as i8)) as ArrayRef,
        ),
        ("int16".into(), Arc::new(primitive::<Int16Type>(|r| row(r) as i16))),
        ("int32".into(), Arc::new(primitive::<Int32Type>(|r| row(r) as i32))),
        ("int64".into(), Arc::new(primitive::<Int64Type>(|r| row(r) << 40))),
        ("uint8".into(), Arc::new(primitive::<UInt8Type>(|r| r as u8))),
        ("uint16".into(), Arc::new(primitive::<UInt16Type>(|r| r as u16))),
        ("uint32".into(), Arc::new(primitive::<UInt32Type>(|r| r as u32))),
        (
            "uint64".into(),
            Arc::new(primitive::<UInt64Type>(|r| u64::MAX - r as u64)),
        ),
        ("float32".into(), Arc::new(primitive::<Float32Type>(|r| r as f32 / 8.0))),
        (
            "float64".into(),
            Arc::new(primitive::<Float64Type>(|r| r as f64 / 16.0)),
        ),
    ]);
}

fn times(columns: &mut Vec<(String, ArrayRef)>) -> anyhow::Result<()> {
    let second = |row: usize| 1_400_000_000 + row as i64;
    let small = |row: usize| row as i64 * 1_000;
    let interval = |row: usize| IntervalMonthDayNano::new(row as i32, -(row as i32), 5);
    columns.extend([
        (
            "date32".into(),
            Arc::new(primitive::<Date32Type>(|r| 16_000 + r as i32)) as ArrayRef,
        ),
        (
            "date64".into(),
            Arc::new(primitive::<Date64Type>(|r| 86_400_000 * (16_000 + r as i64))),
        ),
        (
            "time32(s)".into(),
            Arc::new(primitive::<Time32SecondType>(|r| r as i32)),
        ),
        (
            "time32(ms)".into(),
            Arc::new(primitive::<Time32MillisecondType>(|r| r as i32)),
        ),
        ("time64(us)".into(), Arc::new(primitive::<Time64MicrosecondType>(small))),
        ("time64(ns)".into(), Arc::new(primitive::<Time64NanosecondType>(small))),
        (
            "timestamp(s)".into(),
            Arc::new(primitive::<TimestampSecondType>(second)),
        ),
        (
            "timestamp(ms)".into(),
            Arc::new(primitive::<TimestampMillisecondType>(|r| second(r) * 1_000)),
        ),
        (
            "timestamp(us, UTC)".into(),
            Arc::new(primitive::<TimestampMicrosecondType>(small).with_timezone("UTC")),
        ),
        (
            "timestamp(ns, +02:00)".into(),
            Arc::new(primitive::<TimestampNanosecondType>(small).with_timezone("+02:00")),
        ),
        ("duration(s)".into(), Arc::new(primitive::<DurationSecondType>(small))),
        (
            "duration(ms)".into(),
            Arc::new(primitive::<DurationMillisecondType>(small)),
        ),
        (
            "duration(us)".into(),
            Arc::new(primitive::<DurationMicrosecondType>(small)),
        ),
        (
            "duration(ns)".into(),
            Arc::new(primitive::<DurationNanosecondType>(small)),
        ),
        (
            "interval(months)".into(),
            Arc::new(primitive::<IntervalYearMonthType>(|r| r as i32)),
        ),
        (
            "interval(days)".into(),
            Arc::new(primitive::<IntervalDayTimeType>(|r| IntervalDayTime::new(r as i32, 7))),
        ),
        (
            "interval(ns)".into(),
            Arc::new(primitive::<IntervalMonthDayNanoType>(interval)),
        ),
        (
            "decimal32".into(),
            Arc::new(primitive::<Decimal32Type>(|r| r as i32).with_precision_and_scale(9, 2)?),
        ),
        (
            "decimal64".into(),
            Arc::new(primitive::<Decimal64Type>(small).with_precision_and_scale(18, 4)?),
        ),
        (
            "decimal128".into(),
            Arc::new(primitive::<Decimal128Type>(|r| -(r as i128) << 70).with_precision_and_scale(38, 10)?),
        ),
        (
            "decimal256".into(),
            Arc::new(primitive::<Decimal256Type>(|r| i256::from_i128(r as i128)).with_precision_and_scale(76, -3)?),
        ),
    ]);
    Ok(())
}

fn word(row: usize) -> Option<String> {
    present(row).then(|| {
        if row.is_multiple_of(4) {
            String::new()
        } else {
            format!("wörd number {row}, long enough")
        }
    })
}

fn text(columns: &mut Vec<(String, ArrayRef)>) -> anyhow::Result<()> {
    let words: Vec<Option<String>> = (0..ROWS).map(word).collect();
    let text = || words.iter().map(Option::as_deref);
    let bytes = || words.iter().map(|word| word.as_deref().map(str::as_bytes));
    let fixed = (0..ROWS).map(|row| present(row).then_some([row as u8, 0, 255]));
    columns.extend([
        ("utf8".into(), Arc::new(text().collect::<StringArray>()) as ArrayRef),
        ("large_utf8".into(), Arc::new(text().collect::<LargeStringArray>())),
        ("utf8_view".into(), Arc::new(text().collect::<StringViewArray>())),
        ("binary".into(), Arc::new(bytes().collect::<BinaryArray>())),
        ("large_binary".into(), Arc::new(bytes().collect::<LargeBinaryArray>())),
        ("binary_view".into(), Arc::new(bytes().collect::<BinaryViewArray>())),
        (
            "fixed_size_binary".into(),
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(fixed, 3)?),
        ),
    ]);
    Ok(())
}

fn list<O: OffsetSizeTrait>(item: &Arc<Field>, values: &ArrayRef) -> anyhow::Result<ArrayRef> {
    let lengths = (0..ROWS).map(|row| if present(row) { row % 3 } else { 0 });
    let offsets = OffsetBuffer::<O>::from_lengths(lengths);
    let last = offsets.last().map_or(0, |last| last.as_usize());
    let nulls = NullBuffer::from_iter((0..ROWS).map(present));
    Ok(Arc::new(GenericListArray::try_new(
        Arc::clone(item),
        offsets,
        values.slice(0, last),
        Some(nulls),
    )?))
}

fn nested(columns: &mut Vec<(String, ArrayRef)>) -> anyhow::Result<()> {
    let nulls = || Some(NullBuffer::from_iter((0..ROWS).map(present)));
    let many: ArrayRef = Arc::new((0..4 * ROWS).map(|row| word(row % ROWS)).collect::<StringArray>());
    let item = Arc::new(Field::new_list_field(DataType::Utf8, true));
    let list32 = list::<i32>(&item, &many)?;
    let of_lists = Arc::new(Field::new_list_field(list32.data_type().clone(), true));
    let outer = list::<i64>(&of_lists, &arrow::compute::concat(&[&list32, &list32])?)?;
    let pairs = FixedSizeListArray::try_new(item, 2, many.slice(0, 2 * ROWS), nulls())?;
    let members = Fields::from(vec![
        Field::new("number", DataType::Int16, true),
        Field::new("lists", list32.data_type().clone(), true),
    ]);
    let numbers: ArrayRef = Arc::new(Int16Array::from_iter(
        (0..ROWS).map(|row| present(row + 1).then_some(row as i16)),
    ));
    let structs = StructArray::try_new(members, vec![numbers, Arc::clone(&list32)], nulls())?;
    columns.extend([
        ("list".into(), list32),
        ("large_list(list)".into(), outer),
        ("fixed_size_list".into(), Arc::new(pairs) as ArrayRef),
        ("struct".into(), Arc::new(structs)),
        ("map".into(), map()?),
        ("union(sparse)".into(), union(false)?),
        ("union(dense)".into(), union(true)?),
    ]);
    Ok(())
}

fn map() -> anyhow::Result<ArrayRef> {
    let offsets = OffsetBuffer::<i32>::from_lengths((0..ROWS).map(|row| if present(row) { row % 2 } else { 0 }));
    let entries = offsets.last().copied().unwrap_or(0) as usize;
    let keys: ArrayRef = Arc::new(
        (0..entries)
            .map(|row| Some(format!("key {row}")))
            .collect::<StringArray>(),
    );
    let values: ArrayRef = Arc::new(Int32Array::from_iter(
        (0..entries).map(|row| present(row).then_some(row as i32)),
    ));
    let fields = Fields::from(vec![
        Field::new("keys", DataType::Utf8, false),
        Field::new("values", DataType::Int32, true),
    ]);
    let field = Arc::new(Field::new("entries", DataType::Struct(fields.clone()), false));
    let entries = StructArray::try_new(fields, vec![keys, values], None)?;
    let nulls = NullBuffer::from_iter((0..ROWS).map(present));
    Ok(Arc::new(MapArray::try_new(
        field,
        offsets,
        entries,
        Some(nulls),
        false,
    )?))
}

fn union(dense: bool) -> anyhow::Result<ArrayRef> {
    let fields = UnionFields::try_new(
        [1, 4],
        [
            Field::new("number", DataType::Int32, true),
            Field::new("text", DataType::Utf8, true),
        ],
    )?;
    let ids: ScalarBuffer<i8> = (0..ROWS).map(|row| if row % 3 == 0 { 4 } else { 1 }).collect();
    let (offsets, lengths) = if dense {
        let mut next = [0i32; 2];
        let offsets = ids.iter().map(|id| {
            let next = &mut next[usize::from(*id == 4)];
            *next += 1;
            *next - 1
        });
        (
            Some(offsets.collect::<ScalarBuffer<i32>>()),
            next.map(|length| length as usize),
        )
    } else {
        (None, [ROWS; 2])
    };
    let numbers: ArrayRef = Arc::new(Int32Array::from_iter(
        (0..lengths[0]).map(|row| present(row).then_some(row as i32)),
    ));
    let text: ArrayRef = Arc::new((0..lengths[1]).map(word).collect::<StringArray>());
    Ok(Arc::new(UnionArray::try_new(
        fields,
        ids,
        offsets,
        vec![numbers, text],
    )?))
}

fn encoded(columns: &mut Vec<(String, ArrayRef)>) -> anyhow::Result<()> {
    let values: ArrayRef = Arc::new(StringArray::from(vec![Some("red"), Some("green"), None, Some("blue")]));
    let keys = |row: usize| present(row).then_some(row % 4);
    let small = (0..ROWS)
        .map(|row| keys(row).map(|key| key as i8))
        .collect_primitive::<Int8Type>();
    let wide = (0..ROWS)
        .map(|row| keys(row).map(|key| key as u32))
        .collect_primitive::<UInt32Type>();
    // More values than rows: crosses compacted.
    let long: ArrayRef = Arc::new(
        (0..10 * ROWS)
            .map(|row| Some(format!("value {row}")))
            .collect::<StringArray>(),
    );
    let far = (0..ROWS)
        .map(|row| keys(row).map(|key| (key * 50) as i32))
        .collect_primitive::<Int32Type>();
    let ends = Int32Array::from(vec![4, 5, 16, ROWS as i32]);
    columns.extend([
        (
            "dictionary(int8)".into(),
            Arc::new(DictionaryArray::try_new(small, Arc::clone(&values))?) as ArrayRef,
        ),
        (
            "dictionary(uint32)".into(),
            Arc::new(DictionaryArray::try_new(wide, Arc::clone(&values))?),
        ),
        (
            "dictionary(long)".into(),
            Arc::new(DictionaryArray::try_new(far, long)?),
        ),
        ("run_end_encoded".into(), Arc::new(RunArray::try_new(&ends, &values)?)),
    ]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_has_all_rows() {
        let batch = batch().unwrap();
        assert_eq!(batch.num_rows(), ROWS);
        assert!(batch.num_columns() >= 50, "{}", batch.num_columns());
    }
}
