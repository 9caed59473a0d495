//! Making and building plugins.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

const NEW_EXAMPLES: &str = "\
Examples:
  tenon new tariffs
  tenon new reports/monthly --kind job

Nothing that is there already is overwritten.";

const BUILD_EXAMPLES: &str = "\
Examples:
  tenon build examples/flights/plugin
  tenon build examples/flights/plugin -o flights.wasm
  tenon build examples/flights/plugin --debug";

/// `tenon new`
#[derive(Debug, Args)]
#[command(after_help = NEW_EXAMPLES)]
pub struct NewArguments {
    /// The folder to make; its name becomes that of the plugin
    #[arg(value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,

    /// What the plugin is written in
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    pub lang: Language,

    /// What it is
    #[arg(long, value_enum, default_value_t = Kind::Transform)]
    pub kind: Kind,
}

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// With the crate tenon-sdk, which is put beside the plugin
    Rust,
    /// Python, with what of its packages is Python alone
    Python,
    /// JavaScript, with packages of npm
    Js,
    /// TypeScript, with packages of npm
    Ts,
    /// Go, as it is
    Go,
    /// C
    C,
    /// C++
    Cpp,
    /// Zig
    Zig,
}

/// What a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A function over batches, and a job file that sends a small CSV file through it
    Transform,
    /// A whole job as a script, with a function of its own
    Job,
}

/// `tenon build`
#[derive(Debug, Args)]
#[command(after_help = BUILD_EXAMPLES)]
pub struct BuildArguments {
    /// Folder of the plugin's project
    #[arg(value_hint = ValueHint::DirPath)]
    pub project: PathBuf,

    /// Where the component goes [default: NAME.component.wasm in the project's `target`; of Rust, beside cargo's module]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Keep what tells the file and line of a trap: names and line tables [Rust, C, C++, Zig]
    #[arg(long)]
    pub debug: bool,
}
