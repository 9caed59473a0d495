//! Columns that are given wider types, where that loses nothing.

use arrow::datatypes::DataType;
use tokio_postgres::types::Type;

use super::catalog::TableColumn;
use super::natural::{MODIFIER_OFFSET, Natural, bits, decimal_digits, digits, natural, numeric, scale_of};

/// The type that a column has to be given so that it holds the rows' values, and loses none of its own; none where it holds
/// them, or where there is no such type.
pub(super) fn widened(data_type: &DataType, column: &TableColumn) -> Option<Natural> {
    if let DataType::Dictionary(_, values) = data_type {
        return widened(values, column);
    }
    if column.is_domain {
        return None;
    }
    let base = column.base_type()?;
    let own_digits = match base {
        Type::INT2 => 5,
        Type::INT4 => 10,
        Type::INT8 => 19,
        _ => 0,
    };
    match base {
        Type::INT2 | Type::INT4 | Type::INT8 => match data_type {
            whole if whole.is_integer() => {
                let own = if base == Type::INT2 {
                    16
                } else if base == Type::INT4 {
                    32
                } else {
                    64
                };
                bits(whole).filter(|bits| *bits > own).and_then(|_| natural(whole).ok())
            }
            decimal if decimal.is_decimal() => {
                let (precision, scale) = decimal_digits(decimal);
                let (precision, scale) = digits(precision, scale);
                Some(numeric((precision - scale).max(own_digits) + scale, scale))
            }
            float if float.is_floating() && base != Type::INT8 => natural(&DataType::Float64).ok(),
            _ => None,
        },
        Type::FLOAT4
            if *data_type == DataType::Float64 || bits(data_type).is_some_and(|bits| (17..=33).contains(&bits)) =>
        {
            natural(&DataType::Float64).ok()
        }
        Type::NUMERIC if data_type.is_decimal() || data_type.is_integer() => {
            let own_scale = scale_of(column.modifier)?.max(0) as u32;
            let own_whole = (((column.modifier - MODIFIER_OFFSET) >> 16) as u32).saturating_sub(own_scale);
            let (precision, scale) = match data_type {
                decimal if decimal.is_decimal() => {
                    let (precision, scale) = decimal_digits(decimal);
                    digits(precision, scale)
                }
                whole => (
                    bits(whole).map_or(20, |bits| {
                        if bits <= 16 {
                            5
                        } else if bits <= 32 {
                            10
                        } else {
                            20
                        }
                    }),
                    0,
                ),
            };
            let (whole, scale) = ((precision - scale).max(own_whole), scale.max(own_scale));
            ((whole, scale) != (own_whole, own_scale)).then(|| numeric(whole + scale, scale))
        }
        Type::DATE if matches!(data_type, DataType::Timestamp(..)) => natural(data_type).ok(),
        _ => None,
    }
}

/// The length of a column of text that is limited in length.
pub(super) fn text_limit(column: &TableColumn) -> Option<i32> {
    let is_limited = matches!(column.base_type()?, Type::VARCHAR | Type::BPCHAR) && column.modifier >= MODIFIER_OFFSET;
    (is_limited && !column.is_domain).then(|| column.modifier - MODIFIER_OFFSET)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(declared: &str, base: &Type, modifier: i32) -> TableColumn {
        TableColumn::of("c", declared, base, modifier)
    }

    #[test]
    fn columns_are_widened_without_loss() {
        let widened = |data_type: &DataType, column: &TableColumn| widened(data_type, column).map(|wide| wide.declared);
        assert_eq!(
            widened(&DataType::Int64, &column("integer", &Type::INT4, -1)),
            Some("bigint".into())
        );
        assert_eq!(widened(&DataType::Int32, &column("bigint", &Type::INT8, -1)), None);
        assert_eq!(
            widened(&DataType::UInt64, &column("bigint", &Type::INT8, -1)),
            Some("numeric(20)".into())
        );
        assert_eq!(
            widened(&DataType::Float64, &column("real", &Type::FLOAT4, -1)),
            Some("double precision".into())
        );
        let price = column("numeric(10,2)", &Type::NUMERIC, (10 << 16 | 2) + 4);
        assert_eq!(
            widened(&DataType::Decimal128(10, 4), &price),
            Some("numeric(12,4)".into())
        );
        assert_eq!(widened(&DataType::Decimal128(10, 2), &price), None);
        let date = column("date", &Type::DATE, -1);
        let timestamp = DataType::Timestamp(arrow::datatypes::TimeUnit::Second, None);
        assert_eq!(widened(&timestamp, &date), Some("timestamp".into()));
    }
}
