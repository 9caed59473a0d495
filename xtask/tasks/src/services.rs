//! Real servers that tests and people talk to, on this machine alone.

use std::path::PathBuf;

use anyhow::Result;
use tenon_servers::{SCHEMATHESIS, Service};

use crate::setup;
use crate::steps::{step, succeed};

/// Says what there is, and what of it is installed.
pub(crate) fn list() {
    for service in Service::ALL {
        let state = if service.program().is_ok() {
            "installed"
        } else {
            "not installed"
        };
        println!("{:<9} {}, {state}", service.name(), service.what());
    }
}

/// Installs a service, unless it is there: into the user's cache what is built, into the system what is a package of it.
pub(crate) fn install(name: &str) -> Result<PathBuf> {
    make_ready(Service::named(name)?)
}

/// Installs every service that tests use; what can't be installed is only said, since its tests count as skipped then.
pub(crate) fn install_for_tests() {
    for service in Service::ALL {
        if let Err(error) = make_ready(service) {
            let name = service.name();
            eprintln!("    {name} could not be installed, so its tests are skipped: {error:#}");
        }
    }
    if let Err(error) = setup::requests() {
        eprintln!("    {SCHEMATHESIS} could not be installed, so its test is skipped: {error:#}");
    }
    if let Err(error) = setup::duckdb() {
        eprintln!("    DuckDB could not be installed, so its test is skipped: {error:#}");
    }
}

/// Runs a service until it is interrupted.
pub(crate) fn start(name: &str) -> Result<()> {
    let service = Service::named(name)?;
    make_ready(service)?;
    service.run(
        |what, value| println!("{what:<18} {value}"),
        || println!("Ctrl-C ends it; its folder stays."),
    )
}

fn make_ready(service: Service) -> Result<PathBuf> {
    if let Ok(program) = service.program() {
        return Ok(program);
    }
    step(&format!("installing {}", service.what()), || {
        tenon_servers::install(service, succeed)
    })
}
