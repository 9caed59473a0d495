//! What the programs of benchmarks have in common: arguments, folders and the log.

use std::env::{self, Args};
use std::iter::Skip;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

/// The arguments of a benchmark.
#[derive(Debug)]
pub struct Arguments {
    rest: Skip<Args>,
    /// The last that was read.
    read: String,
}

impl Arguments {
    /// Reads those of this program. `take` takes the one of this name, with its [`value`](Self::value) where it has
    /// one, or says that it knows none; `known` lists them for people. Returns where the figures are to be written as
    /// JSON, which every benchmark can be asked for.
    ///
    /// # Errors
    /// If an argument is not known, or as `take` says.
    pub fn read(
        known: &str,
        mut take: impl FnMut(&str, &mut Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<Option<PathBuf>> {
        let mut arguments = Self {
            rest: env::args().skip(1),
            read: String::new(),
        };
        let mut json = None;
        while let Some(argument) = arguments.rest.next() {
            arguments.read.clone_from(&argument);
            if argument == "--json" {
                json = arguments.rest.next().map(PathBuf::from);
            } else if !take(&argument, &mut arguments)? {
                bail!("unknown argument `{argument}`; expected {known} or --json PATH");
            }
        }
        Ok(json)
    }

    /// The value of the argument that was read last.
    ///
    /// # Errors
    /// If there is none; `what` says what it should be.
    pub fn value(&mut self, what: &str) -> anyhow::Result<String> {
        let Self { rest, read } = self;
        rest.next().with_context(|| format!("{read} needs {what}"))
    }
}

/// Has warnings be logged to the standard error, beside the figures.
pub fn log_warnings() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
}

/// Cargo's `target`, where benchmarks keep what they need.
///
/// # Errors
/// If this program is somewhere else.
pub fn target_folder() -> anyhow::Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program
        .ancestors()
        .nth(2)
        .context("this program is not in cargo's target folder")?;
    Ok(target.to_owned())
}

/// Makes an empty folder at this path.
///
/// # Errors
/// If what is there cannot be removed, or the folder not be made.
pub fn emptied(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

/// The command `tenon`, which is built beside this program.
///
/// # Errors
/// If it is not there.
pub fn tenon_program() -> anyhow::Result<PathBuf> {
    let program = env::current_exe()?.with_file_name(format!("tenon{}", env::consts::EXE_SUFFIX));
    ensure!(
        program.exists(),
        "{} is not there; `cargo build --workspace` builds it",
        program.display()
    );
    Ok(program)
}
