//! A session of the database, and the statements that run in it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, SimpleQueryMessage};

use super::cancel::Cancel;
use super::failure::{Answer, answered, failed, said};
use super::line::{Borrowed, Lender, Line};
use super::target::Target;
use crate::Error;

type Driver = tokio_postgres::Connection<Line, Line>;

/// A session. Dropped, it ends; if a statement is still running then, that is cancelled.
pub(crate) struct Connection {
    client: Client,
    target: Arc<Target>,
    cancel: Cancel,
    lender: Lender,
    driver: JoinHandle<()>,
    /// Whether a statement has been begun and not ended.
    is_running: Arc<AtomicBool>,
    /// What the server or the network said last, when that was the end of the connection.
    last_words: Arc<Mutex<Option<String>>>,
}

impl Connection {
    pub(super) fn new(target: Arc<Target>, client: Client, driver: Driver, lender: Lender) -> Self {
        let last_words = Arc::new(Mutex::new(None));
        let words = Arc::clone(&last_words);
        let driver = tokio::spawn(async move {
            if let Err(error) = driver.await {
                *words.lock() = Some(said(&error));
            }
        });
        Self {
            cancel: Cancel::new(Arc::clone(&target), client.cancel_token()),
            client,
            target,
            lender,
            driver,
            is_running: Arc::new(AtomicBool::new(false)),
            last_words,
        }
    }

    /// The driver's own side of it, for what is not done here. Hold [`Self::running`] while a statement runs.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The socket itself, once the driver has nothing left to do. Nothing may be asked of the driver until it is dropped.
    pub(super) async fn socket(&self) -> Result<Borrowed, tokio_postgres::Error> {
        // Statements that are dropped are closed without anybody waiting for it, but in order.
        self.client.batch_execute("").await?;
        Ok(self.lender.borrow())
    }

    /// Asks the server to end the statement that runs, whose end is still to be waited for.
    #[cfg(feature = "redshift")]
    pub(super) fn cancel(&self) {
        self.cancel.send();
    }

    /// To be held while a statement runs: dropped before it is [ended](Running::end), it has the statement cancelled.
    pub(crate) fn running(&self) -> Running {
        self.is_running.store(true, Ordering::Relaxed);
        Running {
            cancel: self.cancel.clone(),
            flag: Arc::clone(&self.is_running),
            has_ended: false,
        }
    }

    /// Runs statements that take no parameters and give no rows, separated by `;`.
    pub(crate) async fn run(&self, doing: &str, statements: &str) -> Result<(), Error> {
        let running = self.running();
        let result = self.client.batch_execute(statements).await;
        running.end();
        result.map_err(|error| self.failed(doing, &error))
    }

    /// The rows of a statement.
    pub(crate) async fn query(
        &self,
        doing: &str,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let running = self.running();
        let result = self.client.query(statement, parameters).await;
        running.end();
        result.map_err(|error| self.failed(doing, &error))
    }

    /// The only row of a statement.
    pub(crate) async fn query_one(
        &self,
        doing: &str,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Row, Error> {
        let running = self.running();
        let result = self.client.query_one(statement, parameters).await;
        running.end();
        result.map_err(|error| self.failed(doing, &error))
    }

    /// The only row of a statement, or none.
    pub(crate) async fn query_opt(
        &self,
        doing: &str,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        let running = self.running();
        let result = self.client.query_opt(statement, parameters).await;
        running.end();
        result.map_err(|error| self.failed(doing, &error))
    }

    /// Runs a statement and says how many rows it has changed.
    pub(crate) async fn execute(
        &self,
        doing: &str,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        let running = self.running();
        let result = self.client.execute(statement, parameters).await;
        running.end();
        result.map_err(|error| self.failed(doing, &error))
    }

    /// The first value of a statement's rows, as text, one after the other.
    pub(crate) async fn text(&self, doing: &str, statement: &str) -> Result<String, Error> {
        let running = self.running();
        let result = self.client.simple_query(statement).await;
        running.end();
        let messages = result.map_err(|error| self.failed(doing, &error))?;
        let values = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.try_get(0).ok().flatten(),
            _ => None,
        });
        Ok(values.collect())
    }

    /// What an error of the driver means. `doing` is what was being done: `reading public.orders`.
    pub(crate) fn failed(&self, doing: &str, error: &tokio_postgres::Error) -> Error {
        let error = failed(&self.target.name, doing, error);
        match (error, self.last_words.lock().clone()) {
            (
                Error::Lost {
                    database,
                    doing,
                    reason,
                },
                Some(words),
            ) if !reason.contains(&words) => Error::Lost {
                database,
                doing,
                reason: format!("{reason}: {words}"),
            },
            (error, _) => error,
        }
    }

    /// What an answer of the server's means that the driver has not seen.
    pub(super) fn answered(&self, doing: &str, answer: Answer) -> Error {
        answered(&self.target.name, doing, answer)
    }

    /// The connection has ended, or cannot be understood.
    pub(super) fn lost(&self, doing: &str, reason: String) -> Error {
        Error::Lost {
            database: self.target.name.clone(),
            doing: doing.to_owned(),
            reason,
        }
    }

    /// Whether statements can still be sent and none is left half way.
    pub(crate) fn is_idle(&self) -> bool {
        !self.client.is_closed() && !self.is_running.load(Ordering::Relaxed)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Otherwise the driver reads what the statement still sends, however long that takes, before it ends. With nothing
        // running it says goodbye and ends by itself.
        if self.is_running.load(Ordering::Relaxed) {
            self.driver.abort();
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Connection").field(&self.target.name).finish()
    }
}

/// A statement that is running.
#[must_use = "dropped, it cancels the statement"]
pub(crate) struct Running {
    cancel: Cancel,
    flag: Arc<AtomicBool>,
    has_ended: bool,
}

impl Running {
    /// The statement has ended, with success or without.
    pub(crate) fn end(mut self) {
        self.has_ended = true;
        self.flag.store(false, Ordering::Relaxed);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended {
            self.cancel.send();
        }
    }
}
