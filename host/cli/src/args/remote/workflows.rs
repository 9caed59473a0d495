//! What can be said about a server's workflows.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::super::parse_pair;
use super::runs::WorkflowRunFilter;
use super::{ListOf, Listed, Named};

pub(super) const EXAMPLES: &str = "\
Examples:
  tenon --server URL workflow put nightly.toml
  tenon --server URL workflow start nightly --property day=2026-11-22 --follow
  tenon --server URL workflow picture nightly --svg nightly.svg
  tenon --server URL workflow resume wfr_01jz... --node load --follow";

const PUT_EXAMPLES: &str = "\
Examples:
  tenon --server URL workflow put nightly.toml

where nightly.toml is:
  name = \"nightly\"
  [nodes.extract]
  job = \"extract\"
  [nodes.load]
  job = \"load\"
  depends_on = [{ node = \"extract\", states = [\"SUCCEEDED\"] }]";

const START_EXAMPLES: &str = "\
Examples:
  tenon --server URL workflow start nightly
  tenon --server URL workflow start nightly --property day=2026-11-22 --follow

Prints the run's id. With --follow the exit code says how it ended; Ctrl-C ends the following, not the run.";

/// What to do with workflows.
#[derive(Debug, Subcommand)]
pub enum WorkflowCommand {
    /// Store a workflow, as a new one or as another version
    #[command(after_help = PUT_EXAMPLES)]
    Put(PutWorkflow),
    /// List the workflows
    List(Listed),
    /// Show a workflow
    Show {
        /// The workflow
        name: String,
        /// In this version rather than the latest
        #[arg(long, value_name = "NUMBER")]
        version: Option<i64>,
    },
    /// List the versions of a workflow, the latest first
    Versions(ListOf),
    /// Delete a workflow; its runs stay
    Delete(Named),
    /// Draw a workflow, or a run with the states of its nodes
    Picture(PictureArguments),
    /// Start a run of a workflow
    #[command(after_help = START_EXAMPLES)]
    Start(StartWorkflow),
    /// List the runs of a workflow, the latest first
    Runs(WorkflowRunFilter),
    /// Show a run of a workflow, with its nodes
    Run(NamedWorkflowRun),
    /// Follow a run of a workflow until it has ended
    Watch(NamedWorkflowRun),
    /// Ask a run of a workflow to stop
    Stop(NamedWorkflowRun),
    /// Run nodes of a run that has ended again, and what comes after them
    Resume {
        /// The run's id
        run: String,
        /// This node; by default those that failed or were stopped
        #[arg(long, value_name = "NAME")]
        node: Vec<String>,
        /// Follow it until it has ended
        #[arg(short, long)]
        follow: bool,
    },
    /// Start another run of the same workflow with the same properties
    Restart {
        /// The run's id
        run: String,
        /// Follow it until it has ended
        #[arg(short, long)]
        follow: bool,
    },
    /// List, set and delete the properties of a run, which its nodes share
    #[command(subcommand)]
    Property(PropertyCommand),
}

/// A run of a workflow.
#[derive(Debug, Args)]
pub struct NamedWorkflowRun {
    /// The run's id
    pub run: String,
}

/// `workflow put`
#[derive(Debug, Args)]
pub struct PutWorkflow {
    /// A file with its definition, in TOML, YAML or JSON
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// What the workflow is called [default: `name` in the file, or else as the file, without its ending]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// `workflow picture`
#[derive(Debug, Args)]
pub struct PictureArguments {
    /// The workflow
    #[arg(required_unless_present = "run", conflicts_with = "run")]
    pub name: Option<String>,

    /// A run of a workflow instead
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,

    /// Write it into this file as SVG
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub svg: Option<PathBuf>,

    /// Use plain characters only
    #[arg(long, conflicts_with = "svg")]
    pub ascii: bool,
}

/// `workflow start`
#[derive(Debug, Args)]
pub struct StartWorkflow {
    /// The workflow
    pub name: String,

    /// A run property, over the workflow's own
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub property: Vec<(String, String)>,

    /// Start it once, however often this command is given with this key; at most 255 bytes
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,

    /// Follow it until it has ended
    #[arg(short, long)]
    pub follow: bool,
}

/// What to do with the properties of a run.
#[derive(Debug, Subcommand)]
pub enum PropertyCommand {
    /// List the properties of a run
    List(NamedWorkflowRun),
    /// Set a property of a run
    Set {
        /// The run's id
        run: String,
        /// The property
        property: String,
        /// Its value, at most 16 KiB
        value: String,
    },
    /// Delete a property of a run
    Delete {
        /// The run's id
        run: String,
        /// The property
        property: String,
    },
}
