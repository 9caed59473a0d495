//! What can be said about tenants and tokens.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};

use super::{Listed, Named};
use crate::args::parse_pair;
use crate::format::parse_duration;

pub(super) const TENANT_EXAMPLES: &str = "\
Examples:
  tenon --server URL tenant create shop --title 'The shop'
  tenon --server URL tenant quotas shop --set concurrent_runs=4 --set memory_bytes=2GiB --set hosts=db.example.com:5432
  tenon --server URL tenant suspend shop
  tenon --server URL tenant delete shop --force";

pub(super) const TOKEN_EXAMPLES: &str = "\
Examples:
  tenon --server URL --tenant shop token create ci --scope run --expires 90d --output ci.token
  tenon --server URL --tenant shop token rotate ci --grace 1h
  tenon --server URL token list --operator";

const QUOTAS_HELP: &str = "\
Examples:
  tenon --server URL tenant quotas shop
  tenon --server URL tenant quotas shop --set storage_prefixes=s3://lake/shop/,s3://lake/common/
  tenon --server URL tenant quotas shop --unset concurrent_runs

Quotas: concurrent_runs, queued_runs, sandboxes, memory_bytes, cpu_seconds_per_day, jobs, triggers,
events_per_minute, plugin_bytes, log_bytes, storage_prefixes and hosts (with commas between).
What a tenant does not have of its own is as the server's configuration says.";

const CREATE_EXAMPLES: &str = "\
Examples:
  tenon --server URL --tenant shop token create ci --scope run --expires 90d
  tenon --server URL --tenant shop token create dashboards --scope read --output dashboards.token
  tenon --server URL --tenant shop token create deploy --scope run,write

Scopes:
  read    look at everything but the values of secrets
  run     start, stop and repeat runs of jobs and workflows, and fire triggers; and read
  write   change jobs, triggers, workflows, plugins, connections, secrets and targets;
          and read. It starts no runs
  admin   everything of the tenant: run, write, its tokens and its audit log
  server  the operator's, with --operator: everything of all tenants, and tenants, quotas and prices

Prints the token's text, which is shown this once; with --output it goes into a file that only you can read.";

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Make a tenant
    Create {
        /// What the tenant is called
        name: String,
        /// What people call it
        #[arg(long, value_name = "TEXT", default_value = "")]
        title: String,
        /// Its share of the server under overload, against the others' weights
        #[arg(long, value_name = "1..1000", default_value_t = 1)]
        weight: u32,
    },
    /// List the tenants
    List(Listed),
    /// Show a tenant
    Show(Named),
    /// Show or change a tenant's own quotas
    #[command(after_help = QUOTAS_HELP)]
    Quotas(SetQuotas),
    /// Have a tenant look only: nothing can be changed, and nothing starts
    Suspend(Named),
    /// Have a suspended tenant work again
    Activate(Named),
    /// Delete a tenant
    Delete {
        /// The tenant
        name: String,
        /// With all that it has
        #[arg(long)]
        force: bool,
    },
}

/// `tenant quotas`
#[derive(Debug, Args)]
pub struct SetQuotas {
    /// The tenant
    pub name: String,

    /// A quota of its own; sizes as 64MiB, lists with commas between
    #[arg(long, value_name = "QUOTA=VALUE", value_parser = parse_pair)]
    pub set: Vec<(String, String)>,

    /// A quota that is to be as the server's configuration says
    #[arg(long, value_name = "QUOTA")]
    pub unset: Vec<String>,
}

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token
    #[command(after_help = CREATE_EXAMPLES)]
    Create(CreateToken),
    /// List the tokens
    List {
        /// Whose.
        #[command(flatten)]
        place: TokenPlace,
        /// How much is shown.
        #[command(flatten)]
        listed: Listed,
    },
    /// Show a token, without its text
    Show {
        /// Its id or name
        token: String,
        /// Whose.
        #[command(flatten)]
        place: TokenPlace,
    },
    /// Give a token another text; the old one is valid for a while
    Rotate(RotateToken),
    /// Make a token worth nothing
    Revoke {
        /// Its id or name
        token: String,
        /// Whose.
        #[command(flatten)]
        place: TokenPlace,
    },
}

/// Whose tokens.
#[derive(Clone, Copy, Debug, Args)]
pub struct TokenPlace {
    /// The operator's tokens rather than the tenant's
    #[arg(long)]
    pub operator: bool,
}

/// `token create`
#[derive(Debug, Args)]
pub struct CreateToken {
    /// What the token is called
    pub name: String,

    /// What it allows: read, run, write or admin, or several with commas between. The operator's is server
    #[arg(long, value_name = "SCOPE", required = true, value_delimiter = ',')]
    pub scope: Vec<String>,

    /// How it is given out.
    #[command(flatten)]
    pub issue: IssueToken,
}

/// `token rotate`
#[derive(Debug, Args)]
pub struct RotateToken {
    /// Its id or name
    pub token: String,

    /// For how long the old text is still valid [default: a day]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub grace: Option<Duration>,

    /// How it is given out.
    #[command(flatten)]
    pub issue: IssueToken,
}

/// How a token's text is given out.
#[derive(Debug, Args)]
pub struct IssueToken {
    /// For how long it is valid, such as 90d [default: for ever, or when it is rotated to the end that it has]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub expires: Option<Duration>,

    /// Write its text into this file, which must not be there, rather than to standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Whose.
    #[command(flatten)]
    pub place: TokenPlace,
}
