//! What can be said about a server's plugins.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::{ListOf, Listed, Named};

pub(super) const EXAMPLES: &str = "\
Examples:
  tenon --server URL plugin push clean.wasm --label 1.4.2
  tenon --server URL plugin canary clean 3 --percent 10
  tenon --server URL plugin promote clean 3
  tenon --server URL plugin rollback clean --reason 'too slow'";

const PUSH_EXAMPLES: &str = "\
Examples:
  tenon --server URL plugin push clean.wasm
  tenon --server URL plugin push ./clean --alias stable      # a project's folder is built first
  tenon --server URL plugin push clean.py                    # a script; its name is `clean.py`

The version is compiled and checked before it is answered. The first one becomes `stable`, later ones when they
are promoted, or at once with --alias.";

/// What to do with plugins.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// Upload a version of a plugin
    #[command(after_help = PUSH_EXAMPLES)]
    Push(PushPlugin),
    /// List the plugins
    List(Listed),
    /// Show a plugin: to which versions its aliases point
    Show(Named),
    /// List the versions of a plugin, the latest first
    Versions(ListOf),
    /// Show a version of a plugin
    Version {
        /// The plugin
        name: String,
        /// The version's number
        version: i64,
    },
    /// List the aliases of a plugin
    Aliases(Named),
    /// List how the aliases of a plugin moved, the latest first
    History(ListOf),
    /// Have all runs that begin from now on take a version
    Promote {
        /// The plugin
        name: String,
        /// The version's number
        version: i64,
        /// The alias that is to point to it
        #[arg(long, value_name = "NAME", default_value = "stable")]
        alias: String,
        /// For the history
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Have a share of the runs try a version, until it is promoted or rolled back by how they do
    Canary(CanaryPlugin),
    /// Have an alias point to the version before, or end its canary
    Rollback {
        /// The plugin
        name: String,
        /// The alias
        #[arg(long, value_name = "NAME", default_value = "stable")]
        alias: String,
        /// For the history
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Delete an alias
    Unalias {
        /// The plugin
        name: String,
        /// The alias
        alias: String,
    },
    /// Retire a version, to which no alias may point: no run takes it any more
    #[command(visible_alias = "retire")]
    Delete {
        /// The plugin
        name: String,
        /// The version's number
        version: i64,
    },
}

/// `plugin push`
#[derive(Debug, Args)]
pub struct PushPlugin {
    /// A .wasm file, a script, or the folder of a plugin's project, which is built first
    #[arg(value_hint = ValueHint::AnyPath)]
    pub file: PathBuf,

    /// What the plugin is called [default: as the file, without `.wasm`, or as the folder]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// The alias that points to it at once, if it passes the check
    #[arg(long, value_name = "NAME")]
    pub alias: Option<String>,

    /// What people call the version: 1.4.2
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,

    /// The SHA-256 that the file must have, in hexadecimal
    #[arg(long, value_name = "SHA256")]
    pub digest: Option<String>,
}

/// `plugin canary`
#[derive(Debug, Args)]
pub struct CanaryPlugin {
    /// The plugin
    pub name: String,

    /// The version's number
    pub version: i64,

    /// Of how many in a hundred runs
    #[arg(long, value_name = "1..99", value_parser = clap::value_parser!(u8).range(1..=99))]
    pub percent: u8,

    /// The alias whose runs try it
    #[arg(long, value_name = "NAME", default_value = "stable")]
    pub alias: String,

    /// Promote it after so many runs that do as well as the old version's
    #[arg(long, value_name = "RUNS")]
    pub promote_after_runs: Option<u64>,

    /// Promote it after this time, if it does as well as the old version
    #[arg(long, value_name = "SECONDS")]
    pub promote_after_seconds: Option<u64>,

    /// For the history
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
}
