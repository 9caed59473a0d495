//! The statements that make rows of a staging table those of the table.

use mysql_async::Error as Failure;

use crate::mysql::catalog;
use crate::mysql::dialect::MySqlDialect;
use crate::mysql::failure::{during, is_of_rows};
use crate::mysql::session::Session;
use crate::mysql::write::changes::OPERATION;
use crate::mysql::write::plan::ROW;
use crate::mysql::write::token::Token;
use crate::sql::Dialect;
use crate::{Error, Prepared, Replaced};

/// A column that is there already.
const DUPLICATE_COLUMN: u16 = 1060;

/// A table that is there already.
const TABLE_EXISTS: u16 = 1050;

/// How rows are moved.
#[derive(Debug)]
pub(crate) struct Moving<'a> {
    prepared: &'a Prepared,
    /// Whether the keys are the table's only unique key, so that it finds the row to replace.
    by_key: bool,
}

impl<'a> Moving<'a> {
    /// Looks at the table's keys.
    pub(crate) async fn new(session: &mut Session, prepared: &'a Prepared) -> Result<Self, Error> {
        let mut by_key = false;
        if prepared.replaced == Replaced::Merged {
            let unique = catalog::unique_keys(session, &prepared.table).await?;
            by_key = match unique.as_slice() {
                [only] => {
                    only.is_whole
                        && only.columns.len() == prepared.keys.len()
                        && only.columns.iter().all(|column| prepared.keys.contains(column))
                }
                _ => false,
            };
        }
        Ok(Self { prepared, by_key })
    }

    /// What is done once, before rows are moved.
    pub(crate) fn first(&self) -> Vec<String> {
        let (table, staging) = (self.table(), self.staging());
        match (self.prepared.replaced, &self.prepared.delete_when) {
            (Replaced::Rows, _) => vec![format!("delete from {table}")],
            (Replaced::Merged, Some(mark)) => {
                let emptied = is_emptied(mark).map(|emptied| {
                    format!("delete from {table} where exists (select 1 from {staging} s where {emptied})")
                });
                let deleted = format!(
                    "delete t from {table} t join {staging} s on {} where {}",
                    self.same_keys(),
                    is_deleted(mark)
                );
                emptied.into_iter().chain([deleted]).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What moves rows: all of them, or those with these numbers.
    pub(crate) fn each(&self, numbers: Option<(u64, u64)>) -> Vec<String> {
        let (table, staging) = (self.table(), self.staging());
        let columns = MySqlDialect.quote_all(&self.prepared.columns);
        let selected: Vec<String> = self.prepared.columns.iter().map(|column| staged(column)).collect();
        let mut conditions = Vec::new();
        if let Some((first, last)) = numbers {
            conditions.push(format!("s.`{ROW}` between {first} and {last}"));
        }
        if let Some(mark) = &self.prepared.delete_when {
            let marked = [is_deleted(mark)].into_iter().chain(is_emptied(mark));
            conditions.extend(marked.map(|marked| format!("not ({marked})")));
        }
        let filter = |more: Option<String>| {
            let all: Vec<String> = conditions.iter().cloned().chain(more).collect();
            if all.is_empty() {
                String::new()
            } else {
                format!(" where {}", all.join(" and "))
            }
        };
        let insert = format!(
            "insert into {table} ({columns}) select {} from {staging} s",
            selected.join(", ")
        );
        if self.prepared.replaced != Replaced::Merged {
            return vec![format!("{insert}{}", filter(None))];
        }
        let others = self
            .prepared
            .columns
            .iter()
            .filter(|column| !self.prepared.keys.contains(column));
        if self.by_key {
            let mut updates: Vec<String> = others
                .map(|column| MySqlDialect.quote(column))
                .map(|column| format!("{column} = values({column})"))
                .collect();
            if updates.is_empty() {
                let key = MySqlDialect.quote(&self.prepared.keys[0]);
                updates.push(format!("{key} = values({key})"));
            }
            return vec![format!(
                "{insert}{} on duplicate key update {}",
                filter(None),
                updates.join(", ")
            )];
        }
        let updates: Vec<String> = others
            .map(|column| format!("t.{} = {}", MySqlDialect.quote(column), staged(column)))
            .collect();
        let keys = self.same_keys();
        let mut statements = Vec::new();
        if !updates.is_empty() {
            statements.push(format!(
                "update {table} t join {staging} s on {keys} set {}{}",
                updates.join(", "),
                filter(None)
            ));
        }
        let is_new = format!("not exists (select 1 from {table} t where {keys})");
        statements.push(format!("{insert}{}", filter(Some(is_new))));
        statements
    }

    fn table(&self) -> String {
        MySqlDialect.table(&self.prepared.table)
    }

    fn staging(&self) -> String {
        MySqlDialect.table(&self.prepared.staging)
    }

    fn same_keys(&self) -> String {
        let each = self
            .prepared
            .keys
            .iter()
            .map(|key| format!("t.{} = {}", MySqlDialect.quote(key), staged(key)));
        each.collect::<Vec<String>>().join(" and ")
    }
}

fn staged(column: &str) -> String {
    format!("s.{}", MySqlDialect.quote(column))
}

/// Whether a row's key is deleted: by a boolean, or by the name of a change.
fn is_deleted(mark: &str) -> String {
    format!("coalesce(cast({} as char), '') in ('1', 'delete')", staged(mark))
}

/// Whether a row is a change that emptied the whole table; none where rows are no changes.
pub(crate) fn is_emptied(mark: &str) -> Option<String> {
    (mark == OPERATION).then(|| format!("coalesce(cast({} as char), '') = 'truncate'", staged(mark)))
}

/// Changes the table so that it takes the rows. Doing so again changes nothing.
pub(crate) async fn alter(session: &mut Session, prepared: &Prepared) -> Result<(), Error> {
    for alteration in &prepared.alterations {
        match session.attempt(alteration).await {
            Ok(()) => {}
            Err(Failure::Server(error)) if error.code == DUPLICATE_COLUMN => {}
            Err(failure) => {
                return Err(during(
                    &session.target,
                    &format!("to change the table {}", prepared.table),
                    failure,
                ));
            }
        }
    }
    Ok(())
}

/// Moves all rows in the transaction that is open.
pub(crate) async fn move_all(session: &mut Session, moving: &Moving<'_>) -> Result<(), Error> {
    let statements = moving.first().into_iter().chain(moving.each(None));
    for statement in statements {
        if let Err(failure) = session.attempt(&statement).await {
            return Err(refused(session, moving.prepared, failure));
        }
    }
    Ok(())
}

/// What kept rows from being moved.
pub(crate) fn refused(session: &Session, prepared: &Prepared, failure: Failure) -> Error {
    match failure {
        Failure::Server(error) if is_of_rows(error.code) => Error::Constraint {
            table: prepared.table.to_string(),
            message: error.message,
        },
        other => during(&session.target, &format!("to write to {}", prepared.table), other),
    }
}

/// Begins the transaction that rows are moved in.
pub(crate) async fn start(session: &mut Session, prepared: &Prepared) -> Result<(), Error> {
    // Without locks on the rows of the staging table. The server refuses this where its log has statements and not rows.
    let format = session
        .first("select @@binlog_format", "to say how it logs")
        .await
        .ok()
        .flatten();
    if format.is_none_or(|format| format != "STATEMENT") {
        let level = "set session transaction isolation level read committed";
        session.run(level, "to set up the session").await?;
    }
    session
        .run("start transaction", &format!("to write to {}", prepared.table))
        .await
}

/// Gives the staging table the name of the table, at once with the table's giving way.
pub(crate) async fn rename(session: &mut Session, prepared: &Prepared) -> Result<(), Error> {
    let token = Token::of(prepared);
    let (table, staging) = (
        MySqlDialect.table(&prepared.table),
        MySqlDialect.table(&prepared.staging),
    );
    let aside = MySqlDialect.table(&token.aside);
    let is_there = catalog::table(session, &prepared.table).await?.is_some();
    let sql = if prepared.replaced == Replaced::Table && is_there {
        session
            .run(
                &format!("drop table if exists {aside}"),
                "to drop what an earlier attempt has put aside",
            )
            .await?;
        format!("rename table {table} to {aside}, {staging} to {table}")
    } else {
        format!("rename table {staging} to {table}")
    };
    match session.attempt(&sql).await {
        Ok(()) => Ok(()),
        Err(Failure::Server(error)) if error.code == TABLE_EXISTS => Err(Error::Exists {
            table: prepared.table.to_string(),
        }),
        Err(failure) => Err(during(
            &session.target,
            &format!("to make the rows those of {}", prepared.table),
            failure,
        )),
    }
}
