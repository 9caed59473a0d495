//! The same suite for ODBC's drivers, on its own since the default build has no ODBC.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod cases;
mod data;
mod evaluate;
mod files;
#[path = "../odbc/libraries.rs"]
mod libraries;
mod names;
mod native;
mod pushdown;
mod reading;
mod round_trip;
mod safety;
mod subject;
mod support;
mod upsert;
mod writing;

use std::path::Path;

use tenon_database::Driver;
use tenon_servers::{PASSWORD, Postgres, USER, or_skip};

use self::cases::run;
use self::subject::Subject;

#[test]
fn sqlite() {
    let name = "conformance_odbc::sqlite";
    let Some(library) = or_skip(name, libraries::odbc("libsqlite3odbc.so", "libsqliteodbc")) else {
        return;
    };
    let url = |file: &Path| format!("odbc:Driver={};Database={}", library.display(), file.display());
    if let Some(subject) = Subject::file(name, Driver::Odbc, url) {
        run(&Subject {
            // The driver reads numbers as texts of 15 digits, and tells times of day as texts.
            exact_floats: false,
            tells_types: false,
            // And it writes bytes as long as the longest of them.
            exact_bytes: false,
            ..subject
        });
    }
}

#[test]
fn postgres() {
    let name = "conformance_odbc::postgres";
    let Some(library) = or_skip(name, libraries::odbc("psqlodbcw.so", "odbc-postgresql")) else {
        return;
    };
    let Some(server) = Postgres::start_or_skip(name) else {
        return;
    };
    let connection = format!(
        "Driver={};Server=127.0.0.1;Port={};Database=test;UID={USER};PWD={PASSWORD}",
        library.display(),
        server.port()
    );
    run(&Subject {
        name,
        driver: Driver::Odbc,
        url: format!("odbc:{connection}"),
        shares_snapshot: false,
        ..Subject::postgres(server)
    });
}
