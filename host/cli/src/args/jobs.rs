//! Looking at jobs and sources.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use tenon_host::connect::SourceConfig;
use tenon_host::connect::file::{CsvRead, ReadConfig, SqlType};

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
  tenon preview 'lake/*.parquet' --rows 100";

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

    /// How to read CSV.
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

    /// How to read CSV.
    #[command(flatten)]
    pub csv: SourceArguments,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How to read CSV.
#[derive(Debug, Args)]
pub struct SourceArguments {
    /// A text that means "no value" in CSV; may be given several times
    #[arg(long, value_name = "TEXT", help_heading = "CSV")]
    pub null: Vec<String>,

    /// What separates values in CSV [default: a comma, or a tab for .tsv]
    #[arg(long, value_name = "CHARACTER", help_heading = "CSV")]
    pub delimiter: Option<char>,

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
                "the CSV options are for files; a table has types of its own".to_owned(),
            ));
        }
        Ok(SourceConfig::from(self.files(url)))
    }

    fn files(&self, url: &str) -> ReadConfig {
        let defaults = ReadConfig::new(url);
        ReadConfig {
            csv: CsvRead {
                delimiter: self.delimiter,
                header: !self.no_header,
                null: self.null.clone(),
                ..CsvRead::default()
            },
            infer_rows: self.infer_rows.unwrap_or(defaults.infer_rows),
            schema: self.types.iter().cloned().collect(),
            ..defaults
        }
    }

    /// Whether anything was said.
    pub fn is_empty(&self) -> bool {
        let Self {
            null,
            delimiter,
            no_header,
            types,
            infer_rows,
        } = self;
        null.is_empty() && delimiter.is_none() && !no_header && types.is_empty() && infer_rows.is_none()
    }
}
