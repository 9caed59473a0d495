//! A stand-in for the host outside a sandbox: batches as arrow-rs record batches in memory.

mod frame;
mod program;
mod run;

use std::sync::Arc;

use arrow_array::{RecordBatch, UInt32Array};

use crate::column::RawColumn;
use crate::error::{Error, Result};
use crate::layout::{self, Parts, arrow_error};
use crate::schema::{Field, Schema};

pub(crate) use frame::Frame;
pub(crate) use program::Program;
pub(crate) use run::*;

/// A batch in memory.
pub(crate) struct Handle(RecordBatch);

impl Handle {
    pub(crate) fn schema(&self) -> Schema {
        // What is in memory came through the same conversion, or from arrow-rs with a type that has none: then the batch
        // has no columns that could be read.
        layout::schema_from(self.0.schema_ref()).unwrap_or_default()
    }

    pub(crate) fn rows(&self) -> u32 {
        self.0.num_rows() as u32
    }

    pub(crate) fn read(&self, positions: &[u32]) -> Result<Vec<Parts>> {
        positions
            .iter()
            .map(|position| self.read_one(*position as usize))
            .collect()
    }

    fn read_one(&self, position: usize) -> Result<Parts> {
        if position >= self.0.num_columns() {
            let count = self.0.num_columns();
            return Err(Error::bad_config(format!(
                "there is no column at position {position}: the batch has {count}"
            )));
        }
        layout::parts_from(self.0.schema_ref().field(position), self.0.column(position))
    }

    pub(crate) fn build(schema: &Schema, rows: u32, columns: &[RawColumn]) -> Result<Self> {
        layout::record_batch(schema, rows, columns).map(Self)
    }

    pub(crate) fn with_columns(&self, fields: &[Field], columns: &[RawColumn]) -> Result<Self> {
        let added = layout::arrow_schema(fields)?;
        let mut fields = self.0.schema_ref().fields().to_vec();
        let mut arrays = self.0.columns().to_vec();
        for (field, column) in added.fields().iter().zip(columns) {
            let array = layout::array_of(field, self.rows(), column)?;
            if let Some(position) = fields.iter().position(|present| present.name() == field.name()) {
                fields[position] = field.clone();
                arrays[position] = array;
            } else {
                fields.push(field.clone());
                arrays.push(array);
            }
        }
        layout::assemble(arrow_schema::Schema::new(fields).into(), arrays, self.0.num_rows()).map(Self)
    }

    pub(crate) fn select(&self, names: &[&str]) -> Result<Self> {
        let position = |name: &&str| self.0.schema_ref().index_of(name).map_err(|error| arrow_error(&error));
        let positions = names.iter().map(position).collect::<Result<Vec<_>>>()?;
        self.0
            .project(&positions)
            .map(Self)
            .map_err(|error| arrow_error(&error))
    }

    pub(crate) fn rename(&self, _schema: &Schema, names: &[&str]) -> Result<Self> {
        let fields = self.0.schema_ref().fields().iter().zip(names);
        let renamed = fields.map(|(field, name)| Arc::new(field.as_ref().clone().with_name(*name)));
        let schema = Arc::new(arrow_schema::Schema::new(renamed.collect::<Vec<_>>()));
        layout::assemble(schema, self.0.columns().to_vec(), self.0.num_rows()).map(Self)
    }

    pub(crate) fn slice(&self, offset: u32, length: u32) -> Result<Self> {
        let rows = self.rows();
        if u64::from(offset) + u64::from(length) > u64::from(rows) {
            let message = format!("rows {offset} to {offset} + {length} are past the end of a batch of {rows} rows");
            return Err(Error::bad_config(message));
        }
        Ok(Self(self.0.slice(offset as usize, length as usize)))
    }

    pub(crate) fn take(&self, rows: &[u32]) -> Result<Self> {
        if let Some(row) = rows.iter().find(|row| **row >= self.rows()) {
            let count = self.rows();
            return Err(Error::bad_config(format!(
                "there is no row {row}: the batch has {count} rows"
            )));
        }
        let rows = UInt32Array::from(rows.to_vec());
        if self.0.num_columns() == 0 {
            return layout::assemble(self.0.schema(), Vec::new(), arrow_array::Array::len(&rows)).map(Self);
        }
        arrow_select::take::take_record_batch(&self.0, &rows)
            .map(Self)
            .map_err(|error| arrow_error(&error))
    }

    pub(crate) fn concat(parts: &[&Handle]) -> Result<Self> {
        let Some(first) = parts.first() else {
            return Err(Error::bad_config("concat needs at least one batch"));
        };
        if parts.iter().any(|part| part.0.schema_ref() != first.0.schema_ref()) {
            return Err(Error::bad_config("concat needs batches of one schema"));
        }
        let schema = first.0.schema();
        arrow_select::concat::concat_batches(&schema, parts.iter().map(|part| &part.0))
            .map(Self)
            .map_err(|error| arrow_error(&error))
    }

    pub(crate) fn share(&self) -> Self {
        Self(self.0.clone())
    }
}
