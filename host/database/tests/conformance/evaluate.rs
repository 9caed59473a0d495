//! What Arrow's kernels make of a predicate.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Datum, Float64Array, Int64Array, RecordBatch,
    Scalar, StringArray, Time64NanosecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::compute::kernels::cmp;
use arrow::compute::{and_kleene, cast, is_null, not, or_kleene};
use arrow::datatypes::DataType;
use tenon_database::{Comparison, Predicate, Value};

/// For each row whether a predicate is true, false or neither.
pub(crate) fn evaluate(predicate: &Predicate, rows: &RecordBatch) -> BooleanArray {
    let column = |name: &String| rows.column_by_name(name).unwrap();
    match predicate {
        Predicate::Compare {
            column: name,
            comparison,
            value,
        } => compare(column(name), *comparison, value),
        Predicate::In { column: name, values } => {
            let each = values
                .iter()
                .map(|value| compare(column(name), Comparison::Equal, value));
            each.reduce(|one, two| or_kleene(&one, &two).unwrap()).unwrap()
        }
        Predicate::IsNull(name) => is_null(column(name)).unwrap(),
        Predicate::StartsWith { column: name, prefix } => {
            let texts = column(name).as_string::<i32>().iter();
            texts
                .map(|text| text.map(|text| text.starts_with(prefix.as_str())))
                .collect()
        }
        Predicate::All(parts) => {
            let parts = parts.iter().map(|part| evaluate(part, rows));
            parts.reduce(|one, two| and_kleene(&one, &two).unwrap()).unwrap()
        }
        Predicate::Any(parts) => {
            let parts = parts.iter().map(|part| evaluate(part, rows));
            parts.reduce(|one, two| or_kleene(&one, &two).unwrap()).unwrap()
        }
        Predicate::Not(part) => not(&evaluate(part, rows)).unwrap(),
    }
}

fn compare(column: &ArrayRef, comparison: Comparison, value: &Value) -> BooleanArray {
    let literal = literal(value, column.data_type());
    let literal: &dyn Datum = &Scalar::new(literal);
    match comparison {
        Comparison::Equal => cmp::eq(column, literal),
        Comparison::NotEqual => cmp::neq(column, literal),
        Comparison::Less => cmp::lt(column, literal),
        Comparison::LessOrEqual => cmp::lt_eq(column, literal),
        Comparison::Greater => cmp::gt(column, literal),
        Comparison::GreaterOrEqual => cmp::gt_eq(column, literal),
    }
    .unwrap()
}

fn literal(value: &Value, data_type: &DataType) -> ArrayRef {
    let nanoseconds = |moment: &i128| i64::try_from(*moment).unwrap();
    let array: ArrayRef = match value {
        Value::Boolean(truth) => Arc::new(BooleanArray::from(vec![*truth])),
        Value::Integer(number) => Arc::new(Int64Array::from(vec![*number])),
        Value::Unsigned(number) => Arc::new(UInt64Array::from(vec![*number])),
        Value::Float(number) => Arc::new(Float64Array::from(vec![*number])),
        Value::Decimal(text) | Value::Text(text) => Arc::new(StringArray::from(vec![text.as_str()])),
        Value::Binary(bytes) => Arc::new(BinaryArray::from(vec![bytes.as_slice()])),
        Value::Date(days) => Arc::new(Date32Array::from(vec![*days])),
        Value::Time(time) => Arc::new(Time64NanosecondArray::from(vec![*time])),
        Value::Timestamp(moment) => Arc::new(TimestampNanosecondArray::from(vec![nanoseconds(moment)])),
        Value::Instant(moment) => {
            Arc::new(TimestampNanosecondArray::from(vec![nanoseconds(moment)]).with_timezone("UTC"))
        }
    };
    cast(&array, data_type).unwrap()
}
