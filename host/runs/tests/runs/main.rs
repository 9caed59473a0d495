//! Jobs and runs in a database.

#![allow(clippy::unwrap_used, reason = "what fails in a helper of a test fails the test")]

mod batches;
mod clock;
mod databases;
mod fair;
mod jobs;
mod lease;
mod ledger;
mod life;
mod logs;
mod place;
mod queue;
mod retention;
mod servers;
mod shares;

#[test]
fn everything_on_postgresql() {
    let tests = [
        batches::ON_BOTH,
        clock::ON_BOTH,
        fair::ON_BOTH,
        jobs::ON_BOTH,
        lease::ON_BOTH,
        ledger::ON_BOTH,
        life::ON_BOTH,
        logs::ON_BOTH,
        queue::ON_BOTH,
        retention::ON_BOTH,
        servers::ON_BOTH,
        shares::ON_BOTH,
    ];
    databases::run_on_postgresql("runs on postgres", &tests);
}
