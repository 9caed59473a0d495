//! What a job says about a file sink.

use serde::{Deserialize, Serialize};

use super::format::Format;

/// A file or a folder to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WriteConfig {
    /// A path or a `file://` URL. A name with the extension of a format is one file; a name that ends in `/`, or that has
    /// no extension, is a folder with one file per partition.
    pub url: String,
    /// Format; by default told from the name, and Parquet for a folder.
    #[serde(default)]
    pub format: Option<Format>,
    /// What to do with data that are already there.
    #[serde(default)]
    pub mode: Mode,
    /// How to write Parquet.
    #[serde(default)]
    pub parquet: ParquetWrite,
    /// How to write CSV and TSV.
    #[serde(default)]
    pub csv: CsvWrite,
}

impl WriteConfig {
    /// Writes to `url` with every other setting at its default.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            format: None,
            mode: Mode::default(),
            parquet: ParquetWrite::default(),
            csv: CsvWrite::default(),
        }
    }
}

/// What to do when the target already holds data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Fail before anything is read.
    #[default]
    Error,
    /// Replace it, once the new data are complete.
    Overwrite,
    /// Add files to it.
    Append,
    /// Leave it, and do not run.
    Ignore,
}

/// How to write Parquet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ParquetWrite {
    /// Compression of pages; zstd by default.
    pub compression: ParquetCompression,
}

/// Compression of Parquet pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParquetCompression {
    /// Zstandard at level 1: small files at little more time than Snappy.
    #[default]
    Zstd,
    /// Snappy: the least time.
    Snappy,
    /// None.
    None,
}

/// How to write CSV and TSV.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CsvWrite {
    /// Separates values. One ASCII character; by default `,` for CSV and a tab for TSV.
    pub delimiter: Option<char>,
    /// Whether the first line names the columns; true by default.
    pub header: bool,
    /// Written where there is no value; nothing by default.
    pub null: String,
}

impl Default for CsvWrite {
    fn default() -> Self {
        Self {
            delimiter: None,
            header: true,
            null: String::new(),
        }
    }
}
