//! The tokens of commits, in a table beside the tables that are written.

use super::super::{Connection, PostgresDialect};
use super::catalog::quoted;
use super::token::{LEDGER, Token, commit_lock, staging_lock};
use crate::sql::Dialect;
use crate::{Committed, Error, TableName};

/// The ledger of a schema.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    name: TableName,
    /// Its name, quoted.
    table: String,
}

/// How far a write has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Rows are being written to the staging table.
    Staging,
    /// All rows are there.
    Prepared,
    /// They are the table's.
    Committed,
}

/// What the ledger says of a token.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub state: State,
    pub committed: Committed,
}

impl Ledger {
    /// The ledger beside a table.
    pub fn beside(table: &TableName) -> Self {
        let name = table.beside(LEDGER);
        Self {
            table: quoted(&name),
            name,
        }
    }

    /// Makes it unless it is there.
    pub async fn make(&self, connection: &Connection) -> Result<(), Error> {
        let doing = format!("creating {}, the table of commits", self.name);
        if self.is_there(connection).await? {
            return Ok(());
        }
        // Two sessions that create one table at the same time collide, even with `if not exists`.
        let statements = format!(
            "begin; select pg_advisory_xact_lock({}); create table if not exists {} (\
             token text primary key, target text not null, staging text not null, state text not null, \
             rows bigint not null default 0, bytes bigint not null default 0, \
             created_at timestamptz not null default now()); commit",
            commit_lock(&self.name),
            self.table
        );
        let made = connection.run(&doing, &statements).await;
        if made.is_err() && connection.is_idle() {
            connection.run(&doing, "rollback").await?;
        }
        made
    }

    /// Whether it is there.
    pub async fn is_there(&self, connection: &Connection) -> Result<bool, Error> {
        let doing = format!("looking for {}", self.name);
        let row = connection
            .query_one(&doing, "select to_regclass($1::text) is not null", &[&self.table])
            .await?;
        Ok(row.get(0))
    }

    /// What it says of a token.
    pub async fn entry(&self, connection: &Connection, token: &Token) -> Result<Option<Entry>, Error> {
        let statement = format!("select state, target, rows, bytes from {} where token = $1", self.table);
        let row = connection
            .query_opt(&self.reading(), &statement, &[&token.text])
            .await?;
        Ok(row.map(|row| Entry {
            state: match row.get("state") {
                "committed" => State::Committed,
                "prepared" => State::Prepared,
                _ => State::Staging,
            },
            committed: Committed {
                table: row.get("target"),
                rows: row.get::<_, i64>("rows").cast_unsigned(),
                bytes: row.get::<_, i64>("bytes").cast_unsigned(),
            },
        }))
    }

    /// The statements that note that a run begins.
    pub fn begun(&self, token: &Token, target: &TableName) -> String {
        format!(
            "delete from {table} where token = {token}; \
             insert into {table} (token, target, staging, state) values ({token}, {target}, {staging}, 'staging')",
            table = self.table,
            token = literal(&token.text),
            target = literal(&target.to_string()),
            staging = literal(&token.staging),
        )
    }

    /// Notes how far a run has come. Answers whether it still knows the run.
    pub async fn note(
        &self,
        connection: &Connection,
        token: &Token,
        state: State,
        committed: &Committed,
    ) -> Result<bool, Error> {
        let statement = format!(
            "update {} set state = $2, rows = $3, bytes = $4 where token = $1",
            self.table
        );
        let state = match state {
            State::Staging => "staging",
            State::Prepared => "prepared",
            State::Committed => "committed",
        };
        let (rows, bytes) = (committed.rows.cast_signed(), committed.bytes.cast_signed());
        let doing = format!("writing to {}, the table of commits", self.name);
        let noted = connection
            .execute(&doing, &statement, &[&token.text, &state, &rows, &bytes])
            .await?;
        Ok(noted == 1)
    }

    /// Drops a staging table and forgets the run, unless it has committed.
    pub async fn forget(&self, connection: &Connection, token: &Token) -> Result<(), Error> {
        self.drop_staging(connection, &token.staging, &token.text).await
    }

    /// Forgets commits of long ago, and drops the staging tables of runs that have died. Those of runs that had prepared their commit are kept for a day, since
    /// it may still come.
    pub async fn sweep(&self, connection: &Connection) -> Result<(), Error> {
        let statement = format!(
            "select token, staging from {} where state = 'staging' \
             or (state = 'prepared' and created_at < now() - interval '1 day')",
            self.table
        );
        for row in connection.query(&self.reading(), &statement, &[]).await? {
            let (token, staging): (String, String) = (row.get(0), row.get(1));
            let lock = staging_lock(&staging);
            let doing = format!("looking whether the owner of {staging} is alive");
            let row = connection
                .query_one(&doing, "select pg_try_advisory_lock($1)", &[&lock])
                .await?;
            if !row.get::<_, bool>(0) {
                continue;
            }
            // What cannot be swept, such as the table of another user, is not this run's matter.
            if let Err(error) = self.drop_staging(connection, &staging, &token).await {
                tracing::warn!(%error, %staging, "a staging table that a run has left cannot be dropped");
            }
            connection
                .execute(&doing, "select pg_advisory_unlock($1)", &[&lock])
                .await?;
        }
        // Nobody asks any more whether these came about.
        let statement = format!(
            "delete from {} where state = 'committed' and created_at < now() - interval '90 days'",
            self.table
        );
        connection.execute(&self.reading(), &statement, &[]).await?;
        Ok(())
    }

    async fn drop_staging(&self, connection: &Connection, staging: &str, token: &str) -> Result<(), Error> {
        let doing = format!("dropping the staging table {staging}");
        let statements = format!(
            "begin; drop table if exists {}; delete from {} where token = {} and state <> 'committed'; commit",
            quoted(&self.name.beside(staging)),
            self.table,
            literal(token),
        );
        let dropped = connection.run(&doing, &statements).await;
        if dropped.is_err() && connection.is_idle() {
            connection.run(&doing, "rollback").await?;
        }
        dropped
    }

    fn reading(&self) -> String {
        format!("reading {}, the table of commits", self.name)
    }
}

/// A text as a literal. Names of runs and tables hold no NUL.
pub(super) fn literal(text: &str) -> String {
    let value = crate::Value::Text(text.replace('\0', ""));
    PostgresDialect.literal(&value).unwrap_or_else(|| "''".to_owned())
}
