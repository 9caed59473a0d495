//! Values of columns, and rows of them.

use serde_json::Value as Json;

use crate::Error;

/// A value of a column or a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// A whole number; also booleans (0, 1) and times (microseconds since 1970, UTC).
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text; also JSON. PostgreSQL keeps a NUL character as U+FFFD.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// The parameters of a statement, each made a [`Value`].
#[macro_export]
macro_rules! row {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*] as &[$crate::Value] };
}

macro_rules! from_integers {
    ($($integer:ty),*) => { $(
        impl From<$integer> for Value {
            fn from(value: $integer) -> Self {
                Self::Integer(i64::from(value))
            }
        }
    )* };
}

from_integers!(i64, i32, u32, u16, u8, bool);

impl From<u64> for Value {
    /// Past 2^63 - 1 it is that: what the databases can count to.
    fn from(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<&crate::Name> for Value {
    fn from(value: &crate::Name) -> Self {
        Self::Text(value.as_str().to_owned())
    }
}

impl From<&Json> for Value {
    fn from(value: &Json) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What a [`Value`] can become.
pub trait FromValue: Sized {
    /// What is expected, for errors: "a text".
    const EXPECTED: &'static str;

    /// None if the value is something else.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    const EXPECTED: &'static str = "an integer";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(value) => Some(*value),
            _ => None,
        }
    }
}

macro_rules! to_integers {
    ($($integer:ty),*) => { $(
        impl FromValue for $integer {
            const EXPECTED: &'static str = "a small enough integer";

            fn from_value(value: &Value) -> Option<Self> {
                <$integer>::try_from(i64::from_value(value)?).ok()
            }
        }
    )* };
}

to_integers!(i32, u8, u16, u32, u64, usize);

impl FromValue for bool {
    const EXPECTED: &'static str = "0 or 1";

    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(|value| value != 0)
    }
}

impl FromValue for f64 {
    const EXPECTED: &'static str = "a number";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Real(value) => Some(*value),
            Value::Integer(value) => Some(*value as f64),
            _ => None,
        }
    }
}

impl FromValue for String {
    const EXPECTED: &'static str = "a text";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(value) => Some(value.clone()),
            _ => None,
        }
    }
}

impl FromValue for Vec<u8> {
    const EXPECTED: &'static str = "bytes";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Blob(value) => Some(value.clone()),
            _ => None,
        }
    }
}

impl FromValue for Json {
    const EXPECTED: &'static str = "JSON";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(value) => serde_json::from_str(value).ok(),
            _ => None,
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// A row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(pub(crate) Vec<Value>);

impl Row {
    /// The value of a column, from 0.
    ///
    /// # Errors
    /// [`Error::Type`], also where there is no such column.
    pub fn get<T: FromValue>(&self, column: usize) -> Result<T, Error> {
        let value = self.0.get(column).and_then(T::from_value);
        value.ok_or_else(|| {
            let expected = T::EXPECTED;
            Error::Type { column, expected }
        })
    }
}
