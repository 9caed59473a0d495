//! How Arrow's values come into columns that are there.

use arrow::datatypes::DataType;
use tokio_postgres::types::Type;

use super::catalog::TableColumn;
use super::encode::Wire;
use super::natural::{bits, decimal_digits, natural, scale_of};

/// How a column's values come to the staging table. The type there is the table's where the values can be sent as such;
/// otherwise it is one that the database converts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Carriage {
    /// The staging column's type.
    pub staging: String,
    /// How its values are sent.
    pub wire: Wire,
}

/// Digits at most that a double keeps.
const DOUBLE_DIGITS: u8 = 15;

/// How values come to a column that is there. With `lenient`, the server takes every value into the staging table, so that
/// what the column refuses is known row by row later. Answers with the reason where values would be lost or changed.
pub(super) fn fit(data_type: &DataType, column: &TableColumn, lenient: bool) -> Result<Carriage, String> {
    if let DataType::Dictionary(_, values) = data_type {
        return fit(values, column, lenient);
    }
    let as_declared = |wire: Wire| Carriage {
        staging: column.base.clone(),
        wire,
    };
    if data_type.is_null() {
        return Ok(as_declared(Wire::Null));
    }
    let is_limited = lenient && column.modifier >= 0;
    if let Some(wire) = direct(data_type, column) {
        let is_sure = !(is_limited || lenient && may_fail(data_type, column));
        if is_sure {
            return Ok(as_declared(wire));
        }
        if let Wire::Numeric { .. } = wire {
            return Ok(Carriage {
                staging: "numeric".to_owned(),
                wire,
            });
        }
    }
    let carried = natural(data_type)?;
    converts(data_type, column).map_err(|reason| {
        format!(
            "the column `{}` is {} there and {data_type} in the rows{reason}",
            column.name, column.declared
        )
    })?;
    if is_text(column) && matches!(carried.wire, Wire::Jsonb | Wire::Array { .. }) || is_json(column) && lenient {
        return Ok(Carriage {
            staging: "text".to_owned(),
            wire: Wire::Json,
        });
    }
    Ok(Carriage {
        staging: carried.declared,
        wire: carried.wire,
    })
}

/// Whether the server may refuse a value of a column that is sent as it is.
fn may_fail(data_type: &DataType, column: &TableColumn) -> bool {
    let is_free_text = column
        .base_type()
        .is_some_and(|base| base == Type::TEXT || base == Type::VARCHAR);
    is_string(data_type) && !is_free_text
}

/// How values are sent if they can be sent as the column's own type.
fn direct(data_type: &DataType, column: &TableColumn) -> Option<Wire> {
    if is_string(data_type) && (column.category == "E" || is_text(column)) {
        return Some(Wire::Text);
    }
    let base = column.base_type()?;
    let item = || match data_type {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => Some(item.data_type()),
        _ => None,
    };
    if column.category == "A" {
        let item_column = TableColumn::of(&column.name, "", &Type::from_oid(column.item_oid)?, column.modifier);
        return Some(Wire::Array {
            oid: column.item_oid,
            item: Box::new(direct(item()?, &item_column)?),
        });
    }
    let bits = bits(data_type);
    Some(match base {
        Type::BOOL if *data_type == DataType::Boolean => Wire::Boolean,
        Type::INT2 if bits.is_some_and(|bits| bits <= 16) => Wire::Int2,
        Type::INT4 if bits.is_some_and(|bits| bits <= 32) => Wire::Int4,
        Type::INT8 if bits.is_some_and(|bits| bits <= 64) => Wire::Int8,
        Type::NUMERIC if bits.is_some() || data_type.is_decimal() => Wire::Numeric {
            scale: scale_of(column.modifier),
        },
        Type::FLOAT4 if matches!(data_type, DataType::Float16 | DataType::Float32) => Wire::Float4,
        Type::FLOAT4 if bits.is_some_and(|bits| bits <= 16) => Wire::Float4,
        Type::FLOAT8 if data_type.is_floating() || bits.is_some_and(|bits| bits <= 33) => Wire::Float8,
        Type::BYTEA if is_binary(data_type) => Wire::Bytes,
        Type::UUID if is_string(data_type) || *data_type == DataType::FixedSizeBinary(16) => Wire::Uuid,
        Type::DATE if matches!(data_type, DataType::Date32 | DataType::Date64) => Wire::Date,
        Type::TIME if matches!(data_type, DataType::Time32(_) | DataType::Time64(_)) => Wire::Time,
        Type::TIMESTAMP | Type::TIMESTAMPTZ
            if matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)) =>
        {
            Wire::Timestamp
        }
        Type::INTERVAL if matches!(data_type, DataType::Duration(_) | DataType::Interval(_)) => Wire::Interval,
        Type::JSON if is_string(data_type) || data_type.is_nested() => Wire::Json,
        Type::JSONB if is_string(data_type) || data_type.is_nested() => Wire::Jsonb,
        _ => return None,
    })
}

/// Whether the database converts values, and none of them changes on the way without an error.
fn converts(data_type: &DataType, column: &TableColumn) -> Result<(), String> {
    let refusal = |why: &str| Err(format!(", {why}"));
    if is_string(data_type) {
        return match column.base_type() {
            Some(Type::BYTEA) => refusal("and text has no bytes of its own; cast it"),
            _ => Ok(()),
        };
    }
    if is_text(column) {
        return if is_binary(data_type) {
            refusal("and bytes are no text; decode or cast them")
        } else {
            Ok(())
        };
    }
    let is_whole = column
        .base_type()
        .is_some_and(|base| matches!(base, Type::INT2 | Type::INT4 | Type::INT8));
    let is_double = column
        .base_type()
        .is_some_and(|base| matches!(base, Type::FLOAT4 | Type::FLOAT8));
    let is_numeric = column.base_type() == Some(Type::NUMERIC);
    match data_type {
        whole if whole.is_integer() && is_whole => Ok(()),
        whole if whole.is_integer() && is_double => refusal("which keeps fewer digits; cast it, or set `evolution`"),
        decimal if decimal.is_decimal() => match decimal_digits(decimal) {
            (_, scale) if is_whole && scale <= 0 => Ok(()),
            _ if is_whole => refusal("and digits after the point would be lost; round and cast it"),
            (precision, _) if is_double && precision <= DOUBLE_DIGITS => Ok(()),
            _ if is_double => refusal("which keeps fewer digits; cast it"),
            _ => refusal("and there is no conversion; cast it"),
        },
        float if float.is_floating() && is_numeric => Ok(()),
        float if float.is_floating() && is_double => {
            refusal("which keeps fewer digits; cast it, or set `evolution: widen`")
        }
        float if float.is_floating() && is_whole => {
            refusal("and digits after the point would be lost; round and cast it")
        }
        DataType::Timestamp(..) if column.base_type() == Some(Type::DATE) => {
            refusal("and times of day would be lost; cast it, or set `evolution: widen`")
        }
        DataType::Time32(_) | DataType::Time64(_) if column.base_type() == Some(Type::TIMETZ) => Ok(()),
        nested if nested.is_nested() && is_json(column) => Ok(()),
        list if list.is_list() && column.category == "A" => Ok(()),
        _ => refusal("and there is no conversion; cast it"),
    }
}

/// Whether a column holds binary fractions.
pub(super) fn is_float_type(column: &TableColumn) -> bool {
    column
        .base_type()
        .is_some_and(|base| matches!(base, Type::FLOAT4 | Type::FLOAT8))
}

pub(super) fn is_string(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_binary(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)
    )
}

fn is_text(column: &TableColumn) -> bool {
    // Types of extensions, such as citext, are of the category too, and take text in the binary format.
    column.category == "S" && column.base_type().is_none_or(|base| base != Type::NAME)
}

fn is_json(column: &TableColumn) -> bool {
    column
        .base_type()
        .is_some_and(|base| matches!(base, Type::JSON | Type::JSONB))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(declared: &str, base: &Type, modifier: i32) -> TableColumn {
        TableColumn::of("c", declared, base, modifier)
    }

    fn staging(data_type: &DataType, column: &TableColumn, lenient: bool) -> Result<String, String> {
        Ok(fit(data_type, column, lenient)?.staging)
    }

    #[test]
    fn values_are_sent_as_the_columns_type_where_that_is_sure() {
        let integer = column("integer", &Type::INT4, -1);
        assert_eq!(staging(&DataType::Int16, &integer, false), Ok("integer".into()));
        assert_eq!(staging(&DataType::Int64, &integer, false), Ok("bigint".into()));
        assert_eq!(staging(&DataType::Utf8, &integer, false), Ok("text".into()));
        assert!(staging(&DataType::Float64, &integer, false).is_err());
        let short = column("character varying(5)", &Type::VARCHAR, 9);
        assert_eq!(
            staging(&DataType::Utf8, &short, false),
            Ok("character varying(5)".into())
        );
        assert_eq!(staging(&DataType::Utf8, &short, true), Ok("text".into()));
        let price = column("numeric(10,2)", &Type::NUMERIC, (10 << 16 | 2) + 4);
        assert_eq!(
            staging(&DataType::Decimal128(20, 4), &price, false),
            Ok("numeric(10,2)".into())
        );
        assert_eq!(
            staging(&DataType::Decimal128(20, 4), &price, true),
            Ok("numeric".into())
        );
        assert_eq!(
            staging(&DataType::Float64, &price, false),
            Ok("double precision".into())
        );
        assert_eq!(
            staging(&DataType::Utf8, &column("jsonb", &Type::JSONB, -1), true),
            Ok("text".into())
        );
        assert!(staging(&DataType::Boolean, &column("date", &Type::DATE, -1), false).is_err());
    }
}
