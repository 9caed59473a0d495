//! What can be said to a server: `tenon --server URL ...`, which has commands of its own.

mod access;
mod jobs;
mod plugins;
mod runs;
mod server;
mod stores;
mod targets;
mod triggers;
mod whole;
mod workflows;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueHint};

use crate::format::parse_duration;

pub use access::{CreateToken, IssueToken, RotateToken, SetQuotas, TenantCommand, TokenCommand, TokenPlace};
pub use jobs::{JobBookmarkCommand, JobCommand, PutJob, StartJob};
pub use plugins::{CanaryPlugin, PluginCommand, PushPlugin};
pub use runs::{LogsOfRun, RunCommand, RunFilter};
pub use server::{AuditCommand, PricesCommand, ServerCommand, UsageArguments, UsageBy};
pub use stores::{PutConnection, PutSecret, RemoteConnectionCommand, RemoteSecretCommand};
pub use targets::{DeliveryState, EventCommand, EventFilter, PutTarget, TargetCommand};
pub use triggers::{CallTrigger, PutTrigger, TriggerCommand};
pub use whole::whole;
pub use workflows::{PictureArguments, PropertyCommand, PutWorkflow, StartWorkflow, WorkflowCommand};

/// What stands before the commands of a server.
const SERVER: &str = "--server";

const EXAMPLES: &str = "\
Examples:
  export TENON_TOKEN=tnn_... TENON_TENANT=shop
  tenon --server https://tenon.example.com job put copy.toml
  tenon --server https://tenon.example.com job start copy --arg year=2013 --follow
  tenon --server https://tenon.example.com run list --state FAILED --since 2d
  tenon --server https://tenon.example.com usage --by day

Exit codes:
  0    it worked; of a run that was followed: it succeeded
  1    it did not; the run failed; the server cannot be reached
  2    the command line makes no sense
  3    the server refused it: no such thing, not allowed, or not right
  4    a limit was reached: the server's, the tenant's, or the run's memory or time
  130  interrupted: what was followed goes on; or the run was stopped

Environment:
  TENON_TOKEN   who asks; or --token-file. There is no option for it, which others could see
  TENON_TENANT  the tenant, instead of --tenant
  NO_COLOR      no colours";

/// Asks a Tenon server: jobs, runs, triggers, workflows, plugins and all else that it has.
#[derive(Debug, Parser)]
#[command(name = "tenon", version, after_help = EXAMPLES)]
pub struct RemoteArguments {
    /// Which server, and how it is spoken to.
    #[command(flatten)]
    pub options: RemoteOptions,

    /// What to ask.
    #[command(subcommand)]
    pub command: RemoteCommand,
}

/// Which server, and how it is spoken to.
#[derive(Debug, Args)]
pub struct RemoteOptions {
    /// The server's address: https://tenon.example.com
    #[arg(long, value_name = "URL")]
    pub server: String,

    /// The tenant whose things are meant; most tokens are of one tenant only
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "TENON_TENANT",
        help_heading = "Server"
    )]
    pub tenant: Option<String>,

    /// Read the token from this file rather than from TENON_TOKEN
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Server")]
    pub token_file: Option<PathBuf>,

    /// Trust the certificates in this file, in PEM, besides the system's
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Server")]
    pub ca_file: Option<PathBuf>,

    /// Send the token unencrypted to another machine: everybody on the way can read it
    #[arg(long, global = true, help_heading = "Server")]
    pub insecure_http: bool,

    /// How long to wait for an answer
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        value_parser = parse_duration,
        default_value = "60s",
        help_heading = "Server"
    )]
    pub answer_timeout: Duration,

    /// Print what the server answers, as JSON
    #[arg(long, global = true)]
    pub json: bool,

    /// Say less: no progress, no confirmations, errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Say more; twice for details, three times for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// What to ask.
#[derive(Debug, Subcommand)]
pub enum RemoteCommand {
    /// Store, list, show, start and delete jobs; their bookmarks
    #[command(subcommand, after_help = jobs::EXAMPLES)]
    Job(JobCommand),
    /// List, show, watch, stop and repeat runs; their logs
    #[command(subcommand, after_help = runs::EXAMPLES)]
    Run(RunCommand),
    /// Store, list, show, enable, disable, fire and delete triggers
    #[command(subcommand, after_help = triggers::EXAMPLES)]
    Trigger(TriggerCommand),
    /// Store, list, draw, start, stop and resume workflows
    #[command(subcommand, after_help = workflows::EXAMPLES)]
    Workflow(WorkflowCommand),
    /// Push, list, promote and roll back versions of plugins
    #[command(subcommand, after_help = plugins::EXAMPLES)]
    Plugin(PluginCommand),
    /// Store, list, show, test and delete connections to databases and stores
    #[command(subcommand, after_help = stores::CONNECTION_EXAMPLES)]
    Connection(RemoteConnectionCommand),
    /// Store, list and delete secrets; no answer has their values
    #[command(subcommand, after_help = stores::SECRET_EXAMPLES)]
    Secret(RemoteSecretCommand),
    /// Where events are delivered: webhooks, e-mail, Slack
    #[command(subcommand, after_help = targets::TARGET_EXAMPLES)]
    Target(TargetCommand),
    /// List or follow what happens
    #[command(subcommand, after_help = targets::EVENT_EXAMPLES)]
    Event(EventCommand),
    /// Make, list, show and delete tenants; their quotas
    #[command(subcommand, after_help = access::TENANT_EXAMPLES)]
    Tenant(TenantCommand),
    /// Make, list, rotate and revoke tokens
    #[command(subcommand, after_help = access::TOKEN_EXAMPLES)]
    Token(TokenCommand),
    /// What was used, by tenant, job or day, and what it costs
    #[command(after_help = server::USAGE_EXAMPLES)]
    Usage(UsageArguments),
    /// What things cost
    #[command(subcommand, after_help = server::PRICES_EXAMPLES)]
    Prices(PricesCommand),
    /// Who changed what
    #[command(subcommand, after_help = server::AUDIT_EXAMPLES)]
    Audit(AuditCommand),
    /// The server itself: whether it is well, and what it has to do
    #[command(subcommand, after_help = server::SERVER_EXAMPLES)]
    Server(ServerCommand),
}

/// How much of a list is shown.
#[derive(Debug, Args)]
pub struct Listed {
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// Something by its name.
#[derive(Debug, Args)]
pub struct Named {
    /// Its name
    pub name: String,
}

/// A list about something.
#[derive(Debug, Args)]
pub struct ListOf {
    /// Its name
    pub name: String,

    /// How much is shown.
    #[command(flatten)]
    pub listed: Listed,
}

/// Whether the command line is meant for a server: `--server` comes before the command.
pub fn is_meant(arguments: impl IntoIterator<Item = OsString>) -> bool {
    /// Those of the options that can stand before it and are followed by a value.
    const WITH_VALUE: [&str; 4] = ["--tenant", "--token-file", "--ca-file", "--answer-timeout"];
    let mut arguments = arguments.into_iter().skip(1);
    while let Some(argument) = arguments.next() {
        let Some(argument) = argument.to_str() else {
            return false;
        };
        if argument == SERVER || argument.strip_prefix(SERVER).is_some_and(|rest| rest.starts_with('=')) {
            return true;
        }
        if !argument.starts_with('-') {
            return false;
        }
        if WITH_VALUE.contains(&argument) {
            arguments.next();
        }
    }
    false
}

/// Whether only servers have a command of this name.
pub fn of_server(name: &str) -> bool {
    let has = |command: &clap::Command| command.find_subcommand(name).is_some();
    has(&RemoteArguments::command()) && !has(&super::Arguments::command())
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        RemoteArguments::command().debug_assert();
    }

    #[test]
    fn a_server_is_meant_where_it_comes_before_the_command() {
        let meant = |line: &str| is_meant(line.split(' ').map(OsString::from));
        assert!(meant("tenon --server http://x job list"));
        assert!(meant("tenon -v --tenant shop --server=http://x job list"));
        assert!(!meant("tenon run job.toml --server http://x"));
        assert!(!meant("tenon --servers x"));
        assert!(!meant("tenon"));
    }
}
