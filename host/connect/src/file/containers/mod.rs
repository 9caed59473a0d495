//! Formats whose files declare their columns and hold batches: Avro, Arrow IPC and ORC.
//!
//! A file is cut into parts that are decoded apart from each other, so that one large file keeps every partition busy:
//! Avro at its blocks, an Arrow file at its batches, ORC at its stripes. An Arrow stream is one part, as what a batch means
//! may depend on any message before it.

mod avro;
mod fault;
mod ipc;
mod messages;
mod orc;
mod pieces;
mod postscript;
mod varint;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

pub(super) use fault::guarded;

use super::format::Format;
use super::store::Store;
use super::stored::StoredFile;
use crate::Error;

/// Bytes that are read ahead of what cuts or decodes a file from its start to its end.
const BUFFER_BYTES: usize = 256 << 10;

/// One open file.
pub(super) struct Container {
    /// The file's columns, or at least those that are read.
    pub schema: SchemaRef,
    pub parts: Parts,
}

/// A batch, with the number of the file's rows before it.
type Decoded = Result<(RecordBatch, u64), Error>;

/// Some rows of a file in its order. Behind an error there is nothing to ask for.
pub(super) type Part = Box<dyn Iterator<Item = Decoded> + Send>;

/// The parts of a file, in its order.
pub(super) enum Parts {
    /// Parts that hold what they are decoded from. To get the next one blocks; to decode one does not.
    Read(Box<dyn Iterator<Item = Result<Part, Error>> + Send>),
    /// Parts that read the file while they are decoded, which blocks.
    Unread(Vec<Part>),
}

impl Container {
    /// Opens a file to read the columns of these names, in the file's order; all where there are none. Blocks.
    pub fn open(
        store: &Arc<Store>,
        file: &StoredFile,
        format: Format,
        names: Option<&[String]>,
        batch_rows: usize,
    ) -> Result<Self, Error> {
        guarded(file, || match format {
            Format::Avro => avro::open(store, file, names, batch_rows),
            Format::Orc => orc::open(store, file, names, batch_rows),
            _ => ipc::open(store, file, names),
        })
    }
}

/// Positions of the columns that the file has, in its order. None where it has none of them: then every column is read,
/// for the number of rows.
fn indices(schema: &SchemaRef, names: &[String]) -> Option<Vec<usize>> {
    let fields = schema.fields().iter().enumerate();
    let wanted = fields.filter(|(_, field)| names.contains(field.name()));
    let indices: Vec<usize> = wanted.map(|(index, _)| index).collect();
    (!indices.is_empty()).then_some(indices)
}
