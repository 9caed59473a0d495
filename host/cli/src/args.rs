//! Everything that can be said on the command line.

mod connections;
mod databases;
mod history;
mod jobs;
mod projects;
mod remote;
mod replay;
mod serve;

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use tenon_host::connect::file::{Mode, ParquetCompression, SqlType};
use tenon_host::engine::Place;
use tenon_host::job::Threshold;
use tenon_host::runtime::HttpGrant;

use crate::format::{parse_bytes, parse_duration};

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
pub use serve::ServeArguments;

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

const RUN_EXAMPLES: &str = "\
Examples:
  A job file, with a parameter:
    tenon run examples/flights/flights.toml --param year=2013

  A plugin's project folder is built first; the CSV has NA where there is no value:
    tenon run examples/flights/plugin --from examples/flights/flights.csv.gz --to out/ --null NA

  One Parquet file, rejected rows kept, settings for the function:
    tenon run flights.wasm --from flights.csv.gz --to out.parquet --rejects rejected.ndjson --set late_after=30

  The same again over what is there, as JSON for a script:
    tenon run flights.wasm --from flights.csv.gz --to out/ --mode overwrite --json

  A secret from the environment, and one host that the plugin may call:
    tenon run enrich.wasm --from in.parquet --to out/ --secret key=env:API_KEY --allow-http api.example.com:443

  A script, which reads and writes by itself:
    tenon run examples/flights-script/plugin --param late_after=30

  Again whenever the job file, the plugin's source or the data change:
    tenon run orders.toml --watch

  The rows that a function failed on are kept, to be tried again with `tenon replay last`:
    tenon run orders.toml --keep-failed

Ctrl-C stops a run and leaves nothing behind; a second one ends it at once.";

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

/// `tenon run`
#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub struct RunArguments {
    /// A job file (.toml, .yaml, .json), a .wasm file, or the folder of a plugin's project, which is built first
    #[arg(value_name = "JOB|PLUGIN", value_hint = ValueHint::AnyPath)]
    pub job: PathBuf,

    /// What to read: a file, a folder or a pattern; needed for a plugin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::AnyPath, help_heading = "Data of a plugin")]
    pub from: Option<String>,

    /// What to write: a file, or a folder for one Parquet file per partition; needed for a plugin
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath, help_heading = "Data of a plugin")]
    pub to: Option<String>,

    /// What to do when the target already holds data [default: error]
    #[arg(long, value_enum, help_heading = "Data of a plugin")]
    pub mode: Option<ModeArgument>,

    /// Write rejected rows here, with the step and the reason; an older file is replaced
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Data of a plugin")]
    pub rejects: Option<String>,

    /// Fail where more rows than this are rejected: a count such as 100, or a share of the rows that are read, such as 1%
    #[arg(long, value_name = "ROWS|SHARE")]
    pub max_rejects: Option<Threshold>,

    /// Compression of Parquet [default: zstd]
    #[arg(long, value_enum, help_heading = "Data of a plugin")]
    pub compression: Option<CompressionArgument>,

    /// How to read files.
    #[command(flatten)]
    pub csv: SourceArguments,

    /// The plugin's function; needed where it has several
    #[arg(long, value_name = "NAME", help_heading = "Function")]
    pub function: Option<String>,

    /// The function's configuration as a JSON object
    #[arg(long, value_name = "JSON", value_parser = parse_object, help_heading = "Function")]
    pub config: Option<serde_json::Map<String, serde_json::Value>>,

    /// One setting of the function's configuration; the value is JSON, or else text
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_setting, help_heading = "Function")]
    pub set: Vec<(String, serde_json::Value)>,

    /// A parameter of the job, or one that the plugin may ask for
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub param: Vec<(String, String)>,

    /// A secret that the plugin may ask for, taken from an environment variable
    #[arg(long, value_name = "NAME=env:VARIABLE", value_parser = parse_secret, help_heading = "Grants and limits")]
    pub secret: Vec<(String, String)>,

    /// A host that the plugin may send HTTP requests to
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_grant, help_heading = "Grants and limits")]
    pub allow_http: Vec<HttpGrant>,

    /// Memory of one sandbox, such as 64MiB [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes, help_heading = "Grants and limits")]
    pub memory_limit: Option<usize>,

    /// Give the run up after this time, such as 90s or 5m
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "Grants and limits")]
    pub timeout: Option<Duration>,

    /// Partitions that run side by side [default: one per core]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub partitions: Option<u16>,

    /// Whether only files are read that earlier runs have not read [default: what the job file says, or disable]
    #[arg(long, value_enum, help_heading = "Bookmarks")]
    pub bookmark: Option<BookmarkArgument>,

    /// With bookmarks: read at most so many files per source, the oldest first
    #[arg(long, value_name = "FILES", help_heading = "Bookmarks")]
    pub max_files: Option<usize>,

    /// With bookmarks: read at most so many bytes per source, such as 1GiB, but at least one file
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes, help_heading = "Bookmarks")]
    pub max_bytes: Option<usize>,

    /// With a job that runs in micro-batches: end after so many of them, those that find nothing new included [default: go
    /// on until Ctrl-C]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Bookmarks")]
    pub batches: Option<u64>,

    /// Keep the batch that a function fails on, for `tenon replay`, unless it takes more than SIZE [default SIZE: 64MiB]
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = parse_bytes,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "64MiB",
        conflicts_with = "no_history"
    )]
    pub keep_failed: Option<usize>,

    /// Where a script may read and write, besides the folder that it is started in: a path, a URL, what one begins with, or
    /// `connection:NAME` for the tables of a stored connection
    #[arg(long, value_name = "PLACE", help_heading = "Scripts")]
    pub allow: Vec<Grant>,

    /// A plugin that a script may use, by the name that it calls it; others lie beside it as NAME.wasm
    #[arg(long, value_name = "NAME=FILE", value_parser = parse_pair, help_heading = "Scripts")]
    pub plugin: Vec<(String, String)>,

    /// Leave this run out of the history
    #[arg(long)]
    pub no_history: bool,

    /// Stay, and run again when the job file, a plugin or a local source changes; later runs replace what these wrote where
    /// nothing was
    #[arg(long)]
    pub watch: bool,

    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

impl RunArguments {
    /// The function's configuration.
    pub fn function_config(&self) -> serde_json::Map<String, serde_json::Value> {
        let mut config = self.config.clone().unwrap_or_default();
        config.extend(self.set.iter().cloned());
        config
    }
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

/// What bookmarks are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BookmarkArgument {
    /// Read what is new since the last run, and remember it
    Enable,
    /// Read everything, and remember nothing
    Disable,
    /// Read what is new since the last run, and remember nothing
    Pause,
}

/// What to do when the target already holds data.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ModeArgument {
    /// Fail
    Error,
    /// Replace it, once the new data are complete
    Overwrite,
    /// Add files to it
    Append,
    /// Leave it and do nothing
    Ignore,
}

impl From<ModeArgument> for Mode {
    fn from(argument: ModeArgument) -> Self {
        match argument {
            ModeArgument::Error => Self::Error,
            ModeArgument::Overwrite => Self::Overwrite,
            ModeArgument::Append => Self::Append,
            ModeArgument::Ignore => Self::Ignore,
        }
    }
}

/// Compression of Parquet.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum CompressionArgument {
    /// Small files
    Zstd,
    /// Less time
    Snappy,
    /// None at all
    None,
}

impl From<CompressionArgument> for ParquetCompression {
    fn from(argument: CompressionArgument) -> Self {
        match argument {
            CompressionArgument::Zstd => Self::Zstd,
            CompressionArgument::Snappy => Self::Snappy,
            CompressionArgument::None => Self::None,
        }
    }
}

/// What a script may read and write.
#[derive(Debug, Clone)]
pub enum Grant {
    /// What lies in a folder, bucket or server.
    Place(Place),
    /// The tables of a stored connection, by its name.
    Connection(String),
}

impl FromStr for Grant {
    type Err = tenon_host::engine::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("connection:") {
            Some(name) => Ok(Self::Connection(name.to_owned())),
            None => text.parse().map(Self::Place),
        }
    }
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

fn parse_setting(text: &str) -> Result<(String, serde_json::Value), String> {
    let (key, value) = parse_pair(text).map_err(|_| "expected KEY=VALUE".to_owned())?;
    let value = serde_json::from_str(&value).unwrap_or(serde_json::Value::String(value));
    Ok((key, value))
}

fn parse_object(text: &str) -> Result<serde_json::Map<String, serde_json::Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("expected a JSON object: {error}"))
}

fn parse_secret(text: &str) -> Result<(String, String), String> {
    let (name, place) = parse_pair(text).map_err(|_| "expected NAME=env:VARIABLE".to_owned())?;
    // A value on the command line would be seen by every user of the machine.
    let variable = place.strip_prefix("env:").filter(|variable| !variable.is_empty());
    let variable = variable.ok_or("expected NAME=env:VARIABLE; a secret's value does not belong on a command line")?;
    Ok((name, variable.to_owned()))
}

fn parse_grant(text: &str) -> Result<HttpGrant, String> {
    text.parse()
        .map_err(|error: tenon_host::runtime::Error| error.to_string())
}

fn parse_column_type(text: &str) -> Result<(String, SqlType), String> {
    let (column, name) = parse_pair(text).map_err(|_| "expected COLUMN=TYPE".to_owned())?;
    Ok((column, name.parse()?))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn settings_are_json_or_text() {
        assert_eq!(parse_setting("late_after=30"), Ok(("late_after".to_owned(), 30.into())));
        assert_eq!(parse_setting("name=a=b"), Ok(("name".to_owned(), "a=b".into())));
        assert!(parse_setting("late_after").is_err());
    }

    #[test]
    fn secrets_come_from_the_environment_only() {
        assert_eq!(
            parse_secret("key=env:API_KEY"),
            Ok(("key".to_owned(), "API_KEY".to_owned()))
        );
        assert!(parse_secret("key=hunter2").is_err_and(|error| !error.contains("hunter2")));
    }
}
