//! What can be said about a server itself: what was used and changed, and how it is.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::Listed;

pub(super) const USAGE_EXAMPLES: &str = "\
Examples:
  tenon --server URL usage                                  # of all tenants, this month; the operator's
  tenon --server URL --tenant shop usage --by job --from 7d
  tenon --server URL --tenant shop usage --by run --from 1d # what each run used, and costs
  tenon --server URL --tenant shop usage --by day --from 2026-11-01 --to 2026-11-30 --json";

pub(super) const PRICES_EXAMPLES: &str = "\
Examples:
  tenon --server URL prices show
  tenon --server URL prices put prices.toml

where prices.toml is, per second of CPU time, 2^30 bytes, million rows and run:
  currency = \"EUR\"
  cpu_second = \"0.00002\"
  gib_read = \"0.01\"
  gib_written = \"0.02\"
  million_rows = \"0.001\"
  run = \"0.0005\"";

pub(super) const AUDIT_EXAMPLES: &str = "\
Examples:
  tenon --server URL --tenant shop audit list --since 7d
  tenon --server URL audit list                             # of all tenants and the server; the operator's
  tenon --server URL audit verify";

pub(super) const SERVER_EXAMPLES: &str = "\
Examples:
  tenon --server URL server health                          # needs no token
  tenon --server URL server show
  tenon --server URL server reload";

/// `usage`
#[derive(Debug, Args)]
pub struct UsageArguments {
    /// By what it is summed up
    #[arg(long, value_enum, default_value_t = UsageBy::Tenant)]
    pub by: UsageBy,

    /// From the day (UTC) of this time: 2026-11-01, or 7d ago [default: the first of this month]
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,

    /// To the day (UTC) of this time, which is part of it [default: today]
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
}

/// By what usage is summed up.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum UsageBy {
    /// A line for each tenant
    Tenant,
    /// A line for each job
    Job,
    /// A line for each day
    Day,
    /// A line for each run, the latest first
    Run,
}

/// What to do with prices.
#[derive(Debug, Subcommand)]
pub enum PricesCommand {
    /// Show what things cost
    Show,
    /// Say what things cost, also for what was used before
    Put {
        /// A file with the prices, in TOML, YAML or JSON
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
}

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List what was changed, the latest first: of the tenant, or of all
    List {
        /// Only since then: 2h, 7d, 2026-11-22 or 2026-11-22T02:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Only before then
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// How much is shown.
        #[command(flatten)]
        listed: Listed,
    },
    /// Look through the whole log for entries that were changed, put in or taken out
    Verify {
        /// The number of the last entry that was noted earlier
        #[arg(long, value_name = "NUMBER", requires = "hash")]
        number: Option<i64>,
        /// Its hash
        #[arg(long, value_name = "HASH", requires = "number")]
        hash: Option<String>,
    },
}

/// What to do with the server.
#[derive(Debug, Subcommand)]
pub enum ServerCommand {
    /// Show what the server is, and how much it has to do
    Show,
    /// Say whether the server lives, and whether it can take work
    Health,
    /// Have the server read its configuration again
    Reload,
    /// Print the server's figures, in Prometheus' text format
    Metrics,
    /// Print the OpenAPI document of what the server answers
    Document,
}
