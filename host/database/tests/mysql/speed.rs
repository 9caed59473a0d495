//! How fast a table like TPC-H's lineitem is written and read. Prints figures, and asserts little.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray};
use futures::StreamExt;
use mysql_async::prelude::Queryable;
use tenon_database::{Mode, ReadConfig, Relation, ScanRequest, TableName, WriteConfig};
use tenon_servers::{MariaDb, or_skip};

use crate::harness::{Fixture, Nobody, batch, begin, config, on, request};

const BATCH: i64 = 8192;

fn lineitem(from: i64) -> RecordBatch {
    let rows = from..from + BATCH;
    let ints = |modulo: i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(
            rows.clone().map(|row| row * 7919 % modulo),
        ))
    };
    let decimals = |modulo: i128| -> ArrayRef {
        let values = rows.clone().map(|row| i128::from(row) * 104_729 % modulo);
        Arc::new(
            Decimal128Array::from_iter_values(values)
                .with_precision_and_scale(15, 2)
                .unwrap(),
        )
    };
    let dates = |shift: i64| -> ArrayRef {
        Arc::new(Date32Array::from_iter_values(
            rows.clone().map(|row| 8000 + ((row * 31 + shift) % 2500) as i32),
        ))
    };
    let choice = |of: &[&str]| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            rows.clone().map(|row| of[row as usize % of.len()]),
        ))
    };
    let comments: ArrayRef = Arc::new(StringArray::from_iter_values(
        rows.clone().map(|row| format!("carefully final deposits {row} haggle")),
    ));
    batch(vec![
        ("l_orderkey", Arc::new(Int64Array::from_iter_values(rows.clone()))),
        ("l_partkey", ints(200_000)),
        ("l_suppkey", ints(10_000)),
        (
            "l_linenumber",
            Arc::new(Int32Array::from_iter_values(rows.clone().map(|row| (row % 7) as i32))),
        ),
        ("l_quantity", decimals(5000)),
        ("l_extendedprice", decimals(10_000_000)),
        ("l_discount", decimals(11)),
        ("l_tax", decimals(9)),
        ("l_returnflag", choice(&["A", "N", "R"])),
        ("l_linestatus", choice(&["O", "F"])),
        ("l_shipdate", dates(0)),
        ("l_commitdate", dates(30)),
        ("l_receiptdate", dates(60)),
        ("l_shipinstruct", choice(&["DELIVER IN PERSON", "COLLECT COD", "NONE"])),
        ("l_shipmode", choice(&["TRUCK", "MAIL", "REG AIR", "SHIP"])),
        ("l_comment", comments),
    ])
}

async fn written(fixture: &Fixture, table: &str, rows: i64, keys: &[&str]) {
    let config = WriteConfig {
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        ..config(table, Mode::Error)
    };
    let mut load = begin(&fixture.database, request(&config, table, &lineitem(0)))
        .await
        .unwrap();
    let mut writer = load.writer(0);
    for from in (0..rows).step_by(BATCH as usize) {
        writer.write(&lineitem(from)).await.unwrap();
    }
    let part = writer.finish().await.unwrap();
    load.prepare(vec![part], &Nobody).await.unwrap();
    load.commit().await.unwrap();
}

async fn read(fixture: &Fixture, parts: usize) -> usize {
    let relation = Relation::Table(TableName::new(None, "files"));
    let description = fixture
        .database
        .describe(&relation, &ReadConfig::default())
        .await
        .unwrap();
    let request = ScanRequest {
        relation,
        schema: description.schema,
        predicate: None,
        limit: None,
        parts,
        split_by: None,
        batch_rows: BATCH as usize,
    };
    let scan = fixture.database.scan(request).await.unwrap();
    let tasks = (0..scan.parts()).map(|part| {
        let mut batches = scan.read(part);
        tokio::spawn(async move {
            let mut rows = 0;
            while let Some(batch) = batches.next().await {
                rows += batch.unwrap().num_rows();
            }
            rows
        })
    });
    let mut rows = 0;
    for task in tasks.collect::<Vec<_>>() {
        rows += task.await.unwrap();
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_table_is_written_and_read() {
    let rows: i64 = std::env::var("TENON_SPEED_ROWS")
        .ok()
        .and_then(|rows| rows.parse().ok())
        .unwrap_or(100_000);
    let rows = rows / BATCH * BATCH;
    let Some(server) = or_skip("mysql::a_large_table_is_written_and_read", MariaDb::start()) else {
        return;
    };
    let fixture = on(Arc::new(server));
    let took = |what: &str, began: Instant| println!("{what}: {rows} rows in {:.2?}", began.elapsed());

    let began = Instant::now();
    for from in (0..rows).step_by(BATCH as usize) {
        std::hint::black_box(lineitem(from));
    }
    took("making the rows", began);
    let began = Instant::now();
    written(&fixture, "files", rows, &[]).await;
    took("load data", began);
    fixture.server.client("set global local_infile = 0");
    let began = Instant::now();
    written(&fixture, "inserts", rows, &[]).await;
    took("inserts", began);
    fixture.server.client("set global local_infile = 1");
    fixture.client("alter table files add primary key (l_orderkey); analyze table files");

    let url = fixture.server.url_of(&fixture.schema);
    for protocol in ["text", "binary"] {
        let mut connection = mysql_async::Conn::from_url(&url).await.unwrap();
        let began = Instant::now();
        let mut count = 0;
        if protocol == "text" {
            let mut result = connection.query_iter("select * from files").await.unwrap();
            while result.next().await.unwrap().is_some() {
                count += 1;
            }
        } else {
            let mut result = connection.exec_iter("select * from files", ()).await.unwrap();
            while result.next().await.unwrap().is_some() {
                count += 1;
            }
        }
        assert_eq!(count, rows);
        took(&format!("the driver, {protocol} protocol, rows only counted"), began);
    }
    for parts in [1, 2] {
        let began = Instant::now();
        assert_eq!(read(&fixture, parts).await as i64, rows);
        took(&format!("batches, {parts} parts"), began);
    }
    let began = Instant::now();
    let out = fixture
        .server
        .client_in(&fixture.schema, "select count(*) from files")
        .unwrap();
    assert_eq!(out, rows.to_string());
    took("counting on the server", began);
}
