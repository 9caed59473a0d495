//! Tokens: what became of each run's rows.

use sha2::{Digest, Sha256};

use crate::mysql::catalog::{self, OWN};
use crate::mysql::dialect::{MySqlDialect, text_literal};
use crate::mysql::session::{Session, number, text};
use crate::{Error, Prepared, TableName};

/// The table that tokens are kept in.
const COMMITS: &str = "_tenon_commits";

/// What became of a run's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// They are being written to the staging table.
    Staging,
    /// All of them are in the staging table.
    Prepared,
    /// They are visible.
    Committed,
    /// They were given up, and the staging table is going.
    Abandoned,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Prepared => "prepared",
            Self::Committed => "committed",
            Self::Abandoned => "abandoned",
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "prepared" => Self::Prepared,
            "committed" => Self::Committed,
            "abandoned" => Self::Abandoned,
            _ => Self::Staging,
        }
    }
}

/// The names that belong to what a run writes to a table.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    id: String,
    pub(crate) table: TableName,
    pub(crate) staging: TableName,
    /// The table that a rename has put aside.
    pub(crate) aside: TableName,
}

/// What the table of tokens says of one.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) state: State,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl Token {
    /// Of a run's sink, and the table, with its schema.
    pub(crate) fn new(table: &TableName, run: &str, sink: &str) -> Self {
        let token = format!("{run}/{sink}");
        let hash = hex::encode(Sha256::digest(token.as_bytes()));
        let short = &hash[..20];
        Self {
            staging: table.beside(format!("{OWN}{short}")),
            aside: table.beside(format!("{OWN}aside_{short}")),
            table: table.clone(),
            // The column's width.
            id: if token.chars().count() > 255 { hash } else { token },
        }
    }

    /// Of what was prepared.
    pub(crate) fn of(prepared: &Prepared) -> Self {
        Self::new(&prepared.table, &prepared.run, &prepared.sink)
    }

    fn commits(&self) -> TableName {
        self.table.beside(COMMITS)
    }

    fn is_this(&self) -> String {
        format!("token = {}", text_literal(&self.id))
    }

    /// Makes the table of tokens, unless it is there.
    pub(crate) async fn make_table(&self, session: &mut Session) -> Result<(), Error> {
        let commits = self.commits();
        // Whoever may write to it need not be allowed to make it.
        if catalog::table(session, &commits).await?.is_some() {
            return Ok(());
        }
        let sql = format!(
            "create table if not exists {} (token varchar(255) character set utf8mb4 collate utf8mb4_bin not null \
             primary key, target text not null, staging varchar(64) not null, state varchar(16) not null, \
             `rows` bigint unsigned not null default 0, bytes bigint unsigned not null default 0, \
             created_at timestamp not null default current_timestamp) engine = innodb default charset = utf8mb4",
            MySqlDialect.table(&commits)
        );
        session
            .run(&sql, &format!("to create the table {commits}, where commits are noted"))
            .await
    }

    /// What is known of it.
    pub(crate) async fn record(&self, session: &mut Session) -> Result<Option<Record>, Error> {
        let commits = self.commits();
        if catalog::table(session, &commits).await?.is_none() {
            return Ok(None);
        }
        let sql = format!(
            "select state, `rows`, bytes from {} where {}",
            MySqlDialect.table(&commits),
            self.is_this()
        );
        let rows = session.rows(&sql, &format!("to read {commits}")).await?;
        Ok(rows.first().map(|row| Record {
            state: State::named(&text(row, 0).unwrap_or_default()),
            rows: number(row, 1).unwrap_or(0),
            bytes: number(row, 2).unwrap_or(0),
        }))
    }

    /// Notes that writing begins.
    pub(crate) async fn begin(&self, session: &mut Session) -> Result<(), Error> {
        let sql = format!(
            "replace into {} (token, target, staging, state) values ({}, {}, {}, 'staging')",
            MySqlDialect.table(&self.commits()),
            text_literal(&self.id),
            text_literal(&self.table.to_string()),
            text_literal(&self.staging.table)
        );
        session.run(&sql, &format!("to write to {}", self.commits())).await
    }

    /// Notes what became of it.
    pub(crate) async fn set(&self, session: &mut Session, state: State, rows: u64, bytes: u64) -> Result<(), Error> {
        let sql = format!(
            "update {} set state = '{}', `rows` = {rows}, bytes = {bytes} where {}",
            MySqlDialect.table(&self.commits()),
            state.name(),
            self.is_this()
        );
        session.run(&sql, &format!("to write to {}", self.commits())).await
    }

    /// Takes the lock that says that somebody is at work on it; false where another has it.
    pub(crate) async fn lock(&self, session: &mut Session, seconds: u32) -> Result<bool, Error> {
        let sql = format!("select get_lock({}, {seconds})", text_literal(&self.lock_name()));
        let taken = session.first(&sql, "to take an advisory lock").await?;
        Ok(taken.as_deref() == Some("1"))
    }

    /// Lets the lock go.
    pub(crate) async fn unlock(&self, session: &mut Session) {
        // It ends with the session anyway.
        let sql = format!("select release_lock({})", text_literal(&self.lock_name()));
        let _ = session.first(&sql, "to let an advisory lock go").await;
    }

    /// Such locks are of the whole server, and have short names.
    fn lock_name(&self) -> String {
        let schema = self.staging.schema.as_deref().unwrap_or_default();
        let schema = hex::encode(Sha256::digest(schema.as_bytes()));
        format!("{}@{}", self.staging.table, &schema[..20])
    }

    /// Gives up the rows that were staged. The token says so first, as a staging table that is missing says otherwise.
    pub(crate) async fn give_up(&self, session: &mut Session) -> Result<(), Error> {
        self.set(session, State::Abandoned, 0, 0).await?;
        self.drop_staging(session).await?;
        let sql = format!(
            "delete from {} where {}",
            MySqlDialect.table(&self.commits()),
            self.is_this()
        );
        session.run(&sql, &format!("to write to {}", self.commits())).await
    }

    /// Drops what is no longer needed.
    pub(crate) async fn drop_staging(&self, session: &mut Session) -> Result<(), Error> {
        let sql = format!(
            "drop table if exists {}, {}",
            MySqlDialect.table(&self.staging),
            MySqlDialect.table(&self.aside)
        );
        session
            .run(&sql, &format!("to drop the staging table {}", self.staging))
            .await
    }

    /// Forgets commits of long ago, and gives up what runs have left that ended without a commit: at once if they were still writing, and after a day if
    /// they had prepared, since somebody may still commit it.
    pub(crate) async fn sweep(&self, session: &mut Session) -> Result<(), Error> {
        let sql = format!(
            "select token, staging, target, state = 'prepared', created_at < now() - interval 1 day from {} \
             where state <> 'committed' and not ({})",
            MySqlDialect.table(&self.commits()),
            self.is_this()
        );
        for row in session.rows(&sql, &format!("to read {}", self.commits())).await? {
            let (Some(token), Some(staging)) = (text(&row, 0), text(&row, 1)) else {
                continue;
            };
            let (is_prepared, is_old) = (number(&row, 3) == Some(1), number(&row, 4) == Some(1));
            let left = Self {
                table: self.table.clone(),
                aside: self.table.beside(staging.replacen(OWN, &format!("{OWN}aside_"), 1)),
                staging: self.table.beside(&staging),
                id: token,
            };
            if is_prepared && !is_old || !left.lock(session, 0).await? {
                continue;
            }
            // Prepared, and the staging table is gone: it has become the table, which the token is to keep saying.
            let is_renamed = is_prepared && catalog::table(session, &left.staging).await?.is_none();
            let swept = if is_renamed {
                Ok(())
            } else {
                left.give_up(session).await
            };
            left.unlock(session).await;
            swept?;
        }
        self.forget_old(session).await
    }

    /// Forgets commits of long ago: nobody asks any more whether they came about. By their keys, as a search that deletes
    /// would wait for every row that another run has locked.
    async fn forget_old(&self, session: &mut Session) -> Result<(), Error> {
        let (table, doing) = (
            MySqlDialect.table(&self.commits()),
            format!("to forget old commits in {}", self.commits()),
        );
        let old = format!(
            "select token from {table} where state = 'committed' and created_at < now() - interval 90 day limit 1000"
        );
        let rows = session.rows(&old, &doing).await?;
        let tokens: Vec<String> = rows
            .iter()
            .filter_map(|row| text(row, 0))
            .map(|token| text_literal(&token))
            .collect();
        if tokens.is_empty() {
            return Ok(());
        }
        let forget = format!("delete from {table} where token in ({})", tokens.join(", "));
        session.run(&forget, &doing).await
    }
}
