//! A connection of an ADBC driver.

use std::collections::HashSet;

use adbc_core::options::{InfoCode, IngestMode, OptionConnection, OptionStatement, OptionValue};
use adbc_core::{Connection as _, Optionable as _, Statement as _};
use adbc_driver_manager::{ManagedConnection, ManagedStatement};
use arrow::array::cast::AsArray;
use arrow::array::types::UInt32Type;
use arrow::array::{RecordBatch, RecordBatchReader};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::generic::{Cancel, Columns, Dbms, Facts, Fault, FaultKind, Incoming, Session, facts};
use crate::{DescribedColumn, Discover, Found, TableName};

use super::fault::{of_driver, of_rows};
use super::objects::tables;
use super::target::Target;

/// A connection.
pub(crate) struct AdbcSession {
    connection: ManagedConnection,
    target: Target,
    cancel: Cancel,
    dbms: Dbms,
    /// What it calls itself: name and version.
    vendor: (String, String),
}

impl AdbcSession {
    pub(crate) fn new(connection: ManagedConnection, target: Target, cancel: Cancel) -> Self {
        let vendor = vendor(&connection);
        let dbms = match Dbms::of_name(&vendor.0) {
            Dbms::Standard => Dbms::of_name(&target.name),
            known => known,
        };
        Self {
            connection,
            target,
            cancel,
            dbms,
            vendor,
        }
    }

    fn fault(&self, error: adbc_core::error::Error) -> Fault {
        let fault = of_driver(error);
        Fault {
            message: self.target.scrubbed(fault.message.trim()),
            ..fault
        }
    }

    fn statement(&mut self, sql: &str) -> Result<ManagedStatement, Fault> {
        let mut statement = self.connection.new_statement().map_err(|error| self.fault(error))?;
        statement.set_sql_query(sql).map_err(|error| self.fault(error))?;
        Ok(statement)
    }

    /// Ends the statement when nobody waits for it any more, for as long as the answer is held.
    fn armed(&self, statement: &ManagedStatement) -> impl Drop + use<> {
        let handle = statement.get_cancel_handle();
        // A driver that cannot do it ends the statement with the connection, after the rows it is busy with.
        self.cancel.arm(move || drop(handle.try_cancel()))
    }

    fn autocommit(&mut self, on: bool) -> Result<(), Fault> {
        self.connection
            .set_option(OptionConnection::AutoCommit, OptionValue::from(on))
            .map_err(|error| self.fault(error))
    }

    /// A query's schema; that of its rows where the driver cannot tell it without.
    fn schema(&mut self, sql: &str) -> Result<Schema, Fault> {
        let mut statement = self.statement(sql)?;
        let _armed = self.armed(&statement);
        match statement.execute_schema() {
            Ok(schema) => return Ok(schema),
            Err(error) => match self.fault(error) {
                fault if fault.kind == FaultKind::Unsupported => {}
                fault => return Err(fault),
            },
        }
        let reader = statement.execute().map_err(|error| self.fault(error))?;
        Ok(reader.schema().as_ref().clone())
    }
}

impl Session for AdbcSession {
    fn dbms(&self) -> Dbms {
        self.dbms
    }

    fn version(&mut self) -> Result<String, Fault> {
        let (name, version) = &self.vendor;
        Ok(format!("{name} {version}").trim().to_owned())
    }

    fn execute(&mut self, sql: &str) -> Result<(), Fault> {
        let mut statement = self.statement(sql)?;
        let _armed = self.armed(&statement);
        statement.execute_update().map_err(|error| self.fault(error))?;
        Ok(())
    }

    fn query(
        &mut self,
        sql: &str,
        _: usize,
        rows: &mut dyn FnMut(RecordBatch) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let mut statement = self.statement(sql)?;
        let armed = self.armed(&statement);
        let reader = statement.execute().map_err(|error| self.fault(error))?;
        for batch in reader {
            let batch = batch.map_err(|error| {
                let fault = of_rows(&error);
                Fault {
                    message: self.target.scrubbed(&fault.message),
                    ..fault
                }
            })?;
            if !rows(batch)? || self.cancel.is_fired() {
                break;
            }
        }
        drop(armed);
        Ok(())
    }

    fn columns(&mut self, sql: &str) -> Result<Columns, Fault> {
        let schema = self.schema(sql)?;
        let columns = schema.fields().iter().map(|field| {
            let told = field.metadata().iter().find(|(key, _)| key.ends_with(":typname"));
            DescribedColumn {
                name: field.name().clone(),
                database_type: told.map_or_else(|| field.data_type().to_string(), |(_, kind)| kind.clone()),
                note: told.and_then(|(_, kind)| note(kind)),
            }
        });
        Ok(Columns {
            columns: columns.collect(),
            schema: schema.into(),
        })
    }

    fn facts(&mut self, table: &TableName) -> Result<Facts, Fault> {
        facts(self, table)
    }

    fn tables(&mut self, what: &Discover) -> Result<Vec<Found>, Fault> {
        tables(&self.connection, what).map_err(|error| self.fault(error))
    }

    fn begin(&mut self) -> Result<(), Fault> {
        self.autocommit(false)
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.connection.commit().map_err(|error| self.fault(error))?;
        self.autocommit(true)
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        self.connection.rollback().map_err(|error| self.fault(error))?;
        self.autocommit(true)
    }

    fn load(&mut self, table: &TableName, schema: &SchemaRef, batches: Incoming) -> Result<(), Fault> {
        let mut statement = self.connection.new_statement().map_err(|error| self.fault(error))?;
        let mut set = |option: OptionStatement, value: OptionValue| {
            statement.set_option(option, value).map_err(|error| self.fault(error))
        };
        set(OptionStatement::TargetTable, OptionValue::from(table.table.as_str()))?;
        set(OptionStatement::IngestMode, IngestMode::Append.into())?;
        if let Some(schema) = &table.schema {
            set(OptionStatement::TargetDbSchema, OptionValue::from(schema.as_str()))?;
        }
        let _armed = self.armed(&statement);
        let rows = Rows {
            schema: SchemaRef::clone(schema),
            batches,
        };
        statement
            .bind_stream(Box::new(rows))
            .map_err(|error| self.fault(error))?;
        statement.execute_update().map_err(|error| self.fault(error))?;
        Ok(())
    }
}

/// What is to be known of a column that the driver has no Arrow type for.
fn note(kind: &str) -> Option<String> {
    (kind == "numeric").then(|| "read as text: the driver does not tell the precision of numbers".to_owned())
}

/// Rows that a driver takes.
struct Rows {
    schema: SchemaRef,
    batches: Incoming,
}

impl Iterator for Rows {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.next()?;
        Some(batch.map_err(|fault| ArrowError::ExternalError(fault.message.into())))
    }
}

impl RecordBatchReader for Rows {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }
}

/// Name and version of the database, as far as the driver tells.
fn vendor(connection: &ManagedConnection) -> (String, String) {
    let mut vendor = (String::new(), String::new());
    let codes = HashSet::from([InfoCode::VendorName, InfoCode::VendorVersion]);
    let Ok(reader) = connection.get_info(Some(codes)) else {
        return vendor;
    };
    for batch in reader.flatten() {
        let (Some(names), Some(values)) = (
            batch.column(0).as_primitive_opt::<UInt32Type>(),
            batch.column(1).as_union_opt(),
        ) else {
            continue;
        };
        for row in 0..batch.num_rows() {
            let value = values.value(row);
            let Some(text) = value.as_string_opt::<i32>().map(|texts| texts.value(0).to_owned()) else {
                continue;
            };
            match InfoCode::from(names.value(row)) {
                InfoCode::VendorName => vendor.0 = text,
                InfoCode::VendorVersion => vendor.1 = text,
                _ => {}
            }
        }
    }
    vendor
}
