//! Which runs have written what: a table in the schema of the target.

use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::TableName;
use crate::sql::Dialect;

use super::ddl::create;
use super::rows::{integer, rows, text};
use super::{Dbms, Fault, FaultKind, Session};

/// The table of tokens.
const TABLE: &str = "_tenon_commits";

/// How far a run has come with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Rows are being written.
    Staging,
    /// All rows are there.
    Prepared,
    /// And the table was made or changed, in a database that does so at once.
    Altered,
    /// The rows are visible.
    Committed,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Prepared => "prepared",
            Self::Altered => "altered",
            Self::Committed => "committed",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        [Self::Staging, Self::Prepared, Self::Altered, Self::Committed]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// What is kept of a run.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// The run and the sink.
    pub(crate) name: String,
    /// The staging table.
    pub(crate) staging: String,
    /// How far it has come.
    pub(crate) state: State,
    /// Rows written.
    pub(crate) rows: u64,
    /// Bytes sent.
    pub(crate) bytes: u64,
    /// Seconds since the beginning of 1970.
    pub(crate) created_at: i64,
    /// Who commits, or has committed.
    pub(crate) claim: Option<String>,
}

/// The token of a run's sink.
pub(crate) fn token(run: &str, sink: &str) -> String {
    format!("{run}/{sink}")
}

/// The staging table for a token.
pub(crate) fn staging(target: &TableName, token: &str) -> TableName {
    target.beside(format!("_tenon_{}", &hex::encode(Sha256::digest(token))[..20]))
}

/// Seconds since the beginning of 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The tokens beside a target.
pub(crate) struct Tokens<'a, S> {
    session: &'a mut S,
    dbms: Dbms,
    table: String,
    name: TableName,
}

impl<'a, S: Session> Tokens<'a, S> {
    /// Those beside a target.
    pub(crate) fn beside(session: &'a mut S, target: &TableName) -> Self {
        let dbms = session.dbms();
        let name = target.beside(TABLE);
        let table = dbms.table(&name);
        Self {
            session,
            dbms,
            table,
            name,
        }
    }

    /// Makes the table if it is not there.
    pub(crate) fn make(&mut self) -> Result<(), Fault> {
        let probe = format!("select count(*) from {} where 1 = 0", self.table);
        if rows(self.session, &probe).is_ok() {
            return Ok(());
        }
        let columns = [
            ("token", "varchar(255)"),
            ("target", "varchar(1000)"),
            ("staging", "varchar(255)"),
            ("state", "varchar(16)"),
            ("rows", "bigint"),
            ("bytes", "bigint"),
            ("created_at", "bigint"),
            ("claim", "varchar(64)"),
        ];
        let columns = columns.map(|(name, kind)| (name.to_owned(), kind.to_owned()));
        let statement = create(self.dbms, &self.name, &columns, &["token".to_owned()]);
        match self.session.execute(&statement) {
            // Another run was quicker.
            Err(fault) if fault.kind == FaultKind::Exists || rows(self.session, &probe).is_ok() => Ok(()),
            made => made,
        }
    }

    /// One of them.
    pub(crate) fn find(&mut self, token: &str) -> Result<Option<Token>, Fault> {
        let condition = self.is(token)?;
        Ok(self.read(&condition)?.pop())
    }

    /// Those that are not committed.
    pub(crate) fn open(&mut self) -> Result<Vec<Token>, Fault> {
        let condition = format!("{} <> 'committed'", self.dbms.quote("state"));
        self.read(&condition)
    }

    fn read(&mut self, condition: &str) -> Result<Vec<Token>, Fault> {
        let names = ["token", "staging", "state", "rows", "bytes", "created_at", "claim"];
        let statement = format!(
            "select {} from {} where {condition}",
            self.dbms.quote_all(names),
            self.table
        );
        let found = rows(self.session, &statement)?;
        let one = |row: Vec<Option<crate::Value>>| {
            let mut values = row.into_iter();
            let mut next = || values.next().flatten();
            Some(Token {
                name: text(next())?,
                staging: text(next())?,
                state: State::of_name(text(next())?.trim())?,
                rows: integer(next()).unwrap_or_default() as u64,
                bytes: integer(next()).unwrap_or_default() as u64,
                created_at: integer(next()).unwrap_or_default(),
                claim: text(next()),
            })
        };
        Ok(found.into_iter().filter_map(one).collect())
    }

    /// Adds one, in place of an earlier attempt's.
    pub(crate) fn add(&mut self, token: &str, target: &TableName, staging: &TableName) -> Result<(), Fault> {
        self.remove(token)?;
        let names = ["token", "target", "staging", "state", "rows", "bytes", "created_at"];
        let statement = format!(
            "insert into {} ({}) values ({}, {}, {}, 'staging', 0, 0, {})",
            self.table,
            self.dbms.quote_all(names),
            self.text(token)?,
            self.text(&target.to_string())?,
            self.text(&staging.table)?,
            now()
        );
        self.session.execute(&statement)
    }

    /// Says how far a run has come.
    pub(crate) fn advance(&mut self, token: &str, state: State, rows: u64, bytes: u64) -> Result<(), Fault> {
        let quote = |name: &str| self.dbms.quote(name);
        let statement = format!(
            "update {} set {} = '{}', {} = {rows}, {} = {bytes} where {}",
            self.table,
            quote("state"),
            state.name(),
            quote("rows"),
            quote("bytes"),
            self.is(token)?
        );
        self.session.execute(&statement)
    }

    /// In a transaction: claims the commit for this session. Waits for another that has, and answers whether it is ours.
    pub(crate) fn claim(&mut self, token: &str, claim: &str) -> Result<bool, Fault> {
        let statement = format!(
            "update {} set {} = '{claim}' where {} and {} <> 'committed'",
            self.table,
            self.dbms.quote("claim"),
            self.is(token)?,
            self.dbms.quote("state")
        );
        self.session.execute(&statement)?;
        let found = self.find(token)?;
        Ok(found.is_some_and(|found| found.claim.as_deref() == Some(claim)))
    }

    /// Forgets one.
    pub(crate) fn remove(&mut self, token: &str) -> Result<(), Fault> {
        let statement = format!("delete from {} where {}", self.table, self.is(token)?);
        self.session.execute(&statement)
    }

    fn is(&self, token: &str) -> Result<String, Fault> {
        Ok(format!("{} = {}", self.dbms.quote("token"), self.text(token)?))
    }

    fn text(&self, text: &str) -> Result<String, Fault> {
        self.dbms
            .text(text)
            .ok_or_else(|| Fault::unsupported(format!("`{text}` cannot be written in its SQL")))
    }
}
