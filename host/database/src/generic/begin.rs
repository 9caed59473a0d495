//! The beginning of a load.

use crate::sql::Dialect;
use crate::{Error, LoadRequest, Mode, Relation, TableName};

use super::ddl::{create, drop_table};
use super::owner::hold;
use super::plan::{Existing, Plan, plan, staging_columns};
use super::select::Select;
use super::sweep::sweep;
use super::tokens::{State, Tokens, token};
use super::{Facts, Fault, FaultKind, Session};

/// Begins a load; none where there is nothing to do.
pub(crate) fn begin(session: &mut impl Session, database: &str, request: &LoadRequest) -> Result<Option<Plan>, Error> {
    let target = request.table.to_string();
    let existing = existing(session, &request.table)
        .map_err(|fault| fault.error(database, &target, &format!("to look at {target}")))?;
    match (request.config.mode, &existing) {
        (Mode::Ignore, Some(_)) => return Ok(None),
        (Mode::Error, Some(_)) => return Err(Error::Exists { table: target }),
        _ => {}
    }
    let plan = plan(session.dbms(), request, existing.as_ref())?;
    make_staging(session, &plan, &target, &request.run)
        .map_err(|fault| fault.error(database, &target, &format!("to make a staging table for {target}")))?;
    Ok(Some(plan))
}

/// The table as it is; none where there is none.
pub(crate) fn existing(session: &mut impl Session, table: &TableName) -> Result<Option<Existing>, Fault> {
    let relation = Relation::Table(table.clone());
    let statement = Select::all(session.dbms(), &relation).sql();
    match session.columns(&statement) {
        Ok(columns) => Ok(Some(Existing {
            schema: columns.schema,
            facts: session.facts(table).unwrap_or_else(|_| Facts::default()),
        })),
        Err(fault) if fault.kind == FaultKind::NoTable => Ok(None),
        Err(fault) if fault.kind == FaultKind::Other && !is_listed(session, table) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Whether the catalog has a table, for databases whose messages do not tell.
fn is_listed(session: &mut impl Session, table: &TableName) -> bool {
    let what = crate::Discover {
        schema: table.schema.clone(),
        ..crate::Discover::default()
    };
    let listed = |found: Vec<crate::Found>| found.iter().any(|found| found.name.table == table.table);
    session.tables(&what).map_or(true, listed)
}

fn make_staging(session: &mut impl Session, plan: &Plan, target: &str, run: &str) -> Result<(), Fault> {
    let prepared = &plan.prepared;
    let token = token(&prepared.run, &prepared.sink);
    let mut tokens = Tokens::beside(session, &prepared.table);
    tokens.make()?;
    if tokens
        .find(&token)?
        .is_some_and(|found| found.state == State::Committed)
    {
        let (table, run) = (target.to_owned(), run.to_owned());
        return Err(Error::Decided { table, run }.into());
    }
    hold(session, &token)?;
    sweep(session, &prepared.table, &token)?;
    let dbms = session.dbms();
    if is_there(session, &prepared.staging) {
        session.execute(&drop_table(dbms, &prepared.staging))?;
    }
    Tokens::beside(session, &prepared.table).add(&token, &prepared.table, &prepared.staging)?;
    session.execute(&create(dbms, &prepared.staging, &staging_columns(plan), &[]))
}

/// Whether there is such a table.
pub(crate) fn is_there(session: &mut impl Session, table: &TableName) -> bool {
    let dbms = session.dbms();
    let probe = format!(
        "select count(*) as {} from {} where 1 = 0",
        dbms.quote("rows"),
        dbms.table(table)
    );
    super::rows::rows(session, &probe).is_ok()
}
