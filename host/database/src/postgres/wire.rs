//! What Postgres' types are in Arrow, and in which form their values are sent.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use tokio_postgres::types::{Kind, Type};

/// A form of values as the server sends them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wire {
    Boolean,
    Int16,
    Int32,
    Int64,
    /// A whole number without a sign.
    Oid,
    Float32,
    Float64,
    /// A `numeric` of a precision and scale.
    Decimal {
        precision: u8,
        scale: u8,
    },
    Text,
    Binary,
    Date,
    Time,
    Timestamp,
    /// A timestamp in UTC.
    Instant,
    Interval,
    Uuid,
    Jsonb,
    List(Box<Wire>),
}

impl Wire {
    /// Its type in Arrow.
    pub fn arrow(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int16 => DataType::Int16,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Oid => DataType::UInt32,
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::Decimal { precision, scale } if *precision <= 38 => {
                DataType::Decimal128(*precision, scale.cast_signed())
            }
            Self::Decimal { precision, scale } => DataType::Decimal256(*precision, scale.cast_signed()),
            Self::Text | Self::Uuid | Self::Jsonb => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
            Self::List(item) => DataType::List(Arc::new(Field::new_list_field(item.arrow(), true))),
        }
    }
}

/// What the server makes of a value before it sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cast {
    /// A value of another type.
    To(&'static str),
    /// What a function of it gives: the text before and after it.
    Call(&'static str, &'static str),
}

impl Cast {
    /// The expression for the value of another.
    pub fn of(self, expression: &str) -> String {
        match self {
            Self::To(data_type) => format!("({expression})::{data_type}"),
            Self::Call(before, after) => format!("{before}{expression}{after}"),
        }
    }
}

/// How a column is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// The form that its values have, once they are cast.
    pub wire: Wire,
    /// What the server has to cast it to first, since its own form is not one of those.
    pub cast: Option<Cast>,
    /// What a person should know of that.
    pub note: Option<String>,
}

impl Reading {
    /// How values of a type are read. `modifier` is the type's own: the precision and scale of a `numeric`.
    pub fn of(data_type: &Type, modifier: i32) -> Self {
        if let Kind::Domain(base) = data_type.kind() {
            return Self::of(base, modifier);
        }
        if let Some(wire) = own_form(data_type, modifier) {
            return Self {
                wire,
                cast: None,
                note: None,
            };
        }
        match data_type.kind() {
            // The two are written as one text, not as arrays are.
            Kind::Array(item) if !matches!(*data_type, Type::INT2_VECTOR | Type::OID_VECTOR) => {
                Self::list(item, modifier)
            }
            _ => Self {
                wire: Wire::Text,
                cast: Some(Cast::To("text")),
                note: note(data_type),
            },
        }
    }

    fn list(item: &Type, modifier: i32) -> Self {
        let item = Self::of(item, modifier);
        let note = item.note.map(|note| format!("items: {note}"));
        Self {
            wire: Wire::List(Box::new(item.wire)),
            cast: item.cast.map(|_| Cast::To("text[]")),
            note,
        }
    }
}

/// The form of types whose values need no cast.
fn own_form(data_type: &Type, modifier: i32) -> Option<Wire> {
    Some(match *data_type {
        Type::BOOL => Wire::Boolean,
        Type::INT2 => Wire::Int16,
        Type::INT4 => Wire::Int32,
        Type::INT8 => Wire::Int64,
        Type::OID => Wire::Oid,
        Type::FLOAT4 => Wire::Float32,
        Type::FLOAT8 => Wire::Float64,
        Type::NUMERIC => decimal(modifier)?,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON | Type::UNKNOWN => Wire::Text,
        Type::BYTEA => Wire::Binary,
        Type::DATE => Wire::Date,
        Type::TIME => Wire::Time,
        Type::TIMESTAMP => Wire::Timestamp,
        Type::TIMESTAMPTZ => Wire::Instant,
        Type::INTERVAL => Wire::Interval,
        Type::UUID => Wire::Uuid,
        Type::JSONB => Wire::Jsonb,
        _ if matches!(data_type.kind(), Kind::Enum(_)) => Wire::Text,
        _ => return None,
    })
}

/// Precision and scale are in the modifier. Since Postgres 15 the scale may be negative, or larger than the precision.
fn decimal(modifier: i32) -> Option<Wire> {
    let both = modifier.checked_sub(4).filter(|both| *both >= 0)?;
    let precision = both >> 16 & 0xffff;
    let scale = ((both & 0x7ff) ^ 0x400) - 0x400;
    let (precision, scale) = if scale < 0 {
        (precision - scale, 0)
    } else {
        (precision.max(scale), scale)
    };
    if precision > 76 {
        return None;
    }
    Some(Wire::Decimal {
        precision: u8::try_from(precision).ok()?,
        scale: u8::try_from(scale).ok()?,
    })
}

fn note(data_type: &Type) -> Option<String> {
    Some(match *data_type {
        Type::NUMERIC => {
            "read as text, since a `numeric` without a precision, or with more than 76 digits, has no type in \
                          Arrow; give the column one, such as `decimal(38,10)`, under `schema`"
                .to_owned()
        }
        Type::CHAR => return None,
        _ => format!("read as text, as Postgres writes `{}`", data_type.name()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(precision: i32, scale: i32) -> Wire {
        Reading::of(&Type::NUMERIC, (precision << 16 | (scale & 0x7ff)) + 4).wire
    }

    #[test]
    fn numerics_have_a_precision_or_are_text() {
        assert_eq!(numeric(15, 2).arrow(), DataType::Decimal128(15, 2));
        assert_eq!(numeric(39, 2).arrow(), DataType::Decimal256(39, 2));
        assert_eq!(numeric(5, -3).arrow(), DataType::Decimal128(8, 0));
        assert_eq!(numeric(2, 5).arrow(), DataType::Decimal128(5, 5));
        assert_eq!(numeric(1000, 2), Wire::Text);
        let reading = Reading::of(&Type::NUMERIC, -1);
        assert_eq!((reading.wire, reading.cast), (Wire::Text, Some(Cast::To("text"))));
        assert!(reading.note.is_some());
    }

    #[test]
    fn arrays_are_lists_of_what_their_items_are() {
        let reading = Reading::of(&Type::INET_ARRAY, -1);
        assert_eq!(reading.wire, Wire::List(Box::new(Wire::Text)));
        assert_eq!(reading.cast, Some(Cast::To("text[]")));
        assert_eq!(Reading::of(&Type::INT4_ARRAY, -1).cast, None);
        assert_eq!(Reading::of(&Type::INT2_VECTOR, -1).wire, Wire::Text);
    }
}
