//! Which Arrow type a column has, and the buffer that it is fetched into.

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use odbc_api::buffers::BufferDesc;
use odbc_api::{ColumnDescription, DataType as OdbcType, ResultSetMetadata};

use crate::DescribedColumn;
use crate::generic::{Columns, Dbms, Fault};

use super::fault::of_driver;

/// The widest column whose buffers are as wide as it is.
const WIDE: usize = 4_000;

/// A column of a result.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// Its field.
    pub(crate) field: Field,
    /// Its type as it is described.
    pub(crate) described: DescribedColumn,
    /// The buffer it is fetched into.
    pub(crate) buffer: BufferDesc,
}

/// The columns of a result.
pub(crate) fn columns(result: &mut impl ResultSetMetadata, dbms: Dbms, longest: usize) -> Result<Vec<Column>, Fault> {
    let count = u16::try_from(result.num_result_cols().map_err(|error| of_driver(&error))?).unwrap_or_default();
    (1..=count)
        .map(|number| column(result, number, dbms, longest))
        .collect()
}

/// As a session describes them.
pub(crate) fn described(columns: &[Column]) -> Columns {
    let fields: Vec<Field> = columns.iter().map(|column| column.field.clone()).collect();
    Columns {
        schema: Schema::new(fields).into(),
        columns: columns.iter().map(|column| column.described.clone()).collect(),
    }
}

fn column(result: &mut impl ResultSetMetadata, number: u16, dbms: Dbms, longest: usize) -> Result<Column, Fault> {
    let mut description = ColumnDescription::default();
    result
        .describe_col(number, &mut description)
        .map_err(|error| of_driver(&error))?;
    let kind = description.data_type;
    let name = description
        .name_to_string()
        .map_err(|error| Fault::new(error.to_string(), None))?;
    // Only of whole numbers; drivers say so of texts as well.
    let unsigned = result.column_is_unsigned(number).unwrap_or(false) && dbms == Dbms::Mysql;
    let (data_type, buffer, note) = mapped(kind, unsigned, dbms, longest);
    Ok(Column {
        field: Field::new(&name, data_type, true),
        described: DescribedColumn {
            name,
            database_type: shown(kind),
            note: note.map(str::to_owned),
        },
        buffer,
    })
}

fn mapped(kind: OdbcType, unsigned: bool, dbms: Dbms, longest: usize) -> (DataType, BufferDesc, Option<&'static str>) {
    let nullable = true;
    let text = |length: Option<std::num::NonZeroUsize>| {
        let known = length.map(std::num::NonZeroUsize::get).filter(|length| *length <= WIDE);
        // What the driver of Postgres says of texts without a width.
        let known = known.filter(|length| dbms != Dbms::Postgres || *length != 255);
        // A character may take two units.
        BufferDesc::WText {
            max_str_len: known
                .filter(|_| dbms != Dbms::Sqlite)
                .map_or(longest, |length| 2 * length),
        }
    };
    let bytes = |length: Option<std::num::NonZeroUsize>| BufferDesc::Binary {
        max_bytes: length
            .map(std::num::NonZeroUsize::get)
            .filter(|length| *length <= 2 * WIDE && dbms != Dbms::Sqlite && (dbms != Dbms::Postgres || *length != 255))
            .unwrap_or(2 * longest),
    };
    let short = |max_str_len| BufferDesc::WText { max_str_len };
    match kind {
        // Whatever such columns are declared as, SQLite keeps 64 bits.
        OdbcType::TinyInt | OdbcType::SmallInt | OdbcType::Integer if dbms == Dbms::Sqlite => {
            (DataType::Int64, BufferDesc::I64 { nullable }, None)
        }
        OdbcType::TinyInt if unsigned || dbms == Dbms::Mssql => (DataType::UInt8, BufferDesc::U8 { nullable }, None),
        OdbcType::TinyInt => (DataType::Int8, BufferDesc::I8 { nullable }, None),
        OdbcType::SmallInt if unsigned => (DataType::UInt16, BufferDesc::I32 { nullable }, None),
        OdbcType::SmallInt => (DataType::Int16, BufferDesc::I16 { nullable }, None),
        OdbcType::Integer if unsigned => (DataType::UInt32, BufferDesc::I64 { nullable }, None),
        OdbcType::Integer => (DataType::Int32, BufferDesc::I32 { nullable }, None),
        OdbcType::BigInt if unsigned => (DataType::UInt64, short(24), None),
        OdbcType::BigInt => (DataType::Int64, BufferDesc::I64 { nullable }, None),
        OdbcType::Real if dbms != Dbms::Sqlite => (DataType::Float32, BufferDesc::F32 { nullable }, None),
        OdbcType::Real | OdbcType::Float { .. } | OdbcType::Double => {
            (DataType::Float64, BufferDesc::F64 { nullable }, None)
        }
        OdbcType::Bit => (DataType::Boolean, BufferDesc::Bit { nullable }, None),
        OdbcType::Numeric { precision, scale } | OdbcType::Decimal { precision, scale } => {
            decimal(precision, scale, dbms)
        }
        OdbcType::Date => (DataType::Date32, BufferDesc::Date { nullable }, None),
        // The structure for times of day has no fractions.
        OdbcType::Time { .. } => (DataType::Time64(TimeUnit::Microsecond), short(32), None),
        OdbcType::Timestamp { precision } => {
            let unit = if precision > 6 {
                TimeUnit::Nanosecond
            } else {
                TimeUnit::Microsecond
            };
            (
                DataType::Timestamp(unit, None),
                BufferDesc::Timestamp { nullable },
                None,
            )
        }
        OdbcType::Binary { length } | OdbcType::Varbinary { length } | OdbcType::LongVarbinary { length } => {
            (DataType::Binary, bytes(length), None)
        }
        OdbcType::Char { length }
        | OdbcType::WChar { length }
        | OdbcType::Varchar { length }
        | OdbcType::WVarchar { length }
        | OdbcType::LongVarchar { length }
        | OdbcType::WLongVarchar { length } => (DataType::Utf8, text(length), None),
        OdbcType::Unknown | OdbcType::Other { .. } => {
            (DataType::Utf8, text(None), Some("read as text: Arrow has no such type"))
        }
    }
}

fn decimal(precision: usize, scale: i16, dbms: Dbms) -> (DataType, BufferDesc, Option<&'static str>) {
    let buffer = BufferDesc::WText {
        max_str_len: precision.max(64) + 8,
    };
    // What the driver of Postgres says of numbers without a precision.
    let unknown = dbms == Dbms::Postgres && (precision, scale) == (28, 6);
    let scale = i8::try_from(scale).ok();
    match (u8::try_from(precision), scale) {
        (Ok(precision @ 1..=38), Some(scale @ 0..)) if !unknown && scale as u8 <= precision && dbms != Dbms::Sqlite => {
            (DataType::Decimal128(precision, scale), buffer, None)
        }
        (Ok(precision @ 39..=76), Some(scale @ 0..)) if scale as u8 <= precision => {
            (DataType::Decimal256(precision, scale), buffer, None)
        }
        _ => {
            let buffer = BufferDesc::WText { max_str_len: 1_024 };
            (
                DataType::Utf8,
                buffer,
                Some("read as text: the driver tells no precision"),
            )
        }
    }
}

fn shown(kind: OdbcType) -> String {
    let length = |name: &str, length: Option<std::num::NonZeroUsize>| match length {
        Some(length) => format!("{name}({length})"),
        None => name.to_owned(),
    };
    match kind {
        OdbcType::Char { length: width } | OdbcType::WChar { length: width } => length("char", width),
        OdbcType::Varchar { length: width } | OdbcType::WVarchar { length: width } => length("varchar", width),
        OdbcType::LongVarchar { length: width } | OdbcType::WLongVarchar { length: width } => {
            length("long varchar", width)
        }
        OdbcType::Binary { length: width } => length("binary", width),
        OdbcType::Varbinary { length: width } => length("varbinary", width),
        OdbcType::LongVarbinary { length: width } => length("long varbinary", width),
        OdbcType::Numeric { precision, scale } => format!("numeric({precision},{scale})"),
        OdbcType::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
        OdbcType::Float { precision } => format!("float({precision})"),
        OdbcType::Time { precision } => format!("time({precision})"),
        OdbcType::Timestamp { precision } => format!("timestamp({precision})"),
        OdbcType::Other { data_type, .. } => format!("type {}", data_type.0),
        other => format!("{other:?}").to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_narrower_than_it_is_stored() {
        let of = |kind, dbms| mapped(kind, false, dbms, 100).0;
        assert_eq!(of(OdbcType::Integer, Dbms::Sqlite), DataType::Int64);
        assert_eq!(of(OdbcType::Integer, Dbms::Postgres), DataType::Int32);
        assert_eq!(mapped(OdbcType::BigInt, true, Dbms::Mysql, 100).0, DataType::UInt64);
        let numeric = |precision, scale| OdbcType::Numeric { precision, scale };
        assert_eq!(of(numeric(28, 6), Dbms::Postgres), DataType::Utf8);
        assert_eq!(of(numeric(28, 6), Dbms::Mssql), DataType::Decimal128(28, 6));
        assert_eq!(of(numeric(65, 30), Dbms::Mysql), DataType::Decimal256(65, 30));
        assert_eq!(
            of(OdbcType::Timestamp { precision: 7 }, Dbms::Mssql),
            DataType::Timestamp(TimeUnit::Nanosecond, None)
        );
    }
}
