//! The orders that the job works on, and what tells one result from another.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::prelude::{ParquetReadOptions, SessionContext};

/// Rows generated at a time.
const CHUNK: usize = 100_000;
/// Rows of a row group.
const ROW_GROUP: usize = 250_000;
/// Start of the year 2025, in microseconds.
const NEW_YEAR: i64 = 1_735_689_600_000_000;
/// Customers; fewer than that order.
const CUSTOMERS: u64 = 1_000_000;

/// Countries, how many in a thousand orders come from there, and what a unit of their money is worth in euros.
const COUNTRIES: [(&str, u64, f64); 16] = [
    ("DE", 210, 1.0),
    ("FR", 140, 1.0),
    ("US", 130, 0.92),
    ("GB", 110, 1.17),
    ("IT", 80, 1.0),
    ("ES", 70, 1.0),
    ("NL", 50, 1.0),
    ("PL", 45, 0.23),
    ("AT", 35, 1.0),
    ("SE", 30, 0.088),
    ("CH", 30, 1.04),
    ("DK", 20, 0.134),
    ("CZ", 20, 0.0405),
    ("JP", 15, 0.0061),
    ("AU", 10, 0.6),
    ("NZ", 5, 0.55),
];

/// States, and how many in a hundred orders are in them.
const STATES: [(&str, u64); 5] = [
    ("paid", 40),
    ("shipped", 25),
    ("pending", 15),
    ("cancelled", 12),
    ("refunded", 8),
];

/// Files that the job reads.
pub struct Orders {
    pub orders: PathBuf,
    pub rates: PathBuf,
}

/// Writes the data, unless they are there already.
pub fn generate(folder: &Path, rows: usize) -> anyhow::Result<Orders> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let data = Orders {
        orders: folder.join(format!("orders-{rows}.parquet")),
        rates: folder.join("rates.parquet"),
    };
    if !data.orders.exists() {
        eprintln!("  generating {rows} orders");
        let starts = (0..rows).step_by(CHUNK);
        let chunks = starts.map(|start| chunk(start as u64, rows.min(start + CHUNK) as u64));
        write(&data.orders, chunks)?;
    }
    if !data.rates.exists() {
        write(&data.rates, std::iter::once(rates()))?;
    }
    Ok(data)
}

fn write(path: &Path, mut batches: impl Iterator<Item = anyhow::Result<RecordBatch>>) -> anyhow::Result<()> {
    let first = batches.next().context("there is nothing to write")??;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        // Several even in small data: a row group is what readers divide a file by.
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .build();
    // Under another name until it is whole, so that what was cut short is not taken for data.
    let draft = path.with_extension("draft");
    let mut writer = ArrowWriter::try_new(File::create(&draft)?, first.schema(), Some(properties))?;
    writer.write(&first)?;
    for batch in batches {
        writer.write(&batch?)?;
    }
    writer.close()?;
    Ok(std::fs::rename(draft, path)?)
}

fn chunk(start: u64, end: u64) -> anyhow::Result<RecordBatch> {
    let ids = start..end;
    let id = Int64Array::from_iter_values(ids.clone().map(|id| id as i64));
    // One every three seconds or so.
    let ts = ids
        .clone()
        .map(|id| NEW_YEAR + id as i64 * 3_000_000 + (random(id, 0) % 3_000_000) as i64);
    let customer = ids.clone().map(|id| {
        // The smaller of two draws: some customers come more often.
        let number = (random(id, 1) % CUSTOMERS).min(random(id, 2) % CUSTOMERS);
        format!("customer.{number:07}@example.com")
    });
    let country = ids
        .clone()
        .map(|id| pick(&COUNTRIES, |country| country.1, random(id, 3)).0);
    // Many small amounts, few large ones, in cents.
    let amount = ids.clone().map(|id| {
        let share = (random(id, 4) % 1_000_000) as f64 / 1e6;
        ((5.0 + 20.0 * (6.0 * share * share).exp()) * 100.0).round() / 100.0
    });
    let status = ids.map(|id| pick(&STATES, |state| state.1, random(id, 5)).0);
    let columns: [(&str, ArrayRef); 6] = [
        ("id", Arc::new(id)),
        ("ts", Arc::new(TimestampMicrosecondArray::from_iter_values(ts))),
        ("customer", Arc::new(StringArray::from_iter_values(customer))),
        ("country", Arc::new(StringArray::from_iter_values(country))),
        ("amount", Arc::new(Float64Array::from_iter_values(amount))),
        ("status", Arc::new(StringArray::from_iter_values(status))),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

fn rates() -> anyhow::Result<RecordBatch> {
    let columns: [(&str, ArrayRef); 2] = [
        (
            "country",
            Arc::new(StringArray::from_iter_values(COUNTRIES.map(|country| country.0))),
        ),
        (
            "rate",
            Arc::new(Float64Array::from_iter_values(COUNTRIES.map(|country| country.2))),
        ),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

fn pick<T>(choices: &[T], weight: impl Fn(&T) -> u64, random: u64) -> &T {
    let mut left = random % choices.iter().map(&weight).sum::<u64>();
    let chosen = choices.iter().find(|choice| {
        let found = left < weight(choice);
        left = left.saturating_sub(weight(choice));
        found
    });
    chosen.unwrap_or(&choices[0])
}

/// The same numbers every time: SplitMix64 of a row and a column.
fn random(row: u64, column: u64) -> u64 {
    let mut mixed = (row * 8 + column).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// What tells one result from another, whatever the order of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Checksum {
    rows: i64,
    ids: i64,
    euros: f64,
    /// Customer and order together, so that a hash in the wrong row is seen.
    first: String,
    last: String,
}

impl Checksum {
    /// Of the Parquet files in a folder.
    pub async fn of(folder: &Path) -> anyhow::Result<Self> {
        let session = SessionContext::new();
        let files = folder.to_string_lossy();
        session
            .register_parquet("t", format!("{files}/"), ParquetReadOptions::default())
            .await?;
        let sql = "select count(*), sum(id), sum(amount_eur), min(concat(customer, ' ', id)), \
                   max(concat(customer, ' ', id)) from t";
        let batches = session.sql(sql).await?.collect().await?;
        let batch = batches.first().context("a count without a row")?;
        let value = |column: usize| arrow::util::display::array_value_to_string(batch.column(column), 0);
        Ok(Self {
            rows: value(0)?.parse()?,
            ids: value(1)?.parse()?,
            euros: value(2)?.parse()?,
            first: value(3)?,
            last: value(4)?,
        })
    }

    /// Whether both are of the same rows. Sums of floats depend on the order.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let exact = |sum: &Self| (sum.rows, sum.ids, sum.first.clone(), sum.last.clone());
        exact(self) == exact(other) && (self.euros - other.euros).abs() <= 1e-9 * self.euros.abs()
    }
}
