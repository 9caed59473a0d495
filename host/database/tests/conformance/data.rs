//! Rows to write.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, RecordBatch, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow::datatypes::{Field, Schema};

/// A batch of columns that may all be null.
pub(crate) fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// Rows of an `id` and a `name`.
pub(crate) fn people(rows: &[(i64, &str)]) -> RecordBatch {
    let ids: Int64Array = rows.iter().map(|(id, _)| Some(*id)).collect();
    let names: StringArray = rows.iter().map(|(_, name)| Some(*name)).collect();
    batch(vec![("id", Arc::new(ids)), ("name", Arc::new(names))])
}

/// Rows of an `id` from 0 on and a `name` made of it.
pub(crate) fn many(rows: std::ops::Range<i64>) -> RecordBatch {
    let names: StringArray = rows.clone().map(|id| Some(format!("name {id}"))).collect();
    let ids: Int64Array = rows.map(Some).collect();
    batch(vec![("id", Arc::new(ids)), ("name", Arc::new(names))])
}

/// A column of every type that all databases have in some form, with the ends of its range and without values.
pub(crate) fn every_type() -> RecordBatch {
    let decimals = |values: [Option<i128>; 4], precision, scale| {
        Arc::new(
            Decimal128Array::from(values.to_vec())
                .with_precision_and_scale(precision, scale)
                .unwrap(),
        )
    };
    let moments = [Some(1_700_000_000_123_456), Some(0), None, Some(-86_400_000_001)];
    // MySQL's begin with the first second of 1970 and end in 2038.
    let instants = [
        Some(1_700_000_000_123_456),
        Some(1_000_000),
        None,
        Some(2_100_000_000_000_001),
    ];
    batch(vec![
        ("row", Arc::new(Int32Array::from(vec![0, 1, 2, 3]))),
        (
            "an_int8",
            Arc::new(Int8Array::from(vec![Some(i8::MIN), Some(i8::MAX), None, Some(0)])),
        ),
        (
            "an_int16",
            Arc::new(Int16Array::from(vec![Some(i16::MIN), Some(i16::MAX), None, Some(0)])),
        ),
        (
            "an_int32",
            Arc::new(Int32Array::from(vec![Some(i32::MIN), Some(i32::MAX), None, Some(0)])),
        ),
        (
            "an_int64",
            Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None, Some(0)])),
        ),
        (
            "a_uint8",
            Arc::new(UInt8Array::from(vec![Some(0), Some(u8::MAX), None, Some(1)])),
        ),
        (
            "a_uint16",
            Arc::new(UInt16Array::from(vec![Some(0), Some(u16::MAX), None, Some(1)])),
        ),
        (
            "a_uint32",
            Arc::new(UInt32Array::from(vec![Some(0), Some(u32::MAX), None, Some(1)])),
        ),
        (
            "a_uint64",
            Arc::new(UInt64Array::from(vec![Some(0), Some(i64::MAX as u64), None, Some(1)])),
        ),
        (
            "a_float32",
            Arc::new(Float32Array::from(vec![Some(0.1), Some(f32::MAX), None, Some(-1.5)])),
        ),
        (
            "a_float64",
            Arc::new(Float64Array::from(vec![
                Some(0.1),
                Some(1.797e308),
                None,
                Some(-1.5e-300),
            ])),
        ),
        (
            "a_boolean",
            Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)])),
        ),
        (
            "small_decimal",
            decimals([Some(1250), Some(-7), None, Some(999_999_999_999)], 12, 2),
        ),
        (
            "large_decimal",
            decimals(
                [Some(10_i128.pow(37)), Some(-1), None, Some(12_345_678_901_234_567_890)],
                38,
                10,
            ),
        ),
        (
            "some_text",
            Arc::new(StringArray::from(vec![
                Some("plain"),
                Some(""),
                None,
                Some("it's \"ä\" 😀\n\\ %_"),
            ])),
        ),
        (
            "some_bytes",
            Arc::new(BinaryArray::from_opt_vec(vec![
                Some(b"\0\xff'\\"),
                Some(b""),
                None,
                Some(b"x"),
            ])),
        ),
        (
            "a_date",
            Arc::new(Date32Array::from(vec![Some(0), Some(19_000), None, Some(-25_000)])),
        ),
        (
            "a_time",
            Arc::new(Time64MicrosecondArray::from(vec![
                Some(0),
                Some(86_399_999_999),
                None,
                Some(1),
            ])),
        ),
        (
            "a_timestamp",
            Arc::new(TimestampMicrosecondArray::from(moments.to_vec())),
        ),
        (
            "an_instant",
            Arc::new(TimestampMicrosecondArray::from(instants.to_vec()).with_timezone("UTC")),
        ),
    ])
}
