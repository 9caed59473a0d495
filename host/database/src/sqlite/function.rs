//! A function that SQL can call to compare values as Arrow does, whatever form SQLite holds them in.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Error};

use super::values;

/// Its name: `tenon_value(column, 'timestamp')`.
pub(super) const NAME: &str = "tenon_value";

/// The scale and precision of decimals when they are compared, so that those of every scale can be.
const COMPARED_SCALE: usize = 38;

/// A value of a type, in a form that SQLite orders as Arrow orders the type: timestamps as microseconds, decimals as bytes.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    // Not for views and triggers of the file itself: other programs could not run these.
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function(NAME, 2, flags, comparable)
}

fn comparable(context: &Context<'_>) -> rusqlite::Result<ToSqlOutput<'static>> {
    let (value, kind) = (context.get_raw(0), context.get_raw(1));
    if value == ValueRef::Null {
        return Ok(ToSqlOutput::Owned(Value::Null));
    }
    let kind = kind.as_str().map_err(|error| Error::UserFunctionError(error.into()))?;
    let comparable = match kind {
        "integer" => values::integer(value).map(Value::Integer),
        "unsigned" => values::unsigned(value).map(|number| Value::Integer(number as i64)),
        "float" => values::float(value).map(Value::Real),
        "boolean" => values::boolean(value).map(|truth| Value::Integer(truth.into())),
        "date" => values::date(value).map(|days| Value::Integer(days.into())),
        "time" => values::time(value).map(Value::Integer),
        "timestamp" => values::timestamp(value).map(Value::Integer),
        "decimal" => decimal(value),
        "text" => values::text(value).map(|text| Value::Text(text.into_owned())),
        "binary" => values::binary(value).map(|bytes| Value::Blob(bytes.to_vec())),
        // A floating point number by its bits: SQLite does not read every number back from text as it was.
        "bits" => values::integer(value).map(|bits| Value::Real(f64::from_bits(bits as u64))),
        _ => Err("there is no such kind of value".to_owned()),
    };
    comparable.map(ToSqlOutput::Owned).map_err(|reason| {
        let reason = format!("a column {reason}, while it was compared as {kind}");
        Error::UserFunctionError(reason.into())
    })
}

fn decimal(value: ValueRef<'_>) -> Result<Value, String> {
    let digits = values::decimal(value, 76, COMPARED_SCALE as i8)?;
    Ok(Value::Blob(ordered(digits).to_vec()))
}

/// A literal's bytes as [`decimal`] makes them; none where it is no decimal of at most 38 digits on either side.
pub(super) fn decimal_key(text: &str) -> Option<[u8; 32]> {
    let digits = values::unscaled(text, COMPARED_SCALE)?;
    arrow::datatypes::i256::from_string(&digits).map(ordered)
}

/// Bytes that compare as the numbers do: negative ones first.
fn ordered(number: arrow::datatypes::i256) -> [u8; 32] {
    let mut bytes = number.to_be_bytes();
    bytes[0] ^= 0x80;
    bytes
}
