//! Databases behind ADBC drivers: those of SQLite and PostgreSQL, from the packages of the Python index.

mod drivers;
mod suite;

use tenon_database::{ConnectionConfig, Driver, open};
use tenon_servers::{Postgres, or_skip};

use drivers::Library;
use suite::{Db, ODD, everything};

fn opened(url: String) -> Db {
    open(Driver::Adbc, &ConnectionConfig::new(url)).expect("it is a URL")
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    let Some(library) = or_skip("adbc::sqlite", Library::Sqlite.find()) else {
        return;
    };
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("data.db");
    let db = opened(format!("adbc://{}?uri={}", library.display(), file.display()));
    everything(&db, ODD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() {
    let Some(library) = or_skip("adbc::postgres", Library::Postgres.find()) else {
        return;
    };
    let Some(server) = Postgres::start_or_skip("adbc::postgres") else {
        return;
    };
    let db = opened(format!("adbc://{}?uri={}", library.display(), server.url()));
    assert!(!db.name().contains(tenon_servers::PASSWORD), "{}", db.name());
    everything(&db, ODD).await;
    let wrong = server.url().replace(tenon_servers::PASSWORD, "other-secret");
    suite::wrong_password(&opened(format!("adbc://{}?uri={wrong}", library.display()))).await;
    let port = server.port();
    drop(server);
    let ended = opened(format!(
        "adbc://{}?uri=postgresql://u@127.0.0.1:{port}/x",
        library.display()
    ));
    suite::nobody_listens(&ended).await;
}

#[tokio::test]
async fn a_driver_that_is_not_there_is_named() {
    suite::no_driver(&opened("adbc:///no/such/driver.so?uri=x&password=geheim".to_owned())).await;
}
