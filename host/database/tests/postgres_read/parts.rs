//! Parts see one state of the data, and together all of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use futures::StreamExt;
use futures::future::join_all;
use tenon_database::{Database, Error, Relation, ScanRequest};

use crate::support::{Fixture, collect, describe, query, request, table};

fn ids(batches: &[RecordBatch]) -> Vec<i64> {
    batches
        .iter()
        .flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec())
        .collect()
}

async fn read_in_parts(
    database: &Arc<dyn Database>,
    relation: &Relation,
    parts: usize,
    by: Option<&str>,
) -> (usize, Vec<i64>) {
    let mut description = describe(database, relation).await;
    // Not all of the other columns' values fit Arrow's types.
    description.schema = Arc::new(description.schema.project(&[0]).expect("a column"));
    let scan = database
        .scan(ScanRequest {
            parts,
            split_by: by.map(str::to_owned),
            ..request(relation, &description)
        })
        .await
        .expect("a scan");
    let reads = (0..scan.parts()).map(|part| collect(&scan, part));
    let batches: Vec<RecordBatch> = join_all(reads)
        .await
        .into_iter()
        .flat_map(|batches| batches.expect("rows"))
        .collect();
    (scan.parts(), ids(&batches))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_are_together_the_whole() {
    let Some(fixture) = Fixture::new("postgres_read::parts") else {
        return;
    };
    fixture.psql(
        "create table plain as select i::int8 as id, repeat('x', 100) as x, date '2024-01-01' + i % 100 as d,
           timestamp '2024-01-01' + i * interval '1 second' as ts, i::numeric(12,2) as n from generate_series(1, 50000) i;
         insert into plain values (50001, null, null, null, null), (50002, '', 'infinity', '-infinity', 'NaN');
         update plain set d = null where d = 'infinity';
         create table cut (id int8, x text) partition by list (id);
         create table cut_1 partition of cut for values in (1); create table cut_2 partition of cut default;
         insert into cut select 1, repeat('x', 500) from generate_series(1, 20000);
         insert into cut select i + 1, repeat('x', 500) from generate_series(1, 2000) i;
         create view seen as select * from plain; analyze",
    );
    let database = fixture.open();
    for (relation, by, expected) in [
        (table("plain"), None, 3),
        (table("plain"), Some("id"), 3),
        (table("plain"), Some("d"), 3),
        (query("select * from plain"), None, 1),
        (query("select * from plain"), Some("id"), 3),
        (table("seen"), None, 1),
        (table("seen"), Some("id"), 3),
    ] {
        let (parts, mut ids) = read_in_parts(&database, &relation, 3, by).await;
        assert_eq!(parts, expected, "{relation} {by:?}");
        ids.sort_unstable();
        assert!(ids.into_iter().eq(1..=50_002), "{relation} {by:?}");
    }
    for by in ["ts", "n"] {
        let only = query(&format!("select id, {by} from plain where id <= 50001"));
        let (parts, ids) = read_in_parts(&database, &only, 4, Some(by)).await;
        assert_eq!((parts, ids.len()), (4, 50_001), "{by}");
    }
    let (parts, ids) = read_in_parts(&database, &table("cut"), 3, None).await;
    assert_eq!((parts, ids.len()), (3, 22_000));
    assert_eq!(ids.iter().copied().collect::<HashSet<i64>>().len(), 2001);
    let description = describe(&database, &table("plain")).await;
    let by_text = ScanRequest {
        parts: 2,
        split_by: Some("x".into()),
        ..request(&table("plain"), &description)
    };
    assert!(matches!(database.scan(by_text).await, Err(Error::Config { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_see_one_state() {
    let Some(fixture) = Fixture::new("postgres_read::snapshot") else {
        return;
    };
    fixture.psql(
        "create table t as select i::int8 as id, repeat('x', 200) as x from generate_series(1, 100000) i; analyze t",
    );
    let database = fixture.open();
    let relation = table("t");
    let description = describe(&database, &relation).await;
    let scan = database
        .scan(ScanRequest {
            parts: 4,
            ..request(&relation, &description)
        })
        .await
        .expect("a scan");
    assert_eq!(scan.parts(), 4);
    let mut all = Vec::new();
    // One after the other, each after a change of everything that is there.
    for part in 0..3 {
        all.extend(ids(&collect(&scan, part).await.expect("rows")));
        fixture.psql("update t set id = -id; insert into t select 0, 'new' from generate_series(1, 1000)");
    }
    all.extend(ids(&collect(&scan, 3).await.expect("rows")));
    all.sort_unstable();
    assert!(all.into_iter().eq(1..=100_000));
    let sessions = "select count(*) from pg_stat_activity where application_name = 'tenon' and state <> 'idle'";
    // The server ends them by itself.
    let ends = Instant::now() + Duration::from_secs(10);
    while fixture.psql(sessions).trim() != "0" {
        assert!(Instant::now() < ends, "sessions are left over");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_are_of_the_size_that_was_asked_for() {
    let Some(fixture) = Fixture::new("postgres_read::batches") else {
        return;
    };
    fixture.psql("create table t as select i::int8 as id, repeat('x', 100000) as x from generate_series(1, 1000) i");
    let database = fixture.open();
    let relation = table("t");
    let description = describe(&database, &relation).await;
    let scan = database
        .scan(ScanRequest {
            batch_rows: 300,
            ..request(&relation, &description)
        })
        .await
        .expect("a scan");
    let batches = collect(&scan, 0).await.expect("rows");
    let rows: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
    // 16 MiB of them, and what was at hand.
    assert!(rows.iter().all(|rows| *rows <= 180), "{rows:?}");
    assert_eq!(rows.iter().sum::<usize>(), 1000);
    let small = database.scan(ScanRequest {
        batch_rows: 7,
        ..request(&query("select id from t"), &described(&database).await)
    });
    let batches = collect(&small.await.expect("a scan"), 0).await.expect("rows");
    assert!(batches[..142].iter().all(|batch| batch.num_rows() == 7));
    let limited = ScanRequest {
        limit: Some(12),
        parts: 4,
        ..request(&relation, &description)
    };
    let scan = database.scan(limited).await.expect("a scan");
    assert_eq!(
        (scan.parts(), ids(&collect(&scan, 0).await.expect("rows")).len()),
        (1, 12)
    );
}

async fn described(database: &Arc<dyn Database>) -> tenon_database::Description {
    describe(database, &query("select id from t")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_does_not_grow_with_the_table() {
    let Some(fixture) = Fixture::new("postgres_read::memory") else {
        return;
    };
    let database = fixture.open();
    let relation = query("select i::int8 as id, repeat('x', 1000) as x from generate_series(1, 1000000) i");
    let description = describe(&database, &relation).await;
    let scan = database.scan(request(&relation, &description)).await.expect("a scan");
    let mut batches = scan.read(0);
    let (mut rows, mut after_some) = (0, 0);
    while let Some(batch) = batches.next().await {
        rows += batch.expect("rows").num_rows();
        if after_some == 0 && rows > 50_000 {
            after_some = resident();
        }
    }
    assert_eq!(rows, 1_000_000);
    // 1 GB went by. Other tests of this process run at the same time.
    assert!(
        resident() < after_some + (200 << 20),
        "{after_some} bytes, then {}",
        resident()
    );
}

/// Bytes of memory that this process uses.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok())
        .unwrap_or(0)
        * 4096
}
