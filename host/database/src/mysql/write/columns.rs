//! Which type of MySQL takes the values of a type of Arrow.

use arrow::datatypes::{DataType, Field};

use crate::mysql::kind::Kind;

/// How long a text or a binary value can be that is part of a key.
const KEY_LENGTH: u32 = 255;

/// The largest precision and scale of decimals.
const DECIMAL: (u8, i8) = (65, 30);

/// The type of a column for a field, in a table that is made; none where no column holds such values.
pub(crate) fn column_type(data_type: &DataType, is_key: bool) -> Option<String> {
    Some(match data_type {
        DataType::Boolean => "tinyint(1)".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "int".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::UInt8 => "tinyint unsigned".to_owned(),
        DataType::UInt16 => "smallint unsigned".to_owned(),
        DataType::UInt32 => "int unsigned".to_owned(),
        DataType::UInt64 => "bigint unsigned".to_owned(),
        DataType::Float16 | DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => decimal(*precision, *scale)?,
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "time(6)".to_owned(),
        DataType::Timestamp(_, None) => "datetime(6)".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp(6)".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            if is_key {
                format!("varbinary({KEY_LENGTH})")
            } else {
                "longblob".to_owned()
            }
        }
        // Texts that differ in Arrow are to differ as keys.
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if is_key => {
            format!("varchar({KEY_LENGTH}) character set utf8mb4 collate utf8mb4_bin")
        }
        DataType::Dictionary(_, values) => column_type(values, is_key)?,
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Null
        | DataType::Duration(_)
        | DataType::Interval(_) => "longtext character set utf8mb4".to_owned(),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => {
            column_type(item.data_type(), false)?;
            "json".to_owned()
        }
        DataType::Struct(fields) => {
            for field in fields {
                column_type(field.data_type(), false)?;
            }
            "json".to_owned()
        }
        _ => return None,
    })
}

/// A decimal of at least this precision and scale; a negative scale has zeros before the point.
fn decimal(precision: u8, scale: i8) -> Option<String> {
    let zeros = scale.min(0).unsigned_abs();
    let (precision, scale) = (precision.checked_add(zeros)?, scale.max(0));
    (precision <= DECIMAL.0 && scale <= DECIMAL.1).then(|| format!("decimal({precision},{scale})"))
}

/// The type that a column has to become to hold a field's values, besides those that it holds; none where it holds them
/// already, or where no type is known to hold both.
pub(crate) fn widened(declared: &str, field: &Field) -> Option<String> {
    let old = Kind::of_type(declared);
    let new = column_type(field.data_type(), false).map(|name| Kind::of_type(&name))?;
    match (old, new) {
        (
            Kind::Integer { bits, unsigned },
            Kind::Integer {
                bits: needed,
                unsigned: needs_unsigned,
            },
        ) => {
            let fits = match (unsigned, needs_unsigned) {
                (false, false) | (true, true) => bits >= needed,
                (false, true) => bits > needed,
                (true, false) => false,
            };
            if fits {
                return None;
            }
            Some(match (unsigned, needs_unsigned, bits.max(needed)) {
                (true, true, bits) => Kind::Integer { bits, unsigned: true }.database_type(),
                (false, false, bits) => Kind::Integer { bits, unsigned: false }.database_type(),
                (_, _, 64) => "decimal(20,0)".to_owned(),
                (_, _, bits) => Kind::Integer {
                    bits: bits * 2,
                    unsigned: false,
                }
                .database_type(),
            })
        }
        (Kind::Float, Kind::Double) => Some("double".to_owned()),
        (
            Kind::Decimal { precision, scale },
            Kind::Decimal {
                precision: needed,
                scale: needed_scale,
            },
        ) => {
            let whole = (i16::from(precision) - i16::from(scale)).max(i16::from(needed) - i16::from(needed_scale));
            let scale_of_both = scale.max(needed_scale);
            let precision_of_both = u8::try_from(whole + i16::from(scale_of_both)).ok()?;
            let is_wider = precision_of_both != precision || scale_of_both != scale;
            is_wider.then(|| decimal(precision_of_both, scale_of_both)).flatten()
        }
        (Kind::Integer { bits, .. }, Kind::Decimal { precision, scale }) => {
            let digits: i16 = match bits {
                8 => 3,
                16 => 5,
                32 => 10,
                _ => 20,
            };
            let whole = digits.max(i16::from(precision) - i16::from(scale));
            decimal(u8::try_from(whole + i16::from(scale)).ok()?, scale)
        }
        _ => None,
    }
}

/// Whether a column may hold a field's values, as far as that can be told without looking at them. Texts are converted.
pub(crate) fn may_hold(declared: &str, field: &Field) -> bool {
    let Some(own) = column_type(field.data_type(), false) else {
        return false;
    };
    let (from, to) = (Class::of(Kind::of_type(&own)), Class::of(Kind::of_type(declared)));
    from == to || from == Class::Text || to == Class::Text || (from == Class::Binary && to == Class::Geometry)
}

/// Types whose values are of one sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Number,
    Text,
    Binary,
    Date,
    Time,
    Geometry,
}

impl Class {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Boolean
            | Kind::Integer { .. }
            | Kind::Bits
            | Kind::Year
            | Kind::Float
            | Kind::Double
            | Kind::Decimal { .. } => Self::Number,
            Kind::Text | Kind::Json | Kind::Other => Self::Text,
            Kind::Binary => Self::Binary,
            Kind::Date | Kind::DateTime | Kind::Timestamp => Self::Date,
            Kind::Time => Self::Time,
            Kind::Geometry => Self::Geometry,
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::TimeUnit;

    use super::*;

    #[test]
    fn columns_become_wider_and_never_narrower() {
        let field = |data_type| Field::new("a", data_type, true);
        assert_eq!(widened("int(11)", &field(DataType::Int64)).as_deref(), Some("bigint"));
        assert_eq!(widened("bigint(20)", &field(DataType::Int32)), None);
        assert_eq!(
            widened("int(10) unsigned", &field(DataType::Int32)).as_deref(),
            Some("bigint")
        );
        assert_eq!(
            widened("decimal(10,2)", &field(DataType::Decimal128(12, 4))).as_deref(),
            Some("decimal(12,4)")
        );
        assert_eq!(widened("decimal(12,4)", &field(DataType::Decimal128(10, 2))), None);
        assert_eq!(widened("float", &field(DataType::Float64)).as_deref(), Some("double"));
        assert_eq!(
            widened("date", &field(DataType::Timestamp(TimeUnit::Second, None))),
            None
        );
    }
}
