//! Drivers of databases that the default build leaves out: those that need a library of the system to build, and those that
//! bring a second provider of TLS into the program.
//!
//! Their tests are an invocation of cargo of their own, for the whole workspace and yet for these tests alone. For the whole
//! workspace, since cargo then gives every dependency the features that the build before gave it: of 386 units 45 are built
//! anew (the drivers, and what depends on rustls), while `--package tenon-database` would build 131. For these tests alone,
//! since with rustls all of DataFusion would be built once more. So a plain `cargo build` needs nothing of this, and shares
//! all that it can with it.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::counts::Counts;
use crate::steps::{step, succeed};
use crate::workspace::cargo;

/// Packages of Debian: what builds against the driver manager, and drivers for the tests.
const PACKAGES: [&str; 4] = ["unixodbc-dev", "libsqliteodbc", "odbc-postgresql", "odbc-mariadb"];

/// Where what builds against the driver manager has its headers, by Debian's package and by those of others.
const HEADERS: [&str; 3] = [
    "/usr/include/sql.h",
    "/usr/local/include/sql.h",
    "/opt/homebrew/include/sql.h",
];

/// The command that tests these drivers, without ODBC's where there is no driver manager to build with.
pub(crate) fn tests(counts: &mut Counts) -> Command {
    let mut features = vec!["tenon-database/mssql"];
    let mut tests = vec!["mssql"];
    match make_ready() {
        Ok(()) => {
            features.push("tenon-database/odbc");
            tests.extend(["odbc", "conformance_odbc"]);
        }
        Err(error) => {
            counts.skipped += 1;
            counts.skipped_names.push(format!("odbc, {error:#}"));
        }
    }
    let mut command = cargo();
    command.args([
        "test",
        "--no-fail-fast",
        "--workspace",
        "--features",
        &features.join(","),
    ]);
    command.args(tests.iter().flat_map(|test| ["--test", test]));
    command
}

/// Installs the driver manager and its drivers, unless they are there. A driver that can't be had has its tests skipped.
fn make_ready() -> Result<()> {
    // Windows has it by itself.
    let is_there = || cfg!(windows) || HEADERS.iter().any(|header| Path::new(header).exists());
    let drivers_known = || is_known("SQLite3") && is_known("PostgreSQL Unicode") && is_known("MariaDB Unicode");
    if !is_there() || !drivers_known() {
        for package in PACKAGES {
            let installed = step(&format!("installing {package}"), || {
                tenon_servers::apt(package, succeed)
            });
            if let Err(error) = installed {
                eprintln!("    {package} could not be installed: {error:#}");
            }
        }
    }
    if !is_there() {
        bail!("there is no driver manager; install it, as with `apt-get install unixodbc-dev`");
    }
    Ok(())
}

/// Whether the driver manager knows a driver.
fn is_known(driver: &str) -> bool {
    let asked = Command::new("odbcinst").args(["-q", "-d", "-n", driver]).output();
    asked.is_ok_and(|asked| asked.status.success())
}
