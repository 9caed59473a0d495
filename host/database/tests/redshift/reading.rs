//! Reading, through files and over the wire.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use futures::StreamExt;
use tenon_database::{ConnectOptions, Predicate, ReadConfig, Relation, Secret};

use crate::support::{Fixture, read, request, table};

const TABLE: &str = r"create table t as select i::int8 as id, (i / 4.0)::numeric(12,2) as n, 'it''s \ ' || i as name, i % 2 = 0 as even,
   timestamptz '2024-01-01 00:00Z' + i * interval '1 second' as at, timestamp '2024-01-01' as plain, time '12:34:56.5' as noon,
   '\x01ff'::bytea::varbyte as bytes, ('[' || i || ']')::super as items, null::date as day, i::float8 as f
 from generate_series(1, 7000) i";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ways_give_the_same_rows() {
    let Some(fixture) = Fixture::new("both_ways_give_the_same_rows") else {
        return;
    };
    fixture.psql(TABLE);
    let relation = Relation::Query("select * from t order by id".to_owned());
    let (unloaded, plain) = (fixture.database(), fixture.plain());
    assert!(unloaded.check().await.expect("a version").contains("Redshift"));
    let through_files = read(&unloaded, &relation, 1).await.expect("rows");
    let over_wire = read(&plain, &relation, 1).await.expect("rows");
    assert_eq!(through_files.num_rows(), 7000);
    assert_eq!(through_files, over_wire);
    let of = |name: &str| through_files.column_by_name(name).expect(name);
    assert_eq!(of("n").as_primitive::<Decimal128Type>().value(0), 25);
    assert_eq!(of("name").as_string::<i32>().value(1), r"it's \ 2");
    assert_eq!(
        of("at").as_primitive::<TimestampMicrosecondType>().value(0),
        1_704_067_201_000_000
    );
    assert_eq!(of("bytes").as_binary::<i32>().value(0), b"\x01\xff");
    assert_eq!(of("items").as_string::<i32>().value(2), "[3]");
    assert_eq!(of("day").null_count(), 7000);
    assert_eq!(fixture.files(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_share_the_files() {
    let Some(fixture) = Fixture::new("parts_share_the_files") else {
        return;
    };
    fixture.psql(TABLE);
    let database = fixture.database();
    let batch = read(&database, &table("t"), 4).await.expect("rows");
    let mut ids: Vec<i64> = batch.column(0).as_primitive::<Int64Type>().values().to_vec();
    ids.sort_unstable();
    assert!(ids.into_iter().eq(1..=7000));
    assert_eq!(fixture.files(), 0);
    // Quotes and backslashes in a condition.
    let description = database
        .describe(&table("t"), &ReadConfig::default())
        .await
        .expect("columns");
    for (prefix, expected) in [(r"it's \ 70", 12), (r"it's \' or true; --", 0)] {
        let scan = tenon_database::ScanRequest {
            predicate: Some(Predicate::StartsWith {
                column: "name".into(),
                prefix: prefix.into(),
            }),
            ..request(&table("t"), &description, 2)
        };
        let scan = database.scan(scan).await.expect("a scan");
        let mut found = 0;
        for part in 0..scan.parts() {
            let mut batches = scan.read(part);
            while let Some(batch) = batches.next().await {
                found += batch.expect("rows").num_rows();
            }
        }
        assert_eq!(found, expected, "{prefix}");
    }
    let none = read(&database, &Relation::Query("select id from t where id < 0".into()), 2).await;
    assert_eq!(none.expect("no rows").num_rows(), 0);
    assert_eq!(fixture.files(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stays_of_what_is_given_up_or_fails() {
    let Some(fixture) = Fixture::new("nothing_stays_of_what_is_given_up_or_fails") else {
        return;
    };
    fixture.psql(TABLE);
    let database = fixture.database();
    let slow = Relation::Query("select id, pg_sleep(0.01)::text as slept from t".to_owned());
    let description = database.describe(&slow, &ReadConfig::default()).await.expect("columns");
    let scan = database.scan(request(&slow, &description, 1)).await.expect("a scan");
    let mut batches = scan.read(0);
    let waited = tokio::time::timeout(std::time::Duration::from_secs(2), batches.next()).await;
    assert!(waited.is_err() && fixture.files() > 0, "it is unloading");
    drop(batches);
    fixture.until_no_files().await;
    let running = "select count(*) from pg_stat_activity where state = 'active' and query ilike '%pg_sleep(0.01)%' and pid <> pg_backend_pid()";
    assert_eq!(fixture.psql(running), "0");
    // Given up between two batches.
    let description = database
        .describe(&table("t"), &ReadConfig::default())
        .await
        .expect("columns");
    let scan = database
        .scan(request(&table("t"), &description, 1))
        .await
        .expect("a scan");
    let mut batches = scan.read(0);
    assert!(batches.next().await.is_some_and(|batch| batch.is_ok()) && fixture.files() > 0);
    drop((batches, scan));
    fixture.until_no_files().await;
    let wrong = Relation::Query("select 1 / (id - 5000) as x from t".to_owned());
    let error = read(&database, &wrong, 1)
        .await
        .expect_err("it divides by zero")
        .to_string();
    assert!(error.contains("division by zero"), "{error}");
    fixture.until_no_files().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_is_not_reached_is_named_and_its_key_is_not() {
    let Some(fixture) = Fixture::new("a_bucket_that_is_not_reached_is_named_and_its_key_is_not") else {
        return;
    };
    fixture.psql("create table t as select 1 as id");
    let elsewhere = ConnectOptions {
        temp_dir: Some("s3://elsewhere/tmp".into()),
        ..fixture.options()
    };
    let error = read(&fixture.database_with(elsewhere), &table("t"), 1)
        .await
        .expect_err("there is none");
    assert!(error.to_string().contains("bucket"), "{error}");
    let wrong_key = ConnectOptions {
        iam_role: None,
        s3_secret_access_key: Some(Secret::new("hunter2")),
        ..fixture.options()
    };
    let error = read(&fixture.database_with(wrong_key), &table("t"), 1)
        .await
        .expect_err("it is wrong");
    let error = format!("{error} {error:?}");
    assert!(
        error.contains("Access") && error.contains("***") && !error.contains("hunter2"),
        "{error}"
    );
    let key = ConnectOptions {
        iam_role: None,
        ..fixture.options()
    };
    assert_eq!(
        read(&fixture.database_with(key), &table("t"), 1)
            .await
            .expect("rows")
            .num_rows(),
        1
    );
}
