//! What can be said about a tenant's connections and secrets.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use serde_json::Value;

use super::super::parse_setting;
use super::{Listed, Named};

pub(super) const CONNECTION_EXAMPLES: &str = "\
Examples:
  tenon --server URL secret put etl-password < password.txt
  tenon --server URL connection put warehouse 'postgres://etl:${secret:etl-password}@db.example.com/shop'
  tenon --server URL connection test warehouse";

pub(super) const SECRET_EXAMPLES: &str = "\
Examples:
  tenon --server URL secret put api-key                       # asks for it
  tenon --server URL secret put api-key --file key.txt --job enrich
  tenon --server URL secret list";

/// What to do with connections.
#[derive(Debug, Subcommand)]
pub enum RemoteConnectionCommand {
    /// Store a connection; passwords in it are references to secrets: `${secret:NAME}`
    Put(PutConnection),
    /// List the connections
    List(Listed),
    /// Show a connection
    Show(Named),
    /// Have the server connect, and say what failed
    Test(Named),
    /// Delete a connection
    Delete(Named),
}

/// `connection put`
#[derive(Debug, Args)]
pub struct PutConnection {
    /// What the connection is called
    pub name: String,

    /// The database or store: `postgres://user@host:5432/database`, `s3://bucket/`
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    pub url: Option<String>,

    /// What speaks to it [default: what the URL's scheme says]
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    pub driver: Option<String>,

    /// What else the driver takes; the value is JSON, or else text
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_setting, conflicts_with = "file")]
    pub option: Vec<(String, Value)>,

    /// A file with `driver`, `url` and `options`, in TOML, YAML or JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
}

/// What to do with secrets.
#[derive(Debug, Subcommand)]
pub enum RemoteSecretCommand {
    /// Store a secret: what standard input holds, or what is typed
    Put(PutSecret),
    /// List the secrets, without values
    List(Listed),
    /// Show what is known of a secret, without its value
    Show(Named),
    /// Delete a secret
    Delete(Named),
}

/// `secret put`
#[derive(Debug, Args)]
pub struct PutSecret {
    /// What the secret is called
    pub name: String,

    /// Read it from this file rather than from standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,

    /// Only this job may use it [default: as it was; of a new secret, all]
    #[arg(long, value_name = "NAME")]
    pub job: Vec<String>,

    /// All jobs may use it
    #[arg(long, conflicts_with = "job")]
    pub any_job: bool,
}
