//! What types become, there and back.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, DictionaryArray,
    DurationSecondArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, ListArray,
    StringArray, StringViewArray, StructArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    TimestampNanosecondArray, TimestampSecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow::datatypes::Int32Type;
use arrow::datatypes::{DataType, Field, UnionFields, UnionMode, i256};
use tenon_database::{Error, Mode, ReadConfig, Relation, TableName};

use crate::harness::{batch, config, fixture, read, shown};

#[tokio::test]
async fn every_type_of_the_database_is_read() {
    let Some(fixture) = fixture("every_type_of_the_database_is_read") else {
        return;
    };
    fixture.client(
        "create table t (
            id bigint primary key comment 'which one',
            flag boolean, b1 bit(1), b9 bit(9), i8 tinyint, i16 smallint, i24 mediumint, i32 int, i64 bigint,
            u8 tinyint unsigned, u16 smallint unsigned, u24 mediumint unsigned, u32 int unsigned, u64 bigint unsigned,
            y year, f float, d double, n decimal(12,2), wide decimal(65,30), un decimal(5,2) unsigned,
            c char(5), vc varchar(20) character set latin1, txt text, e enum('a','b'), s set('x','y'), j json,
            bin binary(3), vb varbinary(9), bl blob, da date, ti time(6), dt datetime(6), dt0 datetime,
            ts timestamp(6) null, g point, u uuid, i6 inet6);
         insert into t values (1, true, b'1', b'101010101', -128, -32768, -8388608, -2147483648, -9223372036854775808,
            255, 65535, 16777215, 4294967295, 18446744073709551615, 2024, 1.1, 1.1, -1234567890.12,
            12345678901234567890123456789012345.012345678901234567890123456789, 999.99,
            'abc', 'äöü', 'é😀', 'b', 'x,y', '{\"a\": 1}', 'ab', x'00ff', x'', '2024-02-29', '23:59:59.999999',
            '9999-12-31 23:59:59.999999', '1000-01-01', '2024-02-29 12:00:00.5', point(1, 2),
            '6ccd780c-baba-1026-9564-5b8c656024db', '::1');
         insert into t (id) values (2);",
    );
    let relation = Relation::Table(TableName::new(None, "t"));
    let description = fixture
        .database
        .describe(&relation, &ReadConfig::default())
        .await
        .unwrap();
    assert_eq!(description.primary_key, ["id"]);
    assert_eq!(description.schema.field(0).metadata()["comment"], "which one");
    assert!(!description.schema.field(0).is_nullable());
    let types: Vec<String> = description
        .schema
        .fields()
        .iter()
        .map(|field| format!("{} {}", field.name(), field.data_type()))
        .collect();
    let expected = "id Int64, flag Boolean, b1 Boolean, b9 UInt64, i8 Int8, i16 Int16, i24 Int32, i32 Int32, i64 Int64, \
                    u8 UInt8, u16 UInt16, u24 UInt32, u32 UInt32, u64 UInt64, y Int16, f Float32, d Float64, \
                    n Decimal128(12, 2), wide Decimal256(65, 30), un Decimal128(5, 2), c Utf8, vc Utf8, txt Utf8, \
                    e Utf8, s Utf8, j Utf8, bin Binary, vb Binary, bl Binary, da Date32, ti Time64(µs), \
                    dt Timestamp(µs), dt0 Timestamp(µs), ts Timestamp(µs, \"UTC\"), g Utf8, u Utf8, i6 Utf8";
    assert_eq!(types.join(", "), expected);
    let rows = fixture.read("t").await;
    let shown = shown(&rows);
    for value in [
        "-9223372036854775808",
        "18446744073709551615",
        "341",
        "-1234567890.12",
        "12345678901234567890123456789012345.012345678901234567890123456789",
        "äöü",
        "é😀",
        "616200",
        "00ff",
        "2024-02-29T12:00:00.500",
        "23:59:59.999999",
        "9999-12-31T23:59:59.999999",
        "POINT(1 2)",
        "6ccd780c-baba-1026-9564-5b8c656024db",
        "::1",
    ] {
        assert!(shown.contains(value), "{value} is not in {shown}");
    }
    for column in &rows.columns()[1..] {
        assert!(column.is_null(1) && column.is_valid(0));
    }
    // A query has no table to look at, and is sent the same.
    let query = Relation::Query("select id, flag, wide, b9 from t order by id desc -- the last first".to_owned());
    let queried = read(&fixture.database, query, &ReadConfig::default(), 4).await.unwrap();
    assert_eq!(queried.num_rows(), 2);
    assert!(queried.column(1).is_null(0), "the order of a query is kept");
    assert_eq!(queried.schema().field(2).data_type(), &DataType::Decimal256(65, 30));
}

#[tokio::test]
async fn every_type_of_arrow_is_written() {
    let Some(fixture) = fixture("every_type_of_arrow_is_written") else {
        return;
    };
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1), None]), None]);
    let record = StructArray::from(vec![(
        Arc::new(Field::new("a", DataType::Utf8, true)),
        Arc::new(StringArray::from(vec!["it's \"x\"", "y"])) as ArrayRef,
    )]);
    let dictionary: DictionaryArray<Int32Type> = vec![Some("one"), None].into_iter().collect();
    let written = batch(vec![
        ("bool", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("i8", Arc::new(Int8Array::from(vec![Some(i8::MIN), None]))),
        ("i16", Arc::new(Int16Array::from(vec![Some(i16::MIN), None]))),
        ("i32", Arc::new(Int32Array::from(vec![Some(i32::MIN), None]))),
        ("i64", Arc::new(Int64Array::from(vec![Some(i64::MIN), None]))),
        ("u8", Arc::new(UInt8Array::from(vec![Some(u8::MAX), None]))),
        ("u16", Arc::new(UInt16Array::from(vec![Some(u16::MAX), None]))),
        ("u32", Arc::new(UInt32Array::from(vec![Some(u32::MAX), None]))),
        ("u64", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None]))),
        ("f32", Arc::new(Float32Array::from(vec![Some(0.1), None]))),
        (
            "f64",
            Arc::new(Float64Array::from(vec![Some(1.797_693_134_862_315_7e308), None])),
        ),
        (
            "d128",
            Arc::new(
                Decimal128Array::from(vec![Some(-12_345), None])
                    .with_precision_and_scale(20, 4)
                    .unwrap(),
            ),
        ),
        (
            "d256",
            Arc::new(
                Decimal256Array::from(vec![
                    i256::from_string("123456789012345678901234567890123456789012"),
                    None,
                ])
                .with_precision_and_scale(50, 10)
                .unwrap(),
            ),
        ),
        (
            "text",
            Arc::new(StringArray::from(vec![
                Some("tab\t nl\n cr\r nul\0 \\N ' \" ` 😀"),
                Some(""),
            ])),
        ),
        (
            "binary",
            Arc::new(BinaryArray::from_opt_vec(vec![Some(b"\x00\xff\\\t\n'"), Some(b"")])),
        ),
        ("date", Arc::new(Date32Array::from(vec![Some(-719_162), None]))),
        (
            "time",
            Arc::new(Time64MicrosecondArray::from(vec![Some(86_399_999_999), None])),
        ),
        ("stamp", Arc::new(TimestampMicrosecondArray::from(vec![Some(-1), None]))),
        (
            "moment",
            Arc::new(TimestampMicrosecondArray::from(vec![Some(1_700_000_000_123_456), None]).with_timezone("UTC")),
        ),
    ]);
    fixture.write(&config("t", Mode::Error), "r1", &written).await.unwrap();
    let read = fixture.read("t").await;
    assert_eq!(read, written, "{}", shown(&read));

    let others = batch(vec![
        ("list", Arc::new(list)),
        ("record", Arc::new(record)),
        ("dictionary", Arc::new(dictionary)),
        ("view", Arc::new(StringViewArray::from(vec![Some("a view"), None]))),
        ("duration", Arc::new(DurationSecondArray::from(vec![Some(90), None]))),
        ("seconds", Arc::new(TimestampSecondArray::from(vec![Some(1), None]))),
        (
            "nanoseconds",
            Arc::new(TimestampNanosecondArray::from(vec![Some(1000), None])),
        ),
        ("nothing", Arc::new(arrow::array::NullArray::new(2))),
    ]);
    fixture
        .write(&config("others", Mode::Error), "r2", &others)
        .await
        .unwrap();
    let shown = shown(&fixture.read("others").await);
    for value in [
        "[1,null]",
        r#"{"a":"it's \"x\""}"#,
        "one",
        "a view",
        "PT90S",
        "1970-01-01T00:00:01 ",
        "00.000001",
    ] {
        assert!(shown.contains(value), "{value} is not in {shown}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_said() {
    let Some(fixture) = fixture("what_does_not_fit_is_said") else {
        return;
    };
    fixture.client(
        "set sql_mode = '';
         create table dates (a date); insert into dates values ('0000-00-00');
         create table times (a time); insert into times values ('100:00:00');
         create table flags (a tinyint(1)); insert into flags values (5);",
    );
    for (table, value, column_type, text) in [
        ("dates", "0000-00-00", "text", "0000-00-00"),
        ("times", "100:00:00", "text", "100:00:00"),
        ("flags", "5", "signed", "5"),
    ] {
        let error = fixture.read_as(table, &ReadConfig::default()).await.unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, Error::Value { .. }), "{message}");
        assert!(
            message.contains(value) && message.contains("`a`") && message.contains("schema"),
            "{message}"
        );
        let config = ReadConfig {
            schema: BTreeMap::from([("a".to_owned(), column_type.to_owned())]),
            ..ReadConfig::default()
        };
        let read = fixture.read_as(table, &config).await.unwrap();
        assert!(shown(&read).contains(text), "{}", shown(&read));
    }
    let nan = batch(vec![("a", Arc::new(Float64Array::from(vec![1.0, f64::NAN])))]);
    let error = fixture.write(&config("n", Mode::Error), "r1", &nan).await.unwrap_err();
    assert!(
        matches!(&error, Error::Value { column, .. } if column == "a"),
        "{error}"
    );
    let cut = batch(vec![("a", Arc::new(TimestampNanosecondArray::from(vec![1, 2])))]);
    let error = fixture.write(&config("n", Mode::Error), "r2", &cut).await.unwrap_err();
    assert!(
        matches!(&error, Error::Value { column, .. } if column == "a"),
        "{error}"
    );
    let fields = UnionFields::try_new([0], [Field::new("x", DataType::Int32, true)]).unwrap();
    let union = arrow::array::UnionArray::try_new(
        fields.clone(),
        vec![0_i8, 0].into(),
        None,
        vec![Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef],
    )
    .unwrap();
    assert!(matches!(union.data_type(), DataType::Union(_, UnionMode::Sparse)));
    let refused = batch(vec![("u", Arc::new(union))]);
    let error = fixture
        .write(&config("n", Mode::Error), "r3", &refused)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Mismatch { reason, .. } if reason.contains("`u`")),
        "{error}"
    );
    // Nothing of all that is left.
    assert_eq!(fixture.client("show tables like 'n'"), "");
    assert_eq!(fixture.client("select count(*) from _tenon_commits"), "0");
}
