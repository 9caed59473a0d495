//! A connection of an ODBC driver.

use std::num::NonZeroUsize;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use odbc_api::buffers::{BufferDesc, ColumnarDynBuffer};
use odbc_api::handles::{Statement as _, StatementRef};
use odbc_api::sys::{HStmt, SQLCancel};
use odbc_api::{
    BindParamDesc, BlockCursor, Connection, ConnectionOptions, Cursor, CursorImpl, Error as OdbcError, Preallocated,
    ResultSetMetadata, environment,
};

use crate::generic::{Cancel, Columns, Connector, Dbms, Facts, Fault, Incoming, Session, facts, stage_of};
use crate::sql::Dialect;
use crate::{ConnectOptions, Discover, Driver, Error, Found, FoundColumn, Stage, TableName};

use super::buffers::rows;
use super::catalog::{primary_key, tables};
use super::columns::{Column, columns, described};
use super::decode::batch;
use super::encode::{fill, parameter, refuse_padding};
use super::fault::of_driver;
use super::target::Target;

/// Makes connections through the driver manager.
#[derive(Debug)]
pub(crate) struct OdbcConnector {
    target: Target,
    options: ConnectOptions,
}

impl OdbcConnector {
    pub(crate) fn new(target: Target, options: ConnectOptions) -> Self {
        Self { target, options }
    }

    fn failed(&self, error: &OdbcError) -> Error {
        let fault = of_driver(error);
        let (stage, transient) = stage_of(&fault.message, fault.code.as_deref());
        Error::Connect {
            database: self.target.name.clone(),
            stage,
            reason: self.target.scrubbed(&fault.message),
            transient,
        }
    }
}

impl Connector for OdbcConnector {
    type Session = OdbcSession;

    fn driver(&self) -> Driver {
        Driver::Odbc
    }

    fn name(&self) -> &str {
        &self.target.name
    }

    fn options(&self) -> &ConnectOptions {
        &self.options
    }

    fn connect(&self, cancel: Cancel) -> Result<OdbcSession, Error> {
        let environment = environment().map_err(|error| Error::Connect {
            database: self.target.name.clone(),
            stage: Stage::Configuration,
            reason: format!("the driver manager does not start: {error}"),
            transient: false,
        })?;
        let options = ConnectionOptions {
            login_timeout_sec: Some(self.options.connect_timeout),
            packet_size: None,
        };
        let connection = environment
            .connect_with_connection_string(&self.target.connection, options)
            .map_err(|error| self.failed(&error))?;
        let vendor = connection
            .database_management_system_name()
            .map_err(|error| self.failed(&error))?;
        Ok(OdbcSession {
            dbms: Dbms::of_name(&vendor),
            vendor,
            connection,
            target: self.target.clone(),
            cancel,
            timeout: self.options.statement_timeout,
        })
    }
}

/// A connection.
pub(crate) struct OdbcSession {
    connection: Connection<'static>,
    target: Target,
    cancel: Cancel,
    dbms: Dbms,
    vendor: String,
    timeout: Option<u32>,
}

/// A statement that another thread may end, which ODBC allows for this call alone.
struct Running(HStmt);

// SAFETY: the handle is only given to SQLCancel, which may be called from any thread while the statement exists.
unsafe impl Send for Running {}

impl Running {
    fn end(&self) {
        // SAFETY: the statement exists for as long as its session is armed with this.
        let ended = unsafe { SQLCancel(self.0) };
        tracing::debug!(?ended, "asked the driver to end a statement");
    }
}

impl OdbcSession {
    fn fault(&self, error: &OdbcError) -> Fault {
        let fault = of_driver(error);
        Fault {
            message: self.target.scrubbed(&fault.message),
            ..fault
        }
    }

    /// Runs a statement, and hands its result on while it can be ended.
    fn run<T>(
        &self,
        sql: &str,
        take: impl FnOnce(Option<CursorImpl<StatementRef<'_>>>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let statement = self
            .connection
            .preallocate()
            .map_err(|error| self.fault(&error))?
            .into_handle();
        let running = Running(statement.as_sys());
        // SAFETY: it has just been allocated, and nothing was done with it.
        let mut statement = unsafe { Preallocated::new(statement) };
        if let Some(seconds) = self.timeout {
            // Drivers that cannot do it say so; the database has been told as well, where it can.
            drop(statement.set_query_timeout_sec(seconds as usize));
        }
        let armed = self.cancel.arm(move || running.end());
        let taken = match statement.execute(sql, ()) {
            Ok(cursor) => take(cursor),
            Err(error) => Err(self.fault(&error)),
        };
        // Before the statement goes, so that no other thread ends it afterwards.
        drop(armed);
        drop(statement);
        taken
    }

    /// Hands on the rows of a result. Answers the column whose buffer is too small, and what it needs, while no row was handed
    /// on yet.
    fn fetch(
        &self,
        cursor: CursorImpl<StatementRef<'_>>,
        described: &[Column],
        batch_rows: usize,
        take: &mut dyn FnMut(RecordBatch) -> Result<bool, Fault>,
    ) -> Result<Option<(usize, Option<usize>)>, Fault> {
        let buffers: Vec<BufferDesc> = described.iter().map(|column| column.buffer).collect();
        let capacity = rows(&buffers, batch_rows);
        let buffer = ColumnarDynBuffer::try_from_descs(capacity, buffers).map_err(|error| self.fault(&error))?;
        let mut cursor = cursor.bind_buffer(buffer).map_err(|error| self.fault(&error))?;
        let fetched = self.fetch_all(&mut cursor, described, take);
        // The statement is freed next, which closes the cursor. One that was cancelled cannot be closed by itself.
        let (cursor, _) = cursor.unbind().map_err(|error| self.fault(&error))?;
        cursor.into_stmt();
        fetched
    }

    fn fetch_all(
        &self,
        cursor: &mut BlockCursor<CursorImpl<StatementRef<'_>>, ColumnarDynBuffer>,
        described: &[Column],
        take: &mut dyn FnMut(RecordBatch) -> Result<bool, Fault>,
    ) -> Result<Option<(usize, Option<usize>)>, Fault> {
        let schema = super::columns::described(described).schema;
        let mut first = true;
        loop {
            match cursor.fetch_with_truncation_check(true) {
                Ok(None) => return Ok(None),
                Ok(Some(fetched)) => {
                    let batch = batch(fetched, described, &schema)?;
                    first = false;
                    if !take(batch)? || self.cancel.is_fired() {
                        return Ok(None);
                    }
                }
                Err(OdbcError::TooLargeValueForBuffer {
                    indicator,
                    buffer_index,
                }) if first => {
                    return Ok(Some((buffer_index, indicator)));
                }
                Err(OdbcError::TooLargeValueForBuffer {
                    indicator,
                    buffer_index,
                }) => {
                    return Err(too_long(&described[buffer_index], indicator));
                }
                Err(error) => return Err(self.fault(&error)),
            }
        }
    }

    fn text_of(&mut self, sql: &str) -> Result<Option<String>, Fault> {
        self.run(sql, |cursor| {
            let Some(mut cursor) = cursor else {
                return Ok(None);
            };
            let mut text = Vec::new();
            let row = cursor.next_row().map_err(|error| of_driver(&error))?;
            let Some(mut row) = row else {
                return Ok(None);
            };
            row.get_text(1, &mut text).map_err(|error| of_driver(&error))?;
            Ok(Some(String::from_utf8_lossy(&text).into_owned()))
        })
    }
}

/// A value that is longer than the first ones led one to expect. Cut it is not.
fn too_long(column: &Column, indicator: Option<usize>) -> Fault {
    let length = indicator.map_or_else(String::new, |bytes| format!(" of {bytes} bytes"));
    Error::Value {
        relation: "the result".to_owned(),
        column: column.field.name().clone(),
        reason: format!(
            "a value{length} is longer than the driver said, and than `TenonLongest` in the connection string; set it to the \
             characters of the longest one"
        ),
    }
    .into()
}

/// A buffer that holds such a value.
fn grown(buffer: BufferDesc, indicator: Option<usize>) -> BufferDesc {
    match buffer {
        BufferDesc::WText { max_str_len } => BufferDesc::WText {
            max_str_len: indicator.unwrap_or_default().max(max_str_len * 4),
        },
        BufferDesc::Text { max_str_len } => BufferDesc::Text {
            max_str_len: indicator.unwrap_or_default().max(max_str_len * 4),
        },
        BufferDesc::Binary { max_bytes } => BufferDesc::Binary {
            max_bytes: indicator.unwrap_or_default().max(max_bytes * 4),
        },
        other => other,
    }
}

impl Session for OdbcSession {
    fn dbms(&self) -> Dbms {
        self.dbms
    }

    fn version(&mut self) -> Result<String, Fault> {
        let statement = match self.dbms {
            Dbms::Postgres | Dbms::Mysql | Dbms::Duckdb => "select version()",
            Dbms::Sqlite => "select sqlite_version()",
            Dbms::Mssql => "select cast(serverproperty('ProductVersion') as varchar(60))",
            Dbms::Standard => return Ok(self.vendor.clone()),
        };
        let version = self.text_of(statement)?.unwrap_or_default();
        Ok(format!("{} {version}", self.vendor))
    }

    fn execute(&mut self, sql: &str) -> Result<(), Fault> {
        self.run(sql, |_| Ok(()))
    }

    fn query(
        &mut self,
        sql: &str,
        batch_rows: usize,
        take: &mut dyn FnMut(RecordBatch) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let mut widths: Vec<(usize, BufferDesc)> = Vec::new();
        loop {
            let grow = self.run(sql, |cursor| {
                let Some(mut cursor) = cursor else {
                    return Ok(None);
                };
                let mut described = columns(&mut cursor, self.dbms, self.target.longest)?;
                for (index, buffer) in &widths {
                    described[*index].buffer = *buffer;
                }
                let grow = self.fetch(cursor, &described, batch_rows, take)?;
                Ok(grow.map(|(index, indicator)| (index, grown(described[index].buffer, indicator))))
            })?;
            let Some(grow) = grow else {
                return Ok(());
            };
            widths.retain(|(index, _)| *index != grow.0);
            widths.push(grow);
        }
    }

    fn columns(&mut self, sql: &str) -> Result<Columns, Fault> {
        let mut prepared = self.connection.prepare(sql).map_err(|error| self.fault(&error))?;
        if prepared.num_result_cols().is_ok_and(|count| count > 0) {
            return Ok(described(&columns(&mut prepared, self.dbms, self.target.longest)?));
        }
        drop(prepared);
        // Drivers that know the columns of what runs only.
        self.run(sql, |cursor| {
            let mut cursor = cursor.ok_or_else(|| Fault::new("it has no rows", None))?;
            Ok(described(&columns(&mut cursor, self.dbms, self.target.longest)?))
        })
    }

    fn facts(&mut self, table: &TableName) -> Result<Facts, Fault> {
        let known = facts(self, table)?;
        if !known.types.is_empty() || self.dbms != Dbms::Standard {
            return Ok(known);
        }
        Ok(Facts {
            primary_key: primary_key(&self.connection, table).map_err(|error| self.fault(&error))?,
            ..known
        })
    }

    fn tables(&mut self, what: &Discover) -> Result<Vec<Found>, Fault> {
        let listed = tables(&self.connection, self.dbms, what).map_err(|error| self.fault(&error))?;
        let with_columns = |mut table: Found| {
            self.add_columns(&mut table);
            table
        };
        Ok(if what.columns {
            listed.into_iter().map(with_columns).collect()
        } else {
            listed
        })
    }

    fn begin(&mut self) -> Result<(), Fault> {
        self.connection
            .set_autocommit(false)
            .map_err(|error| self.fault(&error))
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.connection.commit().map_err(|error| self.fault(&error))?;
        self.connection.set_autocommit(true).map_err(|error| self.fault(&error))
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        self.connection.rollback().map_err(|error| self.fault(&error))?;
        self.connection.set_autocommit(true).map_err(|error| self.fault(&error))
    }

    fn load(&mut self, table: &TableName, schema: &SchemaRef, batches: Incoming) -> Result<(), Fault> {
        let names = self.dbms.quote_all(schema.fields().iter().map(|field| field.name()));
        let marks = vec!["?"; schema.fields().len()].join(", ");
        let statement = format!("insert into {} ({names}) values ({marks})", self.dbms.table(table));
        let mut prepared = self
            .connection
            .prepare(&statement)
            .map_err(|error| self.fault(&error))?;
        for batch in batches {
            let batch = batch?;
            if self.dbms == Dbms::Sqlite {
                refuse_padding(&batch)?;
            }
            let parameters: Vec<BindParamDesc> = batch.columns().iter().map(parameter).collect();
            let buffers: Vec<BufferDesc> = parameters.iter().map(|parameter| parameter.buffer_desc).collect();
            let capacity = rows(&buffers, batch.num_rows());
            let capacity = NonZeroUsize::new(capacity).map_or(1, NonZeroUsize::get);
            let mut inserter = prepared
                .column_inserter(capacity, parameters)
                .map_err(|error| self.fault(&error))?;
            let mut at = 0;
            while at < batch.num_rows() {
                let count = capacity.min(batch.num_rows() - at);
                inserter.set_num_rows(count);
                for (index, column) in batch.slice(at, count).columns().iter().enumerate() {
                    fill(inserter.column_mut(index), column)?;
                }
                inserter.execute().map_err(|error| self.fault(&error))?;
                at += count;
            }
        }
        Ok(())
    }
}

impl OdbcSession {
    fn add_columns(&mut self, table: &mut Found) {
        let name = &table.name;
        let statement = format!("select * from {}", self.dbms.table(name));
        let Ok(columns) = self.columns(&statement) else {
            return;
        };
        let facts = self.facts(name).unwrap_or_default();
        table.primary_key = facts.primary_key;
        table.rows = facts.rows;
        table.columns = columns
            .columns
            .into_iter()
            .zip(columns.schema.fields())
            .map(|(column, field)| {
                let known = facts.types.iter().find(|(name, _)| *name == column.name);
                FoundColumn {
                    database_type: known.map_or(column.database_type, |(_, kind)| kind.clone()),
                    arrow_type: field.data_type().to_string(),
                    nullable: !facts.not_null.contains(&column.name),
                    name: column.name,
                    comment: None,
                }
            })
            .collect();
    }
}
