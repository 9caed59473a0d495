//! Values, as PostgreSQL sends and takes them.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::numeric;
use crate::Value;

type Failure = Box<dyn Error + Sync + Send>;

/// The type that a parameter is declared to have; [`Type::UNKNOWN`] leaves it to the statement.
pub(super) fn declared(value: &Value) -> Type {
    match value {
        Value::Null => Type::UNKNOWN,
        Value::Integer(_) => Type::INT8,
        Value::Real(_) => Type::FLOAT8,
        Value::Text(_) => Type::TEXT,
        Value::Blob(_) => Type::BYTEA,
    }
}

/// A parameter.
#[derive(Debug)]
pub(super) struct Parameter<'a>(pub &'a Value);

impl ToSql for Parameter<'_> {
    /// As the type that the statement gives it, which is the declared one nearly always.
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match (self.0, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Integer(value), &Type::INT8) => value.to_sql(ty, out),
            (Value::Integer(value), &Type::INT4) => i32::try_from(*value)?.to_sql(ty, out),
            (Value::Integer(value), &Type::INT2) => i16::try_from(*value)?.to_sql(ty, out),
            (Value::Integer(value), &Type::BOOL) => (*value != 0).to_sql(ty, out),
            (Value::Integer(value), &Type::FLOAT8) => (*value as f64).to_sql(ty, out),
            (Value::Integer(value), &Type::TEXT | &Type::VARCHAR) => value.to_string().to_sql(ty, out),
            (Value::Real(value), &Type::FLOAT8) => value.to_sql(ty, out),
            (Value::Real(value), &Type::FLOAT4) => (*value as f32).to_sql(ty, out),
            (Value::Text(value), &Type::TEXT | &Type::VARCHAR | &Type::BPCHAR | &Type::NAME | &Type::JSON) => {
                // The one character that PostgreSQL has not.
                if value.contains('\0') {
                    value.replace('\0', "\u{fffd}").to_sql(ty, out)
                } else {
                    value.to_sql(ty, out)
                }
            }
            (Value::Blob(value), &Type::BYTEA) => value.to_sql(ty, out),
            (value, ty) => Err(format!("a parameter of the type {ty} cannot be {}", kind(value)).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// What a value is, without what it holds.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Integer(_) => "an integer",
        Value::Real(_) => "a number",
        Value::Text(_) => "a text",
        Value::Blob(_) => "bytes",
    }
}

/// A value of a column.
pub(super) struct Column(pub Value);

impl<'a> FromSql<'a> for Column {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        let value = match *ty {
            Type::BOOL => Value::from(bool::from_sql(ty, raw)?),
            Type::INT2 => Value::from(i32::from(i16::from_sql(ty, raw)?)),
            Type::INT4 => Value::from(i32::from_sql(ty, raw)?),
            Type::INT8 => Value::from(i64::from_sql(ty, raw)?),
            Type::OID => Value::from(u32::from_sql(ty, raw)?),
            Type::FLOAT4 => Value::from(f64::from(f32::from_sql(ty, raw)?)),
            Type::FLOAT8 => Value::from(f64::from_sql(ty, raw)?),
            Type::NUMERIC => numeric::value(raw).ok_or("a number that makes no sense")?,
            Type::BYTEA => Value::from(raw),
            Type::VOID => Value::Null,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON => {
                Value::from(std::str::from_utf8(raw)?)
            }
            // After its version.
            Type::JSONB => Value::from(std::str::from_utf8(raw.get(1..).unwrap_or_default())?),
            _ => return Err(format!("columns of the type {ty} are not read; cast it").into()),
        };
        Ok(Self(value))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
