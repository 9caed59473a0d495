//! Reading tables and queries.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::Int64Type;
use futures::StreamExt;
use tenon_database::{Bounds, Key, Mode, Order, Pushdown, ReadConfig, Relation, Value};

use crate::data::{batch, many};
use crate::subject::Subject;
use crate::support::{Read, block_on, describe, mode, read, read_parts, scan, table, write};

async fn fill(subject: &Subject, name: &str, rows: i64) {
    let batches: Vec<RecordBatch> = (0..rows)
        .step_by(8192)
        .map(|start| many(start..(start + 8192).min(rows)))
        .collect();
    write(subject.database().as_ref(), name, mode(Mode::Append), &batches)
        .await
        .unwrap();
}

fn ids(rows: &RecordBatch) -> Vec<i64> {
    rows.column_by_name("id")
        .unwrap()
        .as_primitive::<Int64Type>()
        .values()
        .to_vec()
}

/// No columns, and yet rows.
pub(crate) fn counts(subject: &Subject) {
    block_on(async {
        fill(subject, "counted", 2_500).await;
        let nothing = Read {
            columns: Some(Vec::new()),
            parts: 4,
            ..Read::default()
        };
        let parts = read_parts(subject.database().as_ref(), &table("counted"), &nothing)
            .await
            .unwrap();
        assert_eq!(parts.iter().map(RecordBatch::num_rows).sum::<usize>(), 2_500);
    });
}

/// A limit holds for all parts together.
pub(crate) fn limits(subject: &Subject) {
    block_on(async {
        fill(subject, "limited", 5_000).await;
        for limit in [0, 1, 1_234, 10_000] {
            let wanted = Read {
                limit: Some(limit),
                parts: 4,
                ..Read::default()
            };
            let parts = read_parts(subject.database().as_ref(), &table("limited"), &wanted)
                .await
                .unwrap();
            let rows: usize = parts.iter().map(RecordBatch::num_rows).sum();
            assert_eq!(rows as u64, limit.min(5_000));
        }
    });
}

/// Parts have every row once, whatever is written meanwhile.
pub(crate) fn parts(subject: &Subject) {
    block_on(async {
        fill(subject, "parted", 100_000).await;
        let database = subject.database();
        for split_by in [None, Some("id".to_owned())] {
            let wanted = Read {
                parts: 4,
                split_by: split_by.clone(),
                ..Read::default()
            };
            let description = describe(database.as_ref(), &table("parted")).await;
            let scan = database
                .scan(scan(&table("parted"), &description, &wanted))
                .await
                .unwrap();
            assert!(
                scan.parts() <= 4 && (split_by.is_none() || scan.parts() > 1),
                "{}",
                scan.parts()
            );
            let mut read = BTreeSet::new();
            let before = read_rows(subject, "parted").await;
            for part in 0..scan.parts() {
                assert!(!scan.statement(part).is_empty());
                let mut batches = scan.read(part);
                let mut is_first = part == 0;
                while let Some(batch) = batches.next().await {
                    for id in ids(&batch.unwrap()) {
                        assert!(read.insert(id), "{id} was read twice");
                    }
                    if std::mem::take(&mut is_first) {
                        // All parts see the state of the moment when the first began.
                        let next = before as i64;
                        write(
                            database.as_ref(),
                            "parted",
                            mode(Mode::Append),
                            &[many(next..next + 10)],
                        )
                        .await
                        .unwrap();
                    }
                }
            }
            if subject.shares_snapshot {
                assert_eq!(read.len(), before);
            } else {
                subject.lacks("parts begin one after the other");
                let (before, after) = (before as i64, before as i64 + 10);
                assert!(read.range(..before).count() as i64 == before && read.range(after..).next().is_none());
            }
        }
    });
}

async fn read_rows(subject: &Subject, name: &str) -> usize {
    let columns = Read {
        columns: Some(Vec::new()),
        ..Read::default()
    };
    read(subject.database().as_ref(), &table(name), &columns)
        .await
        .num_rows()
}

/// A query is read as a table is; one that is wrong is said to be.
pub(crate) fn queries(subject: &Subject) {
    block_on(async {
        fill(subject, "queried", 10).await;
        let database = subject.database();
        let query = Relation::Query("select id * 2 as twice, name from queried where id > 7 -- the last".to_owned());
        let rows = read(database.as_ref(), &query, &Read::default()).await;
        assert_eq!((rows.num_rows(), rows.num_columns()), (2, 2));
        let twice = Read {
            columns: Some(vec!["twice".to_owned()]),
            ..Read::default()
        };
        assert_eq!(read(database.as_ref(), &query, &twice).await.num_columns(), 1);
        let wrong = Relation::Query("select nothing from queried".to_owned());
        let error = database
            .describe(&wrong, &ReadConfig::default())
            .await
            .expect_err("refused");
        assert!(error.to_string().contains("nothing"), "{error}");
    });
}

/// Rows between a bookmark and the last row are those that came since.
pub(crate) fn bookmarks(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        let relation = table("growing");
        let rows = |moments: Vec<Option<i64>>, start: i64| {
            let ids: Int64Array = (start..start + moments.len() as i64).map(Some).collect();
            let names = StringArray::from(vec!["x"; moments.len()]);
            let moments = TimestampMicrosecondArray::from(moments);
            batch(vec![
                ("id", Arc::new(ids) as ArrayRef),
                ("at", Arc::new(moments)),
                ("name", Arc::new(names)),
            ])
        };
        let first = rows(vec![Some(1_000_001), Some(5_000_000), Some(5_000_000), None], 0);
        write(database.as_ref(), "growing", mode(Mode::Error), &[first])
            .await
            .unwrap();
        let description = describe(database.as_ref(), &relation).await;
        // Of what is a text nobody knows how it compares.
        let names: &[&str] = if subject.compares_moments {
            &["at", "id"]
        } else {
            &["id"]
        };
        let keys_in = |order| -> Vec<Key> {
            let key = |column: &&str| Key {
                column: (*column).to_owned(),
                order,
            };
            names.iter().map(key).collect()
        };
        for order in [Order::Ascending, Order::Descending] {
            let last = database.last(&relation, &keys_in(order), &description).await.unwrap();
            let expected = match (order, subject.compares_moments) {
                (Order::Ascending, true) => vec![Value::Timestamp(5_000_000_000), Value::Integer(2)],
                (Order::Descending, true) => vec![Value::Timestamp(1_000_001_000), Value::Integer(0)],
                (Order::Ascending, false) => vec![Value::Integer(3)],
                (Order::Descending, false) => vec![Value::Integer(0)],
            };
            assert_eq!(last, Some(expected));
        }
        let keys = keys_in(Order::Ascending);
        let after = database.last(&relation, &keys, &description).await.unwrap();
        let second = rows(vec![Some(5_000_000), Some(4_000_000), Some(6_000_000)], 10);
        write(database.as_ref(), "growing", mode(Mode::Append), &[second])
            .await
            .unwrap();
        let upto = database.last(&relation, &keys, &description).await.unwrap();
        let bounds = Bounds {
            keys,
            after,
            inclusive: false,
            upto,
        };
        let predicate = bounds.predicate().unwrap();
        assert_ne!(database.pushdown(&predicate, &description), Pushdown::No);
        let wanted = Read {
            predicate: Some(predicate),
            ..Read::default()
        };
        let mut found = ids(&read(database.as_ref(), &relation, &wanted).await);
        found.sort_unstable();
        let expected: &[i64] = if subject.compares_moments {
            &[10, 12]
        } else {
            &[10, 11, 12]
        };
        assert_eq!(found, expected);
    });
}

/// Nothing is locked or runs on once nobody reads any more.
pub(crate) fn dropped(subject: &Subject) {
    block_on(async {
        fill(subject, "dropped", 50_000).await;
        let database = subject.database();
        let description = describe(database.as_ref(), &table("dropped")).await;
        let request = scan(&table("dropped"), &description, &Read::default());
        let scan = database.scan(request).await.unwrap();
        let mut batches = scan.read(0);
        assert!(batches.next().await.unwrap().is_ok());
        drop(batches);
        drop(scan);
        let gone = async {
            while tokio::task::block_in_place(|| {
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| subject.run("drop table dropped"))).is_err()
            }) {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), gone)
            .await
            .expect("the table is not locked");
    });
}

/// Reading and writing 120 MB takes no more than a part of it.
pub(crate) fn memory(subject: &Subject) {
    // What is measured is the process's, where the other databases' cases run at the same time.
    match std::thread::current().name() {
        Some(test) if std::env::var_os("CASE").is_none() && test != "main" => return alone(test),
        _ => {}
    }
    block_on(async {
        let wide = "0123456789abcdef".repeat(64);
        let rows = |start: i64| {
            let ids: Int64Array = (start..start + 2_000).map(Some).collect();
            let texts = StringArray::from(vec![wide.as_str(); 2_000]);
            batch(vec![("id", Arc::new(ids) as ArrayRef), ("text", Arc::new(texts))])
        };
        let database = subject.database();
        let before = resident();
        let mut load = crate::support::begin(
            database.as_ref(),
            crate::support::request("large", mode(Mode::Error), rows(0).schema()),
        )
        .await
        .unwrap();
        let mut writer = load.writer(0);
        for start in 0..60 {
            writer.write(&rows(start * 2_000)).await.unwrap();
        }
        let part = writer.finish().await.unwrap();
        load.prepare(vec![part], &crate::support::Rejected::default())
            .await
            .unwrap();
        load.commit().await.unwrap();
        let description = describe(database.as_ref(), &table("large")).await;
        let scan = database
            .scan(scan(&table("large"), &description, &Read::default()))
            .await
            .unwrap();
        let (mut batches, mut count, mut most) = (scan.read(0), 0, 0);
        while let Some(batch) = batches.next().await {
            count += batch.unwrap().num_rows();
            most = most.max(resident());
        }
        assert_eq!(count, 120_000);
        let grown = most.saturating_sub(before) >> 20;
        println!("{}: {grown} MB for 120", subject.name);
        assert!(grown < 60, "{grown} MB");
    });
}

/// Runs this case of a test in a process of its own.
fn alone(test: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", test, "--nocapture"])
        .env("CASE", "memory is bounded");
    let ended = child.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    print!("{said}");
    assert!(
        ended.status.success() && said.contains(" MB for 120"),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

fn resident() -> usize {
    let Ok(status) = std::fs::read_to_string("/proc/self/statm") else {
        return 0;
    };
    status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
