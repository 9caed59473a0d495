//! Making rows visible, together with the token that says so.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::sql::Dialect;
use crate::{Committed, Error, Mode, Prepared, Replaced};

use super::begin::is_there;
use super::ddl::drop_table;
use super::merge::Move;
use super::rejects::{Rejects, move_rows};
use super::rows::number;
use super::tokens::{State, Tokens, now, token};
use super::{Dbms, Fault, FaultKind, Session};

/// What became of the attempt to make rows visible.
pub(crate) enum Applied {
    /// They are, once the transaction is ended. So many rows were written.
    Open(u64),
    /// They were already. So many rows and bytes were written.
    Already(u64, u64),
}

/// Rows that were to make a table go to the one that somebody else has made since, if the mode allows for one to be there.
pub(crate) fn made_meanwhile(session: &mut impl Session, prepared: &mut Prepared, mode: Mode) {
    let makes = |statement: &String| statement.starts_with("create table");
    let is_new = prepared.replaced == Replaced::Nothing || prepared.alterations.iter().any(makes);
    if !is_new || !matches!(mode, Mode::Append | Mode::Overwrite) || !is_there(session, &prepared.table) {
        return;
    }
    prepared.alterations.retain(|statement| !makes(statement));
    prepared.replaced = if mode == Mode::Append {
        Replaced::Added
    } else {
        Replaced::Rows
    };
}

/// Says that all rows are there, and does what cannot be done in a transaction.
pub(crate) fn seal(session: &mut impl Session, database: &str, prepared: &Prepared) -> Result<(), Error> {
    let token = token(&prepared.run, &prepared.sink);
    let table = session.dbms().table(&prepared.staging);
    let counted = number(
        session,
        &format!("select count(*) as {} from {table}", session.dbms().quote("rows")),
    );
    let counted = counted
        .map_err(|fault| error(fault, database, prepared))?
        .unwrap_or_default();
    if u64::try_from(counted) != Ok(prepared.rows) {
        return Err(Error::Mismatch {
            table: prepared.table.to_string(),
            reason: format!(
                "{} rows were sent and {counted} came to its staging table: the driver does not load all of an array or batch",
                prepared.rows
            ),
        });
    }
    let mut tokens = Tokens::beside(session, &prepared.table);
    tokens
        .advance(&token, State::Prepared, prepared.rows, prepared.bytes)
        .map_err(|fault| error(fault, database, prepared))
}

/// Moves the rows in a transaction that it leaves open.
pub(crate) fn apply(
    session: &mut impl Session,
    database: &str,
    prepared: &Prepared,
    rejects: Rejects<'_>,
) -> Result<Applied, Error> {
    alter_at_once(session, prepared).map_err(|fault| refused(session, fault, database, prepared))?;
    session.begin().map_err(|fault| error(fault, database, prepared))?;
    let applied = in_transaction(session, prepared, rejects);
    match applied {
        Ok(Applied::Open(rows)) => Ok(Applied::Open(rows)),
        Ok(already) => {
            drop(session.rollback());
            Ok(already)
        }
        Err(fault) => {
            drop(session.rollback());
            Err(refused(session, fault, database, prepared))
        }
    }
}

/// Makes and changes the table, where that cannot be done in a transaction.
fn alter_at_once(session: &mut impl Session, prepared: &Prepared) -> Result<(), Fault> {
    if session.dbms().transactional_ddl() || prepared.alterations.is_empty() {
        return Ok(());
    }
    let token = token(&prepared.run, &prepared.sink);
    let state = Tokens::beside(session, &prepared.table)
        .find(&token)?
        .map(|found| found.state);
    if state != Some(State::Prepared) {
        return Ok(());
    }
    for statement in &prepared.alterations {
        session.execute(statement)?;
    }
    Tokens::beside(session, &prepared.table).advance(&token, State::Altered, prepared.rows, prepared.bytes)
}

fn in_transaction(session: &mut impl Session, prepared: &Prepared, rejects: Rejects<'_>) -> Result<Applied, Fault> {
    let token = token(&prepared.run, &prepared.sink);
    let claim = claim();
    let mut tokens = Tokens::beside(session, &prepared.table);
    if !tokens.claim(&token, &claim)? {
        return Ok(match tokens.find(&token)? {
            Some(found) => Applied::Already(found.rows, found.bytes),
            None => return Err(gone(prepared).into()),
        });
    }
    if session.dbms().transactional_ddl() {
        for statement in &prepared.alterations {
            session.execute(statement)?;
        }
    }
    let rows = Move::new(session, prepared)?;
    rows.first(session)?;
    let refused = if rows.numbered {
        move_rows(session, &rows, prepared, rejects)?
    } else {
        rows.rows(session, None)?;
        0
    };
    if session.dbms() == Dbms::Postgres {
        // What would be checked at the end is checked now, while there is somebody to tell.
        session.execute("set constraints all immediate")?;
    }
    let written = prepared.rows.saturating_sub(refused);
    Tokens::beside(session, &prepared.table).advance(&token, State::Committed, written, prepared.bytes)?;
    Ok(Applied::Open(written))
}

/// Ends the transaction, and removes the staging table.
pub(crate) fn commit(session: &mut impl Session, database: &str, prepared: &Prepared) -> Result<(), Error> {
    session.commit().map_err(|fault| error(fault, database, prepared))?;
    tidy(session, prepared);
    Ok(())
}

/// Makes visible what another process has prepared.
pub(crate) fn commit_again(
    session: &mut impl Session,
    database: &str,
    prepared: &Prepared,
) -> Result<Committed, Error> {
    let token = token(&prepared.run, &prepared.sink);
    let found = Tokens::beside(session, &prepared.table).find(&token);
    let committed = |rows: u64, bytes: u64| Committed {
        table: prepared.table.to_string(),
        rows,
        bytes,
    };
    match found {
        Ok(Some(found)) if found.state == State::Committed => {
            tidy(session, prepared);
            return Ok(committed(found.rows, found.bytes));
        }
        Ok(Some(_)) if is_there(session, &prepared.staging) => {}
        // Without a token, or without the table of tokens, nothing is left of it.
        Err(fault) if matches!(fault.kind, FaultKind::Lost | FaultKind::Transient) => {
            return Err(error(fault, database, prepared));
        }
        _ => return Err(gone(prepared)),
    }
    match apply(session, database, prepared, None)? {
        Applied::Already(rows, bytes) => Ok(committed(rows, bytes)),
        Applied::Open(rows) => {
            commit(session, database, prepared)?;
            Ok(committed(rows, prepared.bytes))
        }
    }
}

/// Gives up what was prepared.
pub(crate) fn abort(session: &mut impl Session, database: &str, prepared: &Prepared) -> Result<(), Error> {
    let token = token(&prepared.run, &prepared.sink);
    let mut tokens = Tokens::beside(session, &prepared.table);
    match tokens.find(&token) {
        Ok(Some(found)) if found.state == State::Committed => {
            return Err(Error::Decided {
                table: prepared.table.to_string(),
                run: prepared.run.clone(),
            });
        }
        Ok(Some(_)) => tokens
            .remove(&token)
            .map_err(|fault| error(fault, database, prepared))?,
        Ok(None) => {}
        Err(fault) if matches!(fault.kind, FaultKind::Lost | FaultKind::Transient) => {
            return Err(error(fault, database, prepared));
        }
        Err(_) => return Ok(()),
    }
    tidy(session, prepared);
    Ok(())
}

/// Removes the staging table, if it did not become the table itself.
fn tidy(session: &mut impl Session, prepared: &Prepared) {
    if !is_there(session, &prepared.staging) {
        return;
    }
    let statement = drop_table(session.dbms(), &prepared.staging);
    if let Err(fault) = session.execute(&statement) {
        tracing::warn!(staging = %prepared.staging, fault = fault.message, "cannot remove a staging table");
    }
}

/// The error that a fault becomes, now that the transaction is over.
fn refused(session: &mut impl Session, fault: Fault, database: &str, prepared: &Prepared) -> Error {
    let makes = prepared.replaced == Replaced::Nothing
        || prepared.alterations.iter().any(|one| one.starts_with("create table"));
    let known = matches!(
        fault.kind,
        FaultKind::Known(_) | FaultKind::Lost | FaultKind::Constraint
    );
    if makes && !known && is_there(session, &prepared.table) {
        return Error::Exists {
            table: prepared.table.to_string(),
        };
    }
    error(fault, database, prepared)
}

fn error(fault: Fault, database: &str, prepared: &Prepared) -> Error {
    let table = prepared.table.to_string();
    fault.error(database, &table, &format!("to commit to {table}"))
}

fn gone(prepared: &Prepared) -> Error {
    Error::Gone {
        table: prepared.table.to_string(),
        run: prepared.run.clone(),
    }
}

/// A name that no other attempt to commit has.
fn claim() -> String {
    static ATTEMPTS: AtomicU64 = AtomicU64::new(0);
    let attempt = ATTEMPTS.fetch_add(1, Ordering::Relaxed);
    let nanoseconds = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map(|since| since.subsec_nanos())
        .unwrap_or_default();
    format!("{:x}-{:x}-{nanoseconds:x}-{attempt:x}", std::process::id(), now())
}
