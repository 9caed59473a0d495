//! A connection that runs one transaction at a time.

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Statement};

use super::failure::{Remedy, failed, remedy, said};
use super::statements::{Statements, types_to_try};
use super::target::Target;
use super::value::{Column, Parameter};
use crate::metadata::Access;
use crate::notices::Notice;
use crate::sql::Dialect;
use crate::{Error, Row, Value};

/// Servers that bring tables to their version take this lock, so that one waits for the other.
const MIGRATING: i64 = 0x74_65_6e_6f_6e;

/// A connection, and the runtime that it lives on, which runs while something is waited for.
pub(crate) struct Session {
    runtime: Arc<Runtime>,
    client: Client,
    statements: Statements,
    access: Access,
    remedy: Remedy,
}

impl Session {
    /// Connects. The error is a sentence.
    pub(super) fn connect(runtime: &Arc<Runtime>, target: &Target) -> Result<Self, String> {
        let (client, connection) = runtime
            .block_on(target.config.connect(target.tls.clone()))
            .map_err(|error| said(&error))?;
        runtime.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %said(&error), "a connection to the server's database has ended");
            }
        });
        Ok(Self {
            runtime: Arc::clone(runtime),
            client,
            statements: Statements::default(),
            access: Access::Read,
            remedy: Remedy::None,
        })
    }

    /// Begins a transaction.
    pub(super) fn begin(&mut self, access: Access) -> Result<(), Error> {
        self.access = access;
        self.remedy = Remedy::None;
        match access {
            Access::Read => self.batch("begin isolation level repeatable read read only"),
            // The server of the database may break down and this one live on, as if what it was told were so.
            Access::Write | Access::Soon => self.batch("begin isolation level serializable"),
            // What others have done before they let go of the lock is seen at this level only.
            Access::Migrate => self.batch(&format!(
                "begin isolation level read committed; set local lock_timeout = 0; \
                 select pg_advisory_xact_lock({MIGRATING})"
            )),
        }
    }

    /// Tells other servers when the transaction is committed. `own` is this one.
    pub(super) fn notify(&mut self, own: &str, notices: &[Notice]) -> Result<(), Error> {
        if notices.is_empty() {
            return Ok(());
        }
        let payloads: Vec<String> = notices
            .iter()
            .map(|notice| super::listen::payload(own, notice))
            .collect();
        let sql = "select pg_notify('tenon', payload) from unnest($1::text[]) as payload";
        let told = self
            .runtime
            .block_on(self.client.query_typed(sql, &[(&payloads, Type::TEXT_ARRAY)]));
        self.checked(told).map(drop)
    }

    pub(super) fn commit(&mut self) -> Result<(), Error> {
        self.batch("commit")
    }

    pub(super) fn roll_back(&mut self) {
        if self.remedy == Remedy::Connect {
            return;
        }
        let before = self.remedy;
        let rolled_back = self.batch("rollback");
        self.remedy = if rolled_back.is_ok() { before } else { Remedy::Connect };
    }

    /// What is to be done before the transaction can be tried again; [`Remedy::None`] if it is not to be.
    pub(super) fn remedy(&self) -> Remedy {
        self.remedy
    }

    /// Whether the transaction cannot go on, and would do better the next time.
    pub fn must_start_again(&self) -> bool {
        self.remedy != Remedy::None
    }

    /// Forgets what is prepared.
    pub(super) fn forget(&mut self) {
        self.statements.clear();
    }

    pub fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, Error> {
        let statement = self.prepared(sql, parameters)?;
        let parameters: Vec<Parameter<'_>> = parameters.iter().map(Parameter).collect();
        let changed = self
            .runtime
            .block_on(self.client.execute(&statement, &references(&parameters)));
        self.checked(changed)
    }

    pub fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, Error> {
        let statement = self.prepared(sql, parameters)?;
        let parameters: Vec<Parameter<'_>> = parameters.iter().map(Parameter).collect();
        let rows = self
            .runtime
            .block_on(self.client.query(&statement, &references(&parameters)));
        let rows = self.checked(rows)?;
        let values = |row: &tokio_postgres::Row| -> Result<Row, tokio_postgres::Error> {
            let columns = (0..row.len()).map(|column| Ok(row.try_get::<_, Column>(column)?.0));
            columns.collect::<Result<_, _>>().map(Row)
        };
        let rows: Result<Vec<Row>, _> = rows.iter().map(values).collect();
        self.checked(rows)
    }

    pub fn batch(&mut self, sql: &str) -> Result<(), Error> {
        let done = self
            .runtime
            .block_on(self.client.batch_execute(&Dialect::POSTGRES.apply(sql)));
        self.checked(done)
    }

    fn prepared(&mut self, sql: &str, parameters: &[Value]) -> Result<Statement, Error> {
        if let Some(statement) = self.statements.get(sql, parameters) {
            return Ok(statement);
        }
        let statement = self.prepare(&Dialect::POSTGRES.apply(sql), parameters)?;
        // The driver takes it for granted.
        if statement.params().len() != parameters.len() {
            let (takes, given) = (statement.params().len(), parameters.len());
            let reason = format!("it takes {takes} parameters, and {given} are given");
            return Err(Error::Statement { reason });
        }
        self.statements.insert(sql, parameters, statement.clone());
        Ok(statement)
    }

    /// Prepares a statement with types that fit. Those that do not would end the transaction if there were no savepoint.
    fn prepare(&mut self, sql: &str, parameters: &[Value]) -> Result<Statement, Error> {
        let mut first = None;
        for types in types_to_try(parameters) {
            self.batch("savepoint prepare")?;
            let error = match self.runtime.block_on(self.client.prepare_typed(sql, &types)) {
                Ok(statement) => {
                    self.batch("release savepoint prepare")?;
                    return Ok(statement);
                }
                Err(error) => error,
            };
            let is_of_types = error.code().is_some_and(|state| {
                // Indeterminate or ambiguous parameter, wrong type, no such function or operator, cannot coerce, and an
                // ambiguous function.
                matches!(state.code(), "42P18" | "42P08" | "42804" | "42883" | "42846" | "42725")
            });
            if !is_of_types {
                return Err(self.failed(&error));
            }
            self.batch("rollback to savepoint prepare; release savepoint prepare")?;
            first.get_or_insert(error);
        }
        Err(first.map_or(Error::NoRow, |error| self.failed(&error)))
    }

    fn checked<T>(&mut self, result: Result<T, tokio_postgres::Error>) -> Result<T, Error> {
        result.map_err(|error| self.failed(&error))
    }

    fn failed(&mut self, error: &tokio_postgres::Error) -> Error {
        self.remedy = match remedy(error) {
            Remedy::None if self.client.is_closed() => Remedy::Connect,
            remedy => remedy,
        };
        let is_read_only = error.code().is_some_and(|state| state.code() == "25006");
        if is_read_only && self.access == Access::Read {
            let reason = "a look at the database cannot change it".to_owned();
            return Error::Statement { reason };
        }
        failed(error, "used")
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Session").finish_non_exhaustive()
    }
}

fn references<'a>(parameters: &'a [Parameter<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    parameters
        .iter()
        .map(|parameter| parameter as &(dyn ToSql + Sync))
        .collect()
}
