//! How fast a new table is written, next to `psql \copy` of the same rows on the same server. Not run by default:
//! `cargo test --test postgres_write speed -- --ignored --nocapture`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray};
use tenon_database::{Load, Mode};

use super::support::{Fixture, NoneRejected, batch, ready, request, to};

const ROWS: i64 = 1_000_000;
const BATCH: i64 = 8192;
const TABLE: &str = "l_orderkey bigint, l_partkey bigint, l_suppkey bigint, l_linenumber integer, l_quantity numeric(15,2), \
    l_extendedprice numeric(15,2), l_discount numeric(15,2), l_tax numeric(15,2), l_returnflag text, l_linestatus text, \
    l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct text, l_shipmode text, l_comment text";

fn lineitem(from: i64) -> RecordBatch {
    let ids: Vec<i64> = (from..(from + BATCH).min(ROWS)).collect();
    // A number that looks random and is the same each time.
    let mixed = |salt: i64, below: i64| -> Vec<i64> {
        let mix = |id: &i64| (id.wrapping_add(salt).wrapping_mul(0x5851_F42D_4C95_7F2D) >> 20).rem_euclid(below);
        ids.iter().map(mix).collect()
    };
    let long = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
    let decimal = |values: Vec<i64>| -> ArrayRef {
        let array = Decimal128Array::from_iter_values(values.into_iter().map(i128::from));
        Arc::new(array.with_precision_and_scale(15, 2).expect("it fits"))
    };
    let date = |values: Vec<i64>| -> ArrayRef {
        Arc::new(Date32Array::from_iter_values(
            values.into_iter().map(|day| 8000 + i32::try_from(day).expect("small")),
        ))
    };
    let one_of = |values: Vec<i64>, texts: &[&str]| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            values.into_iter().map(|at| texts[usize::try_from(at).expect("small")]),
        ))
    };
    let words = [
        "carefully",
        "final",
        "deposits",
        "sleep",
        "quickly",
        "regular",
        "accounts",
        "haggle",
    ];
    let comment = |seed: i64| -> String {
        (0..=seed % 5)
            .map(|at| words[usize::try_from((seed >> (3 * at)) % 8).expect("small")])
            .collect::<Vec<_>>()
            .join(" ")
    };
    batch(vec![
        ("l_orderkey", long(ids.iter().map(|id| id / 4).collect())),
        ("l_partkey", long(mixed(1, 200_000))),
        ("l_suppkey", long(mixed(2, 10_000))),
        (
            "l_linenumber",
            Arc::new(Int32Array::from_iter_values(
                ids.iter().map(|id| i32::try_from(id % 4).expect("small")),
            )),
        ),
        (
            "l_quantity",
            decimal(mixed(3, 50).into_iter().map(|quantity| quantity * 100).collect()),
        ),
        ("l_extendedprice", decimal(mixed(4, 10_000_000))),
        ("l_discount", decimal(mixed(5, 11))),
        ("l_tax", decimal(mixed(6, 9))),
        ("l_returnflag", one_of(mixed(7, 3), &["A", "N", "R"])),
        ("l_linestatus", one_of(mixed(8, 2), &["F", "O"])),
        ("l_shipdate", date(mixed(9, 2500))),
        ("l_commitdate", date(mixed(10, 2500))),
        ("l_receiptdate", date(mixed(11, 2500))),
        (
            "l_shipinstruct",
            one_of(
                mixed(12, 4),
                &["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"],
            ),
        ),
        (
            "l_shipmode",
            one_of(
                mixed(13, 7),
                &["AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"],
            ),
        ),
        (
            "l_comment",
            Arc::new(StringArray::from_iter_values(
                mixed(14, 1 << 15).into_iter().map(comment),
            )),
        ),
    ])
}

fn csv(batches: &[RecordBatch]) -> Vec<u8> {
    let mut csv = Vec::new();
    let mut writer = arrow::csv::WriterBuilder::new().with_header(false).build(&mut csv);
    for batch in batches {
        writer.write(batch).expect("written");
    }
    drop(writer);
    csv
}

async fn load(on: &Fixture, run: &str, batches: &[RecordBatch], writers: usize) -> Duration {
    let start = Instant::now();
    let load = ready(
        on.database()
            .begin(request(run, to(&format!("t_{run}"), Mode::Error), &batches[0]))
            .await
            .expect("begun"),
    );
    let mut load: Box<dyn Load> = load;
    let mut tasks = Vec::new();
    for partition in 0..writers {
        let mut writer = load.writer(partition);
        let batches: Vec<RecordBatch> = batches.iter().skip(partition).step_by(writers).cloned().collect();
        tasks.push(tokio::spawn(async move {
            for batch in &batches {
                writer.write(batch).await?;
            }
            writer.finish().await
        }));
    }
    let mut parts = Vec::new();
    for task in tasks {
        parts.push(task.await.expect("no panic").expect("written"));
    }
    let written = start.elapsed();
    load.prepare(parts, &NoneRejected).await.expect("prepared");
    load.commit().await.expect("committed");
    println!("  copying {written:.2?}, all {:.2?}", start.elapsed());
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn speed_of_a_new_table() {
    let Some(on) = Fixture::new("speed") else { return };
    let batches: Vec<RecordBatch> = (0..ROWS).step_by(BATCH as usize).map(lineitem).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("lineitem.csv");
    std::fs::write(&file, csv(&batches)).expect("written");
    let mut report = String::new();
    for round in 0..3 {
        on.psql(&format!("create table c{round} ({TABLE})"));
        let start = Instant::now();
        on.psql(&format!("\\copy c{round} from '{}' csv", file.display()));
        let copy = start.elapsed();
        // What a staging table would cost that is logged at its end only.
        on.psql(&format!("create unlogged table u{round} ({TABLE})"));
        let start = Instant::now();
        on.psql(&format!("\\copy u{round} from '{}' csv", file.display()));
        let unlogged = start.elapsed();
        on.psql(&format!("alter table u{round} set logged"));
        writeln!(
            report,
            "\\copy to an unlogged table {unlogged:.2?}, with `set logged` {:.2?}",
            start.elapsed()
        )
        .expect("written");
        on.psql(&format!("drop table u{round}"));
        for writers in [1, 2] {
            let ours = load(&on, &format!("{round}_{writers}"), &batches, writers).await;
            let ratio = ours.as_secs_f64() / copy.as_secs_f64();
            writeln!(report, "\\copy {copy:.2?}, {writers} writers {ours:.2?}: {ratio:.2}").expect("written");
            assert_eq!(
                on.psql(&format!("select count(*) from t_{round}_{writers}")),
                ROWS.to_string()
            );
            on.psql(&format!("drop table t_{round}_{writers}"));
        }
        on.psql(&format!("drop table c{round}"));
    }
    println!("{report}");
}
