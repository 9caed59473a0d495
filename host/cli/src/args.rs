//! Everything that can be said on the command line.

mod connections;
mod databases;
mod history;
mod jobs;
mod projects;
mod remote;
mod replay;
mod run;
mod serve;
mod values;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueHint};

use values::{parse_column_type, parse_pair, parse_secret, parse_setting};

pub use connections::{
    AddConnection, ConnectionArguments, ConnectionCommand, ListConnections, NamedConnection, SecretArguments,
    SecretCommand,
};
pub use databases::{CopyArguments, DiscoverArguments, GenerateArguments};
pub use history::{
    BookmarkArguments, BookmarkCommand, ListRuns, LogsArguments, RemoveRuns, ResetBookmark, RewindBookmark,
    RunsArguments, RunsCommand, ShowBookmark, ShowRun,
};
pub use jobs::{ExplainArguments, PreviewArguments, SchemaArguments, SourceArguments, ValidateArguments};
pub use projects::{BuildArguments, Kind, Language, NewArguments};
pub use remote::{
    AuditCommand, CallTrigger, CanaryPlugin, CreateToken, DeliveryState, EventCommand, EventFilter, IssueToken,
    JobBookmarkCommand, JobCommand, LogsOfRun, PictureArguments, PluginCommand, PricesCommand, PropertyCommand,
    PushPlugin, PutConnection, PutJob, PutSecret, PutTarget, PutTrigger, PutWorkflow, RemoteArguments, RemoteCommand,
    RemoteConnectionCommand, RemoteOptions, RemoteSecretCommand, RotateToken, RunCommand, RunFilter, ServerCommand,
    SetQuotas, StartJob, StartWorkflow, TargetCommand, TenantCommand, TokenCommand, TokenPlace, TriggerCommand,
    UsageArguments, UsageBy, WorkflowCommand, is_meant, of_server, whole,
};
pub use replay::ReplayArguments;
pub use run::{BookmarkArgument, CompressionArgument, Grant, RunArguments};
pub use serve::ServeArguments;
pub use values::ModeArgument;

const EXIT_CODES: &str = "\
Exit codes:
  0    it worked
  1    the run failed, and nothing was written unless it failed between the commits of two sinks; or the command did
  2    the command line makes no sense
  3    the plugin or the job was refused: a bad plugin, configuration, source or target
  4    a limit was reached: memory, time, rejected rows
  130  interrupted

docs/command-line.md has more on each command.

Environment:
  TENON_CACHE  folder of compiled plugins and toolchains (default: tenon in XDG_CACHE_HOME, else ~/.cache/tenon)
  TENON_HOME   folder of the history of runs (default: tenon in XDG_DATA_HOME, else ~/.local/share/tenon)
  TENON_LOG    what to log, as in `info,tenon=debug`; overrides -v
  NO_COLOR     no colours";

const INSPECT_EXAMPLES: &str = "\
Examples:
  tenon inspect flights.wasm
  tenon inspect examples/flights/plugin --json";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  tenon completions bash > ~/.local/share/bash-completion/completions/tenon
  tenon completions zsh > ~/.zfunc/_tenon";

/// Runs ETL jobs whose code is WebAssembly: fast, and unable to touch what they were not given.
#[derive(Debug, Parser)]
#[command(name = "tenon", version, after_help = EXIT_CODES, propagate_version = true)]
pub struct Arguments {
    /// Ask a server instead, which has commands of its own: `tenon --server URL --help` lists them
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Say less: no progress, no report, errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Say more; twice for details, three times for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a job file or a script, or send a file through a function of a plugin
    Run(Box<RunArguments>),
    /// Check a job file without reading any data
    Validate(ValidateArguments),
    /// Show how a job would run: its plans, and what is read with which columns and predicates
    Explain(ExplainArguments),
    /// Show the first rows of files or of a table
    Preview(PreviewArguments),
    /// Show the columns of files or of a table, and why their types are what they are
    Schema(SchemaArguments),
    /// Store, list, test and remove connections to databases
    Connection(ConnectionArguments),
    /// Store, list and remove secrets
    Secret(SecretArguments),
    /// Copy tables of a database to a folder or to another database, by a job file that is yours to edit
    Copy(CopyArguments),
    /// Write the job file, or the plugin, that takes a source to a target, column by column
    Generate(GenerateArguments),
    /// Show the tables of a database
    Discover(DiscoverArguments),
    /// Show what a plugin offers
    Inspect(InspectArguments),
    /// Make a folder with a plugin, a job and data to begin with
    New(NewArguments),
    /// Build a plugin's project into a component
    Build(BuildArguments),
    /// List the runs of this machine, show one, or remove old ones
    Runs(Box<RunsArguments>),
    /// Run a plugin's function again on the batch that it failed on
    Replay(ReplayArguments),
    /// Print what a run logged
    Logs(LogsArguments),
    /// Show how far jobs have read their sources; reset or rewind that
    Bookmark(BookmarkArguments),
    /// Print a completion script for a shell
    Completions(CompletionArguments),
    /// Serve many tenants: run jobs by hand, on schedules and on events
    Serve(Box<ServeArguments>),
}

/// `tenon inspect`
#[derive(Debug, Args)]
#[command(after_help = INSPECT_EXAMPLES)]
pub struct InspectArguments {
    /// A .wasm file, or the folder of a plugin's project, which is built first
    #[arg(value_hint = ValueHint::AnyPath)]
    pub plugin: PathBuf,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `tenon completions`
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub struct CompletionArguments {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }
}
