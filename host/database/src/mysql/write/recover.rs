//! Commits and aborts of what another process has prepared.

use std::sync::Arc;

use crate::mysql::catalog;
use crate::mysql::session::Session;
use crate::mysql::target::Target;
use crate::mysql::write::moving::{Moving, alter, move_all, rename, start};
use crate::mysql::write::token::{Record, State, Token};
use crate::{Committed, Error, Prepared, Replaced};

/// Makes visible what was prepared.
pub(crate) async fn commit(target: &Arc<Target>, prepared: &Prepared) -> Result<Committed, Error> {
    let mut session = Session::open(target).await?;
    let token = Token::of(prepared);
    own(&mut session, &token, prepared).await?;
    let record = token.record(&mut session).await?.ok_or_else(|| gone(prepared))?;
    let is_staged = catalog::table(&mut session, &token.staging).await?.is_some();
    let record = match (record.state, is_staged) {
        (State::Committed, _) => record,
        (State::Prepared, true) => {
            apply(&mut session, &token, prepared).await?;
            visible(prepared)
        }
        // The staging table is the table by now, and only the token has not been told.
        (State::Prepared, false) if is_renamed(prepared) => {
            token
                .set(&mut session, State::Committed, prepared.rows, prepared.bytes)
                .await?;
            visible(prepared)
        }
        (State::Prepared | State::Abandoned | State::Staging, _) => return Err(gone(prepared)),
    };
    let _ = token.drop_staging(&mut session).await;
    token.unlock(&mut session).await;
    Ok(Committed {
        table: prepared.table.to_string(),
        rows: record.rows,
        bytes: record.bytes,
    })
}

/// Gives up what was prepared.
pub(crate) async fn abort(target: &Arc<Target>, prepared: &Prepared) -> Result<(), Error> {
    let mut session = Session::open(target).await?;
    let token = Token::of(prepared);
    own(&mut session, &token, prepared).await?;
    let Some(record) = token.record(&mut session).await? else {
        return Ok(());
    };
    let is_staged = catalog::table(&mut session, &token.staging).await?.is_some();
    let has_happened = match record.state {
        State::Committed => true,
        State::Prepared => !is_staged && is_renamed(prepared),
        State::Staging | State::Abandoned => false,
    };
    if has_happened {
        return Err(Error::Decided {
            table: prepared.table.to_string(),
            run: prepared.run.clone(),
        });
    }
    token.give_up(&mut session).await?;
    token.unlock(&mut session).await;
    Ok(())
}

async fn apply(session: &mut Session, token: &Token, prepared: &Prepared) -> Result<(), Error> {
    if is_renamed(prepared) {
        rename(session, prepared).await?;
        return token
            .set(session, State::Committed, prepared.rows, prepared.bytes)
            .await;
    }
    alter(session, prepared).await?;
    let moving = Moving::new(session, prepared).await?;
    start(session, prepared).await?;
    move_all(session, &moving).await?;
    token
        .set(session, State::Committed, prepared.rows, prepared.bytes)
        .await?;
    session.run("commit", &format!("to commit to {}", prepared.table)).await
}

/// Waits until nobody else is at work on it, such as the process that has prepared it and is ending.
async fn own(session: &mut Session, token: &Token, prepared: &Prepared) -> Result<(), Error> {
    let seconds = session.target.lock_timeout;
    if token.lock(session, seconds).await? {
        return Ok(());
    }
    Err(Error::Refused {
        database: session.target.name.clone(),
        doing: format!("to commit to {}", prepared.table),
        message: format!("another process is at work on run {}", prepared.run),
        code: None,
        transient: true,
    })
}

fn is_renamed(prepared: &Prepared) -> bool {
    matches!(prepared.replaced, Replaced::Nothing | Replaced::Table)
}

fn visible(prepared: &Prepared) -> Record {
    Record {
        state: State::Committed,
        rows: prepared.rows,
        bytes: prepared.bytes,
    }
}

fn gone(prepared: &Prepared) -> Error {
    Error::Gone {
        table: prepared.table.to_string(),
        run: prepared.run.clone(),
    }
}
