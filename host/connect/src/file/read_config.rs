//! What a job says about a file source.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::csv::ColumnType;
use super::format::{Codec, Format};
use super::store::StoreOptions;

/// A file, a folder or a pattern to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadConfig {
    /// A path, a `file://` URL, a folder, or a pattern such as `data/2013-*.csv.gz`. Relative paths start at the working
    /// folder.
    pub url: String,
    /// Format of the files; by default, told from their names.
    #[serde(default)]
    pub format: Option<Format>,
    /// Compression of text files; by default, told from their names.
    #[serde(default)]
    pub compression: Option<Codec>,
    /// How to read CSV and TSV.
    #[serde(default)]
    pub csv: CsvRead,
    /// How to reach the store.
    #[serde(default)]
    pub store: StoreOptions,
}

impl ReadConfig {
    /// Reads `url` with every other setting at its default.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            format: None,
            compression: None,
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
    /// Whether the first line names the columns; true by default. Without it they are `column_1`, `column_2` and so on.
    pub header: bool,
    /// Texts that mean "no value", in any column; none by default. An empty value means that anyway, unless it is quoted
    /// in a text column.
    pub null: Vec<String>,
    /// Rows from which types are inferred; 10,000 by default. Where a column has no value in them, up to a hundred times
    /// as many are looked at.
    pub infer_rows: usize,
    /// Types of columns by name; the others are inferred.
    pub types: BTreeMap<String, ColumnType>,
}

impl Default for CsvRead {
    fn default() -> Self {
        Self {
            delimiter: None,
            quote: '"',
            header: true,
            null: Vec::new(),
            infer_rows: 10_000,
            types: BTreeMap::new(),
        }
    }
}
