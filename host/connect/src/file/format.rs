//! Formats and compressions, and how they are told from names.

use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Values separated by commas, one record per line.
    Csv,
    /// Values separated by tabs, one record per line.
    Tsv,
    /// One JSON object per line.
    Ndjson,
    /// A JSON array of objects, or JSON objects one behind the other.
    Json,
    /// Apache Parquet.
    Parquet,
    /// Apache Avro's object container files.
    Avro,
    /// Arrow IPC, as a file or as a stream.
    Arrow,
    /// Apache ORC; read only.
    Orc,
}

impl Format {
    /// What messages offer where no format is found.
    pub(super) const EXPECTED: &str = ".csv, .tsv, .ndjson, .jsonl, .json (each also with .gz, .zst, .bz2 or .xz behind it), .parquet, .avro, .arrow or .orc";

    /// The format and compression that a file's name stands for.
    pub fn of_name(name: &str) -> Option<(Self, Codec)> {
        let (stem, codec) = Codec::strip(name);
        let extension = stem.rsplit_once('.')?.1.to_ascii_lowercase();
        let format = match extension.as_str() {
            "csv" => Self::Csv,
            "tsv" | "tab" => Self::Tsv,
            "ndjson" | "jsonl" => Self::Ndjson,
            "json" => Self::Json,
            "parquet" | "pq" => Self::Parquet,
            "avro" => Self::Avro,
            "arrow" | "arrows" | "feather" | "ipc" => Self::Arrow,
            "orc" => Self::Orc,
            _ => return None,
        };
        Some((format, codec))
    }

    /// The format that a file's first bytes stand for; text has none.
    pub(super) fn of_bytes(start: &[u8]) -> Option<Self> {
        match start {
            [b'P', b'A', b'R', b'1', ..] => Some(Self::Parquet),
            [b'O', b'b', b'j', 1, ..] => Some(Self::Avro),
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] | [0xff, 0xff, 0xff, 0xff, ..] => Some(Self::Arrow),
            [b'O', b'R', b'C', ..] => Some(Self::Orc),
            _ => None,
        }
    }

    /// Whether files of this format are text, which may be compressed as a whole.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv | Self::Ndjson | Self::Json)
    }

    /// Name of the format, as in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Ndjson => "NDJSON",
            Self::Json => "JSON",
            Self::Parquet => "Parquet",
            Self::Avro => "Avro",
            Self::Arrow => "Arrow",
            Self::Orc => "ORC",
        }
    }

    /// Extension of the files that a sink makes, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Parquet => "parquet",
            Self::Avro => "avro",
            Self::Arrow => "arrow",
            Self::Orc => "orc",
        }
    }
}

/// Compression of a text file as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Codec {
    /// Not compressed.
    #[default]
    None,
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
    /// `.bz2`
    Bzip2,
    /// `.xz`
    Xz,
}

impl Codec {
    /// A name without the extension that stands for a compression, and that compression.
    pub(super) fn strip(name: &str) -> (&str, Self) {
        let Some((stem, extension)) = name.rsplit_once('.') else {
            return (name, Self::None);
        };
        match extension.to_ascii_lowercase().as_str() {
            "gz" | "gzip" => (stem, Self::Gzip),
            "zst" | "zstd" => (stem, Self::Zstd),
            "bz2" | "bzip2" => (stem, Self::Bzip2),
            "xz" => (stem, Self::Xz),
            _ => (name, Self::None),
        }
    }

    /// The compression that a file's first bytes stand for.
    pub(super) fn of_bytes(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ => Self::None,
        }
    }

    pub(super) fn decoder(self) -> FileCompressionType {
        match self {
            Self::None => FileCompressionType::UNCOMPRESSED,
            Self::Gzip => FileCompressionType::GZIP,
            Self::Zstd => FileCompressionType::ZSTD,
            Self::Bzip2 => FileCompressionType::BZIP2,
            Self::Xz => FileCompressionType::XZ,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_from_names() {
        let cases = [
            ("flights.csv", Some((Format::Csv, Codec::None))),
            ("a.b/flights.CSV.GZ", Some((Format::Csv, Codec::Gzip))),
            ("x.tsv.zst", Some((Format::Tsv, Codec::Zstd))),
            ("x.jsonl.bz2", Some((Format::Ndjson, Codec::Bzip2))),
            ("x.ndjson.xz", Some((Format::Ndjson, Codec::Xz))),
            ("x.json.gz", Some((Format::Json, Codec::Gzip))),
            ("x.avro", Some((Format::Avro, Codec::None))),
            ("x.feather", Some((Format::Arrow, Codec::None))),
            ("x.orc", Some((Format::Orc, Codec::None))),
            ("x.parquet", Some((Format::Parquet, Codec::None))),
            ("x.gz", None),
            ("folder", None),
            ("x.xlsx", None),
        ];
        for (name, expected) in cases {
            assert_eq!(Format::of_name(name), expected, "{name}");
        }
    }
}
