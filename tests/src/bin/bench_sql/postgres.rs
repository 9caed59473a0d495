//! From Postgres and to it.

use std::process::Command;

use anyhow::ensure;
use serde_json::json;
use tenon_servers::Postgres;
use tenon_tests::bench::{Figures, emptied};
use tenon_tests::peer::Peer;

use crate::process::{ratio, tenon, timed};
use crate::rows::{CREATE, Rows};
use crate::{Bench, incremental, memory};

pub fn measure(bench: &Bench, data: &Rows, figures: &mut Figures) -> anyhow::Result<()> {
    let server = Postgres::start()?;
    server.psql(CREATE);
    server.psql(&format!("\\copy lineitem from '{}' csv", data.csv.display()));
    server.psql("vacuum analyze lineitem");
    read(bench, data, &server, figures)?;
    write(bench, data, &server, figures)?;
    memory::measure(bench, data, "postgres", &server.url(), figures)?;
    incremental::measure(bench, "postgres", &server.url(), figures)
}

/// A job that reads the table into a folder of Parquet files.
pub fn reading(connector: &str, url: &str, table: &str, to: &str) -> String {
    format!(
        "name = \"read\"\n[sources.lineitem]\nconnector = \"{connector}\"\nurl = \"{url}\"\ntable = \"{table}\"\n\
         [sinks.lake]\nfrom = \"lineitem\"\nurl = \"{to}\"\nformat = \"parquet\"\nmode = \"overwrite\"\n\
         parquet = {{ compression = \"snappy\" }}\n"
    )
}

/// A job that writes Parquet into a table.
pub fn writing(connector: &str, url: &str, from: &str, mode: &str) -> String {
    format!(
        "name = \"write\"\n[sources.lineitem]\nurl = \"{from}\"\n\
         [sinks.copy]\nfrom = \"lineitem\"\nconnector = \"{connector}\"\nurl = \"{url}\"\ntable = \"copy\"\n\
         mode = \"{mode}\"\n"
    )
}

fn read(bench: &Bench, data: &Rows, server: &Postgres, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = bench.folder.join("postgres");
    emptied(&folder)?;
    let to = folder.join("lake/");
    let job = reading("postgres", &server.url(), "lineitem", &to.to_string_lossy());
    let ours = || {
        let run = tenon(bench, &job)?;
        ensure!(
            run.report["rows_out"] == data.count,
            "{} rows were read",
            run.report["rows_out"]
        );
        Ok(run.seconds)
    };
    let csv = folder.join("lineitem.csv");
    let copy = format!("\\copy lineitem to '{}' csv", csv.display());
    let to_csv = || Ok(timed(Command::new("psql").arg(server.url()).args(["-q", "-c", &copy]))?.0);
    let against = ratio(bench.effort.rounds, ours, to_csv)?;
    figures.note("Postgres to Parquet, against `psql \\copy` to CSV alone", against, "x");
    let Some(python) = &bench.python else { return Ok(()) };

    let mut duckdb = Peer::start(python, "sql_duckdb.py", &[] as &[&str])?;
    let converted = folder.join("duckdb.parquet");
    let convert = json!({ "csv": csv, "to": converted });
    let with_conversion = || Ok(to_csv()? + duckdb.ask(&convert)?);
    let against = ratio(bench.effort.rounds, ours, with_conversion)?;
    figures.at_most(
        "Postgres to Parquet, against `psql \\copy` and DuckDB's conversion",
        against,
        "x",
        1.0,
    );
    drop(duckdb);

    let mut connectorx = Peer::start(python, "sql_connectorx.py", &[server.url()])?;
    let request = json!({ "to": folder.join("connectorx.parquet") });
    let against = ratio(bench.effort.rounds, ours, || connectorx.ask(&request))?;
    figures.at_most("Postgres to Parquet, against connectorx", against, "x", 1.0);
    drop(connectorx);
    dlt_reads(bench, data, server, figures)
}

/// dlt takes its time: it gets a tenth of the rows, and so do we.
fn dlt_reads(bench: &Bench, data: &Rows, server: &Postgres, figures: &mut Figures) -> anyhow::Result<()> {
    let Some(python) = &bench.python else { return Ok(()) };
    let folder = bench.folder.join("dlt");
    emptied(&folder)?;
    let rows = data.count / 10;
    server.psql(&format!("create table tenth as select * from lineitem limit {rows}"));
    server.psql("vacuum analyze tenth");
    let job = reading(
        "postgres",
        &server.url(),
        "tenth",
        &folder.join("lake/").to_string_lossy(),
    );
    let ours = || Ok(tenon(bench, &job)?.seconds);
    let mut dlt = Peer::start(
        python,
        "sql_dlt.py",
        &[server.url().as_str(), &folder.to_string_lossy()],
    )?;
    let against = ratio(1, ours, || dlt.ask(&json!({ "read": "tenth" })))?;
    figures.at_least("Postgres to Parquet, times as fast as dlt", 1.0 / against, "x", 5.0);
    let parquet = folder.join("tenth.parquet");
    let job = reading("postgres", &server.url(), "tenth", &parquet.to_string_lossy());
    tenon(bench, &job)?;
    let job = writing("postgres", &server.url(), &parquet.to_string_lossy(), "overwrite");
    let ours = || Ok(tenon(bench, &job)?.seconds);
    let against = ratio(1, ours, || dlt.ask(&json!({ "write": parquet })))?;
    figures.at_least("Parquet to Postgres, times as fast as dlt", 1.0 / against, "x", 5.0);
    Ok(())
}

fn write(bench: &Bench, data: &Rows, server: &Postgres, figures: &mut Figures) -> anyhow::Result<()> {
    let drop_it = "drop table if exists copy";
    let job = writing("postgres", &server.url(), &data.parquet.to_string_lossy(), "error");
    let ours = || {
        server.psql(drop_it);
        let run = tenon(bench, &job)?;
        ensure!(
            run.report["rows_out"] == data.count,
            "{} rows were written",
            run.report["rows_out"]
        );
        Ok(run.seconds)
    };
    // Ours has no key either.
    let create = CREATE
        .replace("table lineitem", "table copy")
        .replace(", primary key (l_orderkey, l_linenumber)", "");
    let copy = format!("\\copy copy from '{}' csv", data.csv.display());
    let theirs = || {
        server.psql(drop_it);
        server.psql(&create);
        Ok(timed(Command::new("psql").arg(server.url()).args(["-q", "-c", &copy]))?.0)
    };
    let against = ratio(bench.effort.rounds, ours, theirs)?;
    figures.at_most(
        "Parquet to a new table of Postgres, against `psql \\copy` of ready-made CSV",
        against,
        "x",
        1.15,
    );
    Ok(())
}
