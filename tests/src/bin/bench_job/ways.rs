//! The ways to do the orders job.

use std::path::Path;
use std::time::Instant;

use datafusion::common::config::TableParquetOptions;
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use serde_json::json;
use tenon_engine::{Engine, Progress};
use tenon_tests::guests::guest;
use tenon_tests::jobs;
use tenon_tests::peer::Peer;

use crate::orders::Orders;

/// SHA-256 of the customer as DataFusion computes it.
pub const SHA256: &str = "encode(sha256(customer), 'hex')";
/// Something that takes hardly any time, where a peer has no SHA-256.
pub const UPPER: &str = "upper(customer)";

/// Where Tenon makes something of the customer.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// SHA-256 in the plugin, in the sandbox.
    Guest,
    /// An expression that the plugin asks the host for.
    Kernel(&'static str),
    /// An expression in the query, without any plugin.
    Sql(&'static str),
}

/// A way to do the job.
pub enum Way<'a> {
    /// DataFusion in this process, as anybody would write it, with an expression for the customer.
    Plain(&'static str),
    Tenon(&'a Engine, Step),
    /// A peer, and what it calls what it makes of the customer.
    Peer(&'a mut Peer, &'static str),
}

impl Way<'_> {
    /// Does the job; how many seconds it took. `to` is a folder that does not exist.
    pub async fn run(&mut self, data: &Orders, compression: &str, to: &Path) -> anyhow::Result<f64> {
        match self {
            Self::Plain(expression) => {
                let began = Instant::now();
                plain(data, expression, compression, to).await?;
                Ok(began.elapsed().as_secs_f64())
            }
            Self::Tenon(engine, step) => {
                let job = jobs::job(&job_file(&data.orders, &data.rates, *step, compression, to)?)?;
                let began = Instant::now();
                engine.run(&job, &Progress::default()).await?;
                Ok(began.elapsed().as_secs_f64())
            }
            Self::Peer(peer, hash) => peer.ask(&json!({ "hash": hash, "compression": compression, "to": to })),
        }
    }
}

fn query(customer: &str) -> String {
    format!(
        "select o.id, o.ts, {customer} as customer, o.country, o.amount, o.amount * r.rate as amount_eur \
         from orders o join rates r using (country) where o.status = 'paid'"
    )
}

async fn plain(data: &Orders, expression: &str, compression: &str, to: &Path) -> anyhow::Result<()> {
    let session = SessionContext::new();
    for (name, file) in [("orders", &data.orders), ("rates", &data.rates)] {
        let file = file.to_string_lossy();
        session
            .register_parquet(name, file, ParquetReadOptions::default())
            .await?;
    }
    let mut parquet = TableParquetOptions::default();
    // The level that Tenon takes by itself.
    let compression = if compression == "zstd" { "zstd(1)" } else { compression };
    parquet.global.compression = Some(compression.to_owned());
    let options = DataFrameWriteOptions::new().with_single_file_output(false);
    let to = format!("{}/", to.display());
    session
        .sql(&query(expression))
        .await?
        .write_parquet(&to, options, Some(parquet))
        .await?;
    Ok(())
}

/// The job as a job file.
pub fn job_file(orders: &Path, rates: &Path, step: Step, compression: &str, to: &Path) -> anyhow::Result<String> {
    let customer = match step {
        Step::Sql(expression) => expression,
        _ => "o.customer",
    };
    let plugin = guest("orders")?;
    let hashed = match step {
        Step::Sql(_) => String::new(),
        Step::Guest => format!("plugin = \"{}\"\nfunction = \"hash\"\n", plugin.display()),
        Step::Kernel(expression) => format!(
            "plugin = \"{}\"\nfunction = \"kernel\"\nconfig = {{ expression = \"{expression}\" }}\n",
            plugin.display()
        ),
    };
    let (hashed, last) = if hashed.is_empty() {
        (hashed, "paid")
    } else {
        (format!("[steps.hashed]\nfrom = \"paid\"\n{hashed}"), "hashed")
    };
    let (orders, rates, to, query) = (orders.display(), rates.display(), to.display(), query(customer));
    Ok(format!(
        r#"name = "orders"
[sources.orders]
url = "{orders}"
[sources.rates]
url = "{rates}"
[steps.paid]
sql = "{query}"
{hashed}
[sinks.lake]
from = "{last}"
url = "{to}/"
mode = "overwrite"
parquet = {{ compression = "{compression}" }}
"#
    ))
}
