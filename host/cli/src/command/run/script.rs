//! A component that drives the job itself.

use std::path::{Path, PathBuf};

use tenon_host::connect::database::Connections;
use tenon_host::engine::{Job, MaxRejects, Place, Script};

use crate::args::{Grant, RunArguments};
use crate::connections::Stored;
use crate::exit::Failure;
use crate::plugin;

/// The job of a script, which may read and write below the working folder and in the places that were granted.
pub(super) fn job(arguments: &RunArguments, component: &Path) -> Result<Job, Failure> {
    let said = [
        ("--mode", arguments.mode.is_some()),
        ("--rejects", arguments.rejects.is_some()),
        ("--compression", arguments.compression.is_some()),
        ("--function", arguments.function.is_some()),
        ("--config", arguments.config.is_some()),
        ("--set", !arguments.set.is_empty()),
        ("an option for reading files", !arguments.csv.is_empty()),
    ];
    if let Some((option, _)) = said.iter().find(|(_, said)| *said) {
        return Err(Failure::usage(format!(
            "{option} cannot be given with a script, which says that itself; have it ask for a parameter and use --param"
        )));
    }
    let here: Place = ".".parse()?;
    let plugins = arguments.plugin.iter();
    let mut script = Script {
        plugins: plugins
            .map(|(name, file)| (name.clone(), PathBuf::from(file)))
            .collect(),
        ..Script::new(component)
    };
    script.places.push(here);
    for grant in &arguments.allow {
        match grant {
            Grant::Place(place) => script.places.push(place.clone()),
            Grant::Connection(name) => {
                let found = Stored.find(name).map_err(Failure::usage)?;
                script.connections.insert(name.clone(), found);
            }
        }
    }
    let name = plugin::name(&arguments.job).unwrap_or_else(|| component.display().to_string());
    let mut job = Job::new(name);
    job.script = Some(script);
    job.parameters = arguments.param.iter().cloned().collect();
    job.secrets = plugin::secrets(&arguments.secret)?;
    job.http.clone_from(&arguments.allow_http);
    job.max_rejects = arguments.max_rejects.map(MaxRejects::from);
    job.partitions = arguments.partitions.map(usize::from);
    job.timeout = arguments.timeout;
    if let Some(bytes) = arguments.memory_limit {
        job.limits.memory = bytes;
    }
    Ok(job)
}
