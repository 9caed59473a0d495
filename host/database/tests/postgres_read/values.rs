//! Every type, with its extremes.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Decimal128Type, Float64Type, Int32Type, Int64Type, IntervalMonthDayNanoType, TimestampMicrosecondType,
};
use tenon_database::{Error, ReadConfig};

use crate::support::{Fixture, cast, query, read, request, shown, table};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_is_read() {
    let Some(fixture) = Fixture::new("postgres_read::every_type") else {
        return;
    };
    fixture.psql(
        "create type mood as enum ('sad', 'it''s 😀');
         create type pair as (a int, b text);
         create domain positive as numeric(10,2) check (value > 0);
         create domain names as text[];
         create table t (
           b bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, n2 numeric(15,2), n38 numeric(38,10),
           n76 numeric(76,20), neg numeric(5,-2), tx text, vc varchar(10), ch char(5), nm name, qc \"char\", o oid,
           by bytea, d date, ti time, ts timestamp, tz timestamptz, ttz timetz, iv interval, j json, jb jsonb, u uuid,
           m mood, dom positive, ip inet, mac macaddr, bits bit(3), vbits varbit, r int4range, p pair, mo money, x xml,
           pt point, ls pg_lsn, tsv tsvector, a4 int4[], at text[], an numeric(10,2)[], am mood[], ai inet[],
           ad date[], ab bytea[], au uuid[], aj jsonb[], nms names, iv2 int2vector);
         insert into t values (
           true, -32768, -2147483648, -9223372036854775808, 1.5, -1e300, 123.4500, -1234567890123.45,
           -9999999999999999999999999999.9999999999, 12345678901234567890123456789012345678901234567890.5, 12300, 'é😀', 'vc',
           'ab', 'name', 'q', 4294967295, '\\x00ff', '4713-01-01 BC', '23:59:59.999999', '200000-12-31 23:59:59.999999',
           '2024-02-29 12:00:00+05', '12:00:00+02', '1 year 2 months -3 days 04:05:06.789', '{\"a\": 1}', '{\"a\": 1}',
           'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'it''s 😀', 1.50, '10.0.0.1/8', '08:00:2b:01:02:03', B'101', B'1',
           '[1,5)', row(1, 'x'), 12.34, '<a/>', '(1,2)', '16/B374D848', 'a:1', '{1,null,3}',
           '{\"a,b\",null,\"\"}', '{1.5,null}', '{sad}', '{10.0.0.1}', '{2000-01-01}', '{\"\\\\x01\"}',
           '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '{\"{}\"}', '{n}', '1 2');
         insert into t default values;",
    );
    let database = fixture.open();
    let batch = read(&database, &table("t"), &ReadConfig::default())
        .await
        .expect("rows");
    assert_eq!(batch.num_rows(), 2);
    let of = |name: &str| batch.column_by_name(name).expect(name);
    let text = |name: &str| of(name).as_string::<i32>().value(0).to_owned();
    for column in batch.columns() {
        assert!(column.is_valid(0) && column.is_null(1));
    }
    assert_eq!(of("i8").as_primitive::<Int64Type>().value(0), i64::MIN);
    assert_eq!(
        of("f8").as_primitive::<Float64Type>().value(0).to_bits(),
        (-1e300_f64).to_bits()
    );
    let n38 = of("n38").as_primitive::<Decimal128Type>().value(0);
    assert_eq!(n38, -(10_i128.pow(38) - 1));
    let written = [
        ("n", "123.4500"),
        ("tx", "é😀"),
        ("ch", "ab   "),
        ("qc", "q"),
        ("ttz", "12:00:00+02"),
        ("j", "{\"a\": 1}"),
        ("jb", "{\"a\": 1}"),
        ("u", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("m", "it's 😀"),
        ("ip", "10.0.0.1/8"),
        ("mac", "08:00:2b:01:02:03"),
        ("bits", "101"),
        ("vbits", "1"),
        ("r", "[1,5)"),
        ("p", "(1,x)"),
        ("mo", "$12.34"),
        ("x", "<a/>"),
        ("pt", "(1,2)"),
        ("ls", "16/B374D848"),
        ("tsv", "'a':1"),
        ("iv2", "1 2"),
    ];
    for (name, expected) in written {
        assert_eq!(text(name), expected, "{name}");
    }
    let interval = of("iv").as_primitive::<IntervalMonthDayNanoType>().value(0);
    assert_eq!(
        (interval.months, interval.days, interval.nanoseconds),
        (14, -3, 14_706_789_000_000)
    );
    // 2024-02-29 07:00 in UTC. Arrow shows no zones by name.
    let instant = of("tz").as_primitive::<TimestampMicrosecondType>().value(0);
    assert_eq!(instant, 1_709_190_000_000_000);
    let others: Vec<usize> = (0..batch.num_columns())
        .filter(|index| batch.schema().field(*index).name() != "tz")
        .collect();
    let columns = shown(&batch.project(&others).expect("columns"));
    for part in [
        "| -1234567890123.45 |",
        "12345678901234567890123456789012345678901234567890.50000000000000000000",
        "12300 |",
        "4294967295",
        "00ff",
        "-4712-01-01",
        "23:59:59.999999",
        "+200000-12-31T23:59:59.999999",
        "[1, , 3]",
        "[a,b, , ]",
        "[1.50, ]",
        "[sad]",
        "[10.0.0.1/32]",
        "[2000-01-01]",
        "[01]",
        "[{}]",
        "[n]",
        "| 1.50 ",
    ] {
        assert!(columns.contains(part), "{part} in\n{columns}");
    }
    let a4 = of("a4").as_list::<i32>().value(0);
    assert_eq!(
        a4.as_primitive::<Int32Type>().iter().collect::<Vec<_>>(),
        [Some(1), None, Some(3)]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrow_cannot_hold_is_an_error_that_says_what_to_do() {
    let Some(fixture) = Fixture::new("postgres_read::unfit") else {
        return;
    };
    let database = fixture.open();
    let unfit = [
        "'infinity'::timestamp",
        "'-infinity'::timestamptz",
        "'infinity'::date",
        "'NaN'::numeric(10,2)",
        "'24:00:00'::time",
        "'{{1,2},{3,4}}'::int[]",
        "'300 years'::interval * 12 + '9000000 hours'::interval",
    ];
    for value in unfit {
        let relation = query(&format!("select {value} as \"the value\""));
        let error = read(&database, &relation, &ReadConfig::default())
            .await
            .expect_err(value);
        assert!(
            matches!(&error, Error::Value { column, .. } if column == "the value"),
            "{value}: {error}"
        );
        assert!(
            error.to_string().contains("schema = { \"the value\" = \"text\" }"),
            "{error}"
        );
        let text = read(&database, &relation, &cast(&[("the value", "text")]))
            .await
            .expect(value);
        assert_eq!(*text.column(0).data_type(), DataType::Utf8);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floats_keep_what_is_not_a_number() {
    let Some(fixture) = Fixture::new("postgres_read::floats") else {
        return;
    };
    let relation = query("select unnest('{NaN,Infinity,-Infinity,-0,5e-324}'::float8[]) as f");
    let batch = read(&fixture.open(), &relation, &ReadConfig::default())
        .await
        .expect("rows");
    let floats = batch.column(0).as_primitive::<Float64Type>().values().to_vec();
    assert!(floats[0].is_nan() && floats[1].is_infinite() && floats[2].is_infinite());
    assert!(floats[3].is_sign_negative() && floats[4].to_bits() == 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_are_cast_as_the_job_says() {
    let Some(fixture) = Fixture::new("postgres_read::casts") else {
        return;
    };
    fixture.psql(
        "create table t (a numeric, b text, \"C d\" timestamptz); insert into t values (1.5, '42', '2024-01-01Z')",
    );
    let database = fixture.open();
    let config = cast(&[("a", "decimal(20,4)"), ("b", "bigint"), ("C d", "timestamp")]);
    let batch = read(&database, &table("t"), &config).await.expect("rows");
    assert_eq!(*batch.column(0).data_type(), DataType::Decimal128(20, 4));
    assert_eq!(batch.column(1).as_primitive::<Int64Type>().value(0), 42);
    assert!(shown(&batch).contains("2024-01-01T00:00:00 |"), "{}", shown(&batch));
    let wrong = database
        .describe(&table("t"), &cast(&[("a", "no_such_type")]))
        .await
        .expect_err("no type");
    assert!(wrong.to_string().contains("no_such_type"), "{wrong}");
    let wrong = database
        .describe(&table("t"), &cast(&[("z", "text")]))
        .await
        .expect_err("no column");
    assert!(matches!(wrong, Error::NoColumn { .. }), "{wrong}");
    let injected = cast(&[("a", "text from t; drop table t; --")]);
    assert!(matches!(
        database.describe(&table("t"), &injected).await,
        Err(Error::Config { .. })
    ));
    fixture.psql("insert into t values (1, 'not a number', null)");
    let error = read(&database, &table("t"), &config).await.expect_err("text");
    assert!(error.to_string().contains("not a number"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_tables_and_no_columns_and_very_many() {
    let Some(fixture) = Fixture::new("postgres_read::widths") else {
        return;
    };
    let columns: Vec<String> = (0..1600).map(|index| format!("c{index} int2")).collect();
    fixture.psql(&format!(
        "create table wide ({}); insert into wide default values",
        columns.join(", ")
    ));
    fixture.psql("update wide set c0 = 7, c1599 = 9; create table empty (a int); create table nothing ()");
    fixture.psql("insert into nothing default values; create table many as select generate_series(1, 20000) as a");
    let database = fixture.open();
    let wide = read(&database, &table("wide"), &ReadConfig::default())
        .await
        .expect("1,600 columns");
    assert_eq!(wide.num_columns(), 1600);
    assert_eq!(
        shown(&wide.project(&[0, 1599]).expect("two"))
            .matches(['7', '9'])
            .count(),
        3 + 2 - 1
    );
    let empty = read(&database, &table("empty"), &ReadConfig::default())
        .await
        .expect("no rows");
    assert_eq!((empty.num_rows(), empty.num_columns()), (0, 1));
    for (name, rows, limit) in [
        ("many", 20_000, None),
        ("many", 5, Some(5)),
        ("nothing", 1, None),
        ("empty", 0, None),
    ] {
        let relation = table(name);
        let description = database.describe(&relation, &ReadConfig::default()).await.expect(name);
        let mut request = request(&relation, &description);
        request.schema = std::sync::Arc::new(arrow::datatypes::Schema::empty());
        request.limit = limit;
        let scan = database.scan(request).await.expect(name);
        let batches = crate::support::collect(&scan, 0).await.expect(name);
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), rows, "{name}");
        assert!(
            batches
                .iter()
                .all(|batch| batch.num_columns() == 0 && batch.num_rows() <= 8192)
        );
    }
}
