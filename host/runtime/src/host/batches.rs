//! `tenon:etl/batches.batch`: the functions on batches.

use std::time::Instant;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use tenon_kernels as kernels;
use tenon_layout::{array_of, column_of};
use wasmtime::component::Resource;

use super::faults::fault;
use super::{BatchEntry, SandboxState};
use crate::bindings::tenon::etl::batches::{Host, HostBatch};
use crate::bindings::tenon::etl::errors::{Error as Fault, Kind};
use crate::bindings::wire;
use crate::limits::LimitReached;

type Handle = Resource<BatchEntry>;
type Answer<T> = wasmtime::Result<Result<T, Fault>>;

/// Rows of one batch that a guest may build, and of all batches that one call may return. Arrays without data (nulls,
/// empty structs) make any number of rows free for the guest, but not for whoever writes them out.
pub(crate) const MAX_ROWS: u32 = 1 << 24;
/// Bytes that every array is charged besides its buffers.
const ARRAY_OVERHEAD: usize = 256;
/// Bytes that a part of a concat takes besides its list of columns.
const PART_OVERHEAD: usize = 64;

impl Host for SandboxState {}

impl HostBatch for SandboxState {
    fn schema(&mut self, batch: Handle) -> wasmtime::Result<wire::Schema> {
        let schema = self.table.get(&batch)?.batch.schema();
        Ok(self.schemas.outgoing(&schema)?)
    }

    fn rows(&mut self, batch: Handle) -> wasmtime::Result<u32> {
        Ok(u32::try_from(self.table.get(&batch)?.batch.num_rows()).unwrap_or(u32::MAX))
    }

    fn read(&mut self, batch: Handle, columns: Vec<u32>) -> Answer<Vec<wire::Column>> {
        let batch = &self.table.get(&batch)?.batch;
        let read = read(batch, &columns, self.limits.memory);
        if let Ok(columns) = &read {
            self.copied_in(columns.iter().map(wire::Column::bytes).sum());
        }
        Ok(read)
    }

    fn build(&mut self, schema: wire::Schema, rows: u32, columns: Vec<wire::Column>) -> Answer<Handle> {
        let built = self.build_checked(&schema, rows, columns);
        Ok(self.answer(built))
    }

    fn with_columns(&mut self, batch: Handle, fields: wire::Schema, columns: Vec<wire::Column>) -> Answer<Handle> {
        let derived = self.with_columns_checked(&batch, &fields, columns)?;
        Ok(self.answer(derived))
    }

    fn select(&mut self, batch: Handle, columns: Vec<String>) -> Answer<Handle> {
        let entry = self.table.get(&batch)?;
        let selected = kernels::select(&entry.batch, &columns)
            .map(|batch| BatchEntry::derived(batch, &[entry], None))
            .map_err(Fault::from);
        Ok(self.answer(selected))
    }

    fn slice(&mut self, batch: Handle, offset: u32, length: u32) -> Answer<Handle> {
        let entry = self.table.get(&batch)?;
        let sliced = kernels::slice(&entry.batch, offset, length)
            .map(|batch| BatchEntry::derived(batch, &[entry], None))
            .map_err(Fault::from);
        Ok(self.answer(sliced))
    }

    fn take(&mut self, batch: Handle, rows: Vec<u32>) -> Answer<Handle> {
        let limits = self.kernel_limits();
        let began = Instant::now();
        let taken = kernels::take(&self.table.get(&batch)?.batch, &rows, &limits).map_err(Fault::from);
        self.kernel_took(began);
        let taken = taken.and_then(|batch| self.made(batch, &[]));
        Ok(self.answer(taken))
    }

    fn concat(&mut self, parts: Vec<Handle>) -> Answer<Handle> {
        let limits = self.kernel_limits();
        let mut batches = Vec::new();
        let mut bytes = 0usize;
        for part in &parts {
            let batch = &self.table.get(part)?.batch;
            // One handle may stand in the list a million times: listing them must not cost more than a call may.
            bytes = bytes.saturating_add(PART_OVERHEAD + size_of_val(batch.columns()));
            if bytes > self.limits.call_bytes {
                let reached = LimitReached::bytes("call_bytes", self.limits.call_bytes);
                return Ok(Err(fault(
                    Kind::Limit,
                    format!("concat of {} parts: {reached}", parts.len()),
                )));
            }
            batches.push(batch.clone());
        }
        let began = Instant::now();
        let joined = kernels::concat(&batches, &limits).map_err(Fault::from);
        self.kernel_took(began);
        let joined = joined.and_then(|batch| self.made(batch, &[]));
        Ok(self.answer(joined))
    }

    fn share(&mut self, batch: Handle) -> wasmtime::Result<Handle> {
        let entry = self.table.get(&batch)?;
        let mut shared = BatchEntry::derived(entry.batch.clone(), &[entry], None);
        let own = self
            .charge_held(handle_bytes(&shared.batch))
            .map_err(|reached| self.trap(reached))?;
        shared.own = Some(own);
        self.table.push(shared).map_err(|_| self.trap(self.handles_reached()))
    }

    fn drop(&mut self, batch: Handle) -> wasmtime::Result<()> {
        self.table.delete(batch)?;
        Ok(())
    }
}

impl SandboxState {
    /// Hands a new batch, or the reason why there is none, to the guest.
    pub(super) fn answer(&mut self, made: Result<BatchEntry, Fault>) -> Result<Handle, Fault> {
        let entry = made?;
        let own = self.charge_held(handle_bytes(&entry.batch))?;
        let entry = BatchEntry {
            own: Some(own),
            ..entry
        };
        self.table.push(entry).map_err(|_| self.handles_reached().into())
    }

    pub(super) fn handles_reached(&self) -> LimitReached {
        LimitReached::count("handles", self.limits.handles, "handles")
    }

    pub(super) fn kernel_limits(&self) -> kernels::Limits {
        kernels::Limits {
            output_bytes: self.limits.call_bytes as u64,
            ..kernels::Limits::default()
        }
    }

    /// A batch that a kernel made: charged for what it does not share with the batch it came from.
    pub(super) fn made(&mut self, batch: RecordBatch, origins: &[Handle]) -> Result<BatchEntry, Fault> {
        let mut entries = Vec::with_capacity(origins.len());
        for origin in origins {
            entries.push(
                self.table
                    .get(origin)
                    .map_err(|_| fault(Kind::Internal, "a handle disappeared"))?,
            );
        }
        let shared = |column: &ArrayRef| {
            entries.iter().any(|entry| {
                entry
                    .batch
                    .columns()
                    .iter()
                    .any(|known| std::sync::Arc::ptr_eq(known, column))
            })
        };
        let new = batch.columns().iter().filter(|column| !shared(column));
        let bytes = new.map(|column| column.get_array_memory_size()).sum();
        let derived = BatchEntry::derived(batch, &entries, None);
        let charge = self.charge_new(bytes)?;
        Ok(BatchEntry {
            charges: derived.charges.into_iter().chain([charge]).collect(),
            ..derived
        })
    }

    fn build_checked(
        &mut self,
        schema: &wire::Schema,
        rows: u32,
        columns: Vec<wire::Column>,
    ) -> Result<BatchEntry, Fault> {
        check_rows(rows)?;
        let schema = self.schemas.incoming(schema)?;
        let charge = self.charge_new(charged(&columns))?;
        let arrays = arrays(&schema, rows, columns)?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows as usize));
        let batch = RecordBatch::try_new_with_options(schema, arrays, &options)
            .map_err(|error| fault(Kind::BadData, error.to_string()))?;
        Ok(BatchEntry::derived(batch, &[], Some(&charge)))
    }

    fn with_columns_checked(
        &mut self,
        handle: &Handle,
        fields: &wire::Schema,
        columns: Vec<wire::Column>,
    ) -> wasmtime::Result<Result<BatchEntry, Fault>> {
        let batch = self.table.get(handle)?.batch.clone();
        let with = || {
            let fields = self.schemas.incoming(fields)?;
            let charge = self.charge_new(charged(&columns))?;
            let rows = u32::try_from(batch.num_rows()).unwrap_or(u32::MAX);
            let arrays = arrays(&fields, rows, columns)?;
            Ok((kernels::with_columns(&batch, &fields, arrays)?, charge))
        };
        let made: Result<_, Fault> = with();
        let (batch, charge) = match made {
            Ok(made) => made,
            Err(fault) => return Ok(Err(fault)),
        };
        let entry = self.table.get(handle)?;
        Ok(Ok(BatchEntry::derived(batch, &[entry], Some(&charge))))
    }
}

/// The columns, if they fit into the guest's memory: views take more room there than here, and one may be asked for many
/// times.
fn read(batch: &RecordBatch, columns: &[u32], memory: usize) -> Result<Vec<wire::Column>, Fault> {
    let there = batch.num_columns();
    if columns.len() > there {
        let asked = columns.len();
        return Err(fault(
            Kind::BadConfig,
            format!("{asked} columns were asked of a batch that has {there}"),
        ));
    }
    let schema = batch.schema_ref();
    let mut bytes = 0usize;
    let read_one = |&position: &u32| {
        let index = position as usize;
        let Some(array) = batch.columns().get(index) else {
            let message = format!("column {position} was asked of a batch that has {there} columns");
            return Err(fault(Kind::BadConfig, message));
        };
        let column = wire::Column::from(column_of(schema.field(index), array)?);
        bytes = bytes.saturating_add(column.bytes());
        if bytes > memory {
            return Err(Fault::from(LimitReached::bytes("memory", memory)));
        }
        Ok(column)
    };
    columns.iter().map(read_one).collect()
}

fn arrays(schema: &arrow::datatypes::Schema, rows: u32, columns: Vec<wire::Column>) -> Result<Vec<ArrayRef>, Fault> {
    if columns.len() != schema.fields().len() {
        let (got, expected) = (columns.len(), schema.fields().len());
        return Err(fault(
            Kind::BadData,
            format!("expected {expected} columns, as the schema has, but got {got}"),
        ));
    }
    let fields = schema.fields().iter();
    fields
        .zip(columns)
        .map(|(field, column)| Ok(array_of(field, rows, column.into())?))
        .collect()
}

fn check_rows(rows: u32) -> Result<(), Fault> {
    if rows > MAX_ROWS {
        let message = format!("a batch of {rows} rows is over the limit of {MAX_ROWS} rows; build several batches");
        return Err(fault(Kind::Limit, message));
    }
    Ok(())
}

/// Host memory that a handle takes by itself: the arrays of its columns, roughly as large as the fields that describe
/// them.
fn handle_bytes(batch: &RecordBatch) -> usize {
    ARRAY_OVERHEAD + batch.schema_ref().fields().size()
}

/// Host memory behind columns from a guest. Nodes count, so that empty ones are not free.
fn charged(columns: &[wire::Column]) -> usize {
    columns
        .iter()
        .map(|column| column.bytes() + column.nodes.len() * ARRAY_OVERHEAD)
        .sum::<usize>()
        + columns.len() * ARRAY_OVERHEAD
}
