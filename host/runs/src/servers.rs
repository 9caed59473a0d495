//! The servers that share the queue, and how long each is believed to be alive.

use std::time::Duration;

use tenon_metadata::{Name, Transaction, row};

use crate::change::state;
use crate::time::micros;
use crate::{Error, Lease, State};

/// Most runs of a server that are looked at together.
const MOST: i64 = 10_000;

/// How a heartbeat went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// The lease had run out before: this process stood still, or the clock jumped. Then what it thinks of others is not to
    /// be trusted, and it should not [take over](crate::take_over) runs before its next heartbeat.
    pub late: bool,
}

/// A run that a server holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What it is held by.
    pub lease: Lease,
    /// Where it stands; STOPPING if somebody has asked to stop it.
    pub state: State,
    /// Why it is to be stopped.
    pub stop_reason: Option<String>,
    /// When it will have taken too long, in microseconds since 1970, UTC.
    pub timeout_at: Option<i64>,
}

/// A server begins; answers with the id that it has until it ends. An earlier server of the same name is held to be dead
/// from now on, so a name belongs to one place: a machine, a folder.
///
/// # Errors
/// What the database says.
pub fn join(tx: &mut Transaction<'_>, name: &Name, lease: Duration) -> Result<String, Error> {
    tx.execute(
        "update run_servers set lease_until = 0, lost = 1 where name = ?1",
        row![name],
    )?;
    let id = tenon_metadata::id("server");
    let (now, lease) = (tx.now(), micros(lease));
    tx.execute(
        "insert into run_servers (id, name, joined, lease, lease_until, lost) values (?1, ?2, ?3, ?4, ?5, 0)",
        row![&id, name, now, lease, now.saturating_add(lease)],
    )?;
    Ok(id)
}

/// A heartbeat: the server's runs are its own for another lease.
///
/// # Errors
/// [`Error::ServerLost`] if others have taken its runs over: it has to drop them all, and [`join`] again.
pub fn renew(tx: &mut Transaction<'_>, server: &str) -> Result<Renewed, Error> {
    let now = tx.now();
    let row = tx.first(
        "select lease, lease_until from run_servers where id = ?1 and lost = 0 {for_update}",
        row![server],
    )?;
    let row = row.ok_or_else(|| lost(server))?;
    let (lease, until) = (row.get::<i64>(0)?, row.get::<i64>(1)?);
    tx.execute(
        "update run_servers set lease_until = ?2 where id = ?1",
        row![server, now.saturating_add(lease)],
    )?;
    // One that reaches further than any that could be given now is of before the clock was put back.
    let is_ahead = until > now.saturating_add(lease.saturating_mul(2));
    Ok(Renewed {
        late: until < now || is_ahead,
    })
}

/// From its next heartbeat on a server may be silent for so long.
///
/// # Errors
/// What the database says.
pub fn set_lease(tx: &mut Transaction<'_>, server: &str, lease: Duration) -> Result<(), Error> {
    tx.execute(
        "update run_servers set lease = ?2 where id = ?1",
        row![server, micros(lease)],
    )?;
    Ok(())
}

/// A server ends. Runs that it still holds are taken over by others, or by itself when it begins again.
///
/// # Errors
/// What the database says.
pub fn leave(tx: &mut Transaction<'_>, server: &str) -> Result<(), Error> {
    tx.execute(
        "update run_servers set lease_until = 0, lost = 1 where id = ?1",
        row![server],
    )?;
    Ok(())
}

/// The runs that a server holds: by this it learns which it is to stop, also when a notice of topic `runs` was lost.
///
/// # Errors
/// What the database says.
pub fn held(tx: &mut Transaction<'_>, server: &str) -> Result<Vec<Held>, Error> {
    let rows = tx.query(
        "select id, epoch, state, stop_reason, timeout_at from runs where owner = ?1 limit ?2",
        row![server, MOST],
    )?;
    let held = rows.iter().map(|row| {
        Ok(Held {
            lease: Lease {
                run: row.get(0)?,
                server: server.to_owned(),
                epoch: row.get(1)?,
            },
            state: state(row, 2)?,
            stop_reason: row.get(3)?,
            timeout_at: row.get(4)?,
        })
    });
    held.collect()
}

/// Refuses a server that is held to be dead.
pub(crate) fn refuse_lost(tx: &mut Transaction<'_>, server: &str) -> Result<(), Error> {
    let row = tx.first("select 1 from run_servers where id = ?1 and lost = 0", row![server])?;
    row.map(drop).ok_or_else(|| lost(server))
}

fn lost(server: &str) -> Error {
    let server = server.to_owned();
    Error::ServerLost { server }
}
