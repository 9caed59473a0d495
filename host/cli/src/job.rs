//! Reads job files, and builds the plugins that they name.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use miette::{GraphicalReportHandler, GraphicalTheme};
use tenon_host::engine;
use tenon_host::job::{self, Lookup, Options, ProcessLookup};

use crate::exit::Failure;
use crate::plugin;

/// A job file that was read, and the same ready to run.
pub struct Prepared {
    /// As the file says it, with parameters put in.
    pub definition: job::Job,
    /// As the engine runs it.
    pub job: engine::Job,
}

/// Whether a path is that of a job file.
pub fn is_job_file(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| ["toml", "yaml", "yml", "json"].contains(&extension))
}

/// Reads a job file without building anything. Prints its warnings.
pub fn check(path: &Path, params: &[(String, String)], quiet: bool) -> Result<Prepared, Failure> {
    let definition = load(path, params, quiet)?;
    prepared(definition, &BTreeMap::new())
}

/// Reads a job file and builds the plugins that are project folders. Prints its warnings.
pub async fn open(path: &Path, params: &[(String, String)], quiet: bool) -> Result<Prepared, Failure> {
    let definition = load(path, params, quiet)?;
    let mut plugins: BTreeMap<String, PathBuf> = BTreeMap::new();
    for named in definition.plugins() {
        let component = plugin::component(Path::new(named), quiet).await?;
        plugins.insert(named.to_owned(), component);
    }
    prepared(definition, &plugins)
}

fn load(path: &Path, params: &[(String, String)], quiet: bool) -> Result<job::Job, Failure> {
    let mut options = Options::default();
    for (name, value) in params {
        options = options.param(name, value.as_str());
    }
    let loaded = job::Job::load(path, &options).map_err(refused)?;
    if !quiet {
        for warning in &loaded.warnings {
            eprint!("{}", shown(warning));
        }
    }
    Ok(loaded.job)
}

fn prepared(definition: job::Job, plugins: &BTreeMap<String, PathBuf>) -> Result<Prepared, Failure> {
    let lookup: &dyn Lookup = &ProcessLookup::default();
    let job = engine::Job::from_definition(&definition, plugins, lookup).map_err(refused)?;
    Ok(Prepared { definition, job })
}

/// The error with the places in the file, where it has any.
fn refused(error: job::Error) -> Failure {
    let picture = match &error {
        job::Error::Invalid { .. } => Some(shown(&error)),
        _ => None,
    };
    Failure::refused(error.into()).pictured(picture)
}

fn shown(diagnostic: &dyn miette::Diagnostic) -> String {
    let coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let theme = if coloured {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let mut text = String::new();
    match GraphicalReportHandler::new_themed(theme).render_report(&mut text, diagnostic) {
        Ok(()) => text,
        Err(_) => format!("{diagnostic}\n"),
    }
}
