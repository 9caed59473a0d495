//! The batch that a function failed on, kept so that it can be tried again.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;

/// The batch that a plugin's function failed on.
#[derive(Clone, PartialEq, Eq)]
pub struct FailedBatch {
    /// SHA-256 of the plugin's file.
    pub plugin_digest: String,
    /// The function.
    pub function: String,
    /// Number of rows.
    pub rows: usize,
    /// The batch, as an Arrow IPC stream.
    pub arrow_ipc: Vec<u8>,
    /// Names and types of the columns, by which to tell that they have changed since.
    pub schema_fingerprint: String,
}

impl fmt::Debug for FailedBatch {
    /// Without the data, which may be personal.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FailedBatch")
            .field("plugin_digest", &self.plugin_digest)
            .field("function", &self.function)
            .field("rows", &self.rows)
            .field("bytes", &self.arrow_ipc.len())
            .finish_non_exhaustive()
    }
}

impl FailedBatch {
    /// Keeps a batch; none if it takes more than `limit` bytes.
    pub(crate) fn keep(
        plugin_digest: &str,
        function: &str,
        batch: &RecordBatch,
        limit: usize,
    ) -> Result<Option<Self>, ArrowError> {
        if bytes(batch) > limit {
            return Ok(None);
        }
        let mut bounded = Bounded {
            bytes: Vec::new(),
            limit,
            is_full: false,
        };
        let schema = batch.schema();
        let written = StreamWriter::try_new(&mut bounded, &schema).and_then(|mut writer| {
            writer.write(batch)?;
            writer.finish()
        });
        if bounded.is_full {
            return Ok(None);
        }
        written?;
        Ok(Some(Self {
            plugin_digest: plugin_digest.to_owned(),
            function: function.to_owned(),
            rows: batch.num_rows(),
            arrow_ipc: bounded.bytes,
            schema_fingerprint: fingerprint(&schema),
        }))
    }
}

/// Bytes of the rows of a batch, whatever else lies in the same buffers.
pub(crate) fn bytes(batch: &RecordBatch) -> usize {
    let columns = batch.columns().iter();
    // What cannot be told of a slice is told of the whole.
    let bytes = columns.map(|column| {
        let data = column.to_data();
        data.get_slice_memory_size()
            .unwrap_or_else(|_| column.get_array_memory_size())
    });
    bytes.sum()
}

fn fingerprint(schema: &Schema) -> String {
    let mut text = String::new();
    for field in schema.fields() {
        // Writing to a string does not fail.
        let _ = write!(text, "{}:{};", field.name(), field.data_type());
    }
    text
}

/// Takes so many bytes and no more.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    is_full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(bytes.len()) > self.limit {
            self.is_full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array};
    use arrow::ipc::reader::StreamReader;

    use super::*;

    #[test]
    fn only_the_rows_of_the_batch_are_kept_and_only_so_many_bytes() {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100_000));
        let whole = RecordBatch::try_from_iter([("n", numbers)]).expect("a batch");
        let batch = whole.slice(500, 10);
        let kept = FailedBatch::keep("d", "f", &batch, 4096)
            .expect("encoded")
            .expect("small");
        assert!(kept.arrow_ipc.len() < 1024, "{}", kept.arrow_ipc.len());
        let mut read = StreamReader::try_new(kept.arrow_ipc.as_slice(), None).expect("a stream");
        assert_eq!(read.next().expect("a batch").expect("readable"), batch);
        assert_eq!(kept.schema_fingerprint, "n:Int64;");
        for limit in [80, 200] {
            assert_eq!(
                FailedBatch::keep("d", "f", &batch, limit).expect("no error"),
                None,
                "{limit}"
            );
        }
    }
}
