//! CSV and TSV: text split into records, values parsed into Arrow columns.

mod columns;
mod exact;
mod infer;
mod parse;
mod records;
mod value;

pub(super) use infer::{header, infer, numbered_names};
pub(super) use parse::{CsvChunk, CsvParser};
pub(super) use records::Records;
pub(super) use value::ColumnType;
