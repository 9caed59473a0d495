//! Looking at jobs and sources.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use serde::de::DeserializeOwned;
use tenon_host::connect::SourceConfig;
use tenon_host::connect::file::{CsvRead, Encoding, Format, ReadConfig, SqlType};

use super::{parse_column_type, parse_pair};
use crate::connections;
use crate::exit::Failure;

const VALIDATE_EXAMPLES: &str = "\
Examples:
  tenon validate examples/flights/flights.toml
  tenon validate flights.toml --param year=2014";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  tenon explain examples/flights/flights.toml";

const PREVIEW_EXAMPLES: &str = "\
Examples:
  tenon preview examples/flights/flights.csv.gz --null NA
  tenon preview 'lake/*.parquet' --rows 100
  tenon preview days.txt --format csv --delimiter ';' --encoding latin1";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  tenon schema examples/flights/flights.csv.gz --null NA
  tenon schema lake/ --json

  The JSON Schema of job files, for an editor:
    tenon schema --job-file > job.schema.json";

/// `tenon validate`
#[derive(Debug, Args)]
#[command(after_help = VALIDATE_EXAMPLES)]
pub struct ValidateArguments {
    /// A job file
    #[arg(value_hint = ValueHint::FilePath)]
    pub job: PathBuf,

    /// A parameter of the job
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub param: Vec<(String, String)>,
}

/// `tenon explain`
#[derive(Debug, Args)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub struct ExplainArguments {
    /// A job file
    #[arg(value_hint = ValueHint::FilePath)]
    pub job: PathBuf,

    /// A parameter of the job
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub param: Vec<(String, String)>,
}

/// `tenon preview`
#[derive(Debug, Args)]
#[command(after_help = PREVIEW_EXAMPLES)]
pub struct PreviewArguments {
    /// A file, a folder or a pattern
    #[arg(value_hint = ValueHint::AnyPath)]
    pub source: String,

    /// How many rows
    #[arg(long, value_name = "ROWS", default_value_t = 20)]
    pub rows: usize,

    /// How to read files.
    #[command(flatten)]
    pub csv: SourceArguments,

    /// Print a JSON object per row
    #[arg(long)]
    pub json: bool,
}

/// `tenon schema`
#[derive(Debug, Args)]
#[command(after_help = SCHEMA_EXAMPLES)]
pub struct SchemaArguments {
    /// A file, a folder or a pattern
    #[arg(value_hint = ValueHint::AnyPath, required_unless_present = "job_file")]
    pub source: Option<String>,

    /// Print the JSON Schema of job files instead
    #[arg(long, conflicts_with = "source")]
    pub job_file: bool,

    /// How to read files.
    #[command(flatten)]
    pub csv: SourceArguments,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How to read files.
#[derive(Debug, Args)]
pub struct SourceArguments {
    /// Format of the files that are read [default: what their names say, or else their first bytes]
    #[arg(long, value_parser = formats(), help_heading = "Reading files")]
    pub format: Option<Format>,

    /// Encoding of text files [default: utf-8]
    #[arg(long, value_parser = encodings(), help_heading = "Reading files")]
    pub encoding: Option<Encoding>,

    /// A text that means "no value" in CSV; may be given several times
    #[arg(long, value_name = "TEXT", help_heading = "CSV")]
    pub null: Vec<String>,

    /// What separates values in CSV [default: a comma, or a tab for .tsv]
    #[arg(long, value_name = "CHARACTER", help_heading = "CSV")]
    pub delimiter: Option<char>,

    /// What encloses values in CSV that contain delimiters or line ends [default: "]
    #[arg(long, value_name = "CHARACTER", help_heading = "CSV")]
    pub quote: Option<char>,

    /// Lines at the start of a CSV file that are not read
    #[arg(long, value_name = "LINES", help_heading = "CSV")]
    pub skip_rows: Option<u64>,

    /// The first line of CSV is data, not names
    #[arg(long, help_heading = "CSV")]
    pub no_header: bool,

    /// Type of a column by its SQL name, such as bigint, double, decimal(12,2), date, timestamp or text; others are inferred
    #[arg(long = "type", value_name = "COLUMN=TYPE", value_parser = parse_column_type, help_heading = "CSV")]
    pub types: Vec<(String, SqlType)>,

    /// Rows from which types are inferred [default: 10000]
    #[arg(long, value_name = "ROWS", help_heading = "CSV")]
    pub infer_rows: Option<usize>,
}

impl SourceArguments {
    /// The same as a source's configuration: of a table, or of files.
    pub fn source(&self, url: &str) -> Result<SourceConfig, Failure> {
        if let Some(table) = connections::source(url)? {
            if self.is_empty() {
                return Ok(table);
            }
            return Err(Failure::usage(
                "the options for reading files are not for tables, which have types of their own".to_owned(),
            ));
        }
        Ok(SourceConfig::from(self.files(url)))
    }

    fn files(&self, url: &str) -> ReadConfig {
        let (defaults, csv) = (ReadConfig::new(url), CsvRead::default());
        ReadConfig {
            format: self.format,
            encoding: self.encoding.unwrap_or_default(),
            csv: CsvRead {
                delimiter: self.delimiter,
                quote: self.quote.unwrap_or(csv.quote),
                skip_rows: self.skip_rows.unwrap_or(csv.skip_rows),
                header: !self.no_header,
                null: self.null.clone(),
                ..csv
            },
            infer_rows: self.infer_rows.unwrap_or(defaults.infer_rows),
            schema: self.types.iter().cloned().collect(),
            ..defaults
        }
    }

    /// Whether anything was said.
    pub fn is_empty(&self) -> bool {
        let Self {
            format,
            encoding,
            null,
            delimiter,
            quote,
            skip_rows,
            no_header,
            types,
            infer_rows,
        } = self;
        let is_csv_default = null.is_empty() && delimiter.is_none() && quote.is_none() && skip_rows.is_none();
        let are_types_default = !no_header && types.is_empty() && infer_rows.is_none();
        format.is_none() && encoding.is_none() && is_csv_default && are_types_default
    }
}

fn formats() -> impl TypedValueParser<Value = Format> {
    let names = ["csv", "tsv", "ndjson", "json", "parquet", "avro", "arrow", "orc"];
    PossibleValuesParser::new(names).try_map(named::<Format>)
}

fn encodings() -> impl TypedValueParser<Value = Encoding> {
    let names = ["utf-8", "utf-16le", "utf-16be", "windows-1252", "latin1"];
    PossibleValuesParser::new(names).try_map(named::<Encoding>)
}

/// What a job file calls by this name.
fn named<T: DeserializeOwned>(name: String) -> Result<T, serde_json::Error> {
    serde_json::from_value(serde_json::Value::String(name))
}
