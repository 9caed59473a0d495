//! What goes wrong, and what is said of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Int64Array, StringArray};
use futures::StreamExt;
use mysql_async::prelude::Queryable;
use tenon_database::{
    ConnectionConfig, Driver, Error, Mode, ReadConfig, Relation, ScanRequest, Stage, TableName, Tls, open,
};
use tenon_servers::{MariaDb, or_skip};

use crate::harness::{Nobody, batch, begin, config, connect, fixture, on, request, write};

fn stage(error: &Error) -> Option<Stage> {
    match error {
        Error::Connect { stage, .. } => Some(*stage),
        _ => None,
    }
}

#[tokio::test]
async fn a_connection_that_fails_says_how_far_it_came() {
    let Some(fixture) = fixture("a_connection_that_fails_says_how_far_it_came") else {
        return;
    };
    fixture.client("create user if not exists nobody identified by 'pw'");
    let port = fixture.server.port();
    for (url, expected) in [
        (format!("mysql://tenon:wrong-pw@127.0.0.1:{port}/test"), Stage::Login),
        (
            format!("mysql://tenon:tenon-secret@127.0.0.1:{port}/nowhere"),
            Stage::Database,
        ),
        (
            format!("mysql://nobody:pw@127.0.0.1:{port}/{}", fixture.schema),
            Stage::Permission,
        ),
        (
            format!("mysql://tenon:wrong-pw@no-such-host.invalid:{port}/test"),
            Stage::Dns,
        ),
        ("mysql://tenon:wrong-pw@127.0.0.1:1/test".to_owned(), Stage::Tcp),
    ] {
        let error = connect(&url).check().await.unwrap_err();
        assert_eq!(stage(&error), Some(expected), "{error}");
        assert!(!error.to_string().contains("wrong-pw"), "{error}");
    }
    let mut required = ConnectionConfig::new(fixture.server.url());
    required.options.tls = Some(Tls::Require);
    let error = open(Driver::Mysql, &required).unwrap().check().await.unwrap_err();
    assert_eq!(stage(&error), Some(Stage::Tls), "{error}");
    fixture.client(&format!(
        "grant select on {}.* to nobody; create table secret (a int)",
        fixture.schema
    ));
    let reader = connect(&format!("mysql://nobody:pw@127.0.0.1:{port}/{}", fixture.schema));
    let error = write(
        &reader,
        &config("new", Mode::Error),
        "r",
        &batch(vec![("a", Arc::new(Int64Array::from(vec![1])))]),
        &Nobody,
    )
    .await
    .unwrap_err();
    assert!(
        matches!(&error, Error::Refused { message, .. } if message.contains("denied")),
        "{error}"
    );
}

#[tokio::test]
async fn encryption_is_as_asked_for() {
    let Some(server) = or_skip("mysql::encryption_is_as_asked_for", MariaDb::with_tls()) else {
        return;
    };
    let ca = server.ca().map(std::path::Path::to_owned);
    let with = |tls, ca: Option<std::path::PathBuf>, host: &str| {
        let mut config = ConnectionConfig::new(server.url().replace("127.0.0.1", host));
        config.options.tls = Some(tls);
        config.options.tls_ca = ca;
        open(Driver::Mysql, &config).unwrap()
    };
    for (tls, ca) in [(Tls::Prefer, None), (Tls::Require, None), (Tls::VerifyFull, ca.clone())] {
        with(tls, ca, "127.0.0.1").check().await.unwrap();
    }
    with(Tls::VerifyFull, ca.clone(), "localhost").check().await.unwrap();
    let error = with(Tls::Disable, None, "127.0.0.1").check().await.unwrap_err();
    assert!(error.to_string().contains("not encrypted"), "{error}");
    let error = with(Tls::VerifyFull, None, "127.0.0.1").check().await.unwrap_err();
    assert_eq!(stage(&error), Some(Stage::Tls), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_is_lost() {
    let Some(server) = or_skip("mysql::a_server_that_dies_is_lost", MariaDb::start()) else {
        return;
    };
    let fixture = on(Arc::new(server));
    fixture.client("create table n as select seq as id, repeat('x', 200) as text from seq_1_to_300000");
    let request_of = scan_of(&fixture.database, "n").await;
    let mut rows = fixture.database.scan(request_of).await.unwrap().read(0);
    rows.next().await.unwrap().unwrap();
    let text = StringArray::from(vec!["x"; 20_000]);
    let written = batch(vec![("text", Arc::new(text))]);
    let load = begin(&fixture.database, request(&config("t", Mode::Error), "r", &written))
        .await
        .unwrap();
    let mut writer = load.writer(0);
    writer.write(&written).await.unwrap();
    let Ok(mut server) = Arc::try_unwrap(fixture.server) else {
        panic!("shared")
    };
    server.kill();
    let read = loop {
        match rows.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("the rows ended as if they were all"),
        }
    };
    assert!(matches!(read, Error::Lost { .. }), "{read}");
    let lost = loop {
        if let Err(error) = writer.write(&written).await {
            break error;
        }
    };
    assert!(matches!(lost, Error::Lost { .. }) && lost.may_pass(), "{lost}");
    load.abandon().await;
    server.start_again().unwrap();
    // What the dead run has left is swept, and nothing of it is visible.
    let database = connect(&server.url_of(&fixture.schema));
    write(&database, &config("t", Mode::Error), "r2", &written, &Nobody)
        .await
        .unwrap();
    let count = |sql: &str| server.client_in(&fixture.schema, sql).unwrap();
    assert_eq!(count("select count(*) from t"), "20000");
    assert_eq!(count("show tables like '\\_tenon\\_%'"), "_tenon_commits");
}

async fn scan_of(database: &Arc<dyn tenon_database::Database>, table: &str) -> ScanRequest {
    let relation = Relation::Table(TableName::new(None, table));
    let description = database.describe(&relation, &ReadConfig::default()).await.unwrap();
    ScanRequest {
        relation,
        schema: description.schema,
        predicate: None,
        limit: None,
        parts: 1,
        split_by: None,
        batch_rows: 1000,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_connection_is_lost_and_a_dropped_read_ends() {
    let Some(fixture) = fixture("a_killed_connection_is_lost_and_a_dropped_read_ends") else {
        return;
    };
    fixture.client("create table n as select seq as id, repeat('x', 200) as text from seq_1_to_500000");
    let running = || {
        fixture.client(&format!(
            "select id from information_schema.processlist where db = '{}' and info like 'select `id`%'",
            fixture.schema
        ))
    };
    let mut rows = fixture
        .database
        .scan(scan_of(&fixture.database, "n").await)
        .await
        .unwrap()
        .read(0);
    rows.next().await.unwrap().unwrap();
    fixture.client(&format!("kill {}", running()));
    let error = loop {
        match rows.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("the rows ended as if they were all"),
        }
    };
    assert!(matches!(error, Error::Lost { .. }), "{error}");
    let mut rows = fixture
        .database
        .scan(scan_of(&fixture.database, "n").await)
        .await
        .unwrap()
        .read(0);
    rows.next().await.unwrap().unwrap();
    assert!(!running().is_empty());
    drop(rows);
    let began = Instant::now();
    while !running().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(5), "the statement still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn locks_and_slow_statements_end() {
    let Some(fixture) = fixture("locks_and_slow_statements_end") else {
        return;
    };
    fixture.client("create table t (id bigint primary key); insert into t values (1)");
    let mut options = ConnectionConfig::new(fixture.server.url_of(&fixture.schema));
    options.options.lock_timeout = 1;
    options.options.statement_timeout = Some(1);
    let database = open(Driver::Mysql, &options).unwrap();
    let mut other = mysql_async::Conn::from_url(fixture.server.url_of(&fixture.schema))
        .await
        .unwrap();
    other.query_drop("start transaction").await.unwrap();
    other.query_drop("delete from t").await.unwrap();
    let one = batch(vec![("id", Arc::new(Int64Array::from(vec![1])))]);
    let error = write(&database, &config("t", Mode::Upsert), "r1", &one, &Nobody)
        .await
        .unwrap_err();
    assert!(matches!(&error, Error::Refused { transient: true, .. }), "{error}");
    other.query_drop("rollback").await.unwrap();
    write(&database, &config("t", Mode::Upsert), "r2", &one, &Nobody)
        .await
        .unwrap();
    let slow = Relation::Query("select sleep(20) as a from t".to_owned());
    let began = Instant::now();
    let read = crate::harness::read(&database, slow, &ReadConfig::default(), 1).await;
    assert!(began.elapsed() < Duration::from_secs(10));
    let error = read.unwrap_err();
    assert!(matches!(&error, Error::Refused { transient: true, .. }), "{error}");
}

#[tokio::test]
async fn a_server_without_files_of_clients_is_written_by_inserts() {
    let without = MariaDb::with(&[("local-infile", "0")]);
    let Some(server) = or_skip("mysql::a_server_without_files_of_clients", without) else {
        return;
    };
    let fixture = on(Arc::new(server));
    let text: Vec<Option<&str>> = vec![Some("it's \\ \n \0 😀"), None, Some("")];
    let written = batch(vec![
        ("text", Arc::new(StringArray::from(text))),
        (
            "binary",
            Arc::new(arrow::array::BinaryArray::from_opt_vec(vec![
                Some(b"\xff\x00"),
                None,
                Some(b""),
            ])),
        ),
        (
            "date",
            Arc::new(arrow::array::Date32Array::from(vec![Some(0), None, Some(19_782)])),
        ),
    ]);
    fixture.write(&config("t", Mode::Error), "r1", &written).await.unwrap();
    assert_eq!(fixture.read("t").await, written);
}
