//! The transaction that makes prepared rows visible.

use super::super::{Connection, PostgresDialect};
use super::catalog::{Table, find, quoted};
use super::ledger::{Ledger, State};
use super::moving::Moving;
use super::rejects::{Bad, by_halves};
use super::session::DURABLE;
use super::token::{Token, commit_lock};
use super::widen::text_limit;
use crate::sql::Dialect;
use crate::{Committed, Error, Prepared, Replaced, TableName};

/// SQLSTATEs of what is wrong with rows: a statement that meets a row twice, values, constraints, the check of a view, and
/// what triggers raise.
const OF_ROWS: [&str; 5] = ["21", "22", "23", "44", "P0001"];
const TWICE: &str = "21000";
const DUPLICATE_TABLE: &str = "42P07";

/// What becomes of rows that the table refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// They end the transaction.
    Fail,
    /// They are left out, and the staging table stays until the commit, to be read from.
    LeaveOut,
}

/// Moves rows in a transaction that is left open. Answers with rows that were left out.
pub(super) async fn apply(
    connection: &Connection,
    prepared: &Prepared,
    ledger: &Ledger,
    refused: Refused,
) -> Result<Vec<Bad>, Error> {
    // Deferred constraints would be found by the commit only.
    let begin = format!("begin; {DURABLE}; set constraints all immediate");
    connection.run("beginning a transaction", &begin).await?;
    let application = Application {
        connection,
        prepared,
        refused,
    };
    let applied = match application.run().await {
        Ok(bad) => application.conclude(ledger, bad).await,
        Err(error) => Err(error),
    };
    let Err(error) = applied else {
        return applied;
    };
    if connection.is_idle() {
        connection.run("rolling back", "rollback").await?;
    }
    Err(application.explained(error).await)
}

/// What an error of a statement on rows means for the table.
pub(super) fn of_rows(prepared: &Prepared, error: Error) -> Error {
    let table = prepared.table.to_string();
    match error {
        Error::Constraint { message, .. } => Error::Constraint { table, message },
        Error::Refused {
            message,
            code: Some(code),
            ..
        } if OF_ROWS.iter().any(|class| code.starts_with(class)) => Error::Constraint { table, message },
        other => other,
    }
}

/// Whether a row is at fault.
pub(super) fn is_of_rows(error: &Error) -> bool {
    match error {
        Error::Constraint { .. } => true,
        Error::Refused { code: Some(code), .. } => OF_ROWS.iter().any(|class| code.starts_with(class)),
        _ => false,
    }
}

fn has_code(error: &Error, wanted: &str) -> bool {
    matches!(error, Error::Refused { code: Some(code), .. } if code.starts_with(wanted))
}

struct Application<'a> {
    connection: &'a Connection,
    prepared: &'a Prepared,
    refused: Refused,
}

impl Application<'_> {
    async fn run(&self) -> Result<Vec<Bad>, Error> {
        let prepared = self.prepared;
        let is_there = find(self.connection, &prepared.table).await?.is_some();
        // Rows that are only added need not wait for one another.
        let is_only_added = is_there && prepared.replaced == Replaced::Added && prepared.alterations.is_empty();
        let shared = if is_only_added { "_shared" } else { "" };
        let lock = format!("select pg_advisory_xact_lock{shared}({})", commit_lock(&prepared.table));
        self.connection.run(&self.doing("waiting to write to"), &lock).await?;

        let staging = find(self.connection, &prepared.staging)
            .await?
            .ok_or_else(|| self.gone())?;
        let target = find(self.connection, &prepared.table).await?;
        let target = match target {
            Some(_) if prepared.replaced == Replaced::Nothing => return Err(self.exists()),
            None if prepared.alterations.is_empty() => {
                self.make_table().await?;
                return Ok(Vec::new());
            }
            Some(target) if prepared.replaced == Replaced::Table && can_replace(&target, &staging) => {
                self.replace_table(&target, &staging).await?;
                return Ok(Vec::new());
            }
            Some(target) if prepared.alterations.is_empty() => target,
            _ => self.altered().await?,
        };
        self.move_rows(&target, &staging).await
    }

    /// The staging table becomes the table.
    async fn make_table(&self) -> Result<(), Error> {
        let (table, staging) = (&self.prepared.table, &self.prepared.staging);
        let name = PostgresDialect.quote(&table.table);
        let doing = self.doing("creating");
        let rename = format!("alter table {} rename to {name}", quoted(staging));
        let renamed = self.connection.run(&doing, &rename).await;
        renamed.map_err(|error| {
            if has_code(&error, DUPLICATE_TABLE) {
                self.exists()
            } else {
                error
            }
        })?;
        if self.prepared.keys.is_empty() {
            return Ok(());
        }
        let keys = PostgresDialect.quote_all(&self.prepared.keys);
        let statement = format!("alter table {} add primary key ({keys})", quoted(table));
        self.connection.run(&doing, &statement).await
    }

    /// The staging table takes the place of the table.
    async fn replace_table(&self, target: &Table, staging: &Table) -> Result<(), Error> {
        let doing = self.doing("replacing");
        let mut statements = vec![format!("drop table {}", quoted(&target.name))];
        let required = target.columns.iter().filter(|column| column.is_not_null);
        let required: Vec<String> = required
            .map(|column| format!("alter column {} set not null", PostgresDialect.quote(&column.name)))
            .collect();
        if !required.is_empty() {
            statements.push(format!("alter table {} {}", quoted(&staging.name), required.join(", ")));
        }
        let name = PostgresDialect.quote(&target.name.table);
        statements.push(format!("alter table {} rename to {name}", quoted(&staging.name)));
        self.connection.run(&doing, &statements.join("; ")).await
    }

    async fn altered(&self) -> Result<Table, Error> {
        for statement in &self.prepared.alterations {
            let altered = self.connection.run(&self.doing("altering"), statement).await;
            altered.map_err(|error| {
                if has_code(&error, DUPLICATE_TABLE) {
                    self.exists()
                } else {
                    error
                }
            })?;
        }
        let target = find(self.connection, &self.prepared.table).await?;
        target.ok_or_else(|| Error::Mismatch {
            table: self.prepared.table.to_string(),
            reason: "it has been dropped since the run began; run again".to_owned(),
        })
    }

    async fn move_rows(&self, target: &Table, staging: &Table) -> Result<Vec<Bad>, Error> {
        let moving = Moving::new(target, staging, self.prepared)?;
        let doing = self.doing("writing to");
        if let Some(lock) = moving.lock() {
            self.connection.run(&doing, &lock).await?;
        }
        if !moving.finds_duplicates() {
            self.check_duplicates(&moving).await?;
        }
        if let Some(clearing) = moving.clearing() {
            self.connection.run(&doing, &clearing).await?;
        }
        let bad = match self.refused {
            Refused::LeaveOut => by_halves(self.connection, &moving, &staging.name, self.prepared).await?,
            Refused::Fail => {
                for statement in moving.statements(None) {
                    self.connection.run(&doing, &statement).await?;
                }
                Vec::new()
            }
        };
        if self.refused == Refused::Fail {
            drop_staging(self.connection, &staging.name).await?;
        }
        Ok(bad)
    }

    /// Notes the commit in the same transaction.
    async fn conclude(&self, ledger: &Ledger, bad: Vec<Bad>) -> Result<Vec<Bad>, Error> {
        let token = Token::new(&self.prepared.run, &self.prepared.sink);
        let mut committed = committed(self.prepared);
        committed.rows -= (bad.len() as u64).min(committed.rows);
        if ledger
            .note(self.connection, &token, State::Committed, &committed)
            .await?
        {
            return Ok(bad);
        }
        Err(self.gone())
    }

    async fn check_duplicates(&self, moving: &Moving) -> Result<(), Error> {
        let statement = moving.duplicates(" limit 6");
        let rows = self
            .connection
            .query(&self.doing("looking for duplicates in"), &statement, &[])
            .await?;
        let mut keys: Vec<Vec<Option<String>>> = rows.iter().map(|row| row.get(1)).collect();
        keys.dedup();
        if keys.is_empty() {
            return Ok(());
        }
        let shown: Vec<String> = keys.iter().map(|key| shown_key(&self.prepared.keys, key)).collect();
        Err(Error::Constraint {
            table: self.prepared.table.to_string(),
            message: format!(
                "{} occurs more than once among the rows of this run, and which of them is to stay is not known",
                shown.join(", ")
            ),
        })
    }

    /// An error with the culprit's name, which the database does not always give. Looks for it after the transaction.
    async fn explained(&self, error: Error) -> Error {
        let is_value = has_code(&error, "22");
        let is_twice = has_code(&error, TWICE);
        if !is_value && !is_twice {
            return of_rows(self.prepared, error);
        }
        match self.culprit(is_twice).await {
            Ok(Some(Error::Constraint { message, .. })) if is_twice => Error::Constraint {
                table: self.prepared.table.to_string(),
                message,
            },
            Ok(Some(Error::Value { column, .. })) => match of_rows(self.prepared, error) {
                Error::Constraint { table, message } => Error::Constraint {
                    table,
                    message: format!("column `{column}`: {message}"),
                },
                other => other,
            },
            _ => of_rows(self.prepared, error),
        }
    }

    async fn culprit(&self, is_twice: bool) -> Result<Option<Error>, Error> {
        let staging = find(self.connection, &self.prepared.staging).await?;
        let target = find(self.connection, &self.prepared.table).await?;
        let (Some(staging), Some(target)) = (staging, target) else {
            return Ok(None);
        };
        let moving = Moving::new(&target, &staging, self.prepared)?;
        if is_twice {
            return Ok(self.check_duplicates(&moving).await.err());
        }
        let doing = "looking for the column at fault";
        for column in moving.columns().iter().filter(|column| column.is_converted) {
            let limit = target.columns.iter().find(|other| other.name == column.name);
            let limit = limit.and_then(text_limit);
            let is_at_fault = if let Some(limit) = limit {
                let expression = &column.expression;
                let statement = format!(
                    "select exists (select from {} s where char_length({expression}) > {limit})",
                    moving.staging()
                );
                self.connection.query_one(doing, &statement, &[]).await?.get(0)
            } else {
                let statement = format!("select count({}) from {} s", column.expression, moving.staging());
                self.connection.query_one(doing, &statement, &[]).await.is_err()
            };
            if is_at_fault {
                return Ok(Some(Error::Value {
                    relation: self.prepared.table.to_string(),
                    column: column.name.clone(),
                    reason: String::new(),
                }));
            }
        }
        Ok(None)
    }

    fn doing(&self, verb: &str) -> String {
        format!("{verb} {}", self.prepared.table)
    }

    fn exists(&self) -> Error {
        Error::Exists {
            table: self.prepared.table.to_string(),
        }
    }

    fn gone(&self) -> Error {
        Error::Gone {
            table: self.prepared.table.to_string(),
            run: self.prepared.run.clone(),
        }
    }
}

/// Whether a staging table has all that a table has.
fn can_replace(target: &Table, staging: &Table) -> bool {
    let columns = target.columns.iter().zip(&staging.columns);
    target.is_replaceable
        && target.columns.len() == staging.columns.len()
        && columns
            .into_iter()
            .all(|(ours, theirs)| ours.name == theirs.name && ours.declared == theirs.declared)
}

/// Drops a staging table in the transaction that is open.
pub(super) async fn drop_staging(connection: &Connection, staging: &TableName) -> Result<(), Error> {
    let doing = format!("dropping the staging table {staging}");
    connection
        .run(&doing, &format!("drop table if exists {}", quoted(staging)))
        .await
}

/// What a commit answers with.
pub(super) fn committed(prepared: &Prepared) -> Committed {
    Committed {
        table: prepared.table.to_string(),
        rows: prepared.rows,
        bytes: prepared.bytes,
    }
}

/// Keys as the database shows them: `(id, day)=(1, 2024-01-01)`.
pub(super) fn shown_key(names: &[String], values: &[Option<String>]) -> String {
    let values: Vec<&str> = values.iter().map(|value| value.as_deref().unwrap_or("null")).collect();
    format!("Key ({})=({})", names.join(", "), values.join(", "))
}
