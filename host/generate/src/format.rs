//! Formats of files.

use std::fmt;
use std::str::FromStr;

use arrow::datatypes::{DataType, IntervalUnit};
use serde::{Deserialize, Serialize};

/// A format that files can be written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Apache Parquet.
    #[default]
    Parquet,
    /// Values separated by commas.
    Csv,
    /// Values separated by tabs.
    Tsv,
    /// One JSON object per line.
    Ndjson,
    /// A JSON array of objects.
    Json,
    /// Apache Avro.
    Avro,
    /// Arrow IPC.
    Arrow,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Parquet,
        Self::Csv,
        Self::Tsv,
        Self::Ndjson,
        Self::Json,
        Self::Avro,
        Self::Arrow,
    ];

    /// Its name in job files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Avro => "avro",
            Self::Arrow => "arrow",
        }
    }

    /// The format that a target's name stands for: that of a file's extension, and Parquet for a folder.
    pub(crate) fn of_target(url: &str) -> Self {
        let name = url.rsplit(['/', '\\']).next().unwrap_or_default();
        let mut extensions = name.split('.').skip(1);
        extensions
            .find_map(|extension| match extension.to_ascii_lowercase().as_str() {
                "tab" => Some(Self::Tsv),
                "jsonl" => Some(Self::Ndjson),
                "arrows" | "feather" | "ipc" => Some(Self::Arrow),
                name => name.parse().ok(),
            })
            .unwrap_or_default()
    }

    /// Whether its files have such a type.
    pub(crate) fn holds(self, data_type: &DataType) -> bool {
        match self {
            Self::Parquet => match data_type {
                DataType::Interval(unit) => *unit != IntervalUnit::MonthDayNano,
                DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                    self.holds(item.data_type())
                }
                DataType::Union(..) => false,
                _ => true,
            },
            Self::Csv | Self::Tsv => !data_type.is_nested(),
            Self::Ndjson | Self::Json | Self::Avro | Self::Arrow => true,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Parquet => "Parquet",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Ndjson => "NDJSON",
            Self::Json => "JSON",
            Self::Avro => "Avro",
            Self::Arrow => "Arrow",
        })
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| {
                let names: Vec<&str> = Self::ALL.iter().map(|format| format.name()).collect();
                format!("there is no format `{name}` to write; there are {}", names.join(", "))
            })
    }
}
