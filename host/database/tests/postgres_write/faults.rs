//! Servers that end, sessions that are ended, locks, and full disks.

use std::io::Write as _;
use std::time::Duration;

use tenon_database::{ConnectionConfig, Database, Driver, Error, Load, Mode, OnError, WriteConfig, open};
use tenon_servers::Postgres;

use super::support::{Fixture, NoneRejected, ready, request, rows, to, write_parts};

fn many(from: i64) -> arrow::array::RecordBatch {
    rows(&(from..from + 8192).collect::<Vec<_>>())
}

fn database(server: &Postgres) -> std::sync::Arc<dyn Database> {
    open(Driver::Postgres, &ConnectionConfig::new(server.url())).expect("the URL is sound")
}

/// Writes until that fails.
async fn write_on(load: &dyn Load) -> Error {
    let mut writer = load.writer(1);
    for batch in 0..10_000 {
        if let Err(error) = writer.write(&many(batch * 8192)).await {
            return error;
        }
        tokio::task::yield_now().await;
    }
    writer.finish().await.expect_err("it has been ended")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_while_rows_are_written() {
    let Some(mut server) = Postgres::start_or_skip("postgres_write::killed_writing") else {
        return;
    };
    let config = to("t", Mode::Append);
    let load = ready(
        database(&server)
            .begin(request("r1", config.clone(), &many(0)))
            .await
            .expect("begun"),
    );
    let mut writer = load.writer(0);
    writer.write(&many(0)).await.expect("written");
    let (killed, error) = tokio::join!(
        tokio::task::spawn_blocking(move || {
            std::thread::sleep(Duration::from_millis(200));
            server.kill();
            server
        }),
        write_on(&*load)
    );
    let mut server = killed.expect("no panic");
    assert!(
        matches!(&error, Error::Lost { doing, .. } if doing == "writing rows for public.t"),
        "{error}"
    );
    assert!(error.may_pass());
    load.abandon().await;
    server.start_again().expect("started");
    let mut load = ready(
        database(&server)
            .begin(request("r2", config, &many(0)))
            .await
            .expect("begun"),
    );
    let parts = write_parts(&*load, &[many(0)]).await.expect("written");
    load.prepare(parts, &NoneRejected).await.expect("prepared");
    load.commit().await.expect("committed");
    assert_eq!(server.psql("select count(*) from t").trim(), "8192");
    assert_eq!(server.psql("select count(*) from _tenon_commits").trim(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_between_prepare_and_commit() {
    let Some(mut server) = Postgres::start_or_skip("postgres_write::killed_prepared") else {
        return;
    };
    server.psql("create table t (id bigint primary key, name text); insert into t values (-1, 'old')");
    for (run, mode, expected) in [
        ("r1", Mode::Append, "8193"),
        ("r2", Mode::Overwrite, "8192"),
        ("r3", Mode::Upsert, "16384"),
    ] {
        let from = if mode == Mode::Upsert { 8192 } else { 0 };
        let mut load = ready(
            database(&server)
                .begin(request(run, to("t", mode), &many(0)))
                .await
                .expect("begun"),
        );
        let parts = write_parts(&*load, &[many(from)]).await.expect("written");
        let prepared = load.prepare(parts, &NoneRejected).await.expect("prepared");
        server.kill();
        let lost = load.commit().await.expect_err("nobody there");
        assert!(matches!(lost, Error::Lost { .. }), "{lost}");
        server.start_again().expect("started");
        let committed = database(&server).commit(&prepared).await.expect("committed");
        assert_eq!(committed.rows, 8192);
        assert_eq!(database(&server).commit(&prepared).await, Ok(committed));
        assert_eq!(server.psql("select count(*) from t").trim(), expected, "{run}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_whose_session_is_ended() {
    let Some(on) = Fixture::new("terminated") else { return };
    let load = ready(
        on.database()
            .begin(request("r1", to("t", Mode::Append), &many(0)))
            .await
            .expect("begun"),
    );
    let mut writer = load.writer(0);
    writer.write(&many(0)).await.expect("written");
    let ended = on.psql("select pg_terminate_backend(pid) from pg_stat_activity where query like 'copy%' and datname = current_database()");
    assert_eq!(ended, "t");
    let error = loop {
        if let Err(error) = writer.write(&many(0)).await {
            break error;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    assert!(matches!(error, Error::Lost { .. }), "{error}");
    drop(writer);
    // Another try at the same partition is not doubled by the first.
    let mut load = load;
    let parts = write_parts(&*load, &[many(0)]).await.expect("written");
    load.prepare(parts, &NoneRejected).await.expect("prepared");
    assert_eq!(load.commit().await.expect("committed").rows, 8192);
    assert_eq!(on.psql("select count(*) from t"), "8192");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_whose_session_is_ended() {
    let Some(on) = Fixture::new("owner_ended") else { return };
    let mut load = ready(
        on.database()
            .begin(request("r1", to("t", Mode::Append), &many(0)))
            .await
            .expect("begun"),
    );
    let parts = write_parts(&*load, &[many(0)]).await.expect("written");
    on.psql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
    let error = load.prepare(parts, &NoneRejected).await.expect_err("it has been ended");
    assert!(matches!(error, Error::Lost { .. }), "{error}");
    load.abandon().await;
    on.write("r2", to("t", Mode::Append), &[many(0)])
        .await
        .expect("written");
    assert_eq!(on.psql("select count(*) from t"), "8192");
    assert_eq!(on.leftovers(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_another_session_has_locked() {
    let Some(on) = Fixture::new("locked") else { return };
    on.psql("create table t (id bigint, name text)");
    let database = on.database_with(|config| config.options.lock_timeout = 1);
    for (run, mode) in [("r1", Mode::Append), ("r2", Mode::Overwrite), ("r3", Mode::Upsert)] {
        let mut config = to("t", mode);
        config.keys = vec!["id".into()];
        let mut load = ready(database.begin(request(run, config, &many(0))).await.expect("begun"));
        let parts = write_parts(&*load, &[many(0)]).await.expect("written");
        let (client, connection) = tokio_postgres::connect(&on.url, tokio_postgres::NoTls)
            .await
            .expect("connected");
        let connection = tokio::spawn(connection);
        client
            .batch_execute("begin; lock table t in access exclusive mode")
            .await
            .expect("locked");
        let error = load
            .prepare(parts.clone(), &NoneRejected)
            .await
            .expect_err("it is locked");
        let is_timeout = matches!(&error, Error::Refused { code: Some(code), transient: true, .. } if code == "55P03");
        assert!(is_timeout && error.to_string().contains("public.t"), "{error}");
        drop(client);
        let _ = connection.await;
        // The same load may try again.
        load.prepare(parts, &NoneRejected).await.expect("prepared");
        load.commit().await.expect("committed");
    }
    assert_eq!(on.leftovers(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_space() {
    let Some(on) = Fixture::new("no_space") else { return };
    let Some(folder) = small_disk() else {
        let _ = writeln!(
            std::io::stdout(),
            "\nSKIPPED postgres_write::a_server_without_space, a small file system cannot be mounted"
        );
        return;
    };
    on.psql(&format!(
        "create tablespace small location '{}'",
        folder.0.path().join("data").display()
    ));
    on.psql("alter database no_space set default_tablespace = small");
    let load = ready(
        on.database()
            .begin(request("r1", to("t", Mode::Append), &many(0)))
            .await
            .expect("begun"),
    );
    let mut writer = load.writer(0);
    let mut result = Ok(());
    for batch in 0..64 {
        result = writer.write(&many(batch)).await;
        if result.is_err() {
            break;
        }
    }
    let error = match result {
        Ok(()) => writer.finish().await.expect_err("there is no space"),
        Err(error) => error,
    };
    assert!(
        matches!(&error, Error::Refused { code: Some(code), transient: true, .. } if code == "53100"),
        "{error}"
    );
    load.abandon().await;
    assert_eq!(on.leftovers(), "");
    on.write("r2", to("t", Mode::Append), &[many(0)])
        .await
        .expect("there is space for a few");
    on.psql("drop table t, _tenon_commits");
    on.psql("alter database no_space reset default_tablespace");
    // A session keeps its setting, so another one drops it.
    on.psql("drop tablespace small");
}

/// A file system of a few megabytes, which only the system's administrator can mount.
struct SmallDisk(tempfile::TempDir);

fn small_disk() -> Option<SmallDisk> {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().ok()?;
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=4m,mode=777", "tmpfs"])
        .arg(folder.path())
        .stderr(std::process::Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        return None;
    }
    let disk = SmallDisk(folder);
    let made = std::process::Command::new("install")
        .args(["-d", "-o", "postgres", "-m", "700"])
        .arg(disk.0.path().join("data"))
        .status();
    std::fs::set_permissions(disk.0.path(), std::fs::Permissions::from_mode(0o777)).ok()?;
    made.is_ok_and(|status| status.success()).then_some(disk)
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(self.0.path())
            .status();
    }
}

#[tokio::test]
async fn a_statement_that_is_not_waited_for_leaves_no_lock() {
    let Some(on) = Fixture::new("cancelled") else { return };
    on.psql("create table t (id bigint, name text)");
    let (client, connection) = tokio_postgres::connect(&on.url, tokio_postgres::NoTls)
        .await
        .expect("connected");
    let connection = tokio::spawn(connection);
    client
        .batch_execute("begin; lock table t in access exclusive mode")
        .await
        .expect("locked");
    let config = WriteConfig {
        on_error: OnError::Reject,
        ..to("t", Mode::Append)
    };
    let mut load = ready(
        on.database()
            .begin(request("r1", config, &many(0)))
            .await
            .expect("begun"),
    );
    let parts = write_parts(&*load, &[many(0)]).await.expect("written");
    let late = tokio::time::timeout(Duration::from_millis(300), load.prepare(parts, &NoneRejected)).await;
    assert!(late.is_err(), "it waits for the lock");
    drop(load);
    for attempt in 0.. {
        let held = on.psql("select count(*) from pg_locks l join pg_database d on d.oid = l.database where d.datname = current_database() and (locktype = 'advisory' or not granted)");
        if held == "0" {
            break;
        }
        assert!(attempt < 100, "{held} locks are held");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(client);
    let _ = connection.await;
    on.write("r2", to("t", Mode::Append), &[many(0)])
        .await
        .expect("written");
}
