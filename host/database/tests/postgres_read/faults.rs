//! What happens when something goes wrong in the middle.

use std::time::{Duration, Instant};

use futures::StreamExt;
use tenon_database::{Driver, Error, ErrorKind, ReadConfig, ScanRequest, open};
use tenon_servers::{Postgres, or_skip};

use crate::support::{Fixture, cast, collect, describe, query, read, request, table};

const ENDLESS: &str = "select generate_series(1::int8, 1000000000000) as i, repeat('x', 100) as x";

/// What the server is doing for Tenon.
fn running(fixture: &Fixture) -> String {
    let database = fixture.psql("select current_database()");
    let statement = format!(
        "select count(*) from pg_stat_activity where application_name = 'tenon' and state <> 'idle' and datname = '{}'",
        database.trim()
    );
    fixture.psql(&statement).trim().to_owned()
}

async fn until_nothing_runs(fixture: &Fixture) {
    let begun = Instant::now();
    while running(fixture) != "0" {
        assert!(begun.elapsed() < Duration::from_secs(5), "the statement still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_stream_ends_its_statement() {
    let Some(fixture) = Fixture::new("postgres_read::dropped") else {
        return;
    };
    let database = fixture.open();
    for sql in [ENDLESS, "select pg_sleep(1000)::text as a from generate_series(1, 2)"] {
        let relation = query(sql);
        let description = describe(&database, &relation).await;
        let scan = database.scan(request(&relation, &description)).await.expect("a scan");
        let mut batches = scan.read(0);
        let first = tokio::time::timeout(Duration::from_millis(300), batches.next()).await;
        assert_eq!(first.is_ok(), sql == ENDLESS);
        assert_eq!(running(&fixture), "1");
        drop(batches);
        until_nothing_runs(&fixture).await;
    }
    // Futures, too.
    let relation = query("select pg_sleep(1000)::text as a");
    let slow = database
        .last(&relation, &[], &describe(&database, &relation).await)
        .await;
    assert!(slow.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminated_session_is_lost() {
    let Some(fixture) = Fixture::new("postgres_read::terminated") else {
        return;
    };
    let database = fixture.open();
    let relation = query(ENDLESS);
    let description = describe(&database, &relation).await;
    let scan = database.scan(request(&relation, &description)).await.expect("a scan");
    let mut batches = scan.read(0);
    assert!(batches.next().await.is_some_and(|batch| batch.is_ok()));
    fixture.psql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tenon' and datname = current_database()");
    let error = loop {
        match batches.next().await.expect("an end") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    // Why, the server says only if there is room for it on the way.
    assert!(matches!(&error, Error::Lost { .. }), "{error}");
    assert!(error.may_pass());
    drop(batches);
    // The next one connects again.
    assert_eq!(
        read(&database, &query("select 1 as a"), &ReadConfig::default())
            .await
            .expect("a row")
            .num_rows(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_lost() {
    let Some(mut server) = or_skip("postgres_read::killed", Postgres::start()) else {
        return;
    };
    let config = tenon_database::ConnectionConfig::new(server.url());
    let database = open(Driver::Postgres, &config).expect("a URL");
    let relation = query(ENDLESS);
    let description = describe(&database, &relation).await;
    let scan = database.scan(request(&relation, &description)).await.expect("a scan");
    let mut batches = scan.read(0);
    assert!(batches.next().await.is_some_and(|batch| batch.is_ok()));
    server.restart().expect("a restart");
    let error = loop {
        match batches.next().await.expect("an end") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Lost { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::System);
    assert!(database.check().await.expect("a version").contains("PostgreSQL"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_and_locks_have_limits() {
    let Some(fixture) = Fixture::new("postgres_read::limits") else {
        return;
    };
    fixture.psql("create table t (a int)");
    let mut config = fixture.config();
    (config.options.statement_timeout, config.options.lock_timeout) = (Some(1), 1);
    let database = open(Driver::Postgres, &config).expect("a URL");
    let error = read(
        &database,
        &query("select pg_sleep(60)::text as a"),
        &ReadConfig::default(),
    )
    .await
    .expect_err("late");
    assert!(
        matches!(&error, Error::Refused { code: Some(code), .. } if code == "57014"),
        "{error}"
    );
    config.options.statement_timeout = None;
    let database = open(Driver::Postgres, &config).expect("a URL");
    let server = std::sync::Arc::clone(&fixture.server);
    let lock = tokio::task::spawn_blocking(move || {
        server.psql_in("postgres_read::limits", "begin; lock table t; select pg_sleep(3)")
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let error = database
        .describe(&table("t"), &ReadConfig::default())
        .await
        .expect_err("locked");
    assert!(
        matches!(&error, Error::Refused { code: Some(code), transient: true, .. } if code == "55P03"),
        "{error}"
    );
    lock.await.expect("a task").expect("a lock");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_changes_does_not_fit() {
    let Some(fixture) = Fixture::new("postgres_read::changed") else {
        return;
    };
    let database = fixture.open();
    let relation = table("t");
    for change in [
        "alter table t drop column b",
        "alter table t alter b type float4 using b",
        "drop table t",
        "alter table t rename b to c",
    ] {
        for is_late in [false, true] {
            fixture.psql("drop table if exists t; create table t (a int8, b int4); insert into t values (1, 2)");
            let description = describe(&database, &relation).await;
            let error = if is_late {
                let scan = database.scan(request(&relation, &description)).await.expect("a scan");
                fixture.psql(change);
                collect(&scan, 0).await.expect_err(change)
            } else {
                fixture.psql(change);
                database.scan(request(&relation, &description)).await.expect_err(change)
            };
            assert!(
                matches!(&error, Error::Mismatch { table, .. } if table == "t"),
                "{change}: {error:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_be_read_is_refused() {
    let Some(fixture) = Fixture::new("postgres_read::denied") else {
        return;
    };
    fixture.psql("create table secret (a int); create role reader login password 'reads'");
    let mut config = fixture.config();
    config.options.user = Some("reader".into());
    config.options.password = Some(tenon_database::Secret::new("reads"));
    let database = open(Driver::Postgres, &config).expect("a URL");
    let error = database
        .describe(&table("secret"), &ReadConfig::default())
        .await
        .expect_err("denied");
    assert!(
        matches!(&error, Error::Refused { code: Some(code), .. } if code == "42501"),
        "{error}"
    );
    assert!(
        error.to_string().contains("permission denied for table secret"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_in_the_middle_leaves_the_connection_usable() {
    let Some(fixture) = Fixture::new("postgres_read::middle") else {
        return;
    };
    let database = fixture.open();
    let relation = query("select 10 / (5000 - i) as a from generate_series(1, 10000) i");
    let error = read(&database, &relation, &ReadConfig::default())
        .await
        .expect_err("a division");
    assert!(
        matches!(&error, Error::Refused { message, .. } if message.contains("division by zero")),
        "{error}"
    );
    let many = cast(&[("a", "text")]);
    assert_eq!(
        read(&database, &query("select 1 as a"), &many)
            .await
            .expect("a row")
            .num_rows(),
        1
    );
    let unused = ScanRequest {
        parts: 3,
        ..request(
            &query("select 1 as a"),
            &describe(&database, &query("select 1 as a")).await,
        )
    };
    drop(database.scan(unused).await.expect("a scan").read(0));
}
