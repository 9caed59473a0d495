//! A small batch with a column of each common kind, and shorthands.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int32Array, Int64Array, ListArray,
        RecordBatch, StringArray, StringViewArray, StructArray, TimestampMicrosecondArray,
    },
    datatypes::{DataType, Field, Int32Type, Schema},
    util::display::{ArrayFormatter, FormatOptions},
};
use tenon_kernels::{Error, Limits, Program};

/// Three rows; the third is null where nulls are allowed.
pub fn batch() -> RecordBatch {
    let point = StructArray::from(vec![
        (
            Arc::new(Field::new("x", DataType::Int64, true)),
            Arc::new(Int64Array::from(vec![1, 2, 3])) as ArrayRef,
        ),
        (
            Arc::new(Field::new("label", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec!["a", "b", "c"])) as ArrayRef,
        ),
    ]);
    let tags = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
        Some(vec![Some(1), Some(2), Some(3)]),
        Some(vec![]),
        None,
    ]);
    let country: DictionaryArray<Int32Type> = vec![Some("de"), Some("fr"), None].into_iter().collect();
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3])), false),
        (
            "quantity",
            Arc::new(Int32Array::from(vec![Some(10), Some(0), None])),
            true,
        ),
        (
            "Amount",
            Arc::new(Float64Array::from(vec![Some(1.5), Some(-2.0), None])),
            true,
        ),
        (
            "name",
            Arc::new(StringArray::from(vec![Some("Ada Lovelace"), Some("straße"), None])),
            true,
        ),
        (
            "view",
            Arc::new(StringViewArray::from(vec![
                Some("short"),
                Some("longer than twelve bytes"),
                None,
            ])),
            true,
        ),
        (
            "paid",
            Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
            true,
        ),
        (
            "day",
            Arc::new(Date32Array::from(vec![Some(15_706), Some(0), None])),
            true,
        ),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(vec![
                Some(1_357_034_400_000_000),
                Some(0),
                None,
            ])),
            true,
        ),
        ("country", Arc::new(country), true),
        ("point", Arc::new(point), true),
        ("tags", Arc::new(tags), true),
        ("Two words", Arc::new(Int64Array::from(vec![7, 8, 9])), false),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array, nullable)| Field::new(*name, array.data_type().clone(), *nullable))
        .collect();
    RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns.into_iter().map(|(_, array, _)| array).collect(),
    )
    .expect("the batch is well formed")
}

pub fn compile(expressions: &[&str]) -> Result<Program, Error> {
    let expressions: Vec<String> = expressions.iter().map(ToString::to_string).collect();
    Program::compile(batch().schema_ref(), &expressions, &Limits::default())
}

/// The result of one expression as text, a row after the other, `null` for null.
pub fn evaluate(expression: &str) -> Result<Vec<String>, Error> {
    let projected = compile(&[expression])?.project(&batch())?;
    Ok(texts(projected.column(0)))
}

pub fn texts(array: &ArrayRef) -> Vec<String> {
    let options = FormatOptions::default().with_null("null");
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options).expect("every type can be shown");
    (0..array.len()).map(|row| formatter.value(row).to_string()).collect()
}

pub fn error(expression: &str) -> Error {
    match evaluate(expression) {
        Ok(result) => panic!("`{expression}` should have failed, but gave {result:?}"),
        Err(error) => error,
    }
}
