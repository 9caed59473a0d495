//! Chooses, from the first rows, which Parquet columns get a dictionary.
//!
//! A dictionary halves the work where values repeat, and doubles it where they don't: every value is hashed, only for
//! the dictionary to be given up once it has grown too large.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::config::{Dictionary, ParquetCompression, ParquetWrite};
use crate::Error;

/// Rows that are looked at.
const SAMPLE_ROWS: usize = 4096;

/// A dictionary is worth it while at most one value in this many is a new one.
const REPETITIONS: usize = 2;

/// Settings for a file whose first rows are `batch`. `url` is for messages.
pub(super) fn properties(url: &str, options: &ParquetWrite, batch: &RecordBatch) -> Result<WriterProperties, Error> {
    if options.row_group_rows == 0 {
        return Err(refused(url, "`parquet.row_group_rows` must be at least 1"));
    }
    let mut properties = WriterProperties::builder()
        .set_compression(compression(url, options)?)
        .set_created_by(concat!("tenon ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_max_row_group_row_count(Some(options.row_group_rows))
        // Per chunk they let a reader skip row groups; per page they cost a third of the writing time.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_dictionary_enabled(options.dictionary != Dictionary::Never);
    if options.dictionary == Dictionary::Auto {
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            if !values_repeat(column) {
                let path = ColumnPath::new(vec![field.name().clone()]);
                properties = properties.set_column_dictionary_enabled(path, false);
            }
        }
    }
    Ok(properties.build())
}

fn compression(url: &str, options: &ParquetWrite) -> Result<Compression, Error> {
    let leveled = |level: Result<Compression, parquet::errors::ParquetError>, range: &str| {
        level.map_err(|_| refused(url, &format!("`parquet.level` must be {range} for this compression")))
    };
    match (options.compression, options.level) {
        (ParquetCompression::Zstd, None) => Ok(Compression::ZSTD(ZstdLevel::default())),
        (ParquetCompression::Zstd, Some(level)) => {
            let level = ZstdLevel::try_new(i32::try_from(level).unwrap_or(i32::MAX));
            leveled(level.map(Compression::ZSTD), "from 1 to 22")
        }
        (ParquetCompression::Gzip, None) => Ok(Compression::GZIP(GzipLevel::default())),
        (ParquetCompression::Gzip, Some(level)) => {
            leveled(GzipLevel::try_new(level).map(Compression::GZIP), "from 0 to 9")
        }
        (_, Some(_)) => Err(refused(
            url,
            "`parquet.level` means nothing to this compression; leave it out",
        )),
        (ParquetCompression::Snappy, None) => Ok(Compression::SNAPPY),
        (ParquetCompression::Lz4, None) => Ok(Compression::LZ4_RAW),
        (ParquetCompression::None, None) => Ok(Compression::UNCOMPRESSED),
    }
}

fn refused(url: &str, reason: &str) -> Error {
    Error::Config {
        subject: url.to_owned(),
        reason: reason.to_owned(),
    }
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
        let properties = properties("out", &ParquetWrite::default(), &batch).expect("settings");
        assert!(!properties.dictionary_enabled(&ColumnPath::from("unique")));
        assert!(properties.dictionary_enabled(&ColumnPath::from("repeated")));
    }

    #[test]
    fn levels_out_of_range_are_refused() {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let batch = RecordBatch::try_from_iter([("x", column)]).expect("a batch");
        for (compression, level, allowed) in [
            (ParquetCompression::Zstd, 22, true),
            (ParquetCompression::Zstd, 23, false),
            (ParquetCompression::Gzip, 9, true),
            (ParquetCompression::Gzip, 10, false),
            (ParquetCompression::Snappy, 1, false),
        ] {
            let options = ParquetWrite {
                compression,
                level: Some(level),
                ..ParquetWrite::default()
            };
            assert_eq!(
                properties("out", &options, &batch).is_ok(),
                allowed,
                "{compression:?} {level}"
            );
        }
    }
}
