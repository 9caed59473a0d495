//! From DataFusion's expressions to conditions that databases may check.

use arrow::datatypes::{DataType, DecimalType, Schema, TimeUnit};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Like, Operator};
use tenon_database::{Comparison, Predicate, Value};

/// A filter as a predicate; none where it is about more than columns and values.
pub(super) fn predicate(filter: &Expr, schema: &Schema) -> Option<Predicate> {
    Some(match filter {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And => Predicate::All(vec![predicate(left, schema)?, predicate(right, schema)?]),
            Operator::Or => Predicate::Any(vec![predicate(left, schema)?, predicate(right, schema)?]),
            _ => {
                let comparison = comparison(*op)?;
                match (column(left, schema), column(right, schema)) {
                    (Some(column), None) => compare(column, comparison, right, schema)?,
                    (None, Some(column)) => compare(column, mirrored(comparison), left, schema)?,
                    _ => return None,
                }
            }
        },
        Expr::Not(inner) => Predicate::Not(Box::new(predicate(inner, schema)?)),
        Expr::IsNull(inner) => Predicate::IsNull(column(inner, schema)?),
        Expr::IsNotNull(inner) => Predicate::Not(Box::new(Predicate::IsNull(column(inner, schema)?))),
        Expr::IsTrue(inner) | Expr::IsNotTrue(inner) | Expr::IsFalse(inner) | Expr::IsNotFalse(inner) => {
            truth(filter, inner, schema)?
        }
        Expr::InList(InList { expr, list, negated }) => {
            let column = column(expr, schema)?;
            let data_type = data_type(&column, schema)?;
            let values: Option<Vec<Value>> = list.iter().map(|item| literal(item, data_type)).collect();
            let values = values.filter(|values| !values.is_empty())?;
            negated_if(*negated, Predicate::In { column, values })
        }
        Expr::Between(Between {
            expr,
            negated,
            low,
            high,
        }) => {
            let column = column(expr, schema)?;
            let low = compare(column.clone(), Comparison::GreaterOrEqual, low, schema)?;
            let high = compare(column, Comparison::LessOrEqual, high, schema)?;
            negated_if(*negated, Predicate::All(vec![low, high]))
        }
        Expr::Like(like) => starts_with(like, schema)?,
        Expr::Column(_) => Predicate::Compare {
            column: column(filter, schema).filter(|name| data_type(name, schema) == Some(&DataType::Boolean))?,
            comparison: Comparison::Equal,
            value: Value::Boolean(true),
        },
        _ => return None,
    })
}

fn negated_if(negated: bool, predicate: Predicate) -> Predicate {
    if negated {
        Predicate::Not(Box::new(predicate))
    } else {
        predicate
    }
}

/// `x is true` and the like. Null is not true and not false.
fn truth(filter: &Expr, inner: &Expr, schema: &Schema) -> Option<Predicate> {
    let column = column(inner, schema).filter(|name| data_type(name, schema) == Some(&DataType::Boolean))?;
    let is = |value: bool| Predicate::Compare {
        column: column.clone(),
        comparison: Comparison::Equal,
        value: Value::Boolean(value),
    };
    Some(match filter {
        Expr::IsTrue(_) => is(true),
        Expr::IsFalse(_) => is(false),
        Expr::IsNotTrue(_) => Predicate::Any(vec![is(false), Predicate::IsNull(column.clone())]),
        _ => Predicate::Any(vec![is(true), Predicate::IsNull(column.clone())]),
    })
}

/// `x like 'text%'` without other wildcards.
fn starts_with(like: &Like, schema: &Schema) -> Option<Predicate> {
    if like.case_insensitive || like.escape_char.is_some() {
        return None;
    }
    let column = column(&like.expr, schema)?;
    let Value::Text(pattern) = literal(&like.pattern, data_type(&column, schema)?)? else {
        return None;
    };
    let prefix = pattern.strip_suffix('%')?;
    if prefix.contains(['%', '_', '\\']) || prefix.is_empty() {
        return None;
    }
    let starts = Predicate::StartsWith {
        column,
        prefix: prefix.to_owned(),
    };
    Some(negated_if(like.negated, starts))
}

fn compare(column: String, comparison: Comparison, with: &Expr, schema: &Schema) -> Option<Predicate> {
    let value = literal(with, data_type(&column, schema)?)?;
    Some(Predicate::Compare {
        column,
        comparison,
        value,
    })
}

fn comparison(operator: Operator) -> Option<Comparison> {
    Some(match operator {
        Operator::Eq => Comparison::Equal,
        Operator::NotEq => Comparison::NotEqual,
        Operator::Lt => Comparison::Less,
        Operator::LtEq => Comparison::LessOrEqual,
        Operator::Gt => Comparison::Greater,
        Operator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

/// The comparison with its sides exchanged.
fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

/// A column, not anything computed.
fn column(expression: &Expr, schema: &Schema) -> Option<String> {
    match expression {
        Expr::Column(Column { name, .. }) if schema.field_with_name(name).is_ok() => Some(name.clone()),
        _ => None,
    }
}

fn data_type<'a>(column: &str, schema: &'a Schema) -> Option<&'a DataType> {
    schema
        .field_with_name(column)
        .ok()
        .map(arrow::datatypes::Field::data_type)
}

/// A literal that is neither null nor of another kind than the column.
fn literal(expression: &Expr, column: &DataType) -> Option<Value> {
    let Expr::Literal(value, _) = expression else {
        return None;
    };
    let value = scalar(value)?;
    let fits = match &value {
        Value::Integer(_) | Value::Unsigned(_) => column.is_integer(),
        Value::Decimal(_) => matches!(column, DataType::Decimal128(..) | DataType::Decimal256(..)),
        Value::Text(_) => matches!(column, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
        Value::Float(_) => column.is_floating(),
        Value::Boolean(_) => column == &DataType::Boolean,
        Value::Binary(_) => matches!(column, DataType::Binary | DataType::LargeBinary),
        Value::Date(_) => column == &DataType::Date32,
        Value::Time(_) => matches!(column, DataType::Time64(_)),
        Value::Timestamp(_) => matches!(column, DataType::Timestamp(_, None)),
        Value::Instant(_) => matches!(column, DataType::Timestamp(_, Some(_))),
    };
    fits.then_some(value)
}

fn scalar(value: &ScalarValue) -> Option<Value> {
    let moment = |value: i64, unit: TimeUnit, zone: &Option<std::sync::Arc<str>>| {
        let factor: i128 = match unit {
            TimeUnit::Second => 1_000_000_000,
            TimeUnit::Millisecond => 1_000_000,
            TimeUnit::Microsecond => 1_000,
            TimeUnit::Nanosecond => 1,
        };
        let nanos = i128::from(value) * factor;
        if zone.is_some() {
            Value::Instant(nanos)
        } else {
            Value::Timestamp(nanos)
        }
    };
    Some(match value {
        ScalarValue::Boolean(Some(value)) => Value::Boolean(*value),
        ScalarValue::Int8(Some(value)) => Value::Integer((*value).into()),
        ScalarValue::Int16(Some(value)) => Value::Integer((*value).into()),
        ScalarValue::Int32(Some(value)) => Value::Integer((*value).into()),
        ScalarValue::Int64(Some(value)) => Value::Integer(*value),
        ScalarValue::UInt8(Some(value)) => Value::Integer((*value).into()),
        ScalarValue::UInt16(Some(value)) => Value::Integer((*value).into()),
        ScalarValue::UInt32(Some(value)) => Value::Integer((*value).into()),
        ScalarValue::UInt64(Some(value)) => i64::try_from(*value).map_or(Value::Unsigned(*value), Value::Integer),
        ScalarValue::Float32(Some(value)) if value.is_finite() => Value::Float((*value).into()),
        ScalarValue::Float64(Some(value)) if value.is_finite() => Value::Float(*value),
        ScalarValue::Decimal128(Some(value), _, scale) => {
            Value::Decimal(arrow::datatypes::Decimal128Type::format_decimal(*value, 38, *scale))
        }
        ScalarValue::Decimal256(Some(value), _, scale) => {
            Value::Decimal(arrow::datatypes::Decimal256Type::format_decimal(*value, 76, *scale))
        }
        ScalarValue::Utf8(Some(text)) | ScalarValue::LargeUtf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => {
            Value::Text(text.clone())
        }
        ScalarValue::Binary(Some(bytes)) | ScalarValue::LargeBinary(Some(bytes)) => Value::Binary(bytes.clone()),
        ScalarValue::Date32(Some(days)) => Value::Date(*days),
        ScalarValue::Time64Microsecond(Some(micros)) => Value::Time(micros.checked_mul(1_000)?),
        ScalarValue::Time64Nanosecond(Some(nanos)) => Value::Time(*nanos),
        ScalarValue::TimestampSecond(Some(value), zone) => moment(*value, TimeUnit::Second, zone),
        ScalarValue::TimestampMillisecond(Some(value), zone) => moment(*value, TimeUnit::Millisecond, zone),
        ScalarValue::TimestampMicrosecond(Some(value), zone) => moment(*value, TimeUnit::Microsecond, zone),
        ScalarValue::TimestampNanosecond(Some(value), zone) => moment(*value, TimeUnit::Nanosecond, zone),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;
    use datafusion::prelude::{col, lit};

    use super::*;

    fn schema() -> Schema {
        Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("name", DataType::Utf8, true),
            Field::new("paid", DataType::Boolean, true),
            Field::new("price", DataType::Decimal128(10, 2), true),
            Field::new(
                "at",
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                true,
            ),
        ])
    }

    fn compare(column: &str, comparison: Comparison, value: Value) -> Predicate {
        Predicate::Compare {
            column: column.to_owned(),
            comparison,
            value,
        }
    }

    #[test]
    fn comparisons_of_columns_with_values_are_taken() {
        let price = ScalarValue::Decimal128(Some(-50), 10, 2);
        let at = ScalarValue::TimestampMicrosecond(Some(2), Some("UTC".into()));
        for (filter, expected) in [
            (
                col("id").gt(lit(3_i64)),
                compare("id", Comparison::Greater, Value::Integer(3)),
            ),
            (
                lit(3_i64).lt(col("id")),
                compare("id", Comparison::Greater, Value::Integer(3)),
            ),
            (col("paid"), compare("paid", Comparison::Equal, Value::Boolean(true))),
            (
                col("price").lt_eq(Expr::Literal(price, None)),
                compare("price", Comparison::LessOrEqual, Value::Decimal("-0.50".to_owned())),
            ),
            (
                col("at").eq(Expr::Literal(at, None)),
                compare("at", Comparison::Equal, Value::Instant(2_000)),
            ),
            (
                col("name").like(lit("ab%")),
                Predicate::StartsWith {
                    column: "name".to_owned(),
                    prefix: "ab".to_owned(),
                },
            ),
            (
                col("name").is_not_null(),
                Predicate::Not(Box::new(Predicate::IsNull("name".to_owned()))),
            ),
        ] {
            assert_eq!(predicate(&filter, &schema()), Some(expected), "{filter}");
        }
    }

    #[test]
    fn what_a_database_might_see_differently_is_not() {
        for filter in [
            col("id").gt(col("id")),
            col("id").gt(lit("3")),
            (col("id") + lit(1_i64)).gt(lit(3_i64)),
            col("name").like(lit("a%b%")),
            col("name").like(lit("a_%")),
            col("name").eq(lit(ScalarValue::Utf8(None))),
            col("other").eq(lit(1_i64)),
        ] {
            assert_eq!(predicate(&filter, &schema()), None, "{filter}");
        }
    }
}
