use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Array, Decimal256Array, Int64Array, IntervalMonthDayNanoArray, ListArray, StringArray,
    TimestampNanosecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, IntervalMonthDayNano, i256};

use super::*;

fn written(array: &ArrayRef, wire: &Wire, row: usize) -> Result<Vec<u8>, String> {
    let mut out = BytesMut::new();
    Column::new(array, wire)?.put(row, &mut out)?;
    Ok(out.to_vec())
}

/// Groups, weight, whether it is negative, and scale.
fn numeric(array: &ArrayRef, column_scale: Option<i32>) -> Result<(Vec<u16>, i16, bool, i16), String> {
    let bytes = written(array, &Wire::Numeric { scale: column_scale }, 0)?;
    let number = |at: usize| i16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let groups = (0..number(4) as usize).map(|group| number(12 + 2 * group).cast_unsigned());
    Ok((groups.collect(), number(6), number(8) == 0x4000, number(10)))
}

fn decimal(value: i128, scale: i8) -> ArrayRef {
    let precision = 38;
    let array = Decimal128Array::from(vec![value]).with_precision_and_scale(precision, scale);
    Arc::new(array.expect("it fits"))
}

#[test]
fn exact_numbers_are_groups_of_four_digits() {
    assert_eq!(numeric(&decimal(0, 2), None), Ok((vec![], 0, false, 2)));
    assert_eq!(numeric(&decimal(1, 2), None), Ok((vec![100], -1, false, 2)));
    assert_eq!(
        numeric(&decimal(-123_456_789, 2), None),
        Ok((vec![123, 4567, 8900], 1, true, 2))
    );
    assert_eq!(numeric(&decimal(100_000_000, 0), None), Ok((vec![1], 2, false, 0)));
    assert_eq!(numeric(&decimal(1, 38), None), Ok((vec![100], -10, false, 38)));
    assert_eq!(numeric(&decimal(12, -3), None), Ok((vec![1, 2000], 1, false, 0)));
    let nines = 10_i128.pow(38) - 1;
    let groups = [vec![99], vec![9999; 9]].concat();
    assert_eq!(numeric(&decimal(nines, 0), None), Ok((groups, 9, false, 0)));
    assert_eq!(numeric(&decimal(nines, 3), None).map(|number| number.0.len()), Ok(10));
    assert_eq!(numeric(&decimal(10_i128.pow(16), 0), None), Ok((vec![1], 4, false, 0)));
    assert_eq!(
        numeric(&(Arc::new(Int64Array::from(vec![i64::MIN])) as ArrayRef), None),
        Ok((vec![922, 3372, 368, 5477, 5808], 4, true, 0))
    );
    let huge = i256::from_string("123450000000000000000000000000000000000000000").expect("a number");
    let huge = Decimal256Array::from(vec![huge])
        .with_precision_and_scale(50, 2)
        .expect("it fits");
    assert_eq!(
        numeric(&(Arc::new(huge) as ArrayRef), None),
        Ok((vec![123, 4500], 10, false, 2))
    );
}

#[test]
fn digits_that_a_column_would_cut_off_are_refused() {
    assert_eq!(numeric(&decimal(12_300, 4), Some(2)), Ok((vec![1, 2300], 0, false, 4)));
    assert!(numeric(&decimal(12_345, 4), Some(2)).is_err());
    assert!(numeric(&decimal(0, 38), Some(0)).is_ok());
}

#[test]
fn text_has_no_nul() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("ab"), Some("a\0"), None]));
    assert_eq!(written(&texts, &Wire::Text, 0), Ok(b"\0\0\0\x02ab".to_vec()));
    assert!(written(&texts, &Wire::Text, 1).is_err_and(|reason| reason.contains("NUL")));
    assert_eq!(written(&texts, &Wire::Text, 2), Ok(vec![0xff; 4]));
    assert_eq!(written(&texts, &Wire::Jsonb, 0), Ok(b"\0\0\0\x03\x01ab".to_vec()));
}

#[test]
fn uuids_are_read_as_postgres_does() {
    let uuid = |text: &str| {
        let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
        written(&array, &Wire::Uuid, 0).map(|bytes| hex::encode(&bytes[4..]))
    };
    let expected = Ok("a0eebc999c0b4ef8bb6d6bb9bd380a11".to_owned());
    assert_eq!(uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), expected);
    assert_eq!(uuid("{A0EEBC99-9c0b4ef8-bb6d6bb9bd380a11}"), expected);
    for wrong in [
        "",
        "a0eebc99",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g",
        "-a0eebc999c0b4ef8bb6d6bb9bd380a11",
        "{a0eebc999c0b4ef8bb6d6bb9bd380a11",
    ] {
        assert!(uuid(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn nanoseconds_are_not_cut_off() {
    let times: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![946_684_800_000_001_000, 1]));
    assert_eq!(
        written(&times, &Wire::Timestamp, 0),
        Ok([&8_i32.to_be_bytes()[..], &1_i64.to_be_bytes()].concat())
    );
    assert!(written(&times, &Wire::Timestamp, 1).is_err());
    let intervals: ArrayRef = Arc::new(IntervalMonthDayNanoArray::from(vec![IntervalMonthDayNano::new(
        1, 2, 3,
    )]));
    assert!(written(&intervals, &Wire::Interval, 0).is_err());
}

#[test]
fn lists_are_arrays_of_one_dimension() {
    let list: ArrayRef = Arc::new(ListArray::new(
        Arc::new(Field::new_list_field(DataType::Int64, true)),
        OffsetBuffer::from_lengths([0, 2]),
        Arc::new(Int64Array::from(vec![None, Some(7)])),
        None,
    ));
    let wire = Wire::Array {
        oid: 20,
        item: Box::new(Wire::Int8),
    };
    let words = |words: &[i32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    assert_eq!(written(&list, &wire, 0), Ok(words(&[12, 0, 0, 20])));
    assert_eq!(written(&list, &wire, 1), Ok(words(&[36, 1, 1, 20, 2, 1, -1, 8, 0, 7])));
}

#[test]
fn what_cannot_be_sent_is_said() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    assert!(written(&texts, &Wire::Int4, 0).is_err_and(|reason| reason.contains("Utf8")));
}
