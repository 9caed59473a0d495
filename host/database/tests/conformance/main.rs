//! What every database has to do alike, as one suite. Each driver is a [`Subject`] of the same cases.

#![cfg(any(feature = "adbc", feature = "mysql", feature = "postgres", feature = "sqlite"))]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod cases;
mod data;
#[cfg(feature = "adbc")]
#[path = "../adbc/drivers.rs"]
#[allow(dead_code, reason = "the tests of ADBC alone use all of it")]
mod drivers;
mod evaluate;
#[cfg(feature = "adbc")]
mod files;
mod names;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod native;
mod pushdown;
mod reading;
mod round_trip;
mod safety;
mod subject;
mod support;
mod upsert;
mod writing;

use self::cases::run;
use self::subject::Subject;

#[cfg(feature = "sqlite")]
#[test]
fn sqlite() {
    run(&Subject::sqlite());
}

#[cfg(feature = "postgres")]
#[test]
fn postgres() {
    let server = tenon_servers::Postgres::start_or_skip("conformance::postgres");
    if let Some(server) = server {
        run(&Subject::postgres(server));
    }
}

#[cfg(feature = "mysql")]
#[test]
fn mariadb() {
    if let Some(subject) = Subject::mariadb() {
        run(&subject);
    }
}

#[cfg(feature = "adbc")]
#[test]
fn adbc_sqlite() {
    use std::path::Path;

    let name = "conformance::adbc_sqlite";
    let Some(library) = tenon_servers::or_skip(name, drivers::Library::Sqlite.find()) else {
        return;
    };
    let url = |file: &Path| format!("adbc://{}?uri={}", library.display(), file.display());
    if let Some(subject) = Subject::file(name, tenon_database::Driver::Adbc, url) {
        run(&Subject {
            // What the driver says of a column's type is that of the first values it finds in it.
            tells_types: false,
            ..subject
        });
    }
}
