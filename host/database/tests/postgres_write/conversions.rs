//! Values in columns of other types than their own.

use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::*;
use tenon_database::{Error, Mode, OnError};

use super::support::{Fixture, Kept, batch, to};

#[tokio::test]
async fn values_come_into_columns_of_other_types() {
    let Some(on) = Fixture::new("other_types") else { return };
    on.psql("create extension if not exists citext");
    on.psql(
        "create type mood as enum ('sad', 'glad'); create domain short as varchar(5); \
         create table t (small smallint, big numeric(10,2), txt text, mood mood, uuid uuid, j json, jb jsonb, ip inet, \
         short short, chars char(4), bits bit(3), moods mood[], shorts varchar(2)[], num numeric, dbl double precision, \
         tz timestamptz, ci citext, u2 uuid, whole int, days text, js text)",
    );
    let moods = ListArray::new(
        Arc::new(Field::new_list_field(DataType::Utf8, true)),
        OffsetBuffer::from_lengths([2]),
        Arc::new(StringArray::from(vec!["sad", "glad"])),
        None,
    );
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    let rows = batch(vec![
        ("small", Arc::new(Int64Array::from(vec![7])) as ArrayRef),
        (
            "big",
            Arc::new(
                Decimal128Array::from(vec![1_250_000])
                    .with_precision_and_scale(20, 5)
                    .expect("it fits"),
            ),
        ),
        ("txt", Arc::new(Int32Array::from(vec![42]))),
        ("mood", text("glad")),
        ("uuid", text(&uuid.to_uppercase())),
        ("j", text("{\"a\":1}")),
        ("jb", text("[1,2]")),
        ("ip", text("10.0.0.1")),
        ("short", text("abc")),
        ("chars", text("ab")),
        ("bits", text("101")),
        ("moods", Arc::new(moods.clone())),
        (
            "shorts",
            Arc::new(ListArray::new(
                Arc::new(Field::new_list_field(DataType::Utf8, true)),
                OffsetBuffer::from_lengths([1]),
                Arc::new(StringArray::from(vec!["ab"])),
                None,
            )),
        ),
        ("num", Arc::new(Float64Array::from(vec![0.123_456_789_012_345_68]))),
        ("dbl", Arc::new(Int32Array::from(vec![3]))),
        ("tz", Arc::new(Date32Array::from(vec![1]))),
        ("ci", text("Text")),
        (
            "u2",
            Arc::new(FixedSizeBinaryArray::try_from(vec![&[1_u8; 16][..]]).expect("16 bytes")),
        ),
        ("whole", text("12")),
        ("days", Arc::new(Date32Array::from(vec![0]))),
        ("js", Arc::new(moods)),
    ]);
    let mut lenient = to("t", Mode::Append);
    lenient.on_error = OnError::Reject;
    on.write("r1", to("t", Mode::Append), std::slice::from_ref(&rows))
        .await
        .expect("written");
    on.write_rejecting("r2", lenient, std::slice::from_ref(&rows), &Kept::default())
        .await
        .expect("written");
    let expected = format!(
        "7|12.50|42|glad|{uuid}|{{\"a\":1}}|[1, 2]|10.0.0.1|abc|ab  |101|{{sad,glad}}|{{ab}}|0.12345678901234568|3|1970-01-02 \
         00:00:00+00|Text|01010101-0101-0101-0101-010101010101|12|1970-01-01|[\"sad\",\"glad\"]"
    );
    assert_eq!(
        on.psql("set timezone = 'UTC'; select * from t"),
        format!("{expected}\n{expected}")
    );
}

#[tokio::test]
async fn what_would_be_lost_is_refused() {
    let Some(on) = Fixture::new("lossy") else { return };
    on.psql("create table t (n numeric(10,2), d timestamp)");
    let fine = Decimal128Array::from(vec![12_345])
        .with_precision_and_scale(10, 3)
        .expect("it fits");
    for (run, column, array, expected) in [
        ("r1", "n", Arc::new(fine) as ArrayRef, "2 digits after the point"),
        (
            "r2",
            "d",
            Arc::new(TimestampNanosecondArray::from(vec![1])),
            "nanoseconds",
        ),
        (
            "r3",
            "d",
            Arc::new(TimestampSecondArray::from(vec![i64::MAX / 1000])),
            "outside of what Postgres holds",
        ),
        ("r4", "d", Arc::new(Date64Array::from(vec![1])), "time of day"),
    ] {
        let error = on
            .write(run, to("t", Mode::Append), &[batch(vec![(column, array)])])
            .await
            .expect_err(run);
        assert!(
            matches!(&error, Error::Value { column: named, reason, .. } if named == column && reason.contains(expected)),
            "{error}"
        );
    }
    let union_fields = UnionFields::from_fields(vec![Field::new("a", DataType::Int32, true)]);
    let union = UnionArray::try_new(
        union_fields,
        vec![0_i8].into(),
        None,
        vec![Arc::new(Int32Array::from(vec![1]))],
    )
    .expect("a union");
    let error = on
        .write(
            "r5",
            to("u", Mode::Error),
            &[batch(vec![("both", Arc::new(union) as ArrayRef)])],
        )
        .await
        .expect_err("a union");
    assert!(
        matches!(&error, Error::Mismatch { reason, .. } if reason.contains("`both`")),
        "{error}"
    );
    assert_eq!(on.leftovers(), "");
}
