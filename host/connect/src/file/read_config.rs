//! What a job says about a file source.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::format::{Codec, Format};
use super::partitions::Partitions;
use super::rejects::OnError;
use super::schema::{Evolution, SqlType};
use super::store::StoreOptions;
use super::text::Encoding;

/// A file, a folder or a pattern to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadConfig {
    /// A file, a folder, or a pattern such as `data/2013-*.csv.gz`: a path, or a URL with `file://`, `s3://`, `gs://`,
    /// `az://`, `abfss://`, `http://` or `https://` (a single file only). Patterns know `*`, `?`, `[a-z]`, `{a,b}` and `**`
    /// for any folders. Relative paths start at the working folder.
    pub url: String,
    /// Format of the files; by default, told from their names, or else from their first bytes.
    #[serde(default)]
    pub format: Option<Format>,
    /// Compression of text files; by default, told from their names, or else from their first bytes.
    #[serde(default)]
    pub compression: Option<Codec>,
    /// Encoding of text files; UTF-8 by default.
    #[serde(default)]
    pub encoding: Encoding,
    /// Whether folders named `column=value` are columns; by default they are if every file lies in such folders.
    #[serde(default)]
    pub partitions: Option<Partitions>,
    /// Types of columns, by name; the others are inferred, or as the files declare them. Of JSON, columns may be named that
    /// no object was seen to have: where a key is missing, there is no value.
    #[serde(default)]
    pub schema: BTreeMap<String, SqlType>,
    /// How much the columns of the files may differ.
    #[serde(default)]
    pub evolution: Evolution,
    /// Rows of each text file from which types are inferred; 10,000 by default. Where a column of a CSV file has no value
    /// in them, up to a hundred times as many are looked at. JSON objects of more than 2 KiB each may be fewer.
    #[serde(default = "default_infer_rows")]
    pub infer_rows: usize,
    /// Files whose columns are looked at, spread over all of them; 1,000 by default. Files beyond that may not bring
    /// columns of their own.
    #[serde(default = "default_infer_files")]
    pub infer_files: usize,
    /// What to do with rows that can't be read.
    #[serde(default)]
    pub on_error: OnError,
    /// How to read CSV and TSV.
    #[serde(default)]
    pub csv: CsvRead,
    /// How to reach the store.
    #[serde(default)]
    pub store: StoreOptions,
}

fn default_infer_rows() -> usize {
    10_000
}

fn default_infer_files() -> usize {
    1_000
}

impl ReadConfig {
    /// Reads `url` with every other setting at its default.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            format: None,
            compression: None,
            encoding: Encoding::default(),
            partitions: None,
            schema: BTreeMap::new(),
            evolution: Evolution::default(),
            infer_rows: default_infer_rows(),
            infer_files: default_infer_files(),
            on_error: OnError::default(),
            csv: CsvRead::default(),
            store: StoreOptions::default(),
        }
    }
}

/// How to read CSV and TSV.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CsvRead {
    /// Separates values. One ASCII character; by default `,` for CSV and a tab for TSV.
    pub delimiter: Option<char>,
    /// Encloses values that contain delimiters or line ends; doubled inside such a value. One ASCII character; `"` by
    /// default.
    pub quote: char,
    /// Takes its special meaning from the character behind it, inside quotes. One ASCII character; none by default.
    pub escape: Option<char>,
    /// Begins lines that are no records. One ASCII character; none by default.
    pub comment: Option<char>,
    /// Lines at the start of each file that are not read; none by default.
    pub skip_rows: u64,
    /// Whether the first line names the columns; true by default. Without it they are `column_1`, `column_2` and so on.
    pub header: bool,
    /// Texts that mean "no value", in any column; none by default. An empty value means that anyway, unless it is quoted
    /// in a text column.
    pub null: Vec<String>,
}

impl Default for CsvRead {
    fn default() -> Self {
        Self {
            delimiter: None,
            quote: '"',
            escape: None,
            comment: None,
            skip_rows: 0,
            header: true,
            null: Vec::new(),
        }
    }
}
