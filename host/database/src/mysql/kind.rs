//! What MySQL's types are in Arrow.

use arrow::datatypes::{DataType, TimeUnit};
use mysql_async::Column;
use mysql_async::consts::{ColumnFlags, ColumnType};

/// The largest precision of a 128-bit decimal.
const DECIMAL_128: u8 = 38;

/// The character set of bytes.
const BINARY: u16 = 63;

/// What a column holds, as far as it matters to how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `tinyint(1)` and `bit(1)`.
    Boolean,
    Integer {
        bits: u8,
        unsigned: bool,
    },
    /// `bit(n)`, which is sent as bytes.
    Bits,
    Year,
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: i8,
    },
    Text,
    Json,
    Binary,
    Date,
    Time,
    /// In no time zone.
    DateTime,
    /// A moment, which is kept in UTC.
    Timestamp,
    /// What has no type in Arrow, and a text form that a function makes.
    Geometry,
    /// What has no type in Arrow, and is sent as text.
    Other,
}

impl Kind {
    /// Of a type as `information_schema.columns.column_type` writes it: `int(10) unsigned`, `decimal(12,2)`.
    pub(crate) fn of_type(column_type: &str) -> Self {
        let lower = column_type.to_ascii_lowercase();
        let name: String = lower.chars().take_while(char::is_ascii_alphanumeric).collect();
        let unsigned = lower.contains(" unsigned");
        let integer = |bits| Self::Integer { bits, unsigned };
        match name.as_str() {
            "tinyint" if lower.starts_with("tinyint(1)") && !unsigned => Self::Boolean,
            "bit" if lower == "bit(1)" => Self::Boolean,
            "bit" => Self::Bits,
            "tinyint" => integer(8),
            "smallint" => integer(16),
            "mediumint" | "int" | "integer" => integer(32),
            "bigint" => integer(64),
            "year" => Self::Year,
            "float" => Self::Float,
            "double" | "real" => Self::Double,
            "decimal" | "numeric" => {
                let mut sizes = arguments(&lower);
                Self::Decimal {
                    precision: sizes.next().unwrap_or(10),
                    scale: sizes.next().unwrap_or(0) as i8,
                }
            }
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set" => Self::Text,
            "json" => Self::Json,
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Self::Binary,
            "date" => Self::Date,
            "time" => Self::Time,
            "datetime" => Self::DateTime,
            "timestamp" => Self::Timestamp,
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
            | "geometrycollection" | "geomcollection" => Self::Geometry,
            _ => Self::Other,
        }
    }

    /// Of a column of an answer.
    pub(crate) fn of_column(column: &Column) -> Self {
        let unsigned = column.flags().contains(ColumnFlags::UNSIGNED_FLAG);
        let integer = |bits| Self::Integer { bits, unsigned };
        let bytes = column.character_set() == BINARY;
        match column.column_type() {
            ColumnType::MYSQL_TYPE_TINY if column.column_length() == 1 && !unsigned => Self::Boolean,
            ColumnType::MYSQL_TYPE_TINY => integer(8),
            ColumnType::MYSQL_TYPE_SHORT => integer(16),
            ColumnType::MYSQL_TYPE_INT24 | ColumnType::MYSQL_TYPE_LONG => integer(32),
            ColumnType::MYSQL_TYPE_LONGLONG => integer(64),
            ColumnType::MYSQL_TYPE_YEAR => Self::Year,
            ColumnType::MYSQL_TYPE_BIT if column.column_length() == 1 => Self::Boolean,
            ColumnType::MYSQL_TYPE_BIT => Self::Bits,
            ColumnType::MYSQL_TYPE_FLOAT => Self::Float,
            ColumnType::MYSQL_TYPE_DOUBLE => Self::Double,
            ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => {
                // The length is that of the text: with a sign, and with a point where there are digits behind it.
                let scale = column.decimals();
                let beside = u32::from(!unsigned) + u32::from(scale > 0);
                Self::Decimal {
                    precision: column.column_length().saturating_sub(beside).clamp(1, 65) as u8,
                    scale: scale as i8,
                }
            }
            ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => Self::Date,
            ColumnType::MYSQL_TYPE_TIME | ColumnType::MYSQL_TYPE_TIME2 => Self::Time,
            ColumnType::MYSQL_TYPE_DATETIME | ColumnType::MYSQL_TYPE_DATETIME2 => Self::DateTime,
            ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => Self::Timestamp,
            ColumnType::MYSQL_TYPE_JSON => Self::Json,
            ColumnType::MYSQL_TYPE_GEOMETRY => Self::Geometry,
            ColumnType::MYSQL_TYPE_ENUM | ColumnType::MYSQL_TYPE_SET => Self::Text,
            ColumnType::MYSQL_TYPE_VARCHAR
            | ColumnType::MYSQL_TYPE_VAR_STRING
            | ColumnType::MYSQL_TYPE_STRING
            | ColumnType::MYSQL_TYPE_TINY_BLOB
            | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
            | ColumnType::MYSQL_TYPE_LONG_BLOB
            | ColumnType::MYSQL_TYPE_BLOB => {
                let listed = ColumnFlags::ENUM_FLAG | ColumnFlags::SET_FLAG;
                if bytes && !column.flags().intersects(listed) {
                    Self::Binary
                } else {
                    Self::Text
                }
            }
            _ => Self::Other,
        }
    }

    /// Its type in Arrow.
    pub(crate) fn arrow(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Integer {
                bits: 8,
                unsigned: false,
            } => DataType::Int8,
            Self::Integer {
                bits: 16,
                unsigned: false,
            }
            | Self::Year => DataType::Int16,
            Self::Integer {
                bits: 32,
                unsigned: false,
            } => DataType::Int32,
            Self::Integer { unsigned: false, .. } => DataType::Int64,
            Self::Integer { bits: 8, .. } => DataType::UInt8,
            Self::Integer { bits: 16, .. } => DataType::UInt16,
            Self::Integer { bits: 32, .. } => DataType::UInt32,
            Self::Integer { .. } | Self::Bits => DataType::UInt64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Decimal { precision, scale } if precision <= DECIMAL_128 => DataType::Decimal128(precision, scale),
            Self::Decimal { precision, scale } => DataType::Decimal256(precision, scale),
            Self::Binary => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::DateTime => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Text | Self::Json | Self::Geometry | Self::Other => DataType::Utf8,
        }
    }

    /// What a person should know of how it is read.
    pub(crate) fn note(self, database_type: &str) -> Option<String> {
        let note = match self {
            Self::Boolean if database_type.starts_with("tinyint") => {
                "read as a boolean, as MySQL declares them; give it the type `signed` where it holds other numbers \
                 than 0 and 1"
            }
            Self::Bits => "read as a number",
            Self::Geometry => "read as well-known text, since Arrow has no such type",
            Self::Other => "read as text, since Arrow has no such type",
            _ => return None,
        };
        Some(note.to_owned())
    }

    /// The type that a person would write, for columns of queries, of which the server says no more.
    pub(crate) fn database_type(self) -> String {
        match self {
            Self::Boolean => "tinyint(1)".to_owned(),
            Self::Integer { bits, unsigned } => {
                let name = match bits {
                    8 => "tinyint",
                    16 => "smallint",
                    32 => "int",
                    _ => "bigint",
                };
                format!("{name}{}", if unsigned { " unsigned" } else { "" })
            }
            Self::Bits => "bit".to_owned(),
            Self::Year => "year".to_owned(),
            Self::Float => "float".to_owned(),
            Self::Double => "double".to_owned(),
            Self::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
            Self::Text | Self::Other => "text".to_owned(),
            Self::Json => "json".to_owned(),
            Self::Binary => "blob".to_owned(),
            Self::Date => "date".to_owned(),
            Self::Time => "time".to_owned(),
            Self::DateTime => "datetime".to_owned(),
            Self::Timestamp => "timestamp".to_owned(),
            Self::Geometry => "geometry".to_owned(),
        }
    }
}

/// The numbers in parentheses behind a type's name.
fn arguments(column_type: &str) -> impl Iterator<Item = u8> {
    let inside = column_type.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    inside
        .map(|(inside, _)| inside)
        .into_iter()
        .flat_map(|inside| inside.split(','))
        .filter_map(|size| size.trim().parse().ok())
}

/// What `cast` takes for a type that a person has written; none where it takes no such type.
pub(crate) fn cast_type(written: &str) -> Option<String> {
    let lower = written.trim().to_ascii_lowercase();
    let lower = lower.split_whitespace().collect::<Vec<_>>().join(" ");
    let (name, sizes) = match lower.split_once('(') {
        Some((name, rest)) => (name.trim(), Some(rest.strip_suffix(')')?)),
        None => (lower.as_str(), None),
    };
    let sizes = match sizes {
        Some(sizes)
            if sizes
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b',' || byte == b' ') =>
        {
            format!("({sizes})")
        }
        Some(_) => return None,
        None => String::new(),
    };
    Some(match name {
        "char" | "varchar" => format!("char{sizes}"),
        "text" | "tinytext" | "mediumtext" | "longtext" | "string" | "json" => "char".to_owned(),
        "binary" | "varbinary" => format!("binary{sizes}"),
        "blob" | "longblob" | "bytea" => "binary".to_owned(),
        "signed" | "tinyint" | "smallint" | "int" | "integer" | "bigint" => "signed".to_owned(),
        "unsigned" | "int unsigned" | "integer unsigned" | "bigint unsigned" => "unsigned".to_owned(),
        "decimal" | "numeric" => format!("decimal{sizes}"),
        "double" | "double precision" | "real" => "double".to_owned(),
        "float" => "float".to_owned(),
        "date" => "date".to_owned(),
        "time" if sizes.is_empty() => "time(6)".to_owned(),
        "time" => format!("time{sizes}"),
        "datetime" | "timestamp" if sizes.is_empty() => "datetime(6)".to_owned(),
        "datetime" | "timestamp" => format!("datetime{sizes}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_they_are_declared() {
        assert_eq!(Kind::of_type("tinyint(1)").arrow(), DataType::Boolean);
        assert_eq!(Kind::of_type("tinyint(4)").arrow(), DataType::Int8);
        assert_eq!(Kind::of_type("bigint(20) unsigned").arrow(), DataType::UInt64);
        assert_eq!(Kind::of_type("decimal(12,2)").arrow(), DataType::Decimal128(12, 2));
        assert_eq!(Kind::of_type("decimal(65,30)").arrow(), DataType::Decimal256(65, 30));
        assert_eq!(Kind::of_type("enum('date','int(1) unsigned')").arrow(), DataType::Utf8);
        assert_eq!(Kind::of_type("inet6"), Kind::Other);
    }

    #[test]
    fn casts_take_no_sql() {
        assert_eq!(cast_type("Decimal(20, 4)").as_deref(), Some("decimal(20, 4)"));
        assert_eq!(cast_type("text").as_deref(), Some("char"));
        assert_eq!(cast_type("char) from mysql.user -- ("), None);
        assert_eq!(cast_type("decimal(1),(select 1)"), None);
    }
}
