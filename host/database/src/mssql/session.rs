//! A connection of SQL Server.

use std::future::Future;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use futures::TryStreamExt;
use tiberius::error::Error as TdsError;
use tiberius::{QueryStream, Row, TokenRow};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::generic::{Cancel, Columns, Dbms, Facts, Fault, FaultKind, Incoming, Session, facts};
use crate::{Discover, Found, FoundColumn, FoundKind, TableName};

use super::connect::Connection;
use super::decode::Batch;
use super::encode::value;
use super::fault::{kind_of, of_server};
use super::types::column;

/// Bytes of values that a batch holds, beside those of fixed width.
const BATCH_BYTES: usize = 16 << 20;

/// Which columns a statement has, or why it has none.
const DESCRIBE: &str = "select name, system_type_name, error_number, error_message from \
     sys.dm_exec_describe_first_result_set(@P1, null, 0) where is_hidden = 0 or error_number is not null order by column_ordinal";

/// Tables and views, and what is known of them.
const TABLES: &str = "select s.name, o.name, rtrim(o.type), (select sum(p.rows) from sys.partitions p where \
     p.object_id = o.object_id and p.index_id in (0, 1)), cast(e.value as nvarchar(4000)) from sys.objects o \
     join sys.schemas s on s.schema_id = o.schema_id left join sys.extended_properties e on e.class = 1 and \
     e.major_id = o.object_id and e.minor_id = 0 and e.name = N'MS_Description' \
     where o.type in ('U', 'V') and o.is_ms_shipped = 0 order by s.name, o.name";

/// Whether a transaction may see one state of the data, whatever others write meanwhile.
const SNAPSHOTS: &str = "select cast(snapshot_isolation_state as int) from sys.databases where database_id = db_id()";

/// A connection, which waits for the network on its own thread.
pub(crate) struct MssqlSession {
    runtime: Runtime,
    connection: Connection,
    cancel: Cancel,
    timeout: Option<u32>,
    in_transaction: bool,
    snapshots: Option<bool>,
}

/// Waits for work, unless it is not wanted any more. Seconds bound it, for the server has no bound of its own.
async fn wait<T>(
    work: impl Future<Output = Result<T, TdsError>>,
    gone: &Notify,
    timeout: Option<u32>,
) -> Result<T, Fault> {
    let late = async {
        match timeout {
            Some(seconds) => tokio::time::sleep(std::time::Duration::from_secs(seconds.into())).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = gone.notified() => Err(Fault::of_kind(FaultKind::Lost, "it is not wanted any more", None)),
        done = work => done.map_err(|error| of_server(&error)),
        () = late => Err(Fault::of_kind(FaultKind::Transient, "it took longer than `statement_timeout`", None)),
    }
}

impl MssqlSession {
    pub(crate) fn new(runtime: Runtime, connection: Connection, cancel: Cancel, timeout: Option<u32>) -> Self {
        Self {
            runtime,
            connection,
            cancel,
            timeout,
            in_transaction: false,
            snapshots: None,
        }
    }

    /// The rows of a small answer.
    fn rows(&mut self, sql: &str, parameters: &[&dyn tiberius::ToSql]) -> Result<Vec<Row>, Fault> {
        let gone = Arc::new(Notify::new());
        let hook = Arc::clone(&gone);
        let _armed = self.cancel.arm(move || hook.notify_one());
        let connection = &mut self.connection;
        let work = async {
            let stream = connection.query(sql, parameters).await?;
            stream.into_first_result().await
        };
        self.runtime.block_on(wait(work, &gone, self.timeout))
    }

    fn described(&mut self, sql: &str) -> Result<(Vec<Field>, Columns), Fault> {
        let mut fields = Vec::new();
        let mut columns = Vec::new();
        for row in self.rows(DESCRIBE, &[&sql])? {
            if let Some(number) = get::<i32>(&row, 2)? {
                let message = get::<&str>(&row, 3)?.unwrap_or_default();
                let number = u32::try_from(number).unwrap_or_default();
                return Err(Fault::of_kind(told(number, message), message, Some(number.to_string())));
            }
            let name = get::<&str>(&row, 0)?.unwrap_or_default();
            let kind = get::<&str>(&row, 1)?.unwrap_or("sql_variant");
            let (field, described) = column(name, kind);
            fields.push(field);
            columns.push(described);
        }
        if fields.is_empty() {
            return Err(Fault::new("the statement has no columns", None));
        }
        let schema = Arc::new(Schema::new(fields.clone()));
        Ok((fields, Columns { schema, columns }))
    }

    /// Whether statements that only read may have a state of the data for themselves.
    fn snapshots(&mut self) -> bool {
        if let Some(known) = self.snapshots {
            return known;
        }
        let rows = self.rows(SNAPSHOTS, &[]);
        let state = rows.ok().and_then(|rows| get::<i32>(rows.first()?, 0).ok().flatten());
        *self.snapshots.insert(state == Some(1))
    }

    fn read(
        &mut self,
        sql: &str,
        schema: &SchemaRef,
        batch_rows: usize,
        take: &mut dyn FnMut(RecordBatch) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let gone = Arc::new(Notify::new());
        let hook = Arc::clone(&gone);
        let _armed = self.cancel.arm(move || hook.notify_one());
        let Self {
            runtime,
            connection,
            timeout,
            ..
        } = self;
        let mut stream: QueryStream<'_> = runtime.block_on(wait(connection.simple_query(sql), &gone, *timeout))?;
        let mut batch = Batch::new(Arc::clone(schema), batch_rows);
        while let Some(item) = runtime.block_on(wait(stream.try_next(), &gone, None))? {
            let Some(row) = item.into_row() else {
                continue;
            };
            batch.push(row)?;
            if batch.rows() >= batch_rows || batch.bytes() >= BATCH_BYTES {
                let full = std::mem::replace(&mut batch, Batch::new(Arc::clone(schema), batch_rows));
                if !take(full.finish()?)? {
                    return Ok(());
                }
            }
        }
        if batch.rows() > 0 {
            take(batch.finish()?)?;
        }
        Ok(())
    }
}

/// What an error means that the server tells of a statement it was only asked to describe: it wraps the number.
fn told(number: u32, message: &str) -> FaultKind {
    match kind_of(number) {
        FaultKind::Other if message.starts_with("Invalid object name") => FaultKind::NoTable,
        kind => kind,
    }
}

/// A cell of a catalog's row.
fn get<'a, T: tiberius::FromSql<'a>>(row: &'a Row, index: usize) -> Result<Option<T>, Fault> {
    row.try_get(index).map_err(|error| of_server(&error))
}

impl Session for MssqlSession {
    fn dbms(&self) -> Dbms {
        Dbms::Mssql
    }

    fn version(&mut self) -> Result<String, Fault> {
        let rows = self.rows("select @@version", &[])?;
        let version = rows.first().map(|row| get::<&str>(row, 0)).transpose()?.flatten();
        Ok(version
            .and_then(|text| text.lines().next())
            .unwrap_or("Microsoft SQL Server")
            .trim()
            .to_owned())
    }

    fn execute(&mut self, sql: &str) -> Result<(), Fault> {
        let gone = Arc::new(Notify::new());
        let hook = Arc::clone(&gone);
        let _armed = self.cancel.arm(move || hook.notify_one());
        let connection = &mut self.connection;
        let work = async {
            let stream = connection.simple_query(sql).await?;
            stream.into_results().await
        };
        self.runtime.block_on(wait(work, &gone, self.timeout))?;
        Ok(())
    }

    fn query(
        &mut self,
        sql: &str,
        batch_rows: usize,
        take: &mut dyn FnMut(RecordBatch) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let (_, columns) = self.described(sql)?;
        let alone = !self.in_transaction && self.snapshots();
        if alone {
            self.execute("set transaction isolation level snapshot")?;
        }
        let mut complete = true;
        let mut watched = |batch: RecordBatch| {
            complete = take(batch)?;
            Ok(complete)
        };
        let read = self.read(sql, &columns.schema, batch_rows, &mut watched);
        // A statement that is not read to its end is ended with its connection.
        if alone && complete && read.is_ok() {
            self.execute("set transaction isolation level read committed")?;
        }
        read
    }

    fn columns(&mut self, sql: &str) -> Result<Columns, Fault> {
        Ok(self.described(sql)?.1)
    }

    fn facts(&mut self, table: &TableName) -> Result<Facts, Fault> {
        facts(self, table)
    }

    fn tables(&mut self, what: &Discover) -> Result<Vec<Found>, Fault> {
        let mut found = Vec::new();
        for row in self.rows(TABLES, &[])? {
            let text = |index| get::<&str>(&row, index).map(|text| text.map(str::to_owned));
            let name = TableName::new(text(0)?.as_deref(), text(1)?.unwrap_or_default().as_str());
            if !what.fits(&name) {
                continue;
            }
            found.push(Found {
                name,
                kind: if text(2)?.as_deref() == Some("V") {
                    FoundKind::View
                } else {
                    FoundKind::Table
                },
                rows: get::<i64>(&row, 3)?.and_then(|rows| u64::try_from(rows).ok()),
                bytes: None,
                comment: text(4)?,
                primary_key: Vec::new(),
                unique_keys: Vec::new(),
                foreign_keys: Vec::new(),
                columns: Vec::new(),
            });
        }
        if what.columns {
            for table in &mut found {
                self.add_columns(table)?;
            }
        }
        Ok(found)
    }

    fn begin(&mut self) -> Result<(), Fault> {
        self.execute("begin transaction")?;
        self.in_transaction = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.execute("commit transaction")?;
        self.in_transaction = false;
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        self.execute("if @@trancount > 0 rollback transaction")?;
        self.in_transaction = false;
        Ok(())
    }

    fn load(&mut self, table: &TableName, _: &SchemaRef, batches: Incoming) -> Result<(), Fault> {
        let gone = Arc::new(Notify::new());
        let hook = Arc::clone(&gone);
        let _armed = self.cancel.arm(move || hook.notify_one());
        let name = Dbms::Mssql.table(table);
        let Self {
            runtime, connection, ..
        } = self;
        let mut bulk = runtime.block_on(wait(connection.bulk_insert(&name), &gone, None))?;
        for batch in batches {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let mut values = TokenRow::with_capacity(batch.num_columns());
                for column in batch.columns() {
                    values.push(value(column, row)?);
                }
                runtime.block_on(wait(bulk.send(values), &gone, None))?;
            }
        }
        runtime.block_on(wait(bulk.finalize(), &gone, None))?;
        Ok(())
    }
}

impl MssqlSession {
    fn add_columns(&mut self, table: &mut Found) -> Result<(), Fault> {
        let statement = format!("select * from {}", Dbms::Mssql.table(&table.name));
        let (_, described) = self.described(&statement)?;
        let facts = self.facts(&table.name)?;
        table.primary_key = facts.primary_key;
        let columns = described.columns.into_iter().zip(described.schema.fields());
        table.columns = columns
            .map(|(column, field)| FoundColumn {
                nullable: !facts.not_null.contains(&column.name),
                arrow_type: field.data_type().to_string(),
                database_type: column.database_type,
                name: column.name,
                comment: None,
            })
            .collect();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_described_tells_what_is_missing() {
        assert_eq!(told(208, "Invalid object name 'x'."), FaultKind::NoTable);
        assert_eq!(told(11_529, "Invalid object name 'x'."), FaultKind::NoTable);
        assert_eq!(told(207, "Invalid column name 'x'."), FaultKind::Other);
    }
}
