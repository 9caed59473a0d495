//! A thread that reads.

use rusqlite::Connection;

use super::statement::{run, unavailable};
use crate::queue::Served;
use crate::transaction::Connected;
use crate::work::{Asked, Work};
use crate::{Clock, Transaction};

pub(super) fn serve(connection: &Connection, looks: &Served<Asked>, clock: &Clock) {
    while let Some(next) = looks.0.pop() {
        look(connection, next.task.work, clock);
    }
}

/// Has one look, on the thread that asks.
pub(super) fn look(connection: &Connection, mut look: Box<dyn Work>, clock: &Clock) {
    if let Err(error) = run(connection, "begin") {
        return look.end(Err(unavailable(&error, "read")));
    }
    let mut tx = Transaction::new(Connected::Sqlite(connection), clock.now());
    look.run(&mut tx);
    let mut ended = tx.end().map(drop);
    // A failure can have ended it.
    if !connection.is_autocommit()
        && let Err(error) = run(connection, "rollback")
    {
        ended = Err(unavailable(&error, "read"));
    }
    look.end(ended);
}
