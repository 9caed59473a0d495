//! Encodes batches into one file's bytes.

use std::sync::Arc;

use arrow::array::{RecordBatch, new_null_array};
use arrow::csv;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow::json::{ArrayWriter, LineDelimitedWriter};
use arrow_avro::compression::CompressionCodec;
use arrow_avro::writer::format::AvroOcfFormat;
use arrow_avro::writer::{AvroWriter, WriterBuilder};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;

use super::compress::{Compressor, Gathered};
use super::config::WriteConfig;
use super::encodings;
use super::format::{Codec, Format};
use super::read::ascii;
use crate::Error;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How the files of a sink are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    pub format: Format,
    pub codec: Codec,
    /// Arrow IPC in its streaming form.
    pub stream: bool,
}

/// Encodes batches in one format. What it has encoded is taken away from time to time.
pub(super) struct Encoder {
    kind: Kind,
    gathered: Gathered,
    /// Bytes that were taken away.
    taken: u64,
    target: String,
    format: Format,
}

enum Kind {
    Parquet(Box<ArrowWriter<Gathered>>),
    Csv(Box<csv::Writer<Compressor>>),
    Ndjson(LineDelimitedWriter<Compressor>),
    Json(ArrayWriter<Compressor>),
    Avro(Box<AvroWriter<Gathered>>),
    ArrowFile(Box<FileWriter<Gathered>>),
    ArrowStream(Box<StreamWriter<Gathered>>),
}

impl Encoder {
    /// Starts a file. The encoding suits `first`, which is yet to be written.
    pub fn start(config: &WriteConfig, encoding: Encoding, first: &RecordBatch) -> Result<Self, Error> {
        let gathered = Gathered::default();
        let format = encoding.format;
        let failed = |error: Failure| encode_error(&config.url, format, error);
        let kind = match format {
            Format::Parquet => {
                let properties = encodings::properties(&config.url, &config.parquet, first)?;
                let writer = ArrowWriter::try_new(gathered.clone(), first.schema(), Some(properties));
                Kind::Parquet(Box::new(writer.map_err(|error| failed(error.into()))?))
            }
            Format::Csv | Format::Tsv => {
                let default = if format == Format::Tsv { '\t' } else { ',' };
                let delimiter = ascii(&config.url, "delimiter", config.csv.delimiter.unwrap_or(default))?;
                let output = Compressor::new(encoding.codec, gathered.clone()).map_err(|error| failed(error.into()))?;
                let mut writer = csv::WriterBuilder::new()
                    .with_header(config.csv.header)
                    .with_delimiter(delimiter)
                    .with_null(config.csv.null.clone())
                    .build(output);
                // An empty batch writes the header, which even a file without rows needs.
                writer.write(&first.slice(0, 0)).map_err(|error| failed(error.into()))?;
                Kind::Csv(Box::new(writer))
            }
            Format::Ndjson | Format::Json => {
                let output = Compressor::new(encoding.codec, gathered.clone()).map_err(|error| failed(error.into()))?;
                if format == Format::Json {
                    Kind::Json(ArrayWriter::new(output))
                } else {
                    Kind::Ndjson(LineDelimitedWriter::new(output))
                }
            }
            Format::Avro => {
                let writer = WriterBuilder::new(first.schema().as_ref().clone())
                    .with_compression(avro_codec(encoding.codec))
                    .build::<_, AvroOcfFormat>(gathered.clone());
                Kind::Avro(Box::new(writer.map_err(|error| failed(error.into()))?))
            }
            Format::Arrow => {
                let compression = (encoding.codec == Codec::Zstd).then_some(CompressionType::ZSTD);
                let options = IpcWriteOptions::default().try_with_compression(compression);
                let options = options.map_err(|error| failed(error.into()))?;
                let (output, schema) = (gathered.clone(), first.schema());
                if encoding.stream {
                    let writer = StreamWriter::try_new_with_options(output, &schema, options);
                    Kind::ArrowStream(Box::new(writer.map_err(|error| failed(error.into()))?))
                } else {
                    let writer = FileWriter::try_new_with_options(output, &schema, options);
                    Kind::ArrowFile(Box::new(writer.map_err(|error| failed(error.into()))?))
                }
            }
            Format::Orc => {
                return Err(Error::Config {
                    subject: config.url.clone(),
                    reason: "ORC can be read but not written; choose another format, such as Parquet".to_owned(),
                });
            }
        };
        Ok(Self {
            kind,
            gathered,
            taken: 0,
            target: config.url.clone(),
            format,
        })
    }

    /// Adds rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let written: Result<(), Failure> = match &mut self.kind {
            Kind::Parquet(writer) => writer.write(batch).map_err(Into::into),
            Kind::Csv(writer) => writer.write(batch).map_err(Into::into),
            Kind::Ndjson(writer) => writer.write(batch).map_err(Into::into),
            Kind::Json(writer) => writer.write(batch).map_err(Into::into),
            Kind::Avro(writer) => writer.write(batch).map_err(Into::into),
            Kind::ArrowFile(writer) => writer.write(batch).map_err(Into::into),
            Kind::ArrowStream(writer) => writer.write(batch).map_err(Into::into),
        };
        written.map_err(|error| encode_error(&self.target, self.format, error))
    }

    /// Encodes what the format would hold back until its next row group.
    pub fn flush(&mut self) -> Result<(), Error> {
        match &mut self.kind {
            Kind::Parquet(writer) => writer
                .flush()
                .map_err(|error| encode_error(&self.target, self.format, error.into())),
            _ => Ok(()),
        }
    }

    /// Bytes that can be taken away now.
    pub fn ready(&self) -> usize {
        self.gathered.len()
    }

    /// Takes away what is encoded.
    pub fn take(&mut self) -> Bytes {
        let bytes = self.gathered.take();
        self.taken += bytes.len() as u64;
        bytes
    }

    /// About how many bytes the file would have if it ended now.
    pub fn size(&self) -> u64 {
        self.taken + (self.gathered.len() + self.held_back(ArrowWriter::in_progress_size)) as u64
    }

    /// Bytes of memory that the file takes up.
    pub fn memory(&self) -> usize {
        self.gathered.len() + self.held_back(ArrowWriter::memory_size)
    }

    fn held_back(&self, measure: impl Fn(&ArrowWriter<Gathered>) -> usize) -> usize {
        match &self.kind {
            Kind::Parquet(writer) => measure(writer),
            _ => 0,
        }
    }

    /// Ends the file's content and returns the last of it, and the size of the whole in bytes.
    pub fn finish(self) -> Result<(Bytes, u64), Error> {
        let finished: Result<(), Failure> = match self.kind {
            Kind::Parquet(writer) => writer.close().map(drop).map_err(Into::into),
            Kind::Csv(writer) => writer.into_inner().finish().map_err(Into::into),
            Kind::Ndjson(mut writer) => writer
                .finish()
                .map_err(Into::into)
                .and_then(|()| writer.into_inner().finish().map_err(Into::into)),
            Kind::Json(mut writer) => writer
                .finish()
                .map_err(Into::into)
                .and_then(|()| writer.into_inner().finish().map_err(Into::into)),
            Kind::Avro(mut writer) => writer.finish().map_err(Into::into),
            Kind::ArrowFile(mut writer) => writer.finish().map_err(Into::into),
            Kind::ArrowStream(mut writer) => writer.finish().map_err(Into::into),
        };
        finished.map_err(|error| encode_error(&self.target, self.format, error))?;
        let last = self.gathered.take();
        let size = self.taken + last.len() as u64;
        Ok((last, size))
    }
}

/// Tells, before any row is read, whether the format can hold the columns.
pub(super) fn check(config: &WriteConfig, encoding: Encoding, schema: &Schema) -> Result<(), Error> {
    if schema.fields().is_empty() {
        return Err(Error::Config {
            subject: config.url.clone(),
            reason: "there are no columns to write".to_owned(),
        });
    }
    for field in schema.fields() {
        // One row without a value goes through everything that depends on the type.
        let probe = Field::new(field.name(), field.data_type().clone(), true);
        let column = new_null_array(field.data_type(), 1);
        let row = RecordBatch::try_new(Arc::new(Schema::new(vec![probe])), vec![column]);
        let written = row.map_err(|error| encode_error(&config.url, encoding.format, error.into()));
        let written = written.and_then(|row| {
            let mut encoder = Encoder::start(config, encoding, &row)?;
            encoder.write(&row)?;
            encoder.finish().map(drop)
        });
        match written {
            Err(Error::Encode { source, .. }) => {
                return Err(Error::Unsupported {
                    target: config.url.clone(),
                    column: field.name().clone(),
                    data_type: field.data_type().to_string(),
                    format: encoding.format.name(),
                    help: help(field.name(), field.data_type()),
                    source,
                });
            }
            other => other?,
        }
    }
    Ok(())
}

/// An expression that makes something of the column that every format can hold.
fn help(column: &str, data_type: &DataType) -> String {
    let column = format!("\"{}\"", column.replace('"', "\"\""));
    match data_type {
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _) => {
            format!("turn it into text with `array_to_string({column}, ';')`, or write Parquet or NDJSON")
        }
        DataType::Struct(fields) if !fields.is_empty() => {
            let names: Vec<String> = fields
                .iter()
                .map(|field| format!("{column}['{}']", field.name()))
                .take(3)
                .collect();
            format!(
                "select its fields as columns, as `{}`, or write Parquet or NDJSON",
                names.join(", ")
            )
        }
        DataType::Map(_, _) => format!("take it apart with `map_keys({column})` and `map_values({column})`"),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            format!("turn it into text with `encode({column}, 'hex')`")
        }
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 | DataType::Duration(_) => {
            format!("cast it with `cast({column} as bigint)`")
        }
        DataType::Float16 => format!("cast it with `cast({column} as real)`"),
        DataType::Null | DataType::Struct(_) => {
            format!("leave it out, or give it a type with `cast({column} as varchar)`")
        }
        DataType::Dictionary(_, _) | DataType::RunEndEncoded(_, _) => {
            format!("give it a plain type with `cast({column} as varchar)`")
        }
        _ => format!("turn it into text with `cast({column} as varchar)`"),
    }
}

fn avro_codec(codec: Codec) -> Option<CompressionCodec> {
    match codec {
        Codec::None => None,
        Codec::Gzip => Some(CompressionCodec::Deflate),
        Codec::Zstd => Some(CompressionCodec::ZStandard),
        Codec::Bzip2 => Some(CompressionCodec::Bzip2),
        Codec::Xz => Some(CompressionCodec::Xz),
    }
}

fn encode_error(target: &str, format: Format, source: Failure) -> Error {
    Error::Encode {
        target: target.to_owned(),
        format: format.name(),
        source,
    }
}
