//! Every type, written and read by psql.

use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::*;
use tenon_database::{Mode, OnError};

use super::support::{Fixture, Kept, batch, to};

/// Columns with the types they get and the texts of their values.
fn columns() -> Vec<(&'static str, ArrayRef, &'static str, [&'static str; 3])> {
    let fields = Fields::from(vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b \"q\"", DataType::Utf8, true),
        Field::new(
            "t",
            DataType::Timestamp(TimeUnit::Millisecond, Some("+02:00".into())),
            true,
        ),
    ]);
    let structs = StructArray::new(
        fields,
        vec![
            Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])),
            Arc::new(StringArray::from(vec![Some("x\"\\\n\u{1}é"), None, None])),
            Arc::new(TimestampMillisecondArray::from(vec![Some(1500), None, None]).with_timezone("+02:00")),
        ],
        Some(NullBuffer::from(vec![true, true, false])),
    );
    let ints = Int32Array::from(vec![Some(1), None, Some(3)]);
    let list = ListArray::new(
        Arc::new(Field::new_list_field(DataType::Int32, true)),
        OffsetBuffer::from_lengths([2, 1, 0]),
        Arc::new(ints),
        Some(NullBuffer::from(vec![true, true, false])),
    );
    let texts = LargeListArray::new(
        Arc::new(Field::new_list_field(DataType::Utf8, true)),
        OffsetBuffer::from_lengths([2, 0, 1]),
        Arc::new(StringArray::from(vec!["a,b", "c\"d", "{}"])),
        None,
    );
    let nested = ListArray::new(
        Arc::new(Field::new_list_field(list.data_type().clone(), true)),
        OffsetBuffer::from_lengths([2, 1, 0]),
        Arc::new(list.clone()),
        None,
    );
    let mut map = MapBuilder::new(None, StringBuilder::new(), Float64Builder::new());
    map.keys().append_value("k");
    map.values().append_value(1.5);
    map.append(true).expect("a map");
    map.append(true).expect("a map");
    map.append(false).expect("a map");
    let dictionary: DictionaryArray<Int8Type> = vec![Some("red"), None, Some("red")].into_iter().collect();
    let decimal = Decimal128Array::from(vec![Some(-1_234_500), Some(0), Some(99_999_999_999_999)]);
    let big = Decimal128Array::from(vec![
        Some(i128::from(10_i64.pow(18)) * i128::from(10_i64.pow(18)) * 99 + 7),
        Some(-1),
        None,
    ]);
    let huge = Decimal256Array::from(vec![
        i256::from_string("-12345678901234567890123456789012345678901234567890"),
        Some(i256::ONE),
        None,
    ]);
    vec![
        (
            "bool",
            Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
            "boolean",
            ["true", "false", ""],
        ),
        (
            "int8",
            Arc::new(Int8Array::from(vec![Some(-128), Some(127), None])),
            "smallint",
            ["-128", "127", ""],
        ),
        (
            "int16",
            Arc::new(Int16Array::from(vec![Some(i16::MIN), Some(i16::MAX), None])),
            "smallint",
            ["-32768", "32767", ""],
        ),
        (
            "int32",
            Arc::new(Int32Array::from(vec![Some(i32::MIN), Some(i32::MAX), None])),
            "integer",
            ["-2147483648", "2147483647", ""],
        ),
        (
            "int64",
            Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None])),
            "bigint",
            ["-9223372036854775808", "9223372036854775807", ""],
        ),
        (
            "uint8",
            Arc::new(UInt8Array::from(vec![Some(0), Some(255), None])),
            "smallint",
            ["0", "255", ""],
        ),
        (
            "uint16",
            Arc::new(UInt16Array::from(vec![Some(0), Some(65535), None])),
            "integer",
            ["0", "65535", ""],
        ),
        (
            "uint32",
            Arc::new(UInt32Array::from(vec![Some(0), Some(u32::MAX), None])),
            "bigint",
            ["0", "4294967295", ""],
        ),
        (
            "uint64",
            Arc::new(UInt64Array::from(vec![Some(0), Some(u64::MAX), None])),
            "numeric(20,0)",
            ["0", "18446744073709551615", ""],
        ),
        (
            "float32",
            Arc::new(Float32Array::from(vec![Some(0.1), Some(f32::INFINITY), None])),
            "real",
            ["0.1", "Infinity", ""],
        ),
        (
            "float64",
            Arc::new(Float64Array::from(vec![Some(0.1), Some(f64::NAN), None])),
            "double precision",
            ["0.1", "NaN", ""],
        ),
        (
            "decimal",
            Arc::new(decimal.with_precision_and_scale(15, 2).expect("it fits")),
            "numeric(15,2)",
            ["-12345.00", "0.00", "999999999999.99"],
        ),
        (
            "big",
            Arc::new(big.with_precision_and_scale(38, 37).expect("it fits")),
            "numeric(38,37)",
            [
                "9.9000000000000000000000000000000000007",
                "-0.0000000000000000000000000000000000001",
                "",
            ],
        ),
        (
            "huge",
            Arc::new(huge.with_precision_and_scale(60, 5).expect("it fits")),
            "numeric(60,5)",
            ["-123456789012345678901234567890123456789012345.67890", "0.00001", ""],
        ),
        (
            "zeros",
            Arc::new(
                Decimal128Array::from(vec![Some(12), Some(-1), None])
                    .with_precision_and_scale(5, -3)
                    .expect("it fits"),
            ),
            "numeric(8,0)",
            ["12000", "-1000", ""],
        ),
        (
            "utf8",
            Arc::new(StringArray::from(vec![Some("é😀\t\\N"), Some(""), None])),
            "text",
            ["é😀\t\\N", "", ""],
        ),
        (
            "large_utf8",
            Arc::new(LargeStringArray::from(vec![Some("a"), Some("b"), None])),
            "text",
            ["a", "b", ""],
        ),
        (
            "view",
            Arc::new(StringViewArray::from(vec![
                Some("short"),
                Some("longer than twelve bytes"),
                None,
            ])),
            "text",
            ["short", "longer than twelve bytes", ""],
        ),
        ("dictionary", Arc::new(dictionary), "text", ["red", "", "red"]),
        (
            "binary",
            Arc::new(BinaryArray::from_opt_vec(vec![Some(b"\0\xff"), Some(b""), None])),
            "bytea",
            ["\\x00ff", "\\x", ""],
        ),
        (
            "fixed",
            Arc::new(FixedSizeBinaryArray::try_from(vec![&b"ab"[..], b"cd", b"ef"]).expect("of one size")),
            "bytea",
            ["\\x6162", "\\x6364", "\\x6566"],
        ),
        (
            "date32",
            Arc::new(Date32Array::from(vec![Some(0), Some(-719_528), None])),
            "date",
            ["1970-01-01", "0001-01-01 BC", ""],
        ),
        (
            "date64",
            Arc::new(Date64Array::from(vec![Some(86_400_000), Some(-86_400_000), None])),
            "date",
            ["1970-01-02", "1969-12-31", ""],
        ),
        (
            "time_s",
            Arc::new(Time32SecondArray::from(vec![Some(1), Some(86_399), None])),
            "time without time zone",
            ["00:00:01", "23:59:59", ""],
        ),
        (
            "time_us",
            Arc::new(Time64MicrosecondArray::from(vec![Some(1), Some(86_400_000_000), None])),
            "time without time zone",
            ["00:00:00.000001", "24:00:00", ""],
        ),
        (
            "ts_s",
            Arc::new(TimestampSecondArray::from(vec![Some(-1), Some(253_402_300_799), None])),
            "timestamp without time zone",
            ["1969-12-31 23:59:59", "9999-12-31 23:59:59", ""],
        ),
        (
            "ts_us",
            Arc::new(TimestampMicrosecondArray::from(vec![
                Some(1),
                Some(-62_135_596_800_000_001),
                None,
            ])),
            "timestamp without time zone",
            ["1970-01-01 00:00:00.000001", "0001-12-31 23:59:59.999999 BC", ""],
        ),
        (
            "ts_ns",
            Arc::new(TimestampNanosecondArray::from(vec![Some(1000), Some(-1000), None])),
            "timestamp without time zone",
            ["1970-01-01 00:00:00.000001", "1969-12-31 23:59:59.999999", ""],
        ),
        (
            "ts_tz",
            Arc::new(TimestampMillisecondArray::from(vec![Some(1500), Some(0), None]).with_timezone("Europe/Berlin")),
            "timestamp with time zone",
            ["1970-01-01 00:00:01.5+00", "1970-01-01 00:00:00+00", ""],
        ),
        (
            "duration",
            Arc::new(DurationSecondArray::from(vec![Some(90_061), Some(-1), None])),
            "interval",
            ["25:01:01", "-00:00:01", ""],
        ),
        (
            "months",
            Arc::new(IntervalYearMonthArray::from(vec![Some(14), Some(-1), None])),
            "interval",
            ["1 year 2 mons", "-1 mons", ""],
        ),
        (
            "days",
            Arc::new(IntervalDayTimeArray::from(vec![
                Some(IntervalDayTime::new(2, 1500)),
                Some(IntervalDayTime::new(0, 0)),
                None,
            ])),
            "interval",
            ["2 days 00:00:01.5", "00:00:00", ""],
        ),
        (
            "interval",
            Arc::new(IntervalMonthDayNanoArray::from(vec![
                Some(IntervalMonthDayNano::new(1, 2, 3_000)),
                Some(IntervalMonthDayNano::new(0, -1, 0)),
                None,
            ])),
            "interval",
            ["1 mon 2 days 00:00:00.000003", "-1 days", ""],
        ),
        ("list", Arc::new(list), "integer[]", ["{1,NULL}", "{3}", ""]),
        (
            "texts",
            Arc::new(texts),
            "text[]",
            ["{\"a,b\",\"c\\\"d\"}", "{}", "{\"{}\"}"],
        ),
        (
            "nested",
            Arc::new(nested),
            "jsonb",
            ["[[1, null], [3]]", "[null]", "[]"],
        ),
        (
            "struct",
            Arc::new(structs),
            "jsonb",
            [
                "{\"a\": 1, \"t\": \"1970-01-01T00:00:01.500Z\", \"b \\\"q\\\"\": \"x\\\"\\\\\\n\\u0001é\"}",
                "{\"a\": null, \"t\": null, \"b \\\"q\\\"\": null}",
                "",
            ],
        ),
        ("map", Arc::new(map.finish()), "jsonb", ["{\"k\": 1.5}", "{}", ""]),
        ("null", Arc::new(NullArray::new(3)), "text", ["", "", ""]),
    ]
}

#[tokio::test]
async fn every_type_is_written_as_it_is() {
    let Some(on) = Fixture::new("types") else { return };
    on.psql("alter database types set timezone = 'UTC'");
    let columns = columns();
    let all = batch(
        columns
            .iter()
            .map(|(name, array, ..)| (*name, Arc::clone(array)))
            .collect(),
    );
    on.write("r1", to("t", Mode::Error), std::slice::from_ref(&all))
        .await
        .expect("written");
    // A slice has its values elsewhere than its beginning.
    on.write("r2", to("t", Mode::Append), &[all.slice(1, 2)])
        .await
        .expect("written");
    // Every value comes through the table's own types again, and with carriers that refuse nothing.
    let mut lenient = to("t", Mode::Append);
    lenient.on_error = OnError::Reject;
    on.write_rejecting("r3", lenient, std::slice::from_ref(&all), &Kept::default())
        .await
        .expect("written");
    for (name, _, declared, texts) in &columns {
        let of = |what: &str| on.psql(&format!("select {what} from t"));
        let type_of = format!(
            "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 't'::regclass and attname = '{name}'"
        );
        assert_eq!(on.psql(&type_of), *declared, "{name}");
        let expected = [
            texts[0], texts[1], texts[2], texts[1], texts[2], texts[0], texts[1], texts[2],
        ];
        let shown = of(&format!("json_agg(coalesce(\"{name}\"::text, '') order by ctid)"));
        let shown: Vec<String> = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(shown, expected, "{name}");
    }
}
