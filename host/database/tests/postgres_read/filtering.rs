//! Conditions leave exactly the rows that Arrow's own would.

use tenon_database::Comparison::{Equal, Greater, GreaterOrEqual, Less, NotEqual};
use tenon_database::{Comparison, Predicate, Pushdown, Value};

use crate::support::{Fixture, filtered, table, texts};

fn compare(column: &str, comparison: Comparison, value: Value) -> Predicate {
    Predicate::Compare {
        column: column.to_owned(),
        comparison,
        value,
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditions_are_those_of_arrow() {
    let Some(fixture) = Fixture::new("postgres_read::conditions") else {
        return;
    };
    fixture.psql(
        "create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         create type mood as enum ('sad', 'ok');
         create table t (name text, loose text collate loose, id int8, f float8, n numeric(12,2), d date, ts timestamp,
           tz timestamptz, b bool, by bytea, u uuid, m mood, j jsonb, ch char(4), ti time, o oid);
         insert into t values
           ('a', 'abc', 1, 1.5, 10.25, '2024-01-01', '2024-01-01 00:00:00.5', '2024-01-01 00:00Z', true, '\\x01',
            'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'sad', '{\"a\":1}', 'ab', '01:00', 5),
           ('B', 'ABC', -5, 'NaN', -1, '1969-12-31', '0044-03-15 BC', '1969-12-31 23:59:59.999999Z', false, '\\x00ff',
            '00000000-0000-0000-0000-000000000000', 'ok', '[]', 'abcd', '23:00', 4294967295),
           ('50%_\\', 'x''; drop table t; --', 9223372036854775807, 0, 0, '0044-03-15 BC', '2024-06-01', '9999-12-31Z',
            null, '', null, null, null, '', null, 0),
           ('null', null, null, null, null, null, null, null, null, null, null, null, null, null, null, null)",
    );
    let database = fixture.open();
    let exact: Vec<(Predicate, &[&str])> = vec![
        (compare("name", Equal, text("a")), &["a"]),
        (compare("name", Less, text("a")), &["B", "50%_\\"]),
        (compare("name", NotEqual, text("a")), &["B", "50%_\\", "null"]),
        (compare("loose", Equal, text("abc")), &["a"]),
        (compare("loose", Equal, text("x'; drop table t; --")), &["50%_\\"]),
        (
            Predicate::In {
                column: "loose".into(),
                values: vec![text("ABC"), text("q")],
            },
            &["B"],
        ),
        (
            Predicate::StartsWith {
                column: "name".into(),
                prefix: "50%_\\".into(),
            },
            &["50%_\\"],
        ),
        (
            Predicate::StartsWith {
                column: "name".into(),
                prefix: "5__".into(),
            },
            &[],
        ),
        (
            Predicate::StartsWith {
                column: "u".into(),
                prefix: "a0".into(),
            },
            &["a"],
        ),
        (compare("id", GreaterOrEqual, Value::Integer(1)), &["a", "50%_\\"]),
        (compare("id", Greater, Value::Unsigned(u64::MAX)), &[]),
        (compare("f", Greater, Value::Float(1.5)), &["B"]),
        (compare("n", Equal, Value::Decimal("-1.00".into())), &["B"]),
        (compare("n", Greater, Value::Integer(0)), &["a"]),
        (compare("d", Less, Value::Date(0)), &["B", "50%_\\"]),
        (
            compare("ts", Equal, Value::Timestamp(1_704_067_200_500_000_000)),
            &["a"],
        ),
        (compare("tz", Less, Value::Instant(0)), &["B"]),
        (compare("ti", Greater, Value::Time(3_600_000_000_000)), &["B"]),
        (compare("b", Equal, Value::Boolean(false)), &["B"]),
        (compare("by", Greater, Value::Binary(vec![0, 0xfe])), &["a", "B"]),
        (
            compare("u", Equal, text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
            &["a"],
        ),
        (compare("u", Equal, text("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11")), &[]),
        (compare("u", Less, text("1")), &["B"]),
        (compare("m", Less, text("p")), &["B"]),
        (compare("m", Equal, text("no such mood")), &[]),
        (compare("j", Equal, text("{\"a\": 1}")), &["a"]),
        (compare("o", Equal, Value::Integer(4_294_967_295)), &["B"]),
        (Predicate::IsNull("b".into()), &["50%_\\", "null"]),
        (Predicate::Not(Box::new(Predicate::IsNull("u".into()))), &["a", "B"]),
        (
            Predicate::Not(Box::new(compare("id", Equal, Value::Integer(1)))),
            &["B", "50%_\\"],
        ),
        (
            Predicate::Any(vec![
                compare("id", Equal, Value::Integer(1)),
                compare("m", Equal, text("ok")),
            ]),
            &["a", "B"],
        ),
    ];
    for (predicate, expected) in exact {
        let (batch, pushdown) = filtered(&database, &table("t"), predicate.clone()).await.expect("rows");
        assert_eq!(pushdown, Pushdown::Exact, "{predicate:?}");
        let names: Vec<String> = texts(&batch).into_iter().flatten().collect();
        assert_eq!(names, expected, "{predicate:?}");
    }
    let description = crate::support::describe(&database, &table("t")).await;
    let padded = compare("ch", Equal, text("ab  "));
    assert_eq!(database.pushdown(&padded, &description), Pushdown::Inexact);
    let (batch, _) = filtered(&database, &table("t"), padded).await.expect("rows");
    assert_eq!(batch.num_rows(), 1);
    for refused in [
        compare("ch", Less, text("b")),
        compare("name", Equal, text("\0")),
        compare("f", Less, Value::Float(0.0)),
        compare("ts", Equal, Value::Timestamp(1)),
        compare("id", Equal, text("1")),
        compare("o", Equal, Value::Integer(-1)),
        compare("no such column", Equal, text("1")),
        compare("tz", Equal, Value::Instant(i128::MAX)),
        Predicate::Not(Box::new(compare("ch", Equal, text("ab")))),
    ] {
        assert_eq!(database.pushdown(&refused, &description), Pushdown::No, "{refused:?}");
    }
}
