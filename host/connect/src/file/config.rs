//! What a job says about a file sink.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::format::{Codec, Format};
use super::store::StoreOptions;

/// A file or a folder to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteConfig {
    /// A path, or a URL as sources have them (`file://`, `s3://`, `gs://`, `az://`, `abfss://`). A name with the extension
    /// of a format is one file; a name that ends in `/`, or that has no extension, is a folder with at least one file per
    /// partition.
    pub url: String,
    /// Format; by default told from the name, and Parquet for a folder.
    #[serde(default)]
    pub format: Option<Format>,
    /// Compression of CSV, TSV, NDJSON and JSON as a whole, of Avro and Arrow block by block; by default told from the
    /// name, and none for a folder. Parquet has its own setting.
    #[serde(default)]
    pub compression: Option<Codec>,
    /// What to do with data that are already there.
    #[serde(default)]
    pub mode: Mode,
    /// What the mode `overwrite` replaces.
    #[serde(default)]
    pub overwrite: Overwrite,
    /// Columns whose values name folders instead of being written to the files, as `year=2013/carrier=UA/`. Characters
    /// that mean something in names are escaped as `%2F`; no value, and an empty one, is `__HIVE_DEFAULT_PARTITION__`.
    #[serde(default)]
    pub partition_by: Vec<String>,
    /// Size in bytes at which a file in a folder is ended and another begun; 268,435,456 (256 MiB) by default. It is looked
    /// at after each batch, so files are somewhat larger.
    #[serde(default = "target_file_size")]
    pub target_file_size: u64,
    /// How to write Parquet.
    #[serde(default)]
    pub parquet: ParquetWrite,
    /// How to write CSV and TSV.
    #[serde(default)]
    pub csv: CsvWrite,
    /// How to write Arrow IPC.
    #[serde(default)]
    pub arrow: ArrowWrite,
    /// How to reach the store.
    #[serde(default)]
    pub store: StoreOptions,
}

impl WriteConfig {
    /// Writes to `url` with every other setting at its default.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            format: None,
            compression: None,
            mode: Mode::default(),
            overwrite: Overwrite::default(),
            partition_by: Vec::new(),
            target_file_size: target_file_size(),
            parquet: ParquetWrite::default(),
            csv: CsvWrite::default(),
            arrow: ArrowWrite::default(),
            store: StoreOptions::default(),
        }
    }
}

fn target_file_size() -> u64 {
    256 << 20
}

/// What to do when the target already holds data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// What the mode `overwrite` replaces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Overwrite {
    /// All data of the target.
    #[default]
    All,
    /// The data of those partitions (the folders of `partition_by`) that the run writes to; the others stay.
    Partitions,
}

/// How to write Parquet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ParquetWrite {
    /// Compression of pages; zstd by default.
    pub compression: ParquetCompression,
    /// Level of the compression: 1 to 22 for zstd (1 by default), 0 to 9 for gzip (6 by default). The others have none.
    pub level: Option<u32>,
    /// Rows per row group; 524,288 by default.
    pub row_group_rows: usize,
    /// Which columns get a dictionary.
    pub dictionary: Dictionary,
}

impl Default for ParquetWrite {
    fn default() -> Self {
        Self {
            compression: ParquetCompression::default(),
            level: None,
            row_group_rows: 512 * 1024,
            dictionary: Dictionary::default(),
        }
    }
}

/// Compression of Parquet pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ParquetCompression {
    /// Zstandard: small files at little more time than Snappy.
    #[default]
    Zstd,
    /// Snappy: the least time.
    Snappy,
    /// Gzip, for readers that know nothing else.
    Gzip,
    /// LZ4, in the form that the standard calls `LZ4_RAW`.
    Lz4,
    /// None.
    None,
}

/// Which columns of a Parquet file get a dictionary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dictionary {
    /// Those whose values repeat among the first rows of the file.
    #[default]
    Auto,
    /// All.
    Always,
    /// None.
    Never,
}

/// How to write CSV and TSV.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// How to write Arrow IPC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ArrowWrite {
    /// Whether to write the streaming form instead of the file form. By default only for a file named `.arrows`.
    pub stream: Option<bool>,
}
