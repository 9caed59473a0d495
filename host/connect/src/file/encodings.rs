//! Chooses, from the first rows, which Parquet columns get a dictionary.
//!
//! A dictionary halves the work where values repeat, and doubles it where they don't: every value is hashed, only for
//! the dictionary to be given up once it has grown too large.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::config::{ParquetCompression, ParquetWrite};

/// Rows that are looked at.
const SAMPLE_ROWS: usize = 4096;

/// A dictionary is worth it while at most one value in this many is a new one.
const REPETITIONS: usize = 2;

/// Rows per row group, so that a partition holds no more than some tens of megabytes before they are written.
const ROW_GROUP_ROWS: usize = 512 * 1024;

/// Settings for a file whose first rows are `batch`.
pub(super) fn properties(options: &ParquetWrite, batch: &RecordBatch) -> WriterProperties {
    let compression = match options.compression {
        ParquetCompression::Zstd => Compression::ZSTD(ZstdLevel::default()),
        ParquetCompression::Snappy => Compression::SNAPPY,
        ParquetCompression::None => Compression::UNCOMPRESSED,
    };
    let mut properties = WriterProperties::builder()
        .set_compression(compression)
        .set_created_by(concat!("tenon ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        // Per chunk they let a reader skip row groups; per page they cost a third of the writing time.
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if !values_repeat(column) {
            let path = ColumnPath::new(vec![field.name().clone()]);
            properties = properties.set_column_dictionary_enabled(path, false);
        }
    }
    properties.build()
}

fn values_repeat(column: &ArrayRef) -> bool {
    if matches!(column.data_type(), DataType::Boolean) {
        return false;
    }
    // Leaves of nested columns, and what is not to be compared, keep the writer's own way.
    if column.data_type().is_nested() {
        return true;
    }
    let sample = column.slice(0, column.len().min(SAMPLE_ROWS));
    let Ok(converter) = RowConverter::new(vec![SortField::new(sample.data_type().clone())]) else {
        return true;
    };
    let Ok(rows) = converter.convert_columns(std::slice::from_ref(&sample)) else {
        return true;
    };
    let distinct: HashSet<&[u8]> = rows.iter().map(|row| row.data()).collect();
    distinct.len() * REPETITIONS <= sample.len() || sample.len() < 64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    #[test]
    fn only_columns_whose_values_repeat_get_a_dictionary() {
        let unique: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10_000));
        let repeated: ArrayRef = Arc::new(StringArray::from_iter_values(
            (0..10_000).map(|n| format!("c{}", n % 16)),
        ));
        assert!(!values_repeat(&unique));
        assert!(values_repeat(&repeated));
        let batch = RecordBatch::try_from_iter([("unique", unique), ("repeated", repeated)]).expect("a batch");
        let properties = properties(&ParquetWrite::default(), &batch);
        assert!(!properties.dictionary_enabled(&ColumnPath::from("unique")));
        assert!(properties.dictionary_enabled(&ColumnPath::from("repeated")));
    }
}
