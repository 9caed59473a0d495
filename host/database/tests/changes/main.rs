//! Changes of tables, from Postgres' logical replication.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod faults;
mod replay;
mod source;
mod together;

use std::panic::{AssertUnwindSafe, catch_unwind};

use tenon_servers::Postgres;

type Case = (&'static str, fn(&Postgres));

const CASES: &[Case] = &[
    ("each kind of change", replay::kinds),
    ("a key that changes", replay::moved_keys),
    ("keys of several columns", replay::composite_keys),
    ("tables without a key", replay::without_keys),
    ("large values that stay", replay::large_values),
    ("large values of a row whose key changes", replay::moved_large_values),
    ("values of every type", replay::types),
    ("odd names", replay::odd_names),
    ("columns that come later", replay::added_columns),
    ("partitions", replay::partitions),
    ("a run that was not committed", together::rerun),
    ("a first run that was not committed", together::first_run_again),
    (
        "transactions while the first run begins",
        together::transactions_in_flight,
    ),
    ("two sources", together::two_sources),
    ("a source without a snapshot", together::without_snapshot),
    ("looking only", together::dry),
    ("a huge transaction", together::huge_transaction),
    ("nothing new", together::nothing_new),
    ("columns that have changed", faults::changed_columns),
    ("slots that cannot be read", faults::slots),
    ("permissions", faults::permissions),
];

/// One server for all cases, since it takes seconds to start.
#[test]
fn changes() {
    let started = Postgres::with(&[("max_replication_slots", "100")]);
    let Some(server) = tenon_servers::or_skip("changes::changes", started) else {
        return;
    };
    let wanted = std::env::var("CASE").ok();
    let mut failed = Vec::new();
    for (name, case) in CASES {
        if wanted.as_ref().is_some_and(|wanted| !name.contains(wanted)) {
            continue;
        }
        println!("{name}");
        if catch_unwind(AssertUnwindSafe(|| case(&server))).is_err() {
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

#[test]
fn a_server_without_a_logical_log_is_said() {
    let Some(server) = tenon_servers::or_skip(
        "changes::a_server_without_a_logical_log_is_said",
        Postgres::with(&[("wal_level", "replica")]),
    ) else {
        return;
    };
    server.psql("create table t (id int primary key)");
    let error = source::Source::new(&server, "t")
        .run()
        .expect_err("refused")
        .to_string();
    assert!(error.contains("wal_level") && error.contains("alter system"), "{error}");
}
