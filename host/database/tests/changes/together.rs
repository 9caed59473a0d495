//! Runs beside writers, other runs and crashes: nothing is lost, and nothing is read twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use tenon_servers::Postgres;

use crate::source::{Source, runtime, short};

/// A run that reads again what another has read that was not committed reads the same.
pub(crate) fn rerun(server: &Postgres) {
    server.psql("create table again (id int primary key, name text)");
    let mut source = Source::new(server, "again");
    source.commit();
    server.psql(
        "insert into again select n, 'x' from generate_series(1, 2500) n; update again set name = 'y' where id = 7",
    );
    let first = source.run().unwrap();
    let second = source.run().unwrap();
    assert_eq!(first.len(), 2_501);
    assert_eq!(first, second);
    server.psql("insert into again values (9999, 'z')");
    let third = source.run().unwrap();
    assert_eq!((&third[..2_501], third.len()), (&first[..], 2_502));
    source.commit();
    source.assert_same();
}

/// Its slot and publication are there already, and what has changed meanwhile is in the rows.
pub(crate) fn first_run_again(server: &Postgres) {
    server.psql("create table firsts (id int primary key, name text); insert into firsts values (1, 'a'), (2, 'b')");
    let mut source = Source::new(server, "firsts");
    source.run().unwrap();
    server.psql("update firsts set name = 'B' where id = 2; delete from firsts where id = 1; insert into firsts values (3, 'c')");
    let mut rows = short(&source.commit());
    rows.sort();
    assert_eq!(rows, ["insert 2 B", "insert 3 c"]);
    server.psql("delete from firsts where id = 3");
    assert_eq!(short(&source.commit()), ["delete 3 null"]);
    source.assert_same();
}

/// Writers go on while slot and snapshot are made, and between the parts and the runs.
pub(crate) fn transactions_in_flight(server: &Postgres) {
    for round in 0..4_u64 {
        let table = format!("busy{round}");
        server.psql(&format!(
            "create table {table} (id int primary key, name text); insert into {table} select n, 'x' from generate_series(1, 200) n"
        ));
        let is_over = Arc::new(AtomicBool::new(false));
        let committed = Arc::new(AtomicU64::new(0));
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (url, table) = (server.url(), table.clone());
                let (is_over, committed) = (Arc::clone(&is_over), Arc::clone(&committed));
                std::thread::spawn(move || {
                    runtime().block_on(write(url, table, round * 10 + writer, is_over, committed));
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(150));
        let mut source = Source::new(server, &table);
        source.commit();
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(100));
            source.commit();
        }
        is_over.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap();
        }
        // Some commit without waiting for the disk; what is not safe there yet is for a later run.
        server.psql("select pg_logical_emit_message(true, 'tenon', 'flushed')");
        source.commit();
        source.assert_same();
        println!(
            "round {round}: {} transactions, {} rows",
            committed.load(Ordering::Relaxed),
            source.state.len()
        );
    }
}

/// Random transactions: short and long ones, with savepoints, rolled back or committed.
async fn write(url: String, table: String, seed: u64, is_over: Arc<AtomicBool>, committed: Arc<AtomicU64>) {
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    if seed.is_multiple_of(2) {
        client.batch_execute("set synchronous_commit = off").await.unwrap();
    }
    while !is_over.load(Ordering::Relaxed) {
        let mut statements = vec!["begin".to_owned()];
        for _ in 0..=next(4) {
            let id = next(400);
            statements.push(match next(5) {
                0 => format!("delete from {table} where id = {id}"),
                1 => format!("update {table} set name = name || '{}' where id = {id}", next(10)),
                2 => format!(
                    "savepoint s; insert into {table} values ({id}, 'gone') on conflict do nothing; rollback to s"
                ),
                3 => format!("select pg_sleep(0.0{})", next(4)),
                _ => format!(
                    "savepoint s; insert into {table} values ({id}, 'new') on conflict (id) do update set name = 'new'"
                ),
            });
        }
        let is_committed = next(6) > 0;
        statements.push(if is_committed { "commit" } else { "rollback" }.to_owned());
        // Deadlocks of the writers among themselves are part of it.
        if client.batch_execute(&statements.join("; ")).await.is_err() {
            client.batch_execute("rollback").await.unwrap();
        } else if is_committed {
            committed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Each has its own slot, and reads on its own.
pub(crate) fn two_sources(server: &Postgres) {
    server.psql("create table shared (id int primary key)");
    let (mut one, mut two) = (Source::new(server, "shared"), Source::new(server, "shared"));
    two.config.slot = Some("slot_shared_two".to_owned());
    one.commit();
    server.psql("insert into shared values (1)");
    two.commit();
    server.psql("insert into shared values (2)");
    assert_eq!(one.commit().len(), 2);
    assert_eq!(two.commit().len(), 1);
    server.psql("delete from shared where id = 1");
    assert_eq!((one.commit().len(), two.commit().len()), (1, 1));
    one.assert_same();
    two.assert_same();
}

/// Without the rows that are there, only changes from then on.
pub(crate) fn without_snapshot(server: &Postgres) {
    server.psql("create table later (id int primary key); insert into later values (1)");
    let mut source = Source::new(server, "later");
    source.config.snapshot = Some(false);
    assert!(source.commit().is_empty());
    server.psql("insert into later values (2)");
    assert_eq!(short(&source.commit()), ["insert 2"]);
}

/// Nothing is made or let go.
pub(crate) fn dry(server: &Postgres) {
    server.psql("create table looked (id int primary key); insert into looked values (1)");
    let mut source = Source::new(server, "looked");
    source.dry = true;
    assert_eq!(short(&source.run().unwrap()), ["insert 1"]);
    let there = "select count(*) from pg_replication_slots where slot_name = 'slot_looked'";
    assert_eq!(server.psql(there).trim(), "0");
    source.dry = false;
    source.commit();
    server.psql("insert into looked values (2)");
    source.commit();
    server.psql("insert into looked values (3)");
    let place = "select confirmed_flush_lsn from pg_replication_slots where slot_name = 'slot_looked'";
    let before = server.psql(place);
    source.dry = true;
    assert_eq!(short(&source.run().unwrap()), ["insert 3"]);
    assert_eq!(server.psql(place), before);
}

/// Memory does not grow with a transaction.
pub(crate) fn huge_transaction(server: &Postgres) {
    server.psql("create table huge (id int primary key, name text)");
    let mut source = Source::new(server, "huge");
    source.commit();
    let count = std::env::var("HUGE").map_or(250_000, |count| count.parse().unwrap());
    server.psql(&format!(
        "insert into huge select n, repeat('x', 400) from generate_series(1, {count}) n"
    ));
    runtime().block_on(async {
        let request = tenon_database::ChangesRequest {
            table: source.table.clone(),
            config: source.config.clone(),
            read: tenon_database::ReadConfig::default(),
            since: source.since.clone(),
            dry: false,
            parts: 1,
            batch_rows: 8_192,
        };
        let before = resident();
        let begun = Instant::now();
        let changes = source.database.changes(request).await.unwrap();
        let (mut batches, mut rows, mut most) = (changes.scan.read(0), 0, 0);
        while let Some(batch) = batches.next().await {
            rows += batch.unwrap().num_rows();
            most = most.max(resident());
        }
        assert_eq!(rows, count);
        let grown = most.saturating_sub(before) >> 20;
        println!("{count} changes in {:?}, {grown} MB", begun.elapsed());
        assert!(grown < 80, "{grown} MB");
    });
}

fn resident() -> usize {
    let Ok(status) = std::fs::read_to_string("/proc/self/statm") else {
        return 0;
    };
    status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// A run with nothing to read is over soon.
pub(crate) fn nothing_new(server: &Postgres) {
    server.psql("create table quiet (id int primary key)");
    let mut source = Source::new(server, "quiet");
    source.commit();
    source.state = BTreeMap::new();
    let begun = Instant::now();
    for _ in 0..5 {
        assert!(source.commit().is_empty());
    }
    println!("a run with nothing new: {:?}", begun.elapsed() / 5);
    assert!(begun.elapsed() < Duration::from_secs(5));
}
