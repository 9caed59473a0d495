//! The servers start, crash, start again and end.

use std::time::Instant;

use tenon_servers::{MariaDb, Postgres, or_skip};

#[test]
fn postgres_outlives_a_crash() {
    let began = Instant::now();
    let Some(mut server) = Postgres::start_or_skip("servers::postgres_outlives_a_crash") else {
        return;
    };
    println!("PostgreSQL started in {:?}", began.elapsed());
    server.psql("create table t (a int); insert into t values (1), (2)");
    server.restart().unwrap();
    assert_eq!(
        server.psql("select count(*), current_setting('wal_level') from t"),
        "2|logical"
    );
    server.kill();
    assert!(server.psql_in("test", "select 1").is_err());
    server.start_again().unwrap();
    assert_eq!(server.psql("select count(*) from t"), "2");
    let data = server.data();
    drop(server);
    assert!(!data.exists());
}

#[test]
fn postgres_encrypts() {
    let Some(server) = or_skip("servers::postgres_encrypts", Postgres::with_tls()) else {
        return;
    };
    assert_eq!(server.psql("show ssl"), "on");
    assert!(server.ca().unwrap().exists());
}

#[test]
fn mariadb_outlives_a_crash() {
    let began = Instant::now();
    let Some(mut server) = MariaDb::start_or_skip("servers::mariadb_outlives_a_crash") else {
        return;
    };
    println!("MariaDB started in {:?}", began.elapsed());
    server.client("create table t (a int); insert into t values (1), (2)");
    server.restart().unwrap();
    assert_eq!(server.client("select count(*), @@binlog_format from t"), "2\tROW");
    server.kill();
    assert!(server.client_in("test", "select 1").is_err());
    server.start_again().unwrap();
    assert_eq!(server.client("select count(*) from t"), "2");
    let data = server.data();
    drop(server);
    assert!(!data.exists());
}

#[test]
fn mariadb_encrypts() {
    let Some(server) = or_skip("servers::mariadb_encrypts", MariaDb::with_tls()) else {
        return;
    };
    assert_eq!(server.client("select @@have_ssl"), "YES");
    assert!(server.ca().unwrap().exists());
}
