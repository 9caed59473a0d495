//! What can go wrong with a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tenon_metadata::{Error, ErrorKind, Metadata, row};
use tenon_servers::{Postgres, or_skip};

use crate::{Place, TABLES, migrations, suite, values};

fn place(server: &Postgres) -> Place {
    Place { url: server.url() }
}

async fn count(metadata: &Metadata) -> i64 {
    metadata
        .read(|tx| tx.one("select count(*) from things", row![])?.get(0))
        .await
        .map_err(|error: Error| error)
        .unwrap()
}

async fn add(metadata: &Metadata) -> Result<u64, Error> {
    metadata
        .write(|tx| tx.execute("insert into things (name) values ('a')", row![]))
        .await
}

/// Those of one suite one after the other, each in a database of its own.
#[tokio::test]
async fn the_suite() {
    let Some(server) = Postgres::start_or_skip("metadata on postgres") else {
        return;
    };
    let all = [suite::ALL, values::ALL, migrations::ALL].concat();
    for (number, (name, test)) in all.into_iter().enumerate() {
        println!("{name}");
        let database = format!("suite_{number}");
        server
            .psql_in("postgres", &format!("create database {database}"))
            .unwrap();
        let url = server.url_of(&database);
        test(Place { url }).await;
    }
}

#[tokio::test]
async fn a_server_that_goes_and_comes_back() {
    let Some(mut server) = Postgres::start_or_skip("metadata: a server that goes") else {
        return;
    };
    let metadata = place(&server).open().await;
    let mut told = metadata.subscribe("tests");
    assert_eq!(add(&metadata).await, Ok(1));

    server.kill();
    let (write, read) = tokio::join!(add(&metadata), metadata.read(|tx| tx.query("select 1", row![])));
    for error in [write.unwrap_err(), read.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(error.to_string().contains("cannot be reached"), "{error}");
    }
    server.start_again().unwrap();
    assert_eq!(add(&metadata).await, Ok(1));
    assert_eq!(count(&metadata).await, 2);
    let notice = tokio::time::timeout(Duration::from_secs(30), told.next()).await;
    assert_eq!(notice.unwrap().unwrap().text, "", "something may have been missed");

    // One that is gone for a short time only is waited for.
    let (restarted, written) = tokio::join!(
        tokio::task::spawn_blocking(move || {
            server.restart().unwrap();
            server
        }),
        add(&metadata)
    );
    assert_eq!(written, Ok(1));
    assert_eq!(count(&metadata).await, 3);
    drop(metadata);
    drop(restarted.unwrap());
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_commit_is_made_again() {
    let Some(server) = Postgres::start_or_skip("metadata: a connection that breaks") else {
        return;
    };
    let server = Arc::new(server);
    let metadata = place(&server).open().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let (seen, psql) = (Arc::clone(&calls), Arc::clone(&server));
    let written = metadata
        .write(move |tx| {
            tx.execute("insert into things (name) values ('before')", row![])?;
            if seen.fetch_add(1, Ordering::Relaxed) == 0 {
                psql.psql(
                    "select count(pg_terminate_backend(pid)) from pg_stat_activity
                     where application_name = 'tenon' and state <> 'idle'",
                );
            }
            tx.execute("insert into things (name) values ('after')", row![])
        })
        .await;
    assert_eq!(written, Ok(1));
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    assert_eq!(count(&metadata).await, 2);
    assert!(metadata.statistics().repeated >= 1);
}

#[tokio::test]
async fn a_commit_that_is_not_answered_is_not_made_again() {
    let Some(server) = Postgres::start_or_skip("metadata: a commit that is not answered") else {
        return;
    };
    let metadata = place(&server).open().await;
    // Checked at the commit, which ends the connection.
    server.psql(
        "create function break() returns trigger language plpgsql as
             $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
         create constraint trigger broken after insert on counters
             deferrable initially deferred for each row execute function break()",
    );
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let error = metadata
        .write(move |tx| {
            seen.fetch_add(1, Ordering::Relaxed);
            tx.execute("insert into counters (name, value) values ('a', 1)", row![])
        })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("may be done or not"), "{error}");
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(add(&metadata).await, Ok(1));
}

#[tokio::test]
async fn tables_that_change_under_prepared_statements() {
    let Some(server) = Postgres::start_or_skip("metadata: tables that change") else {
        return;
    };
    let metadata = place(&server).open().await;
    add(&metadata).await.unwrap();
    let all = || metadata.read(|tx| tx.one("select * from things", row![])?.get::<i64>(0));
    for _ in 0..8 {
        assert_eq!(all().await, Ok(1));
    }
    server.psql("alter table things add column colour text");
    for _ in 0..8 {
        assert_eq!(all().await, Ok(1));
    }
}

#[tokio::test]
async fn encrypted_connections() {
    let Some(server) = or_skip("metadata: encrypted connections", Postgres::with_tls()) else {
        return;
    };
    let ca = server.ca().unwrap().display().to_string();
    let open = |parameters: String| {
        let url = format!("{}?{parameters}", server.url());
        async move { Metadata::open(&Place { url }.settings(), &[TABLES]).await }
    };
    for parameters in [
        "sslmode=prefer".to_owned(),
        "sslmode=require".to_owned(),
        format!("sslmode=verify-full&sslrootcert={ca}"),
    ] {
        let metadata = open(parameters).await.unwrap();
        let encrypted: bool = metadata
            .read(|tx| {
                tx.one("select ssl from pg_stat_ssl where pid = pg_backend_pid()", row![])?
                    .get(0)
            })
            .await
            .unwrap();
        assert!(encrypted);
    }
    for parameters in ["sslmode=disable", "sslmode=verify-full"] {
        let error = open(parameters.to_owned()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let said = format!("{error} {error:?}");
        assert!(!said.contains(tenon_servers::PASSWORD), "{said}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let place = Place {
        url: "postgres://me:hunter2@127.0.0.1:1/none".to_owned(),
    };
    let error = Metadata::open(&place.settings(), &[TABLES]).await.unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(
        said.starts_with("the database postgres://me@127.0.0.1:1/none cannot be opened: "),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
}
