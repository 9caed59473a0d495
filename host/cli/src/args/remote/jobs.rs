//! What can be said about a server's jobs.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use serde_json::Value;

use super::super::parse_setting;
use super::{ListOf, Listed, Named};

pub(super) const EXAMPLES: &str = "\
Examples:
  tenon --server URL job put copy.toml --set max_retries=5 --set timeout_seconds=3600
  tenon --server URL job start copy --arg year=2013 --follow
  tenon --server URL job bookmark rewind copy run_01jz...";

const PUT_EXAMPLES: &str = "\
Examples:
  tenon --server URL job put copy.toml
  tenon --server URL job put copy.toml --name nightly-copy --set max_concurrent_runs=1
  tenon --server URL job put copy.yaml --settings settings.toml

The job is called as the file is, without its ending. Settings that are not given stay as they were:
max_retries, retry_delay_seconds, retry_factor, retry_longest_seconds, retry_when, timeout_seconds,
max_concurrent_runs, max_queue_seconds, priority, notify, plugins, tags.";

const START_EXAMPLES: &str = "\
Examples:
  tenon --server URL job start copy
  tenon --server URL job start copy --arg year=2013 --arg region=north --follow
  tenon --server URL job start copy --idempotency-key nightly-2026-11-22

Prints the run's id. With --follow the run's progress is shown until it has ended, and the exit code is the
run's. Ctrl-C ends the following, not the run.";

/// What to do with jobs.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Store a job file, as a new job or as another version of one
    #[command(after_help = PUT_EXAMPLES)]
    Put(PutJob),
    /// List the jobs
    List(Listed),
    /// Show a job: its settings and its definition
    Show(Named),
    /// List the versions of a job, the latest first
    Versions(ListOf),
    /// Delete a job, with its bookmarks; its runs stay
    Delete(Named),
    /// Start a run of a job
    #[command(after_help = START_EXAMPLES)]
    Start(StartJob),
    /// Show how far a job has read its sources; reset or rewind that
    #[command(subcommand)]
    Bookmark(JobBookmarkCommand),
    /// Forget what a job's plugins keep between runs
    ClearState(Named),
}

/// `job put`
#[derive(Debug, Args)]
pub struct PutJob {
    /// The job file: .toml, .yaml or .json
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// What the job is called [default: as the file, without its ending]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// One of the job's settings; the value is JSON, or else text
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_setting)]
    pub set: Vec<(String, Value)>,

    /// A file with all of the job's settings, in place of those that it has
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub settings: Option<PathBuf>,
}

/// `job start`
#[derive(Debug, Args)]
pub struct StartJob {
    /// The job
    pub name: String,

    /// A value for one of the job's parameters: JSON, or else text
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_setting)]
    pub arg: Vec<(String, Value)>,

    /// Not before this time, as 2026-11-22T02:00:00Z
    #[arg(long, value_name = "TIME")]
    pub not_before: Option<String>,

    /// Start it once, however often this command is given with this key; at most 255 bytes
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,

    /// Show its progress until it has ended
    #[arg(short, long)]
    pub follow: bool,
}

/// What to do with bookmarks.
#[derive(Debug, Subcommand)]
pub enum JobBookmarkCommand {
    /// Show how far a job has read each of its sources
    Show(Named),
    /// List earlier bookmarks of a source, the latest first
    History {
        /// The job
        name: String,
        /// The source
        source: String,
    },
    /// Have a job begin again from the start of its sources
    Reset {
        /// The job
        name: String,
        /// Only of this source
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
    },
    /// Have a job go on from where a run of it ended
    Rewind {
        /// The job
        name: String,
        /// The run, which succeeded
        run: String,
    },
}
