//! Types in SQL, and what becomes of values between them.

use arrow::compute::can_cast_types;
use arrow::datatypes::{DataType, TimeUnit};

use crate::sql;

/// What it takes to make one type of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Conversion {
    /// Nothing.
    None,
    /// A cast.
    Cast {
        /// The expression, given that of the column.
        to: Cast,
        /// What a person should know of it.
        remark: Option<&'static str>,
    },
    /// There is none.
    Impossible,
}

/// A cast to a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cast {
    /// To a type that SQL has a name for.
    Sql(String),
    /// To one that only Arrow names.
    Arrow(String),
}

impl Cast {
    pub fn to(data_type: &DataType) -> Self {
        sql_type(data_type).map_or_else(|| Self::Arrow(arrow_type(data_type)), Self::Sql)
    }

    /// The cast of an expression.
    pub fn of(&self, expression: &str) -> String {
        match self {
            Self::Sql(name) => format!("cast({expression} as {name})"),
            Self::Arrow(name) => format!("arrow_cast({expression}, {})", sql::literal(name)),
        }
    }
}

/// What makes values of a column fit another that is there.
pub(crate) fn conversion(from: &DataType, to: &DataType) -> Conversion {
    if is_same(from, to) {
        return Conversion::None;
    }
    if !can_cast_types(from, to) {
        return Conversion::Impossible;
    }
    Conversion::Cast {
        to: Cast::to(to),
        remark: remark(from, to),
    }
}

/// How a person calls a type.
pub(crate) fn shown(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp with time zone".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "time".to_owned(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("{}[]", shown(item.data_type()))
        }
        DataType::Dictionary(_, values) => shown(values),
        DataType::Interval(_) => "interval".to_owned(),
        other => sql_type(other).unwrap_or_else(|| other.to_string()),
    }
}

/// Whether values of one type can be handed on as the other: their widths in memory and units of time are the sink's matter,
/// which refuses what it would have to cut.
fn is_same(from: &DataType, to: &DataType) -> bool {
    use DataType::{Date32, Date64, Dictionary, FixedSizeList, LargeList, List, Time32, Time64, Timestamp};
    match (from, to) {
        (Dictionary(_, from), to) => is_same(from, to),
        (from, Dictionary(_, to)) => is_same(from, to),
        (Timestamp(_, from), Timestamp(_, to)) => from.is_some() == to.is_some(),
        (Time32(_) | Time64(_), Time32(_) | Time64(_)) | (Date32 | Date64, Date32 | Date64) => true,
        (List(from) | LargeList(from) | FixedSizeList(from, _), List(to) | LargeList(to) | FixedSizeList(to, _)) => {
            is_same(from.data_type(), to.data_type())
        }
        (from, to) => from == to || from.is_string() && to.is_string() || is_binary(from) && is_binary(to),
    }
}

/// What a cast changes, or where it fails.
fn remark(from: &DataType, to: &DataType) -> Option<&'static str> {
    const FAILS: &str = "fails on what does not fit; `try_cast` makes it null";
    const UTC: &str = "taken as UTC";
    match (from, to) {
        (DataType::Timestamp(_, None), DataType::Timestamp(_, Some(_)))
        | (DataType::Timestamp(_, Some(_)), DataType::Timestamp(_, None)) => Some(UTC),
        (DataType::Timestamp(..), DataType::Date32 | DataType::Date64) => Some("the time of day is dropped"),
        (from, to) if from.is_floating() && to.is_integer() => Some("digits after the point are dropped"),
        (DataType::Float64, DataType::Float32 | DataType::Float16) => Some("digits are lost"),
        (from, to) if from.is_decimal() || to.is_decimal() => match (digits(from), digits(to)) {
            (Some((whole, scale)), Some((to_whole, to_scale))) if whole <= to_whole && scale <= to_scale => None,
            (Some((_, scale)), Some((_, to_scale))) if scale > to_scale => {
                Some("rounded; what is too large ends the run")
            }
            (Some(_), None) if to.is_string() => None,
            _ => Some(FAILS),
        },
        (_, to) if to.is_string() => None,
        (from, to) if widens(from, to) => None,
        _ => Some(FAILS),
    }
}

/// Digits before and behind the point of numbers that are exact.
fn digits(data_type: &DataType) -> Option<(i16, i16)> {
    Some(match data_type {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => (i16::from(*precision) - i16::from(*scale), i16::from(*scale)),
        DataType::Int8 | DataType::UInt8 => (3, 0),
        DataType::Int16 | DataType::UInt16 => (5, 0),
        DataType::Int32 | DataType::UInt32 => (10, 0),
        DataType::Int64 => (19, 0),
        DataType::UInt64 => (20, 0),
        _ => return None,
    })
}

/// Whether every value of a number's type is one of the other.
fn widens(from: &DataType, to: &DataType) -> bool {
    // Bits of the value itself, and whether there are negative ones.
    let bits = |data_type: &DataType| {
        Some(match data_type {
            DataType::Int8 => (7, true),
            DataType::Int16 => (15, true),
            DataType::Int32 => (31, true),
            DataType::Int64 => (63, true),
            DataType::UInt8 => (8, false),
            DataType::UInt16 => (16, false),
            DataType::UInt32 => (32, false),
            DataType::UInt64 => (64, false),
            _ => return None,
        })
    };
    match (bits(from), bits(to)) {
        (Some((from, from_negative)), Some((to, to_negative))) => from <= to && (to_negative || !from_negative),
        (Some((bits, _)), None) => match to {
            DataType::Float64 => bits <= 53,
            DataType::Float32 => bits <= 24,
            _ => false,
        },
        _ => {
            matches!((from, to), (DataType::Float16 | DataType::Float32, DataType::Float64))
                || matches!(
                    (from, to),
                    (DataType::Date32 | DataType::Date64, DataType::Timestamp(..))
                )
        }
    }
}

fn is_binary(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)
    )
}

/// The name in SQL of a type, if it has one that means exactly this.
fn sql_type(data_type: &DataType) -> Option<String> {
    let name = match data_type {
        DataType::Boolean => "boolean",
        DataType::Int8 => "tinyint",
        DataType::Int16 => "smallint",
        DataType::Int32 => "integer",
        DataType::Int64 => "bigint",
        DataType::UInt8 => "tinyint unsigned",
        DataType::UInt16 => "smallint unsigned",
        DataType::UInt32 => "integer unsigned",
        DataType::UInt64 => "bigint unsigned",
        DataType::Float32 => "real",
        DataType::Float64 => "double",
        DataType::Utf8 => "varchar",
        DataType::Binary => "bytea",
        DataType::Date32 => "date",
        DataType::Time64(TimeUnit::Nanosecond) => "time",
        DataType::Timestamp(TimeUnit::Second, None) => "timestamp(0)",
        DataType::Timestamp(TimeUnit::Millisecond, None) => "timestamp(3)",
        DataType::Timestamp(TimeUnit::Microsecond, None) => "timestamp(6)",
        DataType::Timestamp(TimeUnit::Nanosecond, None) => "timestamp(9)",
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) if *scale >= 0 => {
            return Some(format!("decimal({precision}, {scale})"));
        }
        _ => return None,
    };
    Some(name.to_owned())
}

/// A type as `arrow_cast` takes it, in letters that every keyboard has.
fn arrow_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Timestamp(unit, None) => format!("Timestamp({unit:?}, None)"),
        DataType::Timestamp(unit, Some(zone)) => format!("Timestamp({unit:?}, Some({zone:?}))"),
        DataType::Time32(unit) => format!("Time32({unit:?})"),
        DataType::Time64(unit) => format!("Time64({unit:?})"),
        DataType::Duration(unit) => format!("Duration({unit:?})"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;
    use std::sync::Arc;

    use arrow::datatypes::{Field, IntervalUnit};

    use super::*;

    fn expression(from: &DataType, to: &DataType) -> String {
        match conversion(from, to) {
            Conversion::None => "a".to_owned(),
            Conversion::Cast { to, .. } => to.of("a"),
            Conversion::Impossible => "impossible".to_owned(),
        }
    }

    #[test]
    fn casts_stand_where_types_differ() {
        let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let texts = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
        let named_otherwise = DataType::List(Arc::new(Field::new("element", DataType::LargeUtf8, false)));
        for (from, to, expected) in [
            (DataType::Int32, DataType::Int64, "cast(a as bigint)"),
            (DataType::Utf8, DataType::LargeUtf8, "a"),
            (DataType::Utf8, DataType::Decimal128(12, 2), "cast(a as decimal(12, 2))"),
            (
                DataType::Date32,
                zoned.clone(),
                "arrow_cast(a, 'Timestamp(Microsecond, Some(\"UTC\"))')",
            ),
            (
                DataType::Timestamp(TimeUnit::Nanosecond, Some("+01:00".into())),
                zoned,
                "a",
            ),
            (texts.clone(), named_otherwise, "a"),
            (texts.clone(), DataType::Utf8, "cast(a as varchar)"),
            (DataType::Binary, DataType::Int64, "impossible"),
            (DataType::Boolean, texts, "impossible"),
        ] {
            if expected != "impossible" || !can_cast_types(&from, &to) {
                assert_eq!(expression(&from, &to), expected);
            }
        }
    }

    #[test]
    fn what_casts_change_is_said() {
        assert_eq!(remark(&DataType::Int32, &DataType::Int64), None);
        assert_eq!(remark(&DataType::UInt32, &DataType::Int64), None);
        assert!(remark(&DataType::Int64, &DataType::UInt64).is_some());
        assert!(remark(&DataType::Int64, &DataType::Float64).is_some());
        assert_eq!(remark(&DataType::Decimal128(10, 2), &DataType::Decimal128(12, 2)), None);
        assert!(
            remark(&DataType::Decimal128(12, 4), &DataType::Decimal128(12, 2)).is_some_and(|r| r.contains("round"))
        );
        assert_eq!(remark(&DataType::Int64, &DataType::Utf8), None);
    }

    #[test]
    fn types_that_only_arrow_names_are_what_they_were() {
        for data_type in [
            DataType::Timestamp(TimeUnit::Microsecond, Some("Europe/Berlin".into())),
            DataType::Time64(TimeUnit::Microsecond),
            DataType::Time32(TimeUnit::Second),
            DataType::Duration(TimeUnit::Millisecond),
            DataType::Interval(IntervalUnit::MonthDayNano),
            DataType::Float16,
            DataType::FixedSizeBinary(16),
            DataType::List(Arc::new(Field::new("item", DataType::Int32, true))),
        ] {
            let Cast::Arrow(name) = Cast::to(&data_type) else {
                panic!("{data_type} has a name in SQL");
            };
            assert_eq!(DataType::from_str(&name).expect(&name), data_type, "{name}");
        }
    }
}
