//! Arrow's types, as they are named in the schema that crosses the boundary.

use std::fmt::{self, Display, Formatter};

/// The unit of a time, timestamp or duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// Seconds.
    Second,
    /// Milliseconds.
    Millisecond,
    /// Microseconds.
    Microsecond,
    /// Nanoseconds.
    Nanosecond,
}

impl TimeUnit {
    /// How many of this unit make a second.
    pub fn per_second(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Millisecond => 1_000,
            Self::Microsecond => 1_000_000,
            Self::Nanosecond => 1_000_000_000,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Second => 's',
            Self::Millisecond => 'm',
            Self::Microsecond => 'u',
            Self::Nanosecond => 'n',
        }
    }

    fn of(letter: &str) -> Option<Self> {
        Some(match letter {
            "s" => Self::Second,
            "m" => Self::Millisecond,
            "u" => Self::Microsecond,
            "n" => Self::Nanosecond,
            _ => return None,
        })
    }
}

/// The type of a column. Types with children keep them in their [`Field`](crate::Field).
///
/// Its text is the format string of the Arrow C data interface (`l`, `u`, `tsu:UTC`, `d:38,10`, `+s`), which
/// [`DataType::parse`] reads and [`DataType::format`] writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DataType {
    /// Nothing but nulls.
    Null,
    /// True or false.
    Boolean,
    /// Signed, 8 bits.
    Int8,
    /// Signed, 16 bits.
    Int16,
    /// Signed, 32 bits.
    Int32,
    /// Signed, 64 bits.
    Int64,
    /// Unsigned, 8 bits.
    UInt8,
    /// Unsigned, 16 bits.
    UInt16,
    /// Unsigned, 32 bits.
    UInt32,
    /// Unsigned, 64 bits.
    UInt64,
    /// IEEE half precision.
    Float16,
    /// IEEE single precision.
    Float32,
    /// IEEE double precision.
    Float64,
    /// An integer of so many bits, scaled by a power of ten.
    Decimal {
        /// 32, 64, 128 or 256.
        bits: u16,
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: i8,
    },
    /// Days since the Unix epoch, 32 bits.
    Date,
    /// Milliseconds since the Unix epoch, 64 bits.
    DateMillis,
    /// Since midnight: 32 bits for seconds and milliseconds, else 64.
    Time(TimeUnit),
    /// Since the Unix epoch, 64 bits, with a time zone to show it in.
    Timestamp(TimeUnit, Option<String>),
    /// A span of time, 64 bits.
    Duration(TimeUnit),
    /// Months, 32 bits.
    IntervalMonths,
    /// Days and milliseconds.
    IntervalDays,
    /// Months, days and nanoseconds.
    IntervalMonthDayNanos,
    /// Text with 32-bit offsets.
    Utf8,
    /// Text with 64-bit offsets.
    LargeUtf8,
    /// Text as views; crosses with 32-bit offsets.
    Utf8View,
    /// Bytes with 32-bit offsets.
    Binary,
    /// Bytes with 64-bit offsets.
    LargeBinary,
    /// Bytes as views; crosses with 32-bit offsets.
    BinaryView,
    /// So many bytes each.
    FixedSizeBinary(u32),
    /// Indices of this type into the values of the last child.
    Dictionary(Box<DataType>),
    /// Any type with children, or one that this version doesn't know: its format string.
    Nested(String),
}

impl DataType {
    /// Reads a format string. What is not known here becomes [`DataType::Nested`].
    pub fn parse(format: &str) -> Self {
        let nested = || Self::Nested(format.to_owned());
        match format {
            "n" => Self::Null,
            "b" => Self::Boolean,
            "c" => Self::Int8,
            "s" => Self::Int16,
            "i" => Self::Int32,
            "l" => Self::Int64,
            "C" => Self::UInt8,
            "S" => Self::UInt16,
            "I" => Self::UInt32,
            "L" => Self::UInt64,
            "e" => Self::Float16,
            "f" => Self::Float32,
            "g" => Self::Float64,
            "u" => Self::Utf8,
            "U" => Self::LargeUtf8,
            "vu" => Self::Utf8View,
            "z" => Self::Binary,
            "Z" => Self::LargeBinary,
            "vz" => Self::BinaryView,
            "tdD" => Self::Date,
            "tdm" => Self::DateMillis,
            "tiM" => Self::IntervalMonths,
            "tiD" => Self::IntervalDays,
            "tin" => Self::IntervalMonthDayNanos,
            _ => {
                if let Some(arguments) = format.strip_prefix("d:") {
                    return decimal(arguments).unwrap_or_else(nested);
                }
                if let Some(width) = format.strip_prefix("w:") {
                    return width.parse().map_or_else(|_| nested(), Self::FixedSizeBinary);
                }
                if let Some(unit) = format.strip_prefix("tt").and_then(TimeUnit::of) {
                    return Self::Time(unit);
                }
                if let Some(unit) = format.strip_prefix("tD").and_then(TimeUnit::of) {
                    return Self::Duration(unit);
                }
                if let Some((unit, zone)) = format.strip_prefix("ts").and_then(|rest| rest.split_once(':'))
                    && let Some(unit) = TimeUnit::of(unit)
                {
                    return Self::Timestamp(unit, (!zone.is_empty()).then(|| zone.to_owned()));
                }
                nested()
            }
        }
    }

    /// The format string; of a dictionary, that of its indices.
    pub fn format(&self) -> String {
        let fixed = match self {
            Self::Null => "n",
            Self::Boolean => "b",
            Self::Int8 => "c",
            Self::Int16 => "s",
            Self::Int32 => "i",
            Self::Int64 => "l",
            Self::UInt8 => "C",
            Self::UInt16 => "S",
            Self::UInt32 => "I",
            Self::UInt64 => "L",
            Self::Float16 => "e",
            Self::Float32 => "f",
            Self::Float64 => "g",
            Self::Utf8 => "u",
            Self::LargeUtf8 => "U",
            Self::Utf8View => "vu",
            Self::Binary => "z",
            Self::LargeBinary => "Z",
            Self::BinaryView => "vz",
            Self::Date => "tdD",
            Self::DateMillis => "tdm",
            Self::IntervalMonths => "tiM",
            Self::IntervalDays => "tiD",
            Self::IntervalMonthDayNanos => "tin",
            Self::Decimal {
                bits: 128,
                precision,
                scale,
            } => return format!("d:{precision},{scale}"),
            Self::Decimal { bits, precision, scale } => return format!("d:{precision},{scale},{bits}"),
            Self::FixedSizeBinary(width) => return format!("w:{width}"),
            Self::Time(unit) => return format!("tt{}", unit.letter()),
            Self::Duration(unit) => return format!("tD{}", unit.letter()),
            Self::Timestamp(unit, zone) => return format!("ts{}:{}", unit.letter(), zone.as_deref().unwrap_or("")),
            Self::Dictionary(indices) => return indices.format(),
            Self::Nested(format) => format,
        };
        fixed.to_owned()
    }

    /// Whether values are text, whatever their layout.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Utf8 | Self::LargeUtf8 | Self::Utf8View)
    }

    /// Whether values are bytes of any length, whatever their layout.
    pub fn is_binary(&self) -> bool {
        matches!(self, Self::Binary | Self::LargeBinary | Self::BinaryView)
    }

    /// What to call to read a column of this type: the end of the sentence "read it with".
    pub(crate) fn accessor(&self) -> &'static str {
        match self {
            Self::Boolean => "`column::<bool>`",
            Self::Int8 => "`column::<i8>`",
            Self::Int16 => "`column::<i16>`",
            Self::Int32 => "`column::<i32>`",
            Self::Int64 => "`column::<i64>`",
            Self::UInt8 => "`column::<u8>`",
            Self::UInt16 => "`column::<u16>`",
            Self::UInt32 => "`column::<u32>`",
            Self::UInt64 => "`column::<u64>`",
            Self::Float16 => "`column::<F16>`",
            Self::Float32 => "`column::<f32>`",
            Self::Float64 => "`column::<f64>`",
            Self::Decimal { bits: 256, .. } => "`raw`, or narrow it with `eval(\"cast(.. as decimal(38, ..))\")`",
            Self::Decimal { .. } => "`column::<i128>`",
            Self::Date => "`column::<Date>`",
            Self::DateMillis => "`column::<DateMillis>`",
            Self::Time(TimeUnit::Second | TimeUnit::Millisecond) => "`column::<Time32>`",
            Self::Time(_) => "`column::<Time64>`",
            Self::Timestamp(..) => "`column::<Timestamp>`",
            Self::Duration(_) => "`column::<Duration>`",
            Self::IntervalMonths => "`column::<Months>`",
            Self::IntervalDays => "`column::<DayMillis>`",
            Self::IntervalMonthDayNanos => "`column::<MonthDayNanos>`",
            Self::Utf8 | Self::LargeUtf8 | Self::Utf8View => "`strings`",
            Self::Binary | Self::LargeBinary | Self::BinaryView | Self::FixedSizeBinary(_) => "`column::<Binary>`",
            Self::Dictionary(_) => "`strings` or `column::<Binary>` where the values are text or bytes, else `raw`",
            Self::Null | Self::Nested(_) => "`raw`",
        }
    }
}

impl Display for DataType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::UInt8 => "uint8",
            Self::UInt16 => "uint16",
            Self::UInt32 => "uint32",
            Self::UInt64 => "uint64",
            Self::Float16 => "float16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Decimal { bits, precision, scale } => return write!(f, "decimal{bits}({precision}, {scale})"),
            Self::Date => "date",
            Self::DateMillis => "date in milliseconds",
            Self::Time(_) => "time",
            Self::Timestamp(..) => "timestamp",
            Self::Duration(_) => "duration",
            Self::IntervalMonths | Self::IntervalDays | Self::IntervalMonthDayNanos => "interval",
            Self::Utf8 => "utf8",
            Self::LargeUtf8 => "large utf8",
            Self::Utf8View => "utf8 view",
            Self::Binary => "binary",
            Self::LargeBinary => "large binary",
            Self::BinaryView => "binary view",
            Self::FixedSizeBinary(width) => return write!(f, "fixed-size binary({width})"),
            Self::Dictionary(_) => "dictionary",
            Self::Nested(format) => match format.as_str() {
                "+l" | "+L" | "+vl" | "+vL" => "list",
                "+s" => "struct",
                "+m" => "map",
                "+r" => "run-end encoded",
                _ => return write!(f, "a nested type (`{format}`)"),
            },
        };
        f.write_str(name)
    }
}

fn decimal(arguments: &str) -> Option<DataType> {
    let mut parts = arguments.split(',');
    let precision = parts.next()?.parse().ok()?;
    let scale = parts.next()?.parse().ok()?;
    let bits = parts.next().map_or(Some(128), |bits| bits.parse().ok())?;
    (parts.next().is_none() && matches!(bits, 32 | 64 | 128 | 256)).then_some(DataType::Decimal {
        bits,
        precision,
        scale,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_survives_a_round_trip() {
        let formats = [
            "n",
            "b",
            "c",
            "s",
            "i",
            "l",
            "C",
            "S",
            "I",
            "L",
            "e",
            "f",
            "g",
            "u",
            "U",
            "vu",
            "z",
            "Z",
            "vz",
            "tdD",
            "tdm",
            "tts",
            "ttm",
            "ttu",
            "ttn",
            "tDs",
            "tDn",
            "tiM",
            "tiD",
            "tin",
            "tss:",
            "tsu:UTC",
            "tsn:Europe/Paris",
            "d:38,10",
            "d:9,2,32",
            "d:18,-3,64",
            "d:76,4,256",
            "w:16",
            "+l",
            "+s",
            "+m",
            "+w:3",
            "+us:0,1",
            "+r",
            "zz",
        ];
        for format in formats {
            assert_eq!(DataType::parse(format).format(), format);
        }
        assert_eq!(
            DataType::parse("d:38,10,128"),
            DataType::Decimal {
                bits: 128,
                precision: 38,
                scale: 10
            }
        );
        assert_eq!(DataType::parse("d:38"), DataType::Nested("d:38".to_owned()));
    }
}
