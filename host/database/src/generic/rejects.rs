//! Rows that a constraint refuses, found by halves.

use arrow::array::RecordBatch;
use tokio::sync::mpsc;

use crate::sql::Dialect;
use crate::{Error, Prepared};

use super::merge::Move;
use super::plan::ROW;
use super::rows::{integer, rows, text};
use super::stage::ROW_BITS;
use super::{Dbms, Fault, FaultKind, Session};

/// A row that was refused, with the database's message. Its columns are those of the staging table that go to the table.
pub(crate) type Rejected = (RecordBatch, String);

/// Where refused rows go; nowhere when what was prepared is committed again, as they have been handed over before.
pub(crate) type Rejects<'a> = Option<&'a mpsc::Sender<Rejected>>;

/// Moves rows but those that a constraint refuses, and answers how many were refused.
pub(crate) fn move_rows(
    session: &mut impl Session,
    rows: &Move<'_>,
    prepared: &Prepared,
    to: Rejects<'_>,
) -> Result<u64, Fault> {
    let mut from = 0;
    let mut refused = 0;
    while let Some((first, last)) = next_numbers(session, prepared, from)? {
        refused += halve(session, rows, prepared, (first, last), to)?;
        from = last + 1;
    }
    Ok(refused)
}

/// The numbers of the rows that one writer has written, from a number on.
fn next_numbers(session: &mut impl Session, prepared: &Prepared, from: i64) -> Result<Option<(i64, i64)>, Fault> {
    let dbms = session.dbms();
    let (table, row) = (dbms.table(&prepared.staging), dbms.quote(ROW));
    let low = dbms.quote("low");
    let smallest = format!("select min({row}) as {low} from {table} where {row} >= {from}");
    let Some(first) = super::rows::number(session, &smallest)? else {
        return Ok(None);
    };
    let end = ((first >> ROW_BITS) + 1) << ROW_BITS;
    let largest = format!("select max({row}) as {low} from {table} where {row} < {end}");
    Ok(super::rows::number(session, &largest)?.map(|last| (first, last)))
}

fn halve(
    session: &mut impl Session,
    moved: &Move<'_>,
    prepared: &Prepared,
    (first, last): (i64, i64),
    to: Rejects<'_>,
) -> Result<u64, Fault> {
    let Some(reason) = attempt(session, moved, (first, last))? else {
        return Ok(0);
    };
    if first == last {
        return reject(session, prepared, first, &reason, to);
    }
    let middle = first + (last - first) / 2;
    let left = halve(session, moved, prepared, (first, middle), to)?;
    Ok(left + halve(session, moved, prepared, (middle + 1, last), to)?)
}

/// Moves rows, all of them or none, and answers why not.
fn attempt(session: &mut impl Session, moved: &Move<'_>, numbers: (i64, i64)) -> Result<Option<String>, Fault> {
    if session.dbms() == Dbms::Postgres {
        return attempt_there(session, moved, numbers);
    }
    let is_mssql = session.dbms() == Dbms::Mssql;
    session.execute(if is_mssql {
        "save transaction tenon_rows"
    } else {
        "savepoint tenon_rows"
    })?;
    let refused = match moved.rows(session, Some(numbers)) {
        Ok(()) => None,
        Err(fault) if fault.kind == FaultKind::Constraint => {
            let back = if is_mssql {
                "rollback transaction tenon_rows"
            } else {
                "rollback to savepoint tenon_rows"
            };
            session.execute(back)?;
            Some(fault.message)
        }
        Err(fault) => return Err(fault),
    };
    if !is_mssql {
        session.execute("release savepoint tenon_rows")?;
    }
    Ok(refused)
}

/// The same by a block that catches the error on the server: some drivers do nothing more in a transaction in which a
/// statement has failed, savepoint or not.
fn attempt_there(session: &mut impl Session, moved: &Move<'_>, numbers: (i64, i64)) -> Result<Option<String>, Fault> {
    let statements = moved.statements(Some(numbers)).join("; ");
    // A tag that is in no name.
    let tag = (0..=statements.len())
        .map(|number| format!("$tenon{number}$"))
        .find(|tag| !statements.contains(tag));
    let tag = tag.unwrap_or_default();
    session.execute(&format!(
        "do {tag} declare told text; begin perform set_config('tenon.refused', '', true); {statements}; \
         set constraints all immediate; \
         exception when integrity_constraint_violation then get stacked diagnostics told = pg_exception_detail; \
         perform set_config('tenon.refused', concat_ws(': ', sqlerrm, nullif(told, '')), true); end {tag}"
    ))?;
    let found = rows(session, "select current_setting('tenon.refused', true) as refused")?;
    let reason = found.into_iter().next().and_then(|row| text(row.into_iter().next()?));
    Ok(reason.filter(|reason| !reason.is_empty()))
}

fn reject(
    session: &mut impl Session,
    prepared: &Prepared,
    number: i64,
    reason: &str,
    to: Rejects<'_>,
) -> Result<u64, Fault> {
    let dbms = session.dbms();
    let (table, row) = (dbms.table(&prepared.staging), dbms.quote(ROW));
    let Some(rejects) = to else {
        let count = format!(
            "select count(*) as {} from {table} where {row} = {number}",
            dbms.quote("rows")
        );
        let found = rows(session, &count)?;
        let counted = found
            .into_iter()
            .next()
            .and_then(|row| integer(row.into_iter().next()?));
        return Ok(counted.unwrap_or_default() as u64);
    };
    let statement = format!(
        "select {} from {table} where {row} = {number}",
        dbms.quote_all(&prepared.columns)
    );
    let mut refused = 0;
    let mut hand_on = |batch: RecordBatch| {
        if batch.num_rows() > 0 {
            refused += batch.num_rows() as u64;
            rejects
                .blocking_send((batch, reason.to_owned()))
                .map_err(|_| given_up(prepared))?;
        }
        Ok(true)
    };
    session.query(&statement, 1, &mut hand_on)?;
    Ok(refused)
}

fn given_up(prepared: &Prepared) -> Fault {
    Error::Gone {
        table: prepared.table.to_string(),
        run: prepared.run.clone(),
    }
    .into()
}
