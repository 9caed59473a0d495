//! The ways that are taken with Redshift, which there is none of here: against PostgreSQL, which knows all of their SQL.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use tenon_database::{Discover, Driver, Key, Order, ReadConfig, ScanRequest, Value, open};

use crate::support::{Fixture, collect, describe, read, request, table};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_fetched_from_a_cursor() {
    let Some(fixture) = Fixture::new("postgres_read::redshift") else {
        return;
    };
    fixture.psql(
        "create table t as select i::int8 as id, (i / 4.0)::numeric(12,2) as n, 'it''s ' || i as name, i % 2 = 0 as even,
           timestamptz '2024-01-01 00:00Z' + i * interval '1 second' as at, interval '1 day' as span, null::date as day
         from generate_series(1, 20000) i; analyze t",
    );
    let database = open(Driver::Redshift, &fixture.config()).expect("a URL");
    assert!(database.check().await.is_ok());
    let found = database
        .discover(&Discover {
            columns: true,
            ..Discover::default()
        })
        .await
        .expect("tables");
    assert_eq!((found.len(), found[0].columns.len()), (1, 7));
    let relation = table("t");
    let batch = read(&database, &relation, &ReadConfig::default()).await.expect("rows");
    assert_eq!(batch.num_rows(), 20_000);
    let of = |name: &str| batch.column_by_name(name).expect(name);
    assert!(
        of("id")
            .as_primitive::<Int64Type>()
            .values()
            .iter()
            .copied()
            .eq(1..=20_000)
    );
    assert_eq!(of("n").as_primitive::<Decimal128Type>().value(0), 25);
    assert_eq!(
        of("at").as_primitive::<TimestampMicrosecondType>().value(0),
        1_704_067_201_000_000
    );
    assert_eq!(of("name").as_string::<i32>().value(1), "it's 2");
    assert_eq!(of("span").as_string::<i32>().value(0), "1 day");
    assert!(of("even").as_boolean().value(1) && of("day").null_count() == 20_000);
    let description = describe(&database, &relation).await;
    let key = Key {
        column: "id".into(),
        order: Order::Ascending,
    };
    assert_eq!(
        database.last(&relation, &[key], &description).await.expect("a row"),
        Some(vec![Value::Integer(20_000)])
    );
    let parts = ScanRequest {
        parts: 4,
        batch_rows: 1000,
        ..request(&relation, &description)
    };
    let scan = database.scan(parts).await.expect("a scan");
    assert_eq!(scan.parts(), 1);
    let batches = collect(&scan, 0).await.expect("rows");
    assert!(batches.iter().all(|batch| batch.num_rows() <= 1000));
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 20_000);
}
