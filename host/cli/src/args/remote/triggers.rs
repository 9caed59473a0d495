//! What can be said about a server's triggers.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use serde_json::Value;

use super::super::parse_setting;
use super::{ListOf, Listed, Named};

pub(super) const EXAMPLES: &str = "\
Examples:
  tenon --server URL trigger put nightly --schedule '0 2 * * *' --time-zone Europe/Berlin --job copy --enable
  tenon --server URL trigger put arrivals --file arrivals.toml
  tenon --server URL trigger fire nightly --arg year=2013";

const PUT_EXAMPLES: &str = "\
Examples:
  Every night at two, whatever daylight saving does:
    tenon --server URL trigger put nightly --schedule '0 2 * * *' --time-zone Europe/Berlin --job copy --enable

  By hand only:
    tenon --server URL trigger put again --on-demand --workflow nightly

  Anything else, by its definition in TOML, YAML or JSON:
    tenon --server URL trigger put arrivals --file arrivals.toml

  where arrivals.toml is:
    [when.event.source.objects]
    url = \"s3://lake/in/\"
    [[actions]]
    job = \"copy\"

A new trigger waits for nothing until it is enabled.";

const CALL_EXAMPLES: &str = "\
Examples:
  tenon --server URL trigger call arrivals --body push.json --headers headers.txt

where headers.txt has the headers that sign the call, a line each:
  X-Hub-Signature-256: sha256=...";

/// What to do with triggers.
#[derive(Debug, Subcommand)]
pub enum TriggerCommand {
    /// Store a trigger: what it waits for, and what it starts
    #[command(after_help = PUT_EXAMPLES)]
    Put(PutTrigger),
    /// List the triggers
    List(Listed),
    /// Show a trigger
    Show(Named),
    /// Delete a trigger
    Delete(Named),
    /// Have a trigger wait for what it is for
    Enable(Named),
    /// Have a trigger wait for nothing
    Disable(Named),
    /// Do what a trigger does, now
    Fire {
        /// The trigger
        name: String,
        /// An argument over those of its actions: JSON, or else text
        #[arg(long, value_name = "NAME=VALUE", value_parser = parse_setting)]
        arg: Vec<(String, Value)>,
        /// Do it once, however often this command is given with this key
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
    },
    /// List when a trigger fired, or did not, the latest first
    Firings(ListOf),
    /// Call a trigger's webhook as somebody outside does
    #[command(after_help = CALL_EXAMPLES)]
    Call(CallTrigger),
}

/// `trigger put`
#[derive(Debug, Args)]
pub struct PutTrigger {
    /// What the trigger is called
    pub name: String,

    /// A file with its definition, in TOML, YAML or JSON
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        required_unless_present_any = ["schedule", "on_demand"],
        conflicts_with_all = ["schedule", "on_demand", "job", "workflow", "arg", "description"]
    )]
    pub file: Option<PathBuf>,

    /// When it fires: five fields of cron, or Glue's six: '0 2 * * *'
    #[arg(long, value_name = "CRON", conflicts_with = "on_demand")]
    pub schedule: Option<String>,

    /// In which time zone the schedule is meant [default: UTC]
    #[arg(long, value_name = "ZONE", requires = "schedule")]
    pub time_zone: Option<String>,

    /// It fires when it is told to
    #[arg(long)]
    pub on_demand: bool,

    /// A job that it starts
    #[arg(long, value_name = "NAME")]
    pub job: Vec<String>,

    /// A workflow that it starts
    #[arg(long, value_name = "NAME")]
    pub workflow: Vec<String>,

    /// An argument of what it starts: JSON, or else text
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_setting)]
    pub arg: Vec<(String, Value)>,

    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,

    /// Have it wait for what it is for at once
    #[arg(long)]
    pub enable: bool,
}

/// `trigger call`
#[derive(Debug, Args)]
pub struct CallTrigger {
    /// The trigger
    pub name: String,

    /// A file with the body; standard input if it is left out
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub body: Option<PathBuf>,

    /// A file with the headers that sign the call, `Name: value` in each line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub headers: Option<PathBuf>,

    /// What the body is
    #[arg(long, value_name = "MEDIA TYPE", default_value = "application/json")]
    pub content_type: String,
}
