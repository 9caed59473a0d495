//! What dead runs have left.

use crate::TableName;

use super::ddl::drop_table;
use super::owner::is_dead;
use super::tokens::{State, Token, Tokens, now};
use super::{Fault, Session};

/// Seconds after which nobody comes back for what was prepared.
const FORGOTTEN: i64 = 24 * 60 * 60;

/// Removes staging tables beside a target whose runs are dead.
pub(crate) fn sweep(session: &mut impl Session, target: &TableName, own: &str) -> Result<(), Fault> {
    let open = Tokens::beside(session, target).open()?;
    for token in open.into_iter().filter(|token| token.name != own) {
        if is_left(session, &token)? {
            tracing::info!(staging = token.staging, "removing what a dead run has left");
            remove(session, target, &token);
        }
    }
    Ok(())
}

fn is_left(session: &mut impl Session, token: &Token) -> Result<bool, Fault> {
    let old = now() - token.created_at > FORGOTTEN;
    let dead = is_dead(session, &token.name)?;
    Ok(match token.state {
        State::Staging => dead.unwrap_or(old),
        _ => old && dead != Some(false),
    })
}

fn remove(session: &mut impl Session, target: &TableName, token: &Token) {
    let dbms = session.dbms();
    // It may never have been made.
    drop(session.execute(&drop_table(dbms, &target.beside(&token.staging))));
    if let Err(fault) = Tokens::beside(session, target).remove(&token.name) {
        tracing::warn!(
            token = token.name,
            fault = fault.message,
            "cannot forget what a dead run has left"
        );
    }
}
