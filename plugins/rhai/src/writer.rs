//! Makes a column of a script's values.

use rhai::Dynamic;
use tenon::{Buffer, DataType, Error, Field, Node, RawColumn, Result};

use crate::kind::{Kind, Misfit, Value, shown};
use crate::types;

/// Collects a column row by row.
pub struct Writer {
    field: Field,
    kind: Kind,
    rows: usize,
    nulls: usize,
    validity: Vec<u8>,
    offsets: Vec<i64>,
    values: Vec<u8>,
}

impl Writer {
    /// For a column of this field.
    pub fn new(field: &Field) -> Result<Self> {
        Ok(Self {
            field: field.clone(),
            kind: writable(field)?,
            rows: 0,
            nulls: 0,
            validity: Vec::new(),
            offsets: vec![0],
            values: Vec::new(),
        })
    }

    /// Adds a row.
    pub fn push(&mut self, value: &Dynamic) -> Result<()> {
        let value = accept(&self.field, self.kind, value)?;
        self.put(value);
        Ok(())
    }

    /// Adds rows that are null.
    pub fn push_nulls(&mut self, rows: usize) {
        for _ in 0..rows {
            self.put(Value::Null);
        }
    }

    fn put(&mut self, value: Value) {
        let valid = !matches!(value, Value::Null);
        push_bit(&mut self.validity, self.rows, valid);
        self.nulls += usize::from(!valid);
        match value {
            Value::Null if self.kind == Kind::Boolean => push_bit(&mut self.values, self.rows, false),
            Value::Null => self.values.resize(self.values.len() + self.kind.width(), 0),
            Value::Boolean(bit) => push_bit(&mut self.values, self.rows, bit),
            Value::Narrow(number) => match self.kind.width() {
                8 => self.values.extend_from_slice(&number.to_le_bytes()),
                width => self.values.extend_from_slice(&number.to_le_bytes()[..width]),
            },
            Value::Wide(number) => self
                .values
                .extend_from_slice(&number.to_le_bytes()[..self.kind.width()]),
            Value::Text(text) => self.values.extend_from_slice(text.as_bytes()),
            Value::Bytes(bytes) => self.values.extend_from_slice(&bytes),
        }
        if matches!(self.kind, Kind::Text | Kind::Bytes) {
            self.offsets.push(self.values.len() as i64);
        }
        self.rows += 1;
    }

    /// The column.
    pub fn finish(self) -> RawColumn {
        let node = Node {
            length: self.rows as u32,
            nulls: self.nulls as u32,
        };
        let validity = if self.nulls == 0 {
            Buffer::empty()
        } else {
            Buffer::from(self.validity)
        };
        let buffers = match self.kind {
            Kind::Null => Vec::new(),
            Kind::Text | Kind::Bytes => {
                let large = matches!(self.field.data_type, DataType::LargeUtf8 | DataType::LargeBinary);
                let offsets = if large {
                    Buffer::from(self.offsets)
                } else {
                    Buffer::from(self.offsets.into_iter().map(|offset| offset as i32).collect::<Vec<_>>())
                };
                vec![validity, offsets, Buffer::from(self.values)]
            }
            _ => vec![validity, Buffer::from(self.values)],
        };
        RawColumn {
            field: self.field,
            nodes: vec![node],
            buffers,
        }
    }
}

/// The kind of a column that can be written.
pub fn writable(field: &Field) -> Result<Kind> {
    if let DataType::Dictionary(_) = field.data_type {
        let (name, data_type) = (&field.name, types::name(field));
        return Err(Error::bad_config(format!(
            "column `{name}` is a {data_type}, which can't be assigned to; declare it as text: {}",
            declaration(name, "utf8")
        )));
    }
    Kind::of(field).ok_or_else(|| crate::reader::unreadable(field))
}

/// A value as the column stores it; the error names the column, what it takes and what it got.
pub fn accept(field: &Field, kind: Kind, value: &Dynamic) -> Result<Value> {
    match kind.take(value) {
        Ok(Value::Null) if !field.nullable => Err(refused(field, kind, value, None)),
        Ok(stored) => Ok(stored),
        Err(misfit) => Err(refused(field, kind, value, Some(misfit))),
    }
}

#[cold]
fn refused(field: &Field, kind: Kind, value: &Dynamic, misfit: Option<Misfit>) -> Error {
    let name = &field.name;
    let data_type = types::name(field);
    Error::bad_data(match misfit {
        None => format!(
            "column `{name}` must not be null; to allow nulls, declare it: {}",
            declaration(name, &data_type)
        ),
        Some(Misfit::Type) => format!(
            "column `{name}` is {data_type} and takes {}, not {} ({})",
            kind.wants(),
            shown(value),
            described(value)
        ),
        Some(Misfit::Value(why)) => format!("column `{name}` is {data_type}: {} {why}", shown(value)),
    })
}

/// How a script declares a column.
pub fn declaration(name: &str, data_type: &str) -> String {
    let key = if rhai::is_valid_identifier(name) {
        name.to_owned()
    } else {
        format!("{name:?}")
    };
    format!("const COLUMNS = #{{ {key}: \"{data_type}\" }};")
}

/// What a script calls the type of a value.
pub fn described(value: &Dynamic) -> &'static str {
    match value {
        value if value.is_unit() => "null",
        value if value.is_bool() => "a bool",
        value if value.is_int() => "an integer",
        value if value.is_float() => "a float",
        value if value.is_decimal() => "a decimal",
        value if value.is_string() => "a string",
        value if value.is_char() => "a character",
        value if value.is_array() => "an array",
        value if value.is_map() => "a map",
        value if value.is_blob() => "a blob",
        value if value.is_fnptr() => "a function",
        value if value.is::<crate::clock::Date>() => "a date",
        value if value.is::<crate::clock::Timestamp>() => "a timestamp",
        value if value.is::<crate::row::Row>() => "a row",
        _ => "something else",
    }
}

fn push_bit(bits: &mut Vec<u8>, row: usize, bit: bool) {
    if row.is_multiple_of(8) {
        bits.push(0);
    }
    if let Some(last) = bits.last_mut() {
        *last |= u8::from(bit) << (row % 8);
    }
}
