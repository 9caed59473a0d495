//! Encodes batches into one file.

use std::fs::File;
use std::io::BufWriter;

use arrow::array::RecordBatch;
use arrow::csv;
use arrow::json::LineDelimitedWriter;
use parquet::arrow::ArrowWriter;

use super::config::WriteConfig;
use super::encodings;
use super::format::Format;
use super::read::ascii;
use crate::Error;

/// Bytes that are gathered before they go to a text file.
const TEXT_BUFFER_BYTES: usize = 1 << 20;

/// Writes batches to a file in one format.
pub(super) struct Encoder {
    kind: Kind,
    target: String,
    format: Format,
}

enum Kind {
    Parquet(Box<ArrowWriter<File>>),
    Csv(Box<csv::Writer<BufWriter<File>>>),
    Ndjson(LineDelimitedWriter<BufWriter<File>>),
}

impl Encoder {
    /// Starts a file. The encoding suits `first`, which is yet to be written.
    pub fn start(config: &WriteConfig, format: Format, file: File, first: &RecordBatch) -> Result<Self, Error> {
        let kind = match format {
            Format::Parquet => {
                let properties = encodings::properties(&config.parquet, first);
                let writer = ArrowWriter::try_new(file, first.schema(), Some(properties))
                    .map_err(|error| encode_error(&config.url, format, error))?;
                Kind::Parquet(Box::new(writer))
            }
            Format::Csv | Format::Tsv => {
                let default = if format == Format::Tsv { '\t' } else { ',' };
                let delimiter = ascii(&config.url, "delimiter", config.csv.delimiter.unwrap_or(default))?;
                let mut writer = csv::WriterBuilder::new()
                    .with_header(config.csv.header)
                    .with_delimiter(delimiter)
                    .with_null(config.csv.null.clone())
                    .build(BufWriter::with_capacity(TEXT_BUFFER_BYTES, file));
                // An empty batch writes the header, which even a file without rows needs.
                writer
                    .write(&first.slice(0, 0))
                    .map_err(|error| encode_error(&config.url, format, error))?;
                Kind::Csv(Box::new(writer))
            }
            Format::Ndjson => Kind::Ndjson(LineDelimitedWriter::new(BufWriter::with_capacity(
                TEXT_BUFFER_BYTES,
                file,
            ))),
            Format::Json | Format::Avro | Format::Arrow | Format::Orc => {
                return Err(Error::Config {
                    subject: config.url.clone(),
                    reason: format!("{} cannot be written; choose another format", format.name()),
                });
            }
        };
        Ok(Self {
            kind,
            target: config.url.clone(),
            format,
        })
    }

    /// Adds rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let written: Result<(), Box<dyn std::error::Error + Send + Sync>> = match &mut self.kind {
            Kind::Parquet(writer) => writer.write(batch).map_err(Into::into),
            Kind::Csv(writer) => writer.write(batch).map_err(Into::into),
            Kind::Ndjson(writer) => writer.write(batch).map_err(Into::into),
        };
        written.map_err(|error| encode_error(&self.target, self.format, error))
    }

    /// Ends the file's content; it is complete, but not yet safe on disk.
    pub fn finish(self) -> Result<File, Error> {
        let (target, format) = (self.target, self.format);
        let finished: Result<File, Box<dyn std::error::Error + Send + Sync>> = match self.kind {
            Kind::Parquet(writer) => writer.into_inner().map_err(Into::into),
            Kind::Csv(writer) => writer
                .into_inner()
                .into_inner()
                .map_err(|error| error.into_error().into()),
            Kind::Ndjson(mut writer) => writer.finish().map_err(Into::into).and_then(|()| {
                writer
                    .into_inner()
                    .into_inner()
                    .map_err(|error| error.into_error().into())
            }),
        };
        finished.map_err(|error| encode_error(&target, format, error))
    }
}

fn encode_error(target: &str, format: Format, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Encode {
        target: target.to_owned(),
        format: format.name(),
        source: source.into(),
    }
}
