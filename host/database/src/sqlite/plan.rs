//! How the columns of rows become those of a table.

use arrow::datatypes::{DataType, Field};

use super::columns::Column;
use super::dialect::{self, Sql};
use super::encode::Kind;
use super::types::{self, Affinity};
use crate::sql::Dialect;
use crate::{Error, Evolution, LoadRequest, Mode};

/// What a source of changes adds to each row, beside `_op`: for order, and not for the table.
const OF_CHANGES: [&str; 3] = ["_position", "_sequence", "_committed_at"];

/// The column of a source of changes that says what has happened to the row.
pub(super) const OPERATION: &str = "_op";

/// A column of the staging table.
#[derive(Debug, Clone)]
pub(super) struct PlannedColumn {
    pub name: String,
    pub declared: String,
    pub kind: Kind,
}

/// What is decided before anything is written.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// The columns of the rows, in their order.
    pub columns: Vec<PlannedColumn>,
    /// Those of them that go to the table.
    pub moved: Vec<String>,
    /// The statement that makes the table, should it not be there.
    pub create: String,
    pub alterations: Vec<String>,
    pub keys: Vec<String>,
    pub delete_when: Option<String>,
}

/// Fits the rows to the table; `existing` are the columns of the table, if it is there.
pub(super) fn plan(request: &LoadRequest, existing: Option<&[Column]>) -> Result<Plan, Error> {
    let mismatch = |reason: String| Error::Mismatch {
        table: request.table.to_string(),
        reason,
    };
    check_names(request).map_err(mismatch)?;
    let upserts = request.config.mode == Mode::Upsert;
    let keys = keys(request, existing)?;
    let delete_when = delete_when(request, upserts)?;
    let (mut columns, mut moved, mut alterations) = (Vec::new(), Vec::new(), Vec::new());
    for field in request.schema.fields() {
        let name = field.name();
        let there = existing.and_then(|existing| find(existing, name));
        let is_for_order = delete_when.as_deref() == Some(OPERATION) && OF_CHANGES.contains(&name.as_str());
        let is_moved = delete_when.as_ref() != Some(name) && (there.is_some() || !is_for_order);
        let declared = match there {
            Some(column) => safe_type(&column.declared),
            None => new_type(request, field).map_err(mismatch)?,
        };
        let kind = kind(field.data_type(), &declared)
            .map_err(|reason| mismatch(format!("the column `{name}` {reason}; cast it in the job")))?;
        if is_moved {
            if there.is_some_and(|column| column.generated) {
                return Err(mismatch(format!(
                    "the column `{name}` is computed by the table; leave it out of the rows"
                )));
            }
            if existing.is_some() && there.is_none() {
                alterations.push(addition(request, name, &declared).map_err(mismatch)?);
            }
            moved.push(there.map_or_else(|| name.clone(), |column| column.name.clone()));
        }
        columns.push(PlannedColumn {
            name: name.clone(),
            declared,
            kind,
        });
    }
    if moved.is_empty() {
        return Err(mismatch("the rows have no columns for it".to_owned()));
    }
    Ok(Plan {
        create: create(request, &columns, &moved, &keys),
        columns,
        moved,
        alterations,
        keys,
        delete_when,
    })
}

fn check_names(request: &LoadRequest) -> Result<(), String> {
    let names: Vec<String> = request
        .schema
        .fields()
        .iter()
        .map(|field| field.name().to_lowercase())
        .collect();
    if let Some(name) = names
        .iter()
        .enumerate()
        .find(|(index, name)| names[..*index].contains(name))
    {
        return Err(format!(
            "the rows have two columns `{}`; upper and lower case are the same to SQLite",
            name.1
        ));
    }
    match names.iter().find(|name| name.contains('\0')) {
        Some(name) => Err(format!(
            "the name of the column {name:?} holds a NUL, which SQLite does not allow"
        )),
        None => Ok(()),
    }
}

/// The column of this name: exactly, or but for upper and lower case.
fn find<'a>(existing: &'a [Column], name: &str) -> Option<&'a Column> {
    let exact = existing.iter().find(|column| column.name == name);
    exact.or_else(|| {
        existing
            .iter()
            .find(|column| column.name.to_lowercase() == name.to_lowercase())
    })
}

fn keys(request: &LoadRequest, existing: Option<&[Column]>) -> Result<Vec<String>, Error> {
    let wrong = |reason: String| Error::Config {
        subject: format!("`keys` of {}", request.table),
        reason,
    };
    let upserts = request.config.mode == Mode::Upsert;
    let mut keys = request.config.keys.clone();
    if keys.is_empty() && upserts {
        keys = existing.map(super::describe::primary_key).unwrap_or_default();
        if keys.is_empty() {
            return Err(wrong("`upsert` needs them: the table has no primary key".to_owned()));
        }
    }
    for key in &keys {
        let is_there = |name: &String| name.to_lowercase() == key.to_lowercase();
        if !request.schema.fields().iter().any(|field| is_there(field.name())) {
            return Err(wrong(format!("the rows have no column `{key}`")));
        }
        if let Some(existing) = existing
            && !existing.iter().any(|column| is_there(&column.name))
        {
            return Err(wrong(format!("the table has no column `{key}`")));
        }
    }
    Ok(if upserts || existing.is_none() {
        keys
    } else {
        Vec::new()
    })
}

fn delete_when(request: &LoadRequest, upserts: bool) -> Result<Option<String>, Error> {
    let Some(column) = &request.config.delete_when else {
        return Ok(None);
    };
    let wrong = |reason: String| Error::Config {
        subject: format!("`delete_when` of {}", request.table),
        reason,
    };
    if !upserts {
        return Err(wrong("it is for the mode `upsert`".to_owned()));
    }
    let field = request.schema.field_with_name(column);
    let field = field.map_err(|_| wrong(format!("the rows have no column `{column}`")))?;
    let data_type = match field.data_type() {
        DataType::Dictionary(_, values) => values,
        other => other,
    };
    if !matches!(
        data_type,
        DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    ) {
        return Err(wrong(format!("the column `{column}` is neither a boolean nor text")));
    }
    Ok(Some(column.clone()))
}

fn new_type(request: &LoadRequest, field: &Field) -> Result<String, String> {
    if let Some(wanted) = request.config.types.get(field.name()) {
        if safe_type(wanted) != *wanted {
            return Err(format!(
                "`types` gives the column `{}` the type `{wanted}`, which is none",
                field.name()
            ));
        }
        return Ok(wanted.clone());
    }
    types::declared_type(field.data_type()).ok_or_else(|| {
        format!(
            "the column `{}` is of the type {}, which no column has",
            field.name(),
            field.data_type()
        )
    })
}

/// A declared type that is nothing but words and numbers; for others, the type that has the same affinity.
fn safe_type(declared: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "_ ".contains(character);
    let (name, arguments) = declared.split_once('(').unwrap_or((declared, ")"));
    let (inner, after) = arguments.split_once(')').unwrap_or(("!", ""));
    let is_inner = |character: char| is_plain(character) || ",".contains(character);
    if name.chars().chain(after.chars()).all(is_plain) && inner.chars().all(is_inner) {
        return declared.to_owned();
    }
    match Affinity::of(declared) {
        Affinity::Integer => "INTEGER",
        Affinity::Text => "TEXT",
        Affinity::Blob => "BLOB",
        Affinity::Real => "REAL",
        Affinity::Numeric => "NUMERIC",
    }
    .to_owned()
}

fn addition(request: &LoadRequest, name: &str, declared: &str) -> Result<String, String> {
    if request.config.evolution == Evolution::Refuse {
        return Err(format!(
            "it has no column `{name}`; leave it out of the rows, or set `evolution = \"add\"`"
        ));
    }
    let table = dialect::table(&request.table);
    Ok(format!("alter table {table} add column {} {declared}", Sql.quote(name)))
}

fn create(request: &LoadRequest, columns: &[PlannedColumn], moved: &[String], keys: &[String]) -> String {
    let of_table = columns.iter().filter(|column| moved.contains(&column.name));
    let mut lines: Vec<String> = of_table
        .map(|column| format!("{} {}", Sql.quote(&column.name), column.declared))
        .collect();
    if !keys.is_empty() {
        lines.push(format!("primary key ({})", Sql.quote_all(keys)));
    }
    format!("create table {} ({})", dialect::table(&request.table), lines.join(", "))
}

/// How values of a type are handed to a column; the error is the end of a sentence that begins with the column.
fn kind(arrow: &DataType, declared: &str) -> Result<Kind, String> {
    use DataType as D;
    let arrow = match arrow {
        D::Dictionary(_, values) => values,
        other => other,
    };
    let target = types::arrow_type(declared);
    let fits = |types: &[fn(&D) -> bool]| match &target {
        None | Some(D::Utf8) => true,
        Some(target) => types.iter().any(|fits| fits(target)),
    };
    let is_text = target == Some(D::Utf8);
    let is_decimal: fn(&D) -> bool = |target| matches!(target, D::Decimal128(..) | D::Decimal256(..));
    let is_float: fn(&D) -> bool = |target| *target == D::Float64;
    let is_whole: fn(&D) -> bool = |target| matches!(target, D::Int64 | D::UInt64);
    let is_moment: fn(&D) -> bool = |target| matches!(target, D::Timestamp(..));
    let is_local: fn(&D) -> bool = |target| matches!(target, D::Timestamp(_, None));
    let kind = match arrow {
        D::Null => Some(Kind::Null),
        D::Boolean if is_text => Some(Kind::Shown),
        D::Boolean => fits(&[|target| *target == D::Boolean, is_whole]).then_some(Kind::Boolean),
        whole if whole.is_integer() => fits(&[is_whole, is_float, is_decimal]).then_some(Kind::Integer),
        float if float.is_floating() && is_text => Some(Kind::Shown),
        float if float.is_floating() => fits(&[is_float]).then_some(Kind::Float),
        D::Decimal32(precision, scale)
        | D::Decimal64(precision, scale)
        | D::Decimal128(precision, scale)
        | D::Decimal256(precision, scale) => fits(&[is_decimal]).then(|| {
            let (precision, scale) = match target {
                Some(D::Decimal128(precision, scale) | D::Decimal256(precision, scale)) => (precision, scale),
                _ => (*precision.max(&76), (*scale).max(0)),
            };
            let kept_as_text = matches!(Affinity::of(declared), Affinity::Text | Affinity::Blob);
            Kind::Decimal {
                precision,
                scale,
                kept_as_text,
            }
        }),
        D::Utf8 | D::LargeUtf8 | D::Utf8View => fits(&[]).then_some(Kind::Text),
        D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => {
            (!is_text && fits(&[|target| *target == D::Binary])).then_some(Kind::Binary)
        }
        D::Date32 | D::Date64 if target.as_ref().is_some_and(is_local) => Some(Kind::Timestamp { zoned: false }),
        D::Date32 | D::Date64 => fits(&[|target| *target == D::Date32]).then_some(Kind::Date),
        D::Time32(_) | D::Time64(_) => fits(&[|target| matches!(target, D::Time64(_))]).then_some(Kind::Time),
        D::Timestamp(_, None) => fits(&[is_local]).then_some(Kind::Timestamp { zoned: false }),
        D::Timestamp(_, Some(_)) => fits(&[is_moment]).then(|| Kind::Timestamp {
            zoned: !target.as_ref().is_some_and(is_local),
        }),
        D::Duration(_) | D::Interval(_) => fits(&[]).then_some(Kind::Shown),
        nested if nested.is_nested() && !matches!(nested, D::Union(..) | D::RunEndEncoded(..)) => {
            fits(&[]).then_some(Kind::Json)
        }
        _ => None,
    };
    kind.ok_or_else(|| format!("is {arrow} in the rows and `{declared}` in the table"))
}
