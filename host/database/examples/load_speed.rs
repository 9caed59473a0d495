//! How fast rows get to a new table of MariaDB, next to its own client's `load data` of a file that is ready.
//!
//! ```sh
//! cargo run --release -p tenon-database --features mysql --example load_speed -- 500000
//! ```

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use tenon_database::{
    Begun, ConnectionConfig, Driver, Error, LoadRequest, Mode, RejectedRows, TableName, WriteConfig, open,
};
use tenon_servers::MariaDb;

const BATCH: i64 = 8192;
const ROUNDS: usize = 5;

/// Rows like those of TPC-H's lineitem.
fn lineitem(from: i64) -> Result<RecordBatch> {
    let rows = from..from + BATCH;
    let numbers = |modulo: i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(
            rows.clone().map(|row| row * 7919 % modulo),
        ))
    };
    let decimals = |modulo: i128| -> Result<ArrayRef> {
        let values = rows.clone().map(|row| i128::from(row) * 104_729 % modulo);
        Ok(Arc::new(
            Decimal128Array::from_iter_values(values).with_precision_and_scale(15, 2)?,
        ))
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
    let lines = Int32Array::from_iter_values(rows.clone().map(|row| (row % 7) as i32));
    let comments = StringArray::from_iter_values(rows.clone().map(|row| format!("carefully deposits {row} haggle")));
    Ok(RecordBatch::try_from_iter([
        (
            "l_orderkey",
            Arc::new(Int64Array::from_iter_values(rows.clone())) as ArrayRef,
        ),
        ("l_partkey", numbers(200_000)),
        ("l_suppkey", numbers(10_000)),
        ("l_linenumber", Arc::new(lines)),
        ("l_quantity", decimals(5000)?),
        ("l_extendedprice", decimals(10_000_000)?),
        ("l_discount", decimals(11)?),
        ("l_tax", decimals(9)?),
        ("l_returnflag", choice(&["A", "N", "R"])),
        ("l_linestatus", choice(&["O", "F"])),
        ("l_shipdate", dates(0)),
        ("l_commitdate", dates(30)),
        ("l_receiptdate", dates(60)),
        ("l_shipinstruct", choice(&["DELIVER IN PERSON", "COLLECT COD", "NONE"])),
        ("l_shipmode", choice(&["TRUCK", "MAIL", "REG AIR", "SHIP"])),
        ("l_comment", Arc::new(comments)),
    ])?)
}

fn write_csv(batches: &[RecordBatch], file: &Path) -> Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    for batch in batches {
        let options = FormatOptions::default();
        let columns = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                let before = if index == 0 { "" } else { "," };
                write!(out, "{before}{}", column.value(row))?;
            }
            writeln!(out)?;
        }
    }
    Ok(out.flush()?)
}

/// A load without constraints refuses no row.
struct Nobody;

#[async_trait]
impl RejectedRows for Nobody {
    async fn reject(&self, _: &RecordBatch, reasons: &[String]) -> Result<(), Error> {
        Err(Error::Config {
            subject: "the rows".to_owned(),
            reason: reasons.join(", "),
        })
    }
}

async fn load(url: &str, run: usize, batches: &Arc<Vec<RecordBatch>>, writers: usize) -> Result<()> {
    let database = open(Driver::Mysql, &ConnectionConfig::new(url))?;
    let request = LoadRequest {
        table: TableName::new(None, "copy"),
        config: WriteConfig {
            mode: Mode::Error,
            ..WriteConfig::default()
        },
        schema: batches.first().context("there are no rows")?.schema(),
        run: format!("run-{run}"),
        sink: "copy".to_owned(),
    };
    let Begun::Ready(mut load) = database.begin(request).await? else {
        bail!("there is nothing to do");
    };
    let tasks: Vec<_> = (0..writers)
        .map(|partition| {
            let (mut writer, batches) = (load.writer(partition), Arc::clone(batches));
            tokio::spawn(async move {
                for batch in batches.iter().skip(partition).step_by(writers) {
                    writer.write(batch).await?;
                }
                writer.finish().await
            })
        })
        .collect();
    let mut parts = Vec::new();
    for task in tasks {
        parts.push(task.await??);
    }
    load.prepare(parts, &Nobody).await?;
    load.commit().await?;
    Ok(())
}

/// Seconds that a process has computed for, of Linux.
fn computed(process: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<&str> = status
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or_default()
    };
    (ticks(11) + ticks(12)) / 100.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[tokio::main]
async fn main() -> Result<()> {
    let rows: i64 = std::env::args().nth(1).map_or(Ok(200_000), |rows| rows.parse())?;
    let batches = (0..rows)
        .step_by(BATCH as usize)
        .map(lineitem)
        .collect::<Result<Vec<_>>>()?;
    let batches = Arc::new(batches);
    let server = MariaDb::start()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("rows.csv");
    write_csv(&batches, &file)?;
    let texts = "varchar(44) not null";
    let create = format!(
        "create table copy (l_orderkey bigint not null, l_partkey bigint not null, l_suppkey bigint not null, \
         l_linenumber int not null, l_quantity decimal(15,2) not null, l_extendedprice decimal(15,2) not null, \
         l_discount decimal(15,2) not null, l_tax decimal(15,2) not null, l_returnflag {texts}, l_linestatus {texts}, \
         l_shipdate date not null, l_commitdate date not null, l_receiptdate date not null, l_shipinstruct {texts}, \
         l_shipmode {texts}, l_comment {texts})"
    );
    let fill = format!(
        "load data local infile '{}' into table copy fields terminated by ',' optionally enclosed by '\"'",
        file.display()
    );
    let server_process = server.id().map(|id| id.to_string()).unwrap_or_default();
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); 4];
    for round in 0..ROUNDS {
        for (index, writers) in [0, 1, 2, 4].into_iter().enumerate() {
            server.client("drop table if exists copy");
            let before = (computed(&server_process), computed("self"));
            let began = if writers == 0 {
                server.client(&create);
                let began = Instant::now();
                server.client(&fill);
                began
            } else {
                let began = Instant::now();
                load(&server.url(), round * 10 + writers, &batches, writers).await?;
                began
            };
            let took = began.elapsed().as_secs_f64();
            times[index].push(took);
            let who = if writers == 0 {
                "client".to_owned()
            } else {
                format!("{writers} writers")
            };
            println!(
                "{who:<10} {took:.2} s, of the server {:.2}, of this process {:.2}",
                computed(&server_process) - before.0,
                computed("self") - before.1
            );
        }
    }
    let theirs = median(times[0].clone());
    for (index, writers) in [1, 2, 4].into_iter().enumerate() {
        println!(
            "{writers} writers against the client: {:.2}x",
            median(times[index + 1].clone()) / theirs
        );
    }
    Ok(())
}
