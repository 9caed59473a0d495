//! CSV and TSV: text split into records, values parsed into Arrow columns, all partitions at once.

mod columns;
mod infer;
mod records;
mod scan;
mod table;
mod value;

pub use value::ColumnType;

pub(super) use table::{CsvFiles, CsvTable};
