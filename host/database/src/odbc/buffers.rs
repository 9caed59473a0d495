//! How many rows are fetched or sent at once.

use odbc_api::buffers::BufferDesc;

/// Bytes that the buffers of a result, or of parameters, take together.
const BYTES: usize = 8 << 20;

/// Rows, so that buffers of these kinds stay within bounds.
pub(crate) fn rows(buffers: &[BufferDesc], most: usize) -> usize {
    let row: usize = buffers.iter().map(BufferDesc::bytes_per_row).sum();
    (BYTES / row.max(1)).clamp(1, most.max(1))
}
