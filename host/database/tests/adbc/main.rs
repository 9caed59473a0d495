//! Databases behind ADBC drivers: those of SQLite and PostgreSQL, from the packages of the Python index.

mod drivers;
mod suite;

use tenon_database::{ConnectionConfig, Driver, Error, Stage, open};
use tenon_servers::{Postgres, or_skip};

use drivers::Library;
use suite::Db;

fn opened(url: String) -> Db {
    open(Driver::Adbc, &ConnectionConfig::new(url)).expect("it is a URL")
}

async fn everything(db: &Db, rejects: bool) {
    suite::round_trip(db).await;
    suite::looked_at(db).await;
    suite::modes(db).await;
    suite::merged(db).await;
    suite::refused(db, rejects).await;
    suite::resumed(db).await;
    suite::odd_names(db, suite::ODD).await;
    suite::dropped(db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    let Some(library) = or_skip("adbc::sqlite", Library::Sqlite.find()) else {
        return;
    };
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("data.db");
    let db = opened(format!("adbc://{}?uri={}", library.display(), file.display()));
    everything(&db, true).await;
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
    everything(&db, true).await;
    let wrong = server.url().replace(tenon_servers::PASSWORD, "other-secret");
    let error = opened(format!("adbc://{}?uri={wrong}", library.display()))
        .check()
        .await
        .expect_err("it is wrong");
    assert!(
        matches!(
            error,
            Error::Connect {
                stage: Stage::Login,
                ..
            }
        ),
        "{error}"
    );
    assert!(!error.to_string().contains("other-secret"), "{error}");
    let port = server.port();
    drop(server);
    let error = opened(format!(
        "adbc://{}?uri=postgresql://u@127.0.0.1:{port}/x",
        library.display()
    ));
    let error = error.check().await.expect_err("nobody listens");
    assert!(matches!(error, Error::Connect { stage: Stage::Tcp, .. }), "{error}");
}

#[tokio::test]
async fn a_driver_that_is_not_there_is_named() {
    let error = opened("adbc:///no/such/driver.so?uri=x&password=geheim".to_owned())
        .check()
        .await
        .expect_err("there is none");
    assert!(
        matches!(
            error,
            Error::Connect {
                stage: Stage::Configuration,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("/no/such/driver.so") && !error.to_string().contains("geheim"),
        "{error}"
    );
}
