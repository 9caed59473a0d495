//! Fits the columns of several files together.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::report::{ColumnReport, Origin, SchemaReport};
use super::{SqlType, name_of};
use crate::Error;

/// How much the columns of a source's files may differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Evolution {
    /// Not at all: every file has the same columns of the same types.
    Strict,
    /// Columns may be added and missing, and then have no values; types may widen without loss (`int` to `bigint` to
    /// `double`, `date` to `timestamp`). Anything else is an error.
    #[default]
    Compatible,
    /// As `compatible`, and what does not fit together becomes text.
    Widest,
}

/// What one file says about its columns.
#[derive(Debug)]
pub(in super::super) struct FileColumns {
    /// Name of the file in messages.
    pub file: Arc<str>,
    pub columns: Vec<SeenColumn>,
    /// Rows looked at.
    pub rows: u64,
}

#[derive(Debug)]
pub(in super::super) struct SeenColumn {
    pub name: String,
    /// None: no value was seen.
    pub data_type: Option<DataType>,
    /// What forbids a narrower type.
    pub because: Option<String>,
}

/// A column while files are put together.
struct Column {
    name: String,
    data_type: Option<DataType>,
    /// The file that the type is from.
    file: Arc<str>,
    files: usize,
    because: Option<String>,
}

/// The columns of all files together, in the order in which files bring them. If they `may_be_absent`, columns that are
/// given and that no file was seen to have come behind them.
pub(in super::super) fn unify(
    url: &str,
    files: &[FileColumns],
    evolution: Evolution,
    given: &BTreeMap<String, SqlType>,
    may_be_absent: bool,
    origin: Origin,
) -> Result<(Schema, SchemaReport), Error> {
    let mut columns: Vec<Column> = Vec::new();
    let mut positions: BTreeMap<String, usize> = BTreeMap::new();
    if evolution == Evolution::Strict {
        same_columns(files)?;
    }
    for file in files {
        for seen in &file.columns {
            let Some(position) = positions.get(&seen.name) else {
                positions.insert(seen.name.clone(), columns.len());
                columns.push(Column {
                    name: seen.name.clone(),
                    data_type: seen.data_type.clone(),
                    file: Arc::clone(&file.file),
                    files: 1,
                    because: seen.because.clone(),
                });
                continue;
            };
            let column = &mut columns[*position];
            column.files += 1;
            if !given.contains_key(&seen.name) {
                widen_column(column, seen, &file.file, evolution)?;
            }
        }
    }
    for unknown in given.keys().filter(|name| !positions.contains_key(*name)) {
        if !may_be_absent {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            return Err(Error::Config {
                subject: url.to_owned(),
                reason: format!("`schema` names the column `{unknown}`; there are {}", names.join(", ")),
            });
        }
        columns.push(Column {
            name: unknown.clone(),
            data_type: None,
            file: Arc::from(url),
            files: 0,
            because: None,
        });
    }
    let mut report = SchemaReport {
        files: files.len(),
        rows: files.iter().map(|file| file.rows).sum(),
        columns: Vec::with_capacity(columns.len()),
    };
    let mut fields = Vec::with_capacity(columns.len());
    for column in columns {
        let (data_type, origin, because) = match given.get(&column.name) {
            Some(given) => (given.data_type().clone(), Origin::Given, None),
            // Any value at all can be text.
            None => match column.data_type {
                Some(data_type) => (data_type, origin, column.because),
                None => (DataType::Utf8, origin, Some("no value was seen".to_owned())),
            },
        };
        report.columns.push(ColumnReport {
            name: column.name.clone(),
            sql_type: name_of(&data_type),
            origin,
            files: column.files,
            because,
        });
        fields.push(Field::new(column.name, data_type, true));
    }
    Ok((Schema::new(fields), report))
}

fn same_columns(files: &[FileColumns]) -> Result<(), Error> {
    let Some((first, others)) = files.split_first() else {
        return Ok(());
    };
    let names = |file: &FileColumns| {
        file.columns
            .iter()
            .map(|column| column.name.clone())
            .collect::<Vec<_>>()
    };
    let expected = names(first);
    match others.iter().find(|other| names(other) != expected) {
        None => Ok(()),
        Some(other) => Err(Error::Columns {
            file: other.file.to_string(),
            first: first.file.to_string(),
            expected: expected.join(", "),
            found: names(other).join(", "),
        }),
    }
}

fn widen_column(column: &mut Column, seen: &SeenColumn, file: &Arc<str>, evolution: Evolution) -> Result<(), Error> {
    let (one, two) = match (&column.data_type, &seen.data_type) {
        (_, None) => return Ok(()),
        (None, Some(_)) => {
            column.data_type.clone_from(&seen.data_type);
            column.because.clone_from(&seen.because);
            column.file = Arc::clone(file);
            return Ok(());
        }
        (Some(one), Some(two)) if one == two => return Ok(()),
        (Some(one), Some(two)) => (one, two),
    };
    let wider = match evolution {
        Evolution::Strict => None,
        Evolution::Compatible => widen(one, two),
        Evolution::Widest => {
            widen(one, two).or_else(|| (!one.is_nested() && !two.is_nested()).then_some(DataType::Utf8))
        }
    };
    let Some(wider) = wider else {
        return Err(Error::Clash {
            column: column.name.clone(),
            first: column.file.to_string(),
            expected: name_of(one),
            file: file.to_string(),
            found: name_of(two),
        });
    };
    if wider != *one {
        column.because = Some(format!(
            "it is {} in {} and {} in {file}",
            name_of(one),
            column.file,
            name_of(two)
        ));
        column.file = Arc::clone(file);
        column.data_type = Some(wider);
    }
    Ok(())
}

/// The narrowest type that holds every value of both; none where there is none.
fn widen(one: &DataType, two: &DataType) -> Option<DataType> {
    use DataType as T;
    if one == two {
        return Some(one.clone());
    }
    if let Some(wider) = widen_numbers(one, two).or_else(|| widen_numbers(two, one)) {
        return Some(wider);
    }
    match (one, two) {
        (T::Null, other) | (other, T::Null) => Some(other.clone()),
        (T::Utf8 | T::LargeUtf8 | T::Utf8View, T::Utf8 | T::LargeUtf8 | T::Utf8View) => {
            let large = matches!(one, T::LargeUtf8) || matches!(two, T::LargeUtf8);
            Some(if large { T::LargeUtf8 } else { T::Utf8 })
        }
        (T::Binary | T::LargeBinary | T::BinaryView, T::Binary | T::LargeBinary | T::BinaryView) => {
            let large = matches!(one, T::LargeBinary) || matches!(two, T::LargeBinary);
            Some(if large { T::LargeBinary } else { T::Binary })
        }
        (T::Dictionary(_, value), other) | (other, T::Dictionary(_, value)) => match other {
            T::Dictionary(_, other) => widen(value, other),
            other => widen(value, other),
        },
        (T::Date32, timestamp @ T::Timestamp(_, None)) | (timestamp @ T::Timestamp(_, None), T::Date32) => {
            Some(timestamp.clone())
        }
        (T::Date32, T::Date64) | (T::Date64, T::Date32) => Some(T::Date64),
        (T::Timestamp(fine, zone), T::Timestamp(other, other_zone)) if zone == other_zone => {
            Some(T::Timestamp(finer(*fine, *other), zone.clone()))
        }
        (T::List(item), T::List(other)) => Some(T::List(widen_field(item, other)?)),
        (T::LargeList(item), T::LargeList(other)) => Some(T::LargeList(widen_field(item, other)?)),
        (T::Struct(fields), T::Struct(others)) => widen_struct(fields, others),
        _ => None,
    }
}

fn widen_field(one: &FieldRef, two: &FieldRef) -> Option<FieldRef> {
    let wider = widen(one.data_type(), two.data_type())?;
    Some(Arc::new(Field::new(
        one.name(),
        wider,
        one.is_nullable() || two.is_nullable(),
    )))
}

fn widen_struct(fields: &Fields, others: &Fields) -> Option<DataType> {
    let mut merged: Vec<FieldRef> = Vec::with_capacity(fields.len());
    for field in fields {
        merged.push(match others.find(field.name()) {
            Some((_, other)) => widen_field(field, other)?,
            None => Arc::new(field.as_ref().clone().with_nullable(true)),
        });
    }
    let added = others.iter().filter(|other| fields.find(other.name()).is_none());
    merged.extend(added.map(|field| Arc::new(field.as_ref().clone().with_nullable(true))));
    Some(DataType::Struct(merged.into()))
}

fn finer(one: TimeUnit, two: TimeUnit) -> TimeUnit {
    let rank = |unit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    };
    if rank(one) >= rank(two) { one } else { two }
}

/// Digits that an integer may have, and whether it has a sign.
fn integer(data_type: &DataType) -> Option<(u8, bool)> {
    Some(match data_type {
        DataType::Int8 => (3, true),
        DataType::Int16 => (5, true),
        DataType::Int32 => (10, true),
        DataType::Int64 => (19, true),
        DataType::UInt8 => (3, false),
        DataType::UInt16 => (5, false),
        DataType::UInt32 => (10, false),
        DataType::UInt64 => (20, false),
        _ => return None,
    })
}

fn widen_numbers(one: &DataType, two: &DataType) -> Option<DataType> {
    use DataType as T;
    match (one, two) {
        (T::Float32, T::Float64) | (T::Float64, T::Decimal128(..) | T::Decimal256(..)) => Some(T::Float64),
        // An int of 32 bits does not fit a float of 32 bits.
        (T::Float32, other) => match integer(other)? {
            (digits, _) if digits <= 5 => Some(T::Float32),
            _ => Some(T::Float64),
        },
        (T::Float64, other) => integer(other).map(|_| T::Float64),
        (T::Decimal128(precision, scale), other) => {
            let (other_precision, other_scale) = match other {
                T::Decimal128(precision, scale) => (*precision, *scale),
                other => (integer(other)?.0, 0),
            };
            let scale = (*scale).max(other_scale);
            let whole = (i16::from(*precision) - i16::from(scale_of(one)))
                .max(i16::from(other_precision) - i16::from(other_scale));
            let precision = u8::try_from(whole + i16::from(scale)).ok()?;
            match precision {
                0..=38 => Some(T::Decimal128(precision, scale)),
                39..=76 => Some(T::Decimal256(precision, scale)),
                _ => None,
            }
        }
        _ => {
            let ((digits, signed), (other_digits, other_signed)) = (integer(one)?, integer(two)?);
            if signed == other_signed {
                return Some(if digits >= other_digits {
                    one.clone()
                } else {
                    two.clone()
                });
            }
            let unsigned = if signed { other_digits } else { digits };
            let needed = digits.max(other_digits);
            match (unsigned, needed) {
                (20, _) => None,
                (3, ..=5) => Some(T::Int16),
                (3 | 5, ..=10) => Some(T::Int32),
                _ => Some(T::Int64),
            }
        }
    }
}

fn scale_of(data_type: &DataType) -> i8 {
    match data_type {
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => *scale,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(name: &str) -> DataType {
        name.parse::<SqlType>().expect("a type").data_type().clone()
    }

    #[test]
    fn types_widen_without_loss() {
        let cases = [
            ("int", "bigint", Some("bigint")),
            ("bigint", "double", Some("double")),
            ("int", "double", Some("double")),
            ("real", "int", Some("double")),
            ("real", "smallint", Some("real")),
            ("int unsigned", "int", Some("bigint")),
            ("tinyint unsigned", "tinyint", Some("smallint")),
            ("tinyint unsigned", "bigint", Some("bigint")),
            ("bigint unsigned", "bigint", None),
            ("decimal(10,2)", "decimal(8,4)", Some("decimal(12,4)")),
            ("decimal(10,2)", "int", Some("decimal(12,2)")),
            ("date", "timestamp", Some("timestamp")),
            ("timestamp(ms)", "timestamp(us)", Some("timestamp")),
            ("timestamp", "timestamp(us, 'UTC')", None),
            ("int[]", "bigint[]", Some("bigint[]")),
            ("bigint", "text", None),
            ("boolean", "bigint", None),
            ("bigint", "date", None),
        ];
        for (one, two, expected) in cases {
            for (one, two) in [(one, two), (two, one)] {
                let wider = widen(&sql(one), &sql(two)).map(|wider| name_of(&wider));
                assert_eq!(wider.as_deref(), expected, "{one}, {two}");
            }
        }
    }
}
