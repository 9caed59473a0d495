//! The types of columns of tables that are made.

use arrow::datatypes::DataType;
use tokio_postgres::types::Type;

use super::encode::Wire;

/// What the catalogs add to lengths and precisions.
pub(super) const MODIFIER_OFFSET: i32 = 4;

/// A type of Postgres that holds all values of an Arrow type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Natural {
    /// As SQL writes it.
    pub declared: String,
    /// Without length or precision.
    pub base: Type,
    /// Length or precision, as the catalogs write them; -1 for none.
    pub modifier: i32,
    /// How its values are sent.
    pub wire: Wire,
}

/// The type that a column gets in a table that is made; the reason where there is none.
pub(super) fn natural(data_type: &DataType) -> Result<Natural, String> {
    let plain = |declared: &str, base: Type, wire: Wire| Natural {
        declared: declared.to_owned(),
        base,
        modifier: -1,
        wire,
    };
    Ok(match data_type {
        DataType::Null => plain("text", Type::TEXT, Wire::Null),
        DataType::Boolean => plain("boolean", Type::BOOL, Wire::Boolean),
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => plain("smallint", Type::INT2, Wire::Int2),
        DataType::Int32 | DataType::UInt16 => plain("integer", Type::INT4, Wire::Int4),
        DataType::Int64 | DataType::UInt32 => plain("bigint", Type::INT8, Wire::Int8),
        DataType::UInt64 => numeric(20, 0),
        DataType::Float16 | DataType::Float32 => plain("real", Type::FLOAT4, Wire::Float4),
        DataType::Float64 => plain("double precision", Type::FLOAT8, Wire::Float8),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            let (precision, scale) = digits(*precision, *scale);
            numeric(precision, scale)
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => plain("text", Type::TEXT, Wire::Text),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            plain("bytea", Type::BYTEA, Wire::Bytes)
        }
        DataType::Date32 | DataType::Date64 => plain("date", Type::DATE, Wire::Date),
        DataType::Time32(_) | DataType::Time64(_) => plain("time", Type::TIME, Wire::Time),
        DataType::Timestamp(_, None) => plain("timestamp", Type::TIMESTAMP, Wire::Timestamp),
        DataType::Timestamp(_, Some(_)) => plain("timestamptz", Type::TIMESTAMPTZ, Wire::Timestamp),
        DataType::Duration(_) | DataType::Interval(_) => plain("interval", Type::INTERVAL, Wire::Interval),
        DataType::Dictionary(_, values) => return natural(values),
        DataType::Struct(_) | DataType::Map(..) => plain("jsonb", Type::JSONB, Wire::Jsonb),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => {
            let item = natural(item.data_type())?;
            match array_of(&item.base) {
                Some(base) => Natural {
                    declared: format!("{}[]", item.declared),
                    modifier: item.modifier,
                    wire: Wire::Array {
                        oid: item.base.oid(),
                        item: Box::new(item.wire),
                    },
                    base,
                },
                // Of lists and structs: an array would have to have several dimensions of even length.
                None => plain("jsonb", Type::JSONB, Wire::Jsonb),
            }
        }
        DataType::Union(..) | DataType::RunEndEncoded(..) => {
            return Err(format!(
                "Postgres has no type for {data_type}; cast it before it is written"
            ));
        }
    })
}

pub(super) fn numeric(precision: u32, scale: u32) -> Natural {
    let declared = if scale == 0 {
        format!("numeric({precision})")
    } else {
        format!("numeric({precision},{scale})")
    };
    Natural {
        declared,
        base: Type::NUMERIC,
        modifier: (precision << 16 | scale) as i32 + MODIFIER_OFFSET,
        wire: Wire::Numeric {
            scale: Some(scale as i32),
        },
    }
}

/// Precision and scale, where a negative scale is written as zeros before the point.
pub(super) fn digits(precision: u8, scale: i8) -> (u32, u32) {
    let zeros = if scale < 0 { u32::from(scale.unsigned_abs()) } else { 0 };
    (
        u32::from(precision).max(scale.max(0) as u32) + zeros,
        scale.max(0) as u32,
    )
}

fn array_of(item: &Type) -> Option<Type> {
    Some(match *item {
        Type::BOOL => Type::BOOL_ARRAY,
        Type::INT2 => Type::INT2_ARRAY,
        Type::INT4 => Type::INT4_ARRAY,
        Type::INT8 => Type::INT8_ARRAY,
        Type::FLOAT4 => Type::FLOAT4_ARRAY,
        Type::FLOAT8 => Type::FLOAT8_ARRAY,
        Type::NUMERIC => Type::NUMERIC_ARRAY,
        Type::TEXT => Type::TEXT_ARRAY,
        Type::BYTEA => Type::BYTEA_ARRAY,
        Type::DATE => Type::DATE_ARRAY,
        Type::TIME => Type::TIME_ARRAY,
        Type::TIMESTAMP => Type::TIMESTAMP_ARRAY,
        Type::TIMESTAMPTZ => Type::TIMESTAMPTZ_ARRAY,
        Type::INTERVAL => Type::INTERVAL_ARRAY,
        _ => return None,
    })
}

/// Bits that a whole number takes as a signed one.
pub(super) fn bits(data_type: &DataType) -> Option<u32> {
    Some(match data_type {
        DataType::Int8 => 8,
        DataType::UInt8 => 9,
        DataType::Int16 => 16,
        DataType::UInt16 => 17,
        DataType::Int32 => 32,
        DataType::UInt32 => 33,
        DataType::Int64 => 64,
        DataType::UInt64 => 65,
        _ => return None,
    })
}

pub(super) fn decimal_digits(data_type: &DataType) -> (u8, i8) {
    match data_type {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => (*precision, *scale),
        _ => (0, 0),
    }
}

/// The scale of a numeric column, which may be negative.
pub(super) fn scale_of(modifier: i32) -> Option<i32> {
    const SCALE_BITS: i32 = 0x7ff;
    const SIGN: i32 = 0x400;
    (modifier >= MODIFIER_OFFSET).then(|| (((modifier - MODIFIER_OFFSET) & SCALE_BITS) ^ SIGN) - SIGN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scalar_type_has_its_own() {
        let declared = |data_type: DataType| natural(&data_type).map(|natural| natural.declared);
        assert_eq!(declared(DataType::UInt64), Ok("numeric(20)".into()));
        assert_eq!(declared(DataType::UInt32), Ok("bigint".into()));
        assert_eq!(declared(DataType::Decimal128(12, 2)), Ok("numeric(12,2)".into()));
        assert_eq!(declared(DataType::Decimal128(5, -3)), Ok("numeric(8)".into()));
        let list = DataType::new_list(DataType::Int32, true);
        assert_eq!(declared(list.clone()), Ok("integer[]".into()));
        assert_eq!(declared(DataType::new_list(list, true)), Ok("jsonb".into()));
    }
}
