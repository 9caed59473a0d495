//! Running jobs, scripts and plugins.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};
use tenon_host::connect::file::ParquetCompression;
use tenon_host::engine::Place;
use tenon_host::job::Threshold;
use tenon_host::runtime::HttpGrant;

use super::values::{parse_grant, parse_object, parse_pair, parse_secret, parse_setting};
use super::{ModeArgument, SourceArguments};
use crate::format::{parse_bytes, parse_duration};

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

Ctrl-C stops a run and leaves nothing behind; a second one ends it at once. A job with [stream] goes on until Ctrl-C,
and what its micro-batches have committed stays.";

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

    /// With bookmarks: read at most so many files per source, the oldest first [default: what the job file says, or all]
    #[arg(long, value_name = "FILES", help_heading = "Bookmarks")]
    pub max_files: Option<usize>,

    /// With bookmarks: read at most so many bytes per source, such as 1GiB, but at least one file [default: what the job
    /// file says, or all]
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
