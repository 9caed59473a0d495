//! What can be said about the history of runs.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use tenon_host::history::{Level, State};

use crate::format::parse_duration;

const RUNS_EXAMPLES: &str = "\
Examples:
  tenon runs
  tenon runs --job flights --state failed --since 2d
  tenon runs show last
  tenon runs remove --older-than 30d

A run is named by its id, by a beginning of it that no other id has, or as `last`.";

const SHOW_EXAMPLES: &str = "\
Examples:
  tenon runs show last
  tenon runs show 0006441b2a --json";

const REMOVE_EXAMPLES: &str = "\
Examples:
  tenon runs remove --older-than 30d
  tenon runs remove --keep 10

Removes their logs and kept batches too. Bookmarks stay, and so do runs that are at work.";

const LOGS_EXAMPLES: &str = "\
Examples:
  tenon logs last
  tenon logs last --level warn --tail 20
  tenon logs 0006441b2a --step clean --grep 'no carrier'
  tenon logs last --follow --json";

const BOOKMARK_EXAMPLES: &str = "\
Examples:
  tenon bookmark show orders
  tenon bookmark reset orders --source invoices
  tenon bookmark rewind orders last";

/// `tenon runs`
#[derive(Debug, Args)]
#[command(after_help = RUNS_EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct RunsArguments {
    /// What to do; lists runs where it is left out.
    #[command(subcommand)]
    pub command: Option<RunsCommand>,

    /// What to list.
    #[command(flatten)]
    pub list: ListRuns,
}

/// What to do with runs.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Show everything that is known of a run
    Show(ShowRun),
    /// Remove old runs
    Remove(RemoveRuns),
}

/// Which runs to list.
#[derive(Debug, Args)]
pub struct ListRuns {
    /// Only runs of this job
    #[arg(long, value_name = "NAME")]
    pub job: Option<String>,

    /// Only runs in this state
    #[arg(long, value_name = "STATE", ignore_case = true, value_parser = state())]
    pub state: Option<State>,

    /// Only runs that began in this time, such as 2h or 7d
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub since: Option<Duration>,

    /// At most so many, the latest
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub limit: u32,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `tenon runs show`
#[derive(Debug, Args)]
#[command(after_help = SHOW_EXAMPLES)]
pub struct ShowRun {
    /// Its id, a beginning of it, or `last`
    pub run: String,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `tenon runs remove`
#[derive(Debug, Args)]
#[command(after_help = REMOVE_EXAMPLES)]
#[group(required = true, multiple = true)]
pub struct RemoveRuns {
    /// Remove runs that began longer ago than this, such as 30d
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub older_than: Option<Duration>,

    /// Keep so many runs of each job, the latest, and remove the rest
    #[arg(long, value_name = "NUMBER")]
    pub keep: Option<u32>,
}

/// `tenon logs`
#[derive(Debug, Args)]
#[command(after_help = LOGS_EXAMPLES)]
pub struct LogsArguments {
    /// The run's id, a beginning of it, or `last`
    pub run: String,

    /// Only lines of this level or above
    #[arg(long, value_name = "LEVEL", ignore_case = true, value_parser = level())]
    pub level: Option<Level>,

    /// Only lines about this step
    #[arg(long, value_name = "NAME")]
    pub step: Option<String>,

    /// Only lines with this text, in just these letters
    #[arg(long, value_name = "TEXT")]
    pub grep: Option<String>,

    /// Only the last lines
    #[arg(short = 'n', long, value_name = "NUMBER")]
    pub tail: Option<u32>,

    /// Go on until the run has ended
    #[arg(short, long)]
    pub follow: bool,

    /// Print an object of JSON per line
    #[arg(long)]
    pub json: bool,
}

/// `tenon bookmark`
#[derive(Debug, Args)]
#[command(after_help = BOOKMARK_EXAMPLES)]
pub struct BookmarkArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: BookmarkCommand,
}

/// What to do with bookmarks.
#[derive(Debug, Subcommand)]
pub enum BookmarkCommand {
    /// Show how far a job, or each job, has read its sources
    Show(ShowBookmark),
    /// Forget how far a job has read: its next run reads everything
    Reset(ResetBookmark),
    /// Set the bookmarks of a job to what they were right after a run
    Rewind(RewindBookmark),
}

/// `tenon bookmark show`
#[derive(Debug, Args)]
pub struct ShowBookmark {
    /// Name of the job; every job where it is left out
    pub job: Option<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `tenon bookmark reset`
#[derive(Debug, Args)]
pub struct ResetBookmark {
    /// Name of the job
    pub job: String,

    /// Only the bookmark of this source
    #[arg(long, value_name = "NAME", conflicts_with = "state")]
    pub source: Option<String>,

    /// Also forget what the job's plugins keep between runs
    #[arg(long)]
    pub state: bool,
}

/// `tenon bookmark rewind`
#[derive(Debug, Args)]
pub struct RewindBookmark {
    /// Name of the job
    pub job: String,

    /// The run's id, a beginning of it, or `last`
    pub run: String,
}

fn state() -> impl TypedValueParser<Value = State> {
    PossibleValuesParser::new(State::ALL.map(State::as_str)).try_map(|state| state.parse())
}

fn level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::as_str)).try_map(|level| level.parse())
}
