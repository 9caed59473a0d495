//! The tokens of commits, in a table beside the tables that are written. Rows are added to it and not changed: a token has
//! one for each state that it has come to.

use sha2::{Digest, Sha256};

use super::super::{Connection, RedshiftDialect};
use super::bucket::Bucket;
use super::catalog::quoted;
use super::roll_back;
use crate::sql::Dialect;
use crate::{Committed, Error, Prepared, TableName, Value};

/// What the names of Tenon's own tables begin with.
pub(super) const OWN: &str = "_tenon_";
/// The table of tokens.
const TABLE: &str = "_tenon_commits";
/// How long what dead runs have left is kept: nothing tells which sessions live.
const KEPT: &str = "getdate() - interval '1 day'";
/// The same in seconds.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// Rows are being written to the staging table.
    Staging,
    /// All rows are there.
    Prepared,
    /// They are the table's.
    Committed,
}

impl State {
    const ALL: [Self; 3] = [Self::Staging, Self::Prepared, Self::Committed];

    fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Prepared => "prepared",
            Self::Committed => "committed",
        }
    }
}

/// What the ledger says of a token.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub state: State,
    pub committed: Committed,
}

/// A run's place in the ledger of a schema.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    name: TableName,
    /// Its name, quoted.
    table: String,
    /// The run and the sink.
    token: String,
}

impl Ledger {
    /// The place of a run, beside a table.
    pub fn beside(table: &TableName, run: &str, sink: &str) -> Self {
        let name = table.beside(TABLE);
        Self {
            table: quoted(&name),
            name,
            token: format!("{run}/{sink}"),
        }
    }

    /// The run's staging table, which is also the folder of its files.
    pub fn staging(&self) -> String {
        format!("{OWN}{}", &hex::encode(Sha256::digest(&self.token))[..20])
    }

    /// Makes the ledger unless it is there.
    pub async fn make(&self, connection: &Connection) -> Result<(), Error> {
        if self.is_there(connection).await? {
            return Ok(());
        }
        let doing = format!("creating {}, the table of commits", self.name);
        let statement = format!(
            "create table if not exists {} (\"token\" varchar(1024) not null, \"target\" varchar(512) not null, \
             \"staging\" varchar(128) not null, \"state\" varchar(16) not null, \"rows\" bigint not null, \
             \"bytes\" bigint not null, \"created_at\" timestamp not null default getdate())",
            self.table
        );
        match connection.run(&doing, &statement).await {
            // Another run was quicker.
            Err(_) if connection.is_idle() && self.is_there(connection).await? => Ok(()),
            made => made,
        }
    }

    /// Whether the ledger is there.
    pub async fn is_there(&self, connection: &Connection) -> Result<bool, Error> {
        let statement = format!(
            "select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where c.relname = {} and n.nspname = {}",
            literal(&self.name.table),
            literal(self.name.schema.as_deref().unwrap_or_default())
        );
        let found = connection
            .text(&format!("looking for {}", self.name), &statement)
            .await?;
        Ok(found.trim() != "0")
    }

    /// The furthest that the run has come.
    pub async fn entry(&self, connection: &Connection) -> Result<Option<Entry>, Error> {
        let statement = format!(
            "select \"state\", \"target\", \"rows\", \"bytes\" from {} where \"token\" = {}",
            self.table,
            literal(&self.token)
        );
        let rows = connection.query(&self.reading(), &statement, &[]).await?;
        let entries = rows.iter().filter_map(|row| {
            let name: &str = row.get(0);
            let state = State::ALL.into_iter().find(|state| state.name() == name)?;
            Some(Entry {
                state,
                committed: Committed {
                    table: row.get(1),
                    rows: row.get::<_, i64>(2).cast_unsigned(),
                    bytes: row.get::<_, i64>(3).cast_unsigned(),
                },
            })
        });
        Ok(entries.max_by_key(|entry| entry.state))
    }

    /// Notes that the run begins, and makes its staging table, both or neither. What an earlier attempt has left goes.
    pub async fn begin(&self, connection: &Connection, target: &TableName, definitions: &str) -> Result<(), Error> {
        let staging = quoted(&target.beside(self.staging()));
        let nothing = Committed {
            table: target.to_string(),
            ..Committed::default()
        };
        let statements = format!(
            "begin; lock table {table}; delete from {table} where \"token\" = {token}; {noted}; \
             drop table if exists {staging}; create table {staging} ({definitions}); commit",
            table = self.table,
            token = literal(&self.token),
            noted = self.noting(State::Staging, &nothing),
        );
        self.change(
            connection,
            &format!("creating a staging table for {target}"),
            &statements,
        )
        .await
    }

    /// The statement that notes how far the run has come.
    pub fn noting(&self, state: State, committed: &Committed) -> String {
        format!(
            "insert into {} (\"token\", \"target\", \"staging\", \"state\", \"rows\", \"bytes\") \
             values ({}, {}, {}, '{}', {}, {})",
            self.table,
            literal(&self.token),
            literal(&committed.table),
            literal(&self.staging()),
            state.name(),
            committed.rows,
            committed.bytes
        )
    }

    /// Notes that all rows are there.
    pub async fn note_prepared(&self, connection: &Connection, prepared: &Prepared) -> Result<(), Error> {
        let statement = self.noting(State::Prepared, &committed(prepared));
        connection.run(&self.writing(), &statement).await
    }

    /// Forgets that the rows are there.
    pub async fn take_back(&self, connection: &Connection) -> Result<(), Error> {
        let statements = format!(
            "begin; lock table {table}; delete from {table} where \"token\" = {} and \"state\" = 'prepared'; commit",
            literal(&self.token),
            table = self.table,
        );
        self.change(connection, &self.writing(), &statements).await
    }

    /// Drops the run's staging table and forgets the run.
    pub async fn forget(&self, connection: &Connection) -> Result<(), Error> {
        self.drop_staging(connection, &self.token, &self.staging()).await
    }

    /// Removes what runs have left that have died long ago: their staging tables, and their files.
    pub async fn sweep(&self, connection: &Connection, bucket: Option<&Bucket>) -> Result<(), Error> {
        let statement = format!(
            "select \"token\", \"staging\" from {table} l where \"created_at\" < {KEPT} and not exists \
             (select 1 from {table} c where c.\"token\" = l.\"token\" and (c.\"state\" = 'committed' or c.\"created_at\" >= {KEPT}))",
            table = self.table
        );
        for row in connection.query(&self.reading(), &statement, &[]).await? {
            let (token, staging): (String, String) = (row.get(0), row.get(1));
            // What cannot be swept, such as the table of another user, is not this run's matter.
            if let Err(error) = self.drop_staging(connection, &token, &staging).await {
                tracing::warn!(%error, %staging, "a staging table that a run has left cannot be dropped");
            }
        }
        if let Some(bucket) = bucket
            && let Err(error) = sweep_files(bucket).await
        {
            tracing::warn!(%error, "files that runs have left cannot be removed");
        }
        Ok(())
    }

    async fn drop_staging(&self, connection: &Connection, token: &str, staging: &str) -> Result<(), Error> {
        let statements = format!(
            "begin; lock table {table}; drop table if exists {}; delete from {table} where \"token\" = {}; commit",
            quoted(&self.name.beside(staging)),
            literal(token),
            table = self.table,
        );
        self.change(
            connection,
            &format!("dropping the staging table {staging}"),
            &statements,
        )
        .await
    }

    async fn change(&self, connection: &Connection, doing: &str, statements: &str) -> Result<(), Error> {
        let changed = connection.run(doing, statements).await;
        if changed.is_err() {
            roll_back(connection).await;
        }
        changed
    }

    fn reading(&self) -> String {
        format!("reading {}, the table of commits", self.name)
    }

    fn writing(&self) -> String {
        format!("writing to {}, the table of commits", self.name)
    }
}

/// Folders of runs and of reads that nobody has written to for long.
async fn sweep_files(bucket: &Bucket) -> Result<(), Error> {
    let now = chrono::Utc::now().timestamp();
    for beginning in [OWN, "unload-"] {
        for (_, folder) in bucket.folders(beginning).await? {
            let changed = bucket.changed(&folder).await?;
            if changed.is_some_and(|changed| now - changed > KEPT_SECONDS) {
                bucket.remove(&folder).await?;
            }
        }
    }
    Ok(())
}

/// What a commit answers with.
pub(super) fn committed(prepared: &Prepared) -> Committed {
    Committed {
        table: prepared.table.to_string(),
        rows: prepared.rows,
        bytes: prepared.bytes,
    }
}

/// A text as a literal. Names of runs and tables hold no NUL.
pub(super) fn literal(text: &str) -> String {
    let value = Value::Text(text.replace('\0', ""));
    RedshiftDialect.literal(&value).unwrap_or_else(|| "''".to_owned())
}
