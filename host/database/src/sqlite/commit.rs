//! Commits what was prepared, also by another process.

use rusqlite::Connection;

use super::apply::Apply;
use super::connection::Opener;
use super::staging::{self, Staging};
use super::tokens;
use crate::{Committed, Error, Prepared};

/// Makes visible what was prepared, unless it is already.
pub(super) fn commit(opener: &Opener, connection: &Connection, prepared: &Prepared) -> Result<Committed, Error> {
    let staging = Staging::of(opener, &prepared.staging);
    if let Some(committed) = committed(opener, connection, prepared)? {
        staging.remove();
        return Ok(committed);
    }
    if !staging.exists() {
        return Err(gone(prepared));
    }
    staging.attach(opener, connection)?;
    let about = format!("{}.about", staging::ATTACHED);
    if !matches!(staging::noted(connection, &about, "prepared"), Ok(Some(_))) {
        return Err(gone(prepared));
    }
    let apply = Apply {
        opener,
        connection,
        prepared,
    };
    apply.apply(false)?;
    let ended = end(opener, connection, prepared)?;
    staging.remove();
    Ok(ended)
}

/// Ends the transaction that has moved the rows.
pub(super) fn end(opener: &Opener, connection: &Connection, prepared: &Prepared) -> Result<Committed, Error> {
    connection
        .execute_batch("commit")
        .map_err(|error| opener.refused(format!("to commit to {}", prepared.table), &error))?;
    Ok(Committed {
        table: prepared.table.to_string(),
        rows: prepared.rows,
        bytes: prepared.bytes,
    })
}

/// Gives up what was prepared.
pub(super) fn abort(opener: &Opener, connection: &Connection, prepared: &Prepared) -> Result<(), Error> {
    if committed(opener, connection, prepared)?.is_some() {
        return Err(Error::Decided {
            table: prepared.table.to_string(),
            run: prepared.run.clone(),
        });
    }
    Staging::of(opener, &prepared.staging).remove();
    Ok(())
}

fn committed(opener: &Opener, connection: &Connection, prepared: &Prepared) -> Result<Option<Committed>, Error> {
    let token = tokens::token(&prepared.run, &prepared.sink);
    tokens::committed(connection, &token).map_err(|error| opener.refused("to look for what has been committed", &error))
}

fn gone(prepared: &Prepared) -> Error {
    Error::Gone {
        table: prepared.table.to_string(),
        run: prepared.run.clone(),
    }
}
