//! The script of a job file.

use tenon_connect::database::Connections;
use tenon_job::Problem;

use super::Artifacts;
use crate::script::{Place, Script};

/// The component that drives the job, with what it is granted.
pub(super) fn script(
    defined: &tenon_job::Script,
    artifacts: &Artifacts,
    connections: &dyn Connections,
) -> Result<Script, Problem> {
    let mut script = Script {
        folder: artifacts.folder.clone(),
        ..Script::new(artifacts.plugin(&defined.component))
    };
    for url in &defined.allow {
        let place: Place = script
            .absolute(url)
            .parse()
            .map_err(|error: crate::Error| Problem::new(format!("`{url}` is no place to grant: {error}")))?;
        script.places.push(place);
    }
    for name in &defined.connections {
        let found = connections.find(name).map_err(Problem::new)?;
        script.connections.insert(name.clone(), found);
    }
    for (name, plugin) in &defined.plugins {
        script.plugins.insert(name.clone(), artifacts.plugin(plugin));
    }
    Ok(script)
}
