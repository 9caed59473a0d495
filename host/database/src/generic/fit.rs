//! What has to change in a table for the rows' columns to fit its own.

use arrow::datatypes::{DataType, Field};

use crate::{Error, Evolution, LoadRequest};

use super::Dbms;
use super::ddl::{add_column, widen_column};
use super::storage::sql_type;

/// The statement that adds a column which the table lacks.
pub(crate) fn added(dbms: Dbms, request: &LoadRequest, name: &str, kind: &str) -> Result<String, Error> {
    if request.config.evolution == Evolution::Refuse {
        return Err(Error::Mismatch {
            table: request.table.to_string(),
            reason: format!(
                "it has no column `{name}`, and the rows do; leave the column out, or add it with `evolution = \"add\"`"
            ),
        });
    }
    Ok(add_column(dbms, &request.table, name, kind))
}

/// The statement that gives a column a type which takes the rows' values; none where its own does.
pub(crate) fn widened(
    dbms: Dbms,
    request: &LoadRequest,
    field: &Field,
    column: &Field,
) -> Result<Option<String>, Error> {
    let (rows, table) = (field.data_type(), column.data_type());
    if !dbms.typed() {
        return Ok(None);
    }
    let refused = |advice: &str| Error::Mismatch {
        table: request.table.to_string(),
        reason: format!(
            "its column `{}` is {table}, and the rows have {rows}; {advice}",
            column.name()
        ),
    };
    if !may_become(rows, table) {
        return Err(refused("cast the column to the table's type"));
    }
    if fits(rows, table) {
        return Ok(None);
    }
    if !fits(table, rows) {
        return Err(refused("cast the column to the table's type"));
    }
    if request.config.evolution != Evolution::Widen {
        return Err(refused(
            "cast it, or let the table's type become wider with `evolution = \"widen\"`",
        ));
    }
    let kind = sql_type(dbms, rows, false);
    widen_column(dbms, &request.table, column.name(), &kind)
        .map(Some)
        .ok_or_else(|| refused("the database cannot be asked for a wider type; cast it"))
}

/// Whether values of a type may be those of another, as far as that can be told without looking at them. Texts are
/// converted.
fn may_become(from: &DataType, to: &DataType) -> bool {
    let (from, to) = (Class::of(from), Class::of(to));
    from == to || from == Class::Any || to == Class::Any
}

/// Types whose values are of one sort.
#[derive(PartialEq, Eq)]
enum Class {
    Number,
    Moment,
    Time,
    Bytes,
    /// The database is the judge.
    Any,
}

impl Class {
    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Number,
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Self::Moment,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Self::Bytes
            }
            DataType::Dictionary(_, values) => Self::of(values),
            other if other.is_numeric() => Self::Number,
            _ => Self::Any,
        }
    }
}

/// Whether all numbers of a type fit another. Of other types the database is the judge.
fn fits(from: &DataType, to: &DataType) -> bool {
    let Some((from, to)) = digits(from).zip(digits(to)) else {
        return true;
    };
    match (from, to) {
        (Digits::Whole(from), Digits::Whole(to)) | (Digits::Float(from), Digits::Float(to)) => from <= to,
        (Digits::Decimal(whole, scale), Digits::Decimal(to_whole, to_scale)) => whole <= to_whole && scale <= to_scale,
        (Digits::Whole(bits), Digits::Decimal(whole, _)) => decimal_digits(bits) <= whole,
        (Digits::Whole(bits), Digits::Float(mantissa)) => bits <= mantissa,
        (Digits::Decimal(_, _), Digits::Whole(_) | Digits::Float(_)) | (Digits::Float(_), _) => false,
    }
}

/// How large and how exact numbers of a type are.
enum Digits {
    /// Bits, without the sign.
    Whole(u8),
    /// Digits before and after the point.
    Decimal(u8, i8),
    /// Bits that are exact.
    Float(u8),
}

fn digits(data_type: &DataType) -> Option<Digits> {
    Some(match data_type {
        // Databases without such narrow types have them as wider ones.
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => Digits::Whole(15),
        DataType::UInt16 | DataType::Int32 => Digits::Whole(31),
        DataType::UInt32 | DataType::Int64 => Digits::Whole(63),
        DataType::UInt64 => Digits::Whole(64),
        DataType::Float16 | DataType::Float32 => Digits::Float(24),
        DataType::Float64 => Digits::Float(53),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            Digits::Decimal(precision.saturating_sub((*scale).max(0) as u8), *scale)
        }
        _ => return None,
    })
}

fn decimal_digits(bits: u8) -> u8 {
    match bits {
        0..=15 => 5,
        16..=31 => 10,
        32..=63 => 19,
        _ => 20,
    }
}
