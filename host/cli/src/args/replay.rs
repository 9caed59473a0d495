//! Running a failed batch again.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::parse_secret;

const EXAMPLES: &str = "\
Examples:
  tenon run orders.toml --keep-failed
  tenon replay last

  Another step's batch, and a plugin that was changed:
    tenon replay 0006441b2a --step clean --plugin plugins/clean

A plugin that is a project's folder is built first. The exit code is that of a run: 0 if the function works now, and
otherwise what `tenon --help` says.";

/// `tenon replay`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReplayArguments {
    /// The run's id, a beginning of it, or `last`
    pub run: String,

    /// Only a batch of this step; by default it is the last one that the run has kept
    #[arg(long, value_name = "NAME")]
    pub step: Option<String>,

    /// Run this .wasm file or project folder in the place of the plugin that the run used
    #[arg(long, value_name = "PLUGIN", value_hint = ValueHint::AnyPath)]
    pub plugin: Option<PathBuf>,

    /// A secret that the plugin may ask for [default: where the run took it from]
    #[arg(long, value_name = "NAME=env:VARIABLE", value_parser = parse_secret)]
    pub secret: Vec<(String, String)>,

    /// Rows to show
    #[arg(long, value_name = "ROWS", default_value_t = 20)]
    pub rows: usize,

    /// Print JSON, with all rows
    #[arg(long)]
    pub json: bool,
}
