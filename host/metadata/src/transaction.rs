//! What can be done with the database.

use crate::notices::Notice;
use crate::postgres::Session;
use crate::{Error, Row, Value, sqlite};

/// A change of the database, or a look at it, that is one with all that is done in it.
///
/// A statement that fails fails the transaction: whatever follows is refused with the same error, and nothing is
/// committed. What may fail and is not to take everything with it belongs into an [`attempt`](Self::attempt).
#[derive(Debug)]
pub struct Transaction<'a> {
    connection: Connected<'a>,
    now: i64,
    notices: Vec<Notice>,
    /// Why it has failed.
    failed: Option<Error>,
}

/// The connection that a transaction is on.
#[derive(Debug)]
pub(crate) enum Connected<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a mut Session),
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(connection: Connected<'a>, now: i64) -> Self {
        Self {
            connection,
            now,
            notices: Vec::new(),
            failed: None,
        }
    }

    /// What it told, unless it has failed.
    pub(crate) fn end(self) -> Result<Vec<Notice>, Error> {
        self.failed.map_or(Ok(self.notices), Err)
    }
}

impl Transaction<'_> {
    /// When it began, in microseconds since 1970, UTC.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Whether no other transaction can change anything before this one has ended, as with SQLite: what it numbers is seen
    /// in the order of its numbers.
    pub fn is_alone(&self) -> bool {
        matches!(self.connection, Connected::Sqlite(_))
    }

    /// Runs a statement; answers with the number of rows that it changed. Parameters are `?1`, `?2`.
    ///
    /// # Errors
    /// [`Error::Constraint`], [`Error::Unavailable`], [`Error::Statement`].
    pub fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, Error> {
        self.run(|connection| match connection {
            Connected::Sqlite(connection) => sqlite::execute(connection, sql, parameters),
            Connected::Postgres(session) => session.execute(sql, parameters),
        })
    }

    /// All rows of a query.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, Error> {
        self.run(|connection| match connection {
            Connected::Sqlite(connection) => sqlite::query(connection, sql, parameters),
            Connected::Postgres(session) => session.query(sql, parameters),
        })
    }

    /// The first row of a query, if it has one.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub fn first(&mut self, sql: &str, parameters: &[Value]) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, parameters)?.into_iter().next())
    }

    /// The first row of a query, which has one.
    ///
    /// # Errors
    /// As [`execute`](Self::execute), and [`Error::NoRow`].
    pub fn one(&mut self, sql: &str, parameters: &[Value]) -> Result<Row, Error> {
        self.first(sql, parameters)?.ok_or(Error::NoRow)
    }

    /// Tells whoever has [subscribed](crate::Metadata::subscribe) to a topic, once this is committed: on all servers
    /// with PostgreSQL, in this process with SQLite. A text of more than 4 kB may be heard as an empty one.
    pub fn notify(&mut self, topic: &str, text: &str) {
        self.notices.push(Notice {
            topic: topic.to_owned(),
            text: text.to_owned(),
        });
    }

    /// Does something that is undone if it fails, while what was done before it stays. What it told is not told then.
    ///
    /// # Errors
    /// What `work` answers, or what the database says.
    pub fn attempt<T, E: From<Error>>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        // The innermost savepoint of a name is the one that is meant.
        self.batch("savepoint attempt")?;
        let told = self.notices.len();
        let result = work(self);
        let ended = match (self.failed.clone(), result) {
            (Some(error), Ok(_)) => Err(error.into()),
            (_, result) => result,
        };
        if ended.is_ok() {
            self.batch("release savepoint attempt")?;
            return ended;
        }
        self.notices.truncate(told);
        if !self.connection.is_over() {
            self.failed = None;
            self.batch("rollback to savepoint attempt; release savepoint attempt")?;
        }
        ended
    }

    /// Runs statements separated by `;`, without parameters.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.run(|connection| match connection {
            Connected::Sqlite(connection) => sqlite::batch(connection, sql),
            Connected::Postgres(session) => session.batch(sql),
        })
    }

    fn run<T>(&mut self, statement: impl FnOnce(&mut Connected<'_>) -> Result<T, Error>) -> Result<T, Error> {
        // After some failures SQLite has ended the transaction, and a statement would be one of its own.
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        statement(&mut self.connection).inspect_err(|error| self.failed = Some(error.clone()))
    }
}

impl Connected<'_> {
    /// Whether the database has ended the transaction, so that there is nothing to go back to.
    fn is_over(&self) -> bool {
        match self {
            Self::Sqlite(connection) => connection.is_autocommit(),
            Self::Postgres(session) => session.must_start_again(),
        }
    }
}
