//! How fast rows are read: `cargo test --release ... -- --ignored --nocapture speed`.

use std::time::Instant;

use futures::StreamExt;
use futures::future::join_all;
use tenon_database::ScanRequest;

use crate::support::{Fixture, describe, request, table};

const ROWS: usize = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn speed_of_lineitem() {
    let Some(fixture) = Fixture::new("postgres_read::speed") else {
        return;
    };
    fixture.psql(&format!(
        "create unlogged table lineitem (l_orderkey bigint not null, l_partkey bigint not null, l_suppkey bigint not null,
           l_linenumber int not null, l_quantity numeric(15,2) not null, l_extendedprice numeric(15,2) not null,
           l_discount numeric(15,2) not null, l_tax numeric(15,2) not null, l_returnflag char(1) not null,
           l_linestatus char(1) not null, l_shipdate date not null, l_commitdate date not null, l_receiptdate date not null,
           l_shipinstruct char(25) not null, l_shipmode char(10) not null, l_comment varchar(44) not null);
         insert into lineitem select i / 4, i * 7919 % 200000 + 1, i * 104729 % 10000 + 1, i % 4 + 1, i % 50 + 1,
           (i * 7919 % 10000000)::numeric(15,2) / 100 + 900, (i % 11)::numeric / 100, (i % 9)::numeric / 100,
           substr('NRA', 1 + (i % 3)::int, 1), substr('OF', 1 + (i % 2)::int, 1), date '1992-01-02' + (i % 2526)::int,
           date '1992-01-31' + (i % 2466)::int, date '1992-01-03' + (i % 2550)::int, 'DELIVER IN PERSON', 'REG AIR',
           substr('egular courts above the carefully final deposits sleep furiously', 1 + (i % 20)::int, 10 + (i % 34)::int)
           from generate_series(1::bigint, {ROWS}) i"
    ));
    fixture.psql("vacuum analyze lineitem");
    let database = fixture.open();
    let relation = table("lineitem");
    let description = describe(&database, &relation).await;
    for parts in [1, 2, 1, 2] {
        let begun = Instant::now();
        let scan = database
            .scan(ScanRequest {
                parts,
                ..request(&relation, &description)
            })
            .await
            .expect("a scan");
        let reads = (0..scan.parts()).map(|part| {
            let mut batches = scan.read(part);
            tokio::spawn(async move {
                let mut rows = 0;
                while let Some(batch) = batches.next().await {
                    rows += batch.expect("rows").num_rows();
                }
                rows
            })
        });
        let rows: usize = join_all(reads)
            .await
            .into_iter()
            .map(|rows| rows.expect("a part"))
            .sum();
        assert_eq!(rows, ROWS);
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "{parts} part(s): {seconds:.3} s, {:.2} million rows/s",
            ROWS as f64 / seconds / 1e6
        );
    }
    for form in ["csv", "binary"] {
        let begun = Instant::now();
        fixture.psql(&format!("copy lineitem to '/dev/null' (format {form})"));
        println!("the server alone, {form}: {:.3} s", begun.elapsed().as_secs_f64());
    }
}
