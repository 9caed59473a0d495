//! Databases behind ODBC drivers: those of SQLite, PostgreSQL and MariaDB.

mod libraries;
#[path = "../adbc/suite/mod.rs"]
mod suite;

use tenon_database::{ConnectionConfig, Driver, ReadConfig, Relation, Secret, open};
use tenon_servers::{MariaDb, PASSWORD, Postgres, USER, or_skip};

use libraries::odbc as driver;
use suite::{Db, ODD, everything};

fn opened(connection: &str) -> Db {
    open(Driver::Odbc, &ConnectionConfig::new(format!("odbc:{connection}"))).expect("it is a connection string")
}

/// Texts that are longer than the first buffers, among the first rows and after them.
async fn long_texts(db: &Db, function: &str) {
    let query = format!("select {function} as stretched");
    let one = suite::read(db, Relation::Query(query), |_| {})
        .await
        .expect("buffers grow");
    let column = one.column(0).clone();
    let text = arrow::util::display::array_value_to_string(&column, 0).expect("it is a text");
    assert_eq!(
        (text.len(), text.chars().all(|character| character == 'x')),
        (300_000, true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    let Some(library) = or_skip("odbc::sqlite", driver("libsqlite3odbc.so", "libsqliteodbc")) else {
        return;
    };
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("data.db");
    let db = opened(&format!("Driver={};Database={}", library.display(), file.display()));
    everything(&db, ODD).await;
    long_texts(&db, "replace(hex(zeroblob(150000)), '0', 'x')").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() {
    let Some(library) = or_skip("odbc::postgres", driver("psqlodbcw.so", "odbc-postgresql")) else {
        return;
    };
    let Some(server) = Postgres::start_or_skip("odbc::postgres") else {
        return;
    };
    let connection = format!(
        "Driver={};Server=127.0.0.1;Port={};Database=test",
        library.display(),
        server.port()
    );
    let db = opened(&format!("{connection};UID={USER};PWD={PASSWORD}"));
    assert!(!db.name().contains(PASSWORD), "{}", db.name());
    everything(&db, ODD).await;
    long_texts(&db, "repeat('x', 300000)").await;
    exact_numbers(&db).await;
    let mut config = ConnectionConfig::new(format!("odbc:{connection}"));
    config.options.user = Some(USER.to_owned());
    config.options.password = Some(Secret::new("other-secret"));
    suite::wrong_password(&open(Driver::Odbc, &config).expect("it is a connection string")).await;
    drop(server);
    suite::nobody_listens(&db).await;
}

/// Numbers keep all digits, and types are told.
async fn exact_numbers(db: &Db) {
    let query = "select 12345678901234567890.123456789::numeric as plain, 1.50::numeric(9,2) as money, true as yes, \
                 time '12:34:56.789012' as at, timestamp '2020-02-29 01:02:03.000004' as moment, '\\xff00'::bytea as bytes";
    let relation = Relation::Query(query.to_owned());
    let description = db
        .describe(&relation, &ReadConfig::default())
        .await
        .expect("it is a query");
    assert!(description.columns[0].note.is_some(), "{description:?}");
    let row = suite::read(db, relation, |_| {}).await.expect("it has a row");
    let texts: Vec<String> = row
        .columns()
        .iter()
        .map(|column| arrow::util::display::array_value_to_string(column, 0).expect("it can be shown"))
        .collect();
    assert_eq!(
        texts,
        [
            "12345678901234567890.123456789",
            "1.50",
            "true",
            "12:34:56.789012",
            "2020-02-29T01:02:03.000004",
            "ff00"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb() {
    let Some(library) = or_skip("odbc::mariadb", driver("libmaodbc.so", "odbc-mariadb")) else {
        return;
    };
    let Some(server) = MariaDb::start_or_skip("odbc::mariadb") else {
        return;
    };
    let connection = format!(
        "Driver={};Server=127.0.0.1;Port={};Database=test",
        library.display(),
        server.port()
    );
    let db = opened(&format!("{connection};UID={USER};PWD={PASSWORD}"));
    // Names there have no characters beyond the basic plane.
    everything(&db, &ODD.replace('😀', "ß")).await;
    long_texts(&db, "repeat('x', 300000)").await;
}

#[tokio::test]
async fn a_driver_that_is_not_there_is_named() {
    suite::no_driver(&opened("Driver=/no/such/driver.so;PWD=geheim")).await;
}
