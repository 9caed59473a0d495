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
        if let Some(simple) = SIMPLE.iter().find(|simple| simple.format == format) {
            return simple.data_type.clone();
        }
        parameterised(format).unwrap_or_else(|| Self::Nested(format.to_owned()))
    }

    /// The format string; of a dictionary, that of its indices.
    pub fn format(&self) -> String {
        match self {
            Self::Decimal {
                bits: 128,
                precision,
                scale,
            } => format!("d:{precision},{scale}"),
            Self::Decimal { bits, precision, scale } => format!("d:{precision},{scale},{bits}"),
            Self::FixedSizeBinary(width) => format!("w:{width}"),
            Self::Time(unit) => format!("tt{}", unit.letter()),
            Self::Duration(unit) => format!("tD{}", unit.letter()),
            Self::Timestamp(unit, zone) => format!("ts{}:{}", unit.letter(), zone.as_deref().unwrap_or("")),
            Self::Dictionary(indices) => indices.format(),
            Self::Nested(format) => format.clone(),
            simple => simple.simple().map_or("", |simple| simple.format).to_owned(),
        }
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
            Self::Decimal { bits: 256, .. } => "`column::<Decimal256>`",
            Self::Decimal { .. } => "`column::<i128>`",
            Self::Time(TimeUnit::Second | TimeUnit::Millisecond) => "`column::<Time32>`",
            Self::Time(_) => "`column::<Time64>`",
            Self::Timestamp(..) => "`column::<Timestamp>`",
            Self::Duration(_) => "`column::<Duration>`",
            Self::FixedSizeBinary(_) => BINARY,
            Self::Nested(format) => match format.as_str() {
                "+l" | "+L" | "+vl" | "+vL" => LIST,
                "+s" => "`column::<Struct>`",
                "+m" => "`column::<Map>`",
                fixed if fixed.starts_with("+w:") => LIST,
                _ => "`raw`",
            },
            Self::Dictionary(_) => "`strings` or `column::<Binary>` where the values are text or bytes, else `raw`",
            simple => simple.simple().map_or("`raw`", |simple| simple.accessor),
        }
    }

    fn simple(&self) -> Option<&'static Simple> {
        SIMPLE.iter().find(|simple| simple.data_type == *self)
    }
}

/// A type without parameters.
struct Simple {
    data_type: DataType,
    format: &'static str,
    name: &'static str,
    accessor: &'static str,
}

const TEXT: &str = "`strings`";
const LIST: &str = "`column::<List>`";
const BINARY: &str = "`column::<Binary>`";

static SIMPLE: [Simple; 24] = [
    simple(DataType::Null, "n", "null", "`column::<NullColumn>`"),
    simple(DataType::Boolean, "b", "boolean", "`column::<bool>`"),
    simple(DataType::Int8, "c", "int8", "`column::<i8>`"),
    simple(DataType::Int16, "s", "int16", "`column::<i16>`"),
    simple(DataType::Int32, "i", "int32", "`column::<i32>`"),
    simple(DataType::Int64, "l", "int64", "`column::<i64>`"),
    simple(DataType::UInt8, "C", "uint8", "`column::<u8>`"),
    simple(DataType::UInt16, "S", "uint16", "`column::<u16>`"),
    simple(DataType::UInt32, "I", "uint32", "`column::<u32>`"),
    simple(DataType::UInt64, "L", "uint64", "`column::<u64>`"),
    simple(DataType::Float16, "e", "float16", "`column::<F16>`"),
    simple(DataType::Float32, "f", "float32", "`column::<f32>`"),
    simple(DataType::Float64, "g", "float64", "`column::<f64>`"),
    simple(DataType::Utf8, "u", "utf8", TEXT),
    simple(DataType::LargeUtf8, "U", "large utf8", TEXT),
    simple(DataType::Utf8View, "vu", "utf8 view", TEXT),
    simple(DataType::Binary, "z", "binary", BINARY),
    simple(DataType::LargeBinary, "Z", "large binary", BINARY),
    simple(DataType::BinaryView, "vz", "binary view", BINARY),
    simple(DataType::Date, "tdD", "date", "`column::<Date>`"),
    simple(
        DataType::DateMillis,
        "tdm",
        "date in milliseconds",
        "`column::<DateMillis>`",
    ),
    simple(DataType::IntervalMonths, "tiM", "interval", "`column::<Months>`"),
    simple(DataType::IntervalDays, "tiD", "interval", "`column::<DayMillis>`"),
    simple(
        DataType::IntervalMonthDayNanos,
        "tin",
        "interval",
        "`column::<MonthDayNanos>`",
    ),
];

const fn simple(data_type: DataType, format: &'static str, name: &'static str, accessor: &'static str) -> Simple {
    Simple {
        data_type,
        format,
        name,
        accessor,
    }
}

/// Types whose format has parameters.
fn parameterised(format: &str) -> Option<DataType> {
    if let Some(arguments) = format.strip_prefix("d:") {
        return decimal(arguments);
    }
    if let Some(width) = format.strip_prefix("w:") {
        return width.parse().ok().map(DataType::FixedSizeBinary);
    }
    let unit = TimeUnit::of(format.get(2..3)?)?;
    match (format.get(..2)?, format.get(3..)?) {
        ("tt", "") => Some(DataType::Time(unit)),
        ("tD", "") => Some(DataType::Duration(unit)),
        ("ts", zone) => {
            let zone = zone.strip_prefix(':')?;
            Some(DataType::Timestamp(unit, (!zone.is_empty()).then(|| zone.to_owned())))
        }
        _ => None,
    }
}

impl Display for DataType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Decimal { bits, precision, scale } => return write!(f, "decimal{bits}({precision}, {scale})"),
            Self::FixedSizeBinary(width) => return write!(f, "fixed-size binary({width})"),
            Self::Time(_) => "time",
            Self::Timestamp(..) => "timestamp",
            Self::Duration(_) => "duration",
            Self::Dictionary(_) => "dictionary",
            Self::Nested(format) => match format.as_str() {
                "+l" | "+L" | "+vl" | "+vL" => "list",
                "+s" => "struct",
                "+m" => "map",
                "+r" => "run-end encoded",
                fixed if fixed.starts_with("+w:") => "fixed-size list",
                _ => return write!(f, "a nested type (`{format}`)"),
            },
            simple => simple.simple().map_or("unknown", |simple| simple.name),
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
