//! From MariaDB and to it.

use anyhow::ensure;
use serde_json::json;
use std::time::Instant;
use tenon_servers::MariaDb;
use tenon_tests::bench::{Figures, emptied};
use tenon_tests::peer::Peer;

use crate::postgres::{reading, writing};
use crate::process::{ratio, tenon};
use crate::rows::{CREATE, Rows};
use crate::{Bench, memory};

pub fn measure(bench: &Bench, data: &Rows, figures: &mut Figures) -> anyhow::Result<()> {
    let server = match MariaDb::start() {
        Ok(server) => server,
        Err(error) => {
            println!("SKIPPED MySQL: {error:#}");
            return Ok(());
        }
    };
    let load = |table: &str| {
        let file = data.csv.display();
        format!(
            "load data local infile '{file}' into table {table} fields terminated by ',' optionally enclosed by '\"'"
        )
    };
    server.client(CREATE);
    server.client(&load("lineitem"));
    server.client("analyze table lineitem");
    let folder = bench.folder.join("mysql");
    emptied(&folder)?;

    let job = reading(
        "mysql",
        &server.url(),
        "lineitem",
        &folder.join("lake/").to_string_lossy(),
    );
    let ours = || {
        let run = tenon(bench, &job)?;
        ensure!(
            run.report["rows_out"] == data.count,
            "{} rows were read",
            run.report["rows_out"]
        );
        Ok(run.seconds)
    };
    let theirs = || {
        let began = Instant::now();
        let text = server.client("select * from lineitem");
        ensure!(!text.is_empty(), "the client printed nothing");
        Ok(began.elapsed().as_secs_f64())
    };
    let against = ratio(bench.effort.rounds, ours, theirs)?;
    figures.note("MariaDB to Parquet, against the client printing all rows", against, "x");
    if let Some(python) = &bench.python {
        let mut connectorx = Peer::start(python, "sql_connectorx.py", &[server.url()])?;
        let request = json!({ "to": folder.join("connectorx.parquet") });
        let against = ratio(bench.effort.rounds, ours, || connectorx.ask(&request))?;
        figures.at_most("MariaDB to Parquet, against connectorx", against, "x", 1.0);
    }

    let drop_it = "drop table if exists copy";
    let create = CREATE
        .replace("table lineitem", "table copy")
        .replace(", primary key (l_orderkey, l_linenumber)", "");
    let job = writing("mysql", &server.url(), &data.parquet.to_string_lossy(), "error");
    let ours = || {
        server.client(drop_it);
        let run = tenon(bench, &job)?;
        ensure!(
            run.report["rows_out"] == data.count,
            "{} rows were written",
            run.report["rows_out"]
        );
        Ok(run.seconds)
    };
    let theirs = || {
        server.client(drop_it);
        server.client(&create);
        let began = Instant::now();
        server.client(&load("copy"));
        Ok(began.elapsed().as_secs_f64())
    };
    let against = ratio(bench.effort.rounds, ours, theirs)?;
    figures.at_most(
        "Parquet to a new table of MariaDB, against LOAD DATA of ready-made CSV",
        against,
        "x",
        1.15,
    );
    memory::measure(bench, data, "mysql", &server.url(), figures)
}
