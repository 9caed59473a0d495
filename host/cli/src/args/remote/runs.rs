//! What can be said about a server's runs.

use clap::{Args, Subcommand};

use super::Listed;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenon --server URL run list --job copy --state FAILED --since 2d
  tenon --server URL run watch last
  tenon --server URL run logs run_01jz... --follow --level warn
  tenon --server URL run resume run_01jz... --follow

A run is named by its id, or as `last`.";

const LOGS_EXAMPLES: &str = "\
Examples:
  tenon --server URL run logs last
  tenon --server URL run logs last --level warn --tail 20
  tenon --server URL run logs run_01jz... --step clean --grep 'no carrier' --follow";

/// What to do with runs.
#[derive(Debug, Subcommand)]
pub enum RunCommand {
    /// List runs, the latest first
    List(RunFilter),
    /// Show everything that is known of a run
    Show(NamedRun),
    /// List the attempts of a run, the first first
    Attempts(NamedRun),
    /// Ask a run to stop
    Stop {
        /// Its id, or `last`
        run: String,
        /// For whoever looks at the run later
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Print what a run logged
    #[command(after_help = LOGS_EXAMPLES)]
    Logs(LogsOfRun),
    /// Show a run's progress until it has ended; the exit code is the run's
    Watch {
        /// Its id, or `last`
        run: String,
        /// Print all that it logs, too, rather than warnings and errors
        #[arg(long)]
        logs: bool,
    },
    /// Start another run of the same job with the same arguments
    Rerun(RepeatRun),
    /// Put a run that did not succeed into the queue again, as another attempt
    #[command(visible_alias = "retry")]
    Resume(RepeatRun),
}

/// A run.
#[derive(Debug, Args)]
pub struct NamedRun {
    /// Its id, or `last`
    pub run: String,
}

/// A run that is to be tried again.
#[derive(Debug, Args)]
pub struct RepeatRun {
    /// Its id, or `last`
    pub run: String,

    /// Show its progress until it has ended
    #[arg(short, long)]
    pub follow: bool,
}

/// Which runs.
#[derive(Debug, Args)]
pub struct RunFilter {
    /// Only of this job
    #[arg(long, value_name = "NAME")]
    pub job: Option<String>,

    /// Only in this state: WAITING, STARTING, RUNNING, STOPPING, STOPPED, SUCCEEDED, FAILED, ERROR, TIMEOUT
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,

    /// Only started by this trigger
    #[arg(long, value_name = "NAME")]
    pub trigger: Option<String>,

    /// Only of this run of a workflow
    #[arg(long, value_name = "RUN")]
    pub workflow_run: Option<String>,

    /// Only made since then: 2h, 7d, 2026-11-22 or 2026-11-22T02:00:00Z
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,

    /// Only made before then
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,

    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// `run logs`
#[derive(Debug, Args)]
pub struct LogsOfRun {
    /// The run's id, or `last`
    pub run: String,

    /// Only lines of this level or above: trace, debug, info, warn, error
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<String>,

    /// Only lines about this step
    #[arg(long, value_name = "NAME")]
    pub step: Option<String>,

    /// Only lines of this attempt
    #[arg(long, value_name = "NUMBER")]
    pub attempt: Option<u32>,

    /// Only lines with this text, in large or small letters
    #[arg(long, value_name = "TEXT")]
    pub grep: Option<String>,

    /// Only the last lines, at most 1000
    #[arg(short = 'n', long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub tail: Option<u32>,

    /// Go on until the run has ended
    #[arg(short, long)]
    pub follow: bool,
}

/// Which runs of a workflow.
#[derive(Debug, Args)]
pub struct WorkflowRunFilter {
    /// The workflow
    pub name: String,

    /// Only in this state: RUNNING, COMPLETED, STOPPING, STOPPED, ERROR
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,

    /// How much is shown.
    #[command(flatten)]
    pub listed: Listed,
}
