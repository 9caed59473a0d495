//! Beginning to write: what is there, what is to become of it, and a staging table.

use std::sync::Arc;

use mysql_async::Error as Failure;

use crate::mysql::catalog;
use crate::mysql::dialect::MySqlDialect;
use crate::mysql::failure::during;
use crate::mysql::session::Session;
use crate::mysql::target::Target;
use crate::mysql::write::load::MySqlLoad;
use crate::mysql::write::plan::{Plan, ROW, definition, plan};
use crate::mysql::write::token::{State, Token};
use crate::{Begun, Error, LoadRequest, Mode, Replaced, TableName};

/// A row of this many columns might not fit a page.
const ROW_TOO_LARGE: u16 = 1118;

/// Begins to write to a table.
pub(crate) async fn begin(target: &Arc<Target>, request: LoadRequest) -> Result<Begun, Error> {
    let mut session = Session::open(target).await?;
    let table = with_schema(target, &request.table)?;
    let found = catalog::table(&mut session, &table).await?;
    match (request.config.mode, &found) {
        (Mode::Error, Some(_)) => {
            return Err(Error::Exists {
                table: table.to_string(),
            });
        }
        (Mode::Ignore, Some(_)) => return Ok(Begun::Ignored),
        _ => {}
    }
    let plan = plan(&mut session, &request, &table, found.as_ref()).await?;
    let token = Token::new(&table, &request.run, &request.sink);
    token.make_table(&mut session).await?;
    if !token.lock(&mut session, 0).await? {
        return Err(Error::Config {
            subject: table.to_string(),
            reason: format!("another process writes to it as run {} right now", request.run),
        });
    }
    match token.record(&mut session).await? {
        Some(record) if record.state == State::Committed => {
            return Err(Error::Decided {
                table: table.to_string(),
                run: request.run,
            });
        }
        Some(_) => token.give_up(&mut session).await?,
        None => {}
    }
    token.sweep(&mut session).await?;
    token.begin(&mut session).await?;
    stage(&mut session, &token, &plan).await?;
    Ok(Begun::Ready(Box::new(MySqlLoad::new(session, request, token, plan))))
}

/// The table in the schema that it is in, as a later commit may come from a connection to another database.
pub(crate) fn with_schema(target: &Target, table: &TableName) -> Result<TableName, Error> {
    let schema = table.schema.clone().or_else(|| target.database.clone());
    let schema = schema.ok_or_else(|| Error::Config {
        subject: format!("the table {table}"),
        reason: "neither it nor the URL names a database".to_owned(),
    })?;
    Ok(TableName::new(Some(&schema), &table.table))
}

async fn stage(session: &mut Session, token: &Token, plan: &Plan) -> Result<(), Error> {
    let doing = format!("to create the staging table {}", token.staging);
    let staging = MySqlDialect.table(&token.staging);
    session.run(&format!("drop table if exists {staging}"), &doing).await?;
    if plan.replaced == Replaced::Table {
        let like = format!("create table {staging} like {}", MySqlDialect.table(&token.table));
        session.run(&like, &doing).await?;
        let table = MySqlDialect.table(&token.table);
        for alteration in &plan.alterations {
            // They are written for the table, whose place this one takes.
            let changed = alteration.replacen(&table, &staging, 1);
            session.run(&changed, &doing).await?;
        }
        return Ok(());
    }
    let mut definitions: Vec<String> = plan.staged.iter().map(definition).collect();
    if plan.numbered {
        definitions.insert(
            0,
            format!("`{ROW}` bigint unsigned not null auto_increment primary key"),
        );
    }
    let definitions = definitions.join(", ");
    let sql = format!("create table {staging} ({definitions}) engine = innodb default charset = utf8mb4");
    match session.attempt(&sql).await {
        // What it takes for a row that is too large may be one that is not, if its values are short.
        Err(Failure::Server(error)) if error.code == ROW_TOO_LARGE => {
            let _ = session.attempt("set session innodb_strict_mode = 0").await;
            session.run(&sql, &doing).await
        }
        outcome => outcome.map_err(|failure| during(&session.target, &doing, failure)),
    }
}
