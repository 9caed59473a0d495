//! A column's values, as a script's values.

use rhai::{Dynamic, ImmutableString};
use tenon::{Batch, Binary, Buffer, Error, Field, RawColumn, Result, Utf8};

use crate::clock::{self, Date, Timestamp};
use crate::exact;
use crate::kind::Kind;

/// One column of one batch, in the sandbox.
pub struct Reader {
    name: String,
    kind: Kind,
    values: Values,
}

enum Values {
    Null,
    /// Validity, empty where there are no nulls, and values.
    Fixed(Buffer, Buffer),
    Text(Utf8),
    Bytes(Binary),
}

impl Reader {
    /// Brings a column into the sandbox.
    pub fn read(batch: &Batch, name: &str) -> Result<Self> {
        let field = batch.schema().field(name)?;
        let kind = Kind::of(field).ok_or_else(|| unreadable(field))?;
        let values = match kind {
            Kind::Null => Values::Null,
            Kind::Text => Values::Text(batch.strings(name)?),
            Kind::Bytes | Kind::FixedBytes(_) => Values::Bytes(batch.column::<Binary>(name)?),
            _ => fixed(batch.raw(name)?)?,
        };
        Ok(Self {
            name: name.to_owned(),
            kind,
            values,
        })
    }

    /// The value of a row, which the batch has.
    pub fn get(&self, row: usize) -> Result<Dynamic> {
        match &self.values {
            Values::Null => Ok(Dynamic::UNIT),
            Values::Text(texts) => Ok(texts
                .get(row)
                .map_or(Dynamic::UNIT, |text| ImmutableString::from(text).into())),
            Values::Bytes(bytes) => Ok(bytes
                .get(row)
                .map_or(Dynamic::UNIT, |bytes| Dynamic::from_blob(bytes.to_vec()))),
            Values::Fixed(validity, values) => {
                let validity = validity.as_slice();
                if !validity.is_empty() && !bit(validity, row) {
                    return Ok(Dynamic::UNIT);
                }
                self.number(values.as_slice(), row)
            }
        }
    }

    fn number(&self, values: &[u8], row: usize) -> Result<Dynamic> {
        Ok(match self.kind {
            Kind::Boolean => bit(values, row).into(),
            Kind::Integer { width: 8, signed: true } | Kind::Duration => {
                Dynamic::from_int(i64::from_le_bytes(at(values, row)))
            }
            Kind::Integer { width: 8, .. } => {
                let number = u64::from_le_bytes(at(values, row));
                let number = i64::try_from(number).map_err(|_| self.too_large(&number))?;
                Dynamic::from_int(number)
            }
            Kind::Integer { width, signed } => Dynamic::from_int(narrow(values, row, width, signed)),
            Kind::Float { width: 4 } => Dynamic::from_float(f32::from_le_bytes(at(values, row)).into()),
            Kind::Float { .. } => Dynamic::from_float(f64::from_le_bytes(at(values, row))),
            Kind::Decimal { width, scale, .. } => {
                let value = match width {
                    4 => i32::from_le_bytes(at(values, row)).into(),
                    8 => i64::from_le_bytes(at(values, row)).into(),
                    _ => i128::from_le_bytes(at(values, row)),
                };
                let decimal =
                    exact::load(value, scale).ok_or_else(|| self.too_large(&format!("{value}e{}", -scale)))?;
                Dynamic::from_decimal(decimal)
            }
            Kind::Date => Dynamic::from(Date(i32::from_le_bytes(at(values, row)))),
            Kind::DateMillis => {
                let days = i64::from_le_bytes(at(values, row)).div_euclid(clock::DAY * 1000);
                Dynamic::from(Date(i32::try_from(days).map_err(|_| self.too_large(&days))?))
            }
            Kind::Time { width, unit } => {
                let count = narrow(values, row, width, true);
                let time = Timestamp::load(count, unit, false);
                clock::time_text(time.second_of_day(), time.nanos).into()
            }
            Kind::Timestamp { unit, zoned } => {
                let count = i64::from_le_bytes(at(values, row));
                Dynamic::from(Timestamp::load(count, unit, zoned))
            }
            Kind::Null | Kind::Text | Kind::Bytes | Kind::FixedBytes(_) => Dynamic::UNIT,
        })
    }

    fn too_large(&self, value: &dyn std::fmt::Display) -> Error {
        let name = &self.name;
        let most = match self.kind {
            Kind::Decimal { .. } => "decimals of a script have 28 digits",
            Kind::DateMillis => "dates of a script end in the year 5,881,580",
            _ => "integers of a script end at 9,223,372,036,854,775,807",
        };
        Error::bad_data(format!("column `{name}` holds {value}, but {most}"))
    }
}

/// The error of a column that a script can't look into.
pub fn unreadable(field: &Field) -> Error {
    let (name, data_type) = (&field.name, crate::types::name(field));
    Error::new(
        tenon::ErrorKind::Unsupported,
        format!(
            "column `{name}` is {data_type}, which a script can only pass on; make of it what it needs with SQL before"
        ),
    )
}

fn fixed(column: RawColumn) -> Result<Values> {
    let name = column.field.name.clone();
    let [validity, values] = <[Buffer; 2]>::try_from(column.buffers)
        .map_err(|_| Error::internal(format!("the buffers of column `{name}` don't fit its type")))?;
    Ok(Values::Fixed(validity, values))
}

fn bit(bits: &[u8], row: usize) -> bool {
    bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
}

/// The bytes of a value; zeros past the end, where no row is.
fn at<const WIDTH: usize>(values: &[u8], row: usize) -> [u8; WIDTH] {
    let bytes = values.get(row * WIDTH..).and_then(<[u8]>::first_chunk);
    bytes.copied().unwrap_or([0; WIDTH])
}

fn narrow(values: &[u8], row: usize, width: usize, signed: bool) -> i64 {
    match (width, signed) {
        (1, true) => i8::from_le_bytes(at(values, row)).into(),
        (1, false) => u8::from_le_bytes(at(values, row)).into(),
        (2, true) => i16::from_le_bytes(at(values, row)).into(),
        (2, false) => u16::from_le_bytes(at(values, row)).into(),
        (4, true) => i32::from_le_bytes(at(values, row)).into(),
        (4, false) => u32::from_le_bytes(at(values, row)).into(),
        _ => i64::from_le_bytes(at(values, row)),
    }
}
