//! Rows of TPC-H's lineitem, as Parquet and as CSV.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use arrow::array::RecordBatch;
use arrow::csv::WriterBuilder;
use arrow::record_batch::RecordBatchReader;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;
use tpchgen::generators::LineItemGenerator;
use tpchgen_arrow::LineItemArrow;

/// Rows of lineitem at scale factor 1, a little fewer than there are.
const ROWS_OF_SCALE_1: f64 = 6_000_000.0;

/// The table as Postgres and MySQL both understand it.
pub const CREATE: &str = "create table lineitem (l_orderkey bigint not null, l_partkey bigint not null, \
    l_suppkey bigint not null, l_linenumber integer not null, l_quantity decimal(15,2) not null, \
    l_extendedprice decimal(15,2) not null, l_discount decimal(15,2) not null, l_tax decimal(15,2) not null, \
    l_returnflag varchar(1) not null, l_linestatus varchar(1) not null, l_shipdate date not null, \
    l_commitdate date not null, l_receiptdate date not null, l_shipinstruct varchar(25) not null, \
    l_shipmode varchar(10) not null, l_comment varchar(44) not null, \
    primary key (l_orderkey, l_linenumber))";

/// The rows in files.
pub struct Rows {
    pub count: usize,
    pub parquet: PathBuf,
    /// Without a header.
    pub csv: PathBuf,
}

/// Writes the files unless they are there already.
pub fn generate(folder: &Path, rows: usize) -> anyhow::Result<Rows> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let data = Rows {
        count: rows,
        parquet: folder.join(format!("lineitem-{rows}.parquet")),
        csv: folder.join(format!("lineitem-{rows}.csv")),
    };
    if !data.parquet.exists() || !data.csv.exists() {
        eprintln!("    generating {rows} rows of lineitem");
        write(&data)?;
    }
    Ok(data)
}

fn write(data: &Rows) -> anyhow::Result<()> {
    let scale = data.count as f64 / ROWS_OF_SCALE_1 * 1.02;
    let batches = LineItemArrow::new(LineItemGenerator::new(scale, 1, 1));
    let schema = batches.schema();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(1 << 19))
        .build();
    let drafts = [data.parquet.with_extension("draft"), data.csv.with_extension("draft2")];
    let mut parquet = ArrowWriter::try_new(File::create(&drafts[0])?, Arc::clone(&schema), Some(properties))?;
    let mut csv = WriterBuilder::new()
        .with_header(false)
        .build(BufWriter::new(File::create(&drafts[1])?));
    let mut left = data.count;
    for batch in batches {
        let batch: RecordBatch = batch?;
        let batch = batch.slice(0, batch.num_rows().min(left));
        left -= batch.num_rows();
        parquet.write(&batch)?;
        csv.write(&batch)?;
        if left == 0 {
            break;
        }
    }
    anyhow::ensure!(left == 0, "the generator made {left} rows too few");
    parquet.close()?;
    csv.into_inner().flush()?;
    std::fs::rename(&drafts[0], &data.parquet)?;
    std::fs::rename(&drafts[1], &data.csv)?;
    Ok(())
}
