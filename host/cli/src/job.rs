//! Reads job files, and builds the plugins that they name.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use miette::{GraphicalReportHandler, GraphicalTheme};
use tenon_host::engine;
use tenon_host::job::{self, Lookup, Options};

use crate::exit::Failure;
use crate::{connections, output, plugin};

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
    let job = ready(&definition, &BTreeMap::new())?;
    Ok(Prepared { definition, job })
}

/// Reads a job file and builds the plugins that are project folders. Prints its warnings.
pub async fn open(path: &Path, params: &[(String, String)], quiet: bool) -> Result<Prepared, Failure> {
    let definition = load(path, params, quiet)?;
    let job = build(&definition, quiet).await?;
    Ok(Prepared { definition, job })
}

/// Reads a job file. Prints its warnings.
pub fn load(path: &Path, params: &[(String, String)], quiet: bool) -> Result<job::Job, Failure> {
    let mut options = options();
    for (name, value) in params {
        options = options.param(name, value.as_str());
    }
    let loaded = job::Job::load(path, &options).map_err(refused)?;
    if !quiet {
        for warning in &loaded.warnings {
            output::tell(shown(warning).as_bytes());
        }
    }
    Ok(loaded.job)
}

/// A job as the history has it.
pub fn recorded(job: serde_json::Value) -> Result<job::Job, Failure> {
    let loaded = job::Job::from_json(job, &options()).map_err(refused)?;
    Ok(loaded.job)
}

/// The job ready to run, its plugins built where they are project folders.
pub async fn build(definition: &job::Job, quiet: bool) -> Result<engine::Job, Failure> {
    let mut built: BTreeMap<String, PathBuf> = BTreeMap::new();
    for plugin in definition.plugins().into_iter().chain(definition.scripts()) {
        if !built.contains_key(plugin) {
            let component = plugin::component(Path::new(plugin), quiet).await?;
            built.insert(plugin.to_owned(), component);
        }
    }
    ready(definition, &built)
}

/// The job ready to run. `plugins` are the files of its plugins by what it calls them.
pub fn ready(definition: &job::Job, plugins: &BTreeMap<String, PathBuf>) -> Result<engine::Job, Failure> {
    let lookup: &dyn Lookup = &connections::Secrets::of_process();
    let artifacts = engine::Artifacts {
        plugins: plugins.clone(),
        ..engine::Artifacts::default()
    };
    engine::Job::from_definition(definition, &artifacts, lookup, &connections::Stored).map_err(refused)
}

fn options() -> Options {
    Options::default().lookup(connections::Secrets::of_process())
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
