//! What is written where: the rows' columns against the table's.

use arrow::datatypes::{DataType, Field};

use super::super::RedshiftDialect;
use super::super::write::given::check_type;
use super::catalog::{Column, NAME_BYTES, Table, quoted};
use super::kind::{Kind, kind};
use crate::sql::Dialect;
use crate::{Error, Evolution, LoadRequest, Mode, OnError, Replaced, TableName};

/// A staging column that says whether a row marks a key as deleted.
pub(super) const DELETED: &str = "_tenon_deleted";
/// A staging column by which changes are ordered.
pub(super) const ORDER: &str = "_tenon_order";
/// Columns of a table at most.
const COLUMNS: usize = 1600;
/// Bytes of a text at most.
const TEXT_BYTES: i32 = 65_535;

/// What is written where.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// The columns of the staging table, in order.
    pub staged: Vec<Staged>,
    /// Those of them that go to the table.
    pub columns: Vec<String>,
    pub keys: Vec<String>,
    pub alterations: Vec<String>,
    pub replaced: Replaced,
    /// Columns of text that are made longer if a row needs it, with the bytes that they have.
    pub limits: Vec<(String, i32)>,
}

/// A column of the staging table.
#[derive(Debug, Clone)]
pub(super) struct Staged {
    pub name: String,
    pub source: Source,
    pub kind: Kind,
}

/// Where its values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A column of the rows.
    Column(usize),
    /// Whether that column of the rows says `delete`.
    Deleted(usize),
    /// The place of a change, and that in its transaction.
    Order(usize, Option<usize>),
}

impl Plan {
    /// The columns of the staging table as SQL defines them.
    pub fn definitions(&self) -> String {
        let defined = self
            .staged
            .iter()
            .map(|column| format!("{} {}", RedshiftDialect.quote(&column.name), column.kind.staging));
        defined.collect::<Vec<_>>().join(", ")
    }
}

/// A plan for a table that is there or not. `name` has its schema.
pub(super) fn plan(request: &LoadRequest, name: &TableName, table: Option<&Table>) -> Result<Plan, Error> {
    let planning = Planning { request, name };
    let marks = planning.marks(table)?;
    let mut plan = match table {
        None => planning.made(&marks)?,
        Some(table) => planning.existing(table, &marks)?,
    };
    planning.check_keys(&plan)?;
    if let Some(deleted) = marks.deleted {
        plan.staged
            .push(mark(DELETED, Source::Deleted(deleted), &DataType::Boolean)?);
    }
    if let Some((position, sequence)) = marks.order {
        plan.staged
            .push(mark(ORDER, Source::Order(position, sequence), &DataType::Utf8)?);
    }
    if plan.staged.len() > COLUMNS {
        return Err(planning.mismatch(format!(
            "it would have {} columns; Redshift holds {COLUMNS}",
            plan.staged.len()
        )));
    }
    Ok(plan)
}

fn mark(name: &str, source: Source, data_type: &DataType) -> Result<Staged, Error> {
    let kind = kind(data_type).map_err(|reason| Error::Config {
        subject: name.to_owned(),
        reason,
    })?;
    Ok(Staged {
        name: name.to_owned(),
        source,
        kind,
    })
}

/// Columns of the rows that say what to do with them.
#[derive(Default)]
struct Marks {
    deleted: Option<usize>,
    order: Option<(usize, Option<usize>)>,
    /// Those that the table does not get.
    unwritten: Vec<usize>,
}

struct Planning<'a> {
    request: &'a LoadRequest,
    name: &'a TableName,
}

impl Planning<'_> {
    fn marks(&self, table: Option<&Table>) -> Result<Marks, Error> {
        let mut marks = Marks::default();
        let request = self.request;
        let Some(name) = &request.config.delete_when else {
            return Ok(marks);
        };
        let setting = |reason: String| Error::Config {
            subject: format!("`delete_when` of {}", request.table),
            reason,
        };
        if request.config.mode != Mode::Upsert {
            return Err(setting("only the mode `upsert` deletes rows".to_owned()));
        }
        let Some((index, field)) = request.schema.column_with_name(name) else {
            return Err(self.no_column(name));
        };
        let values = match field.data_type() {
            DataType::Dictionary(_, values) => values,
            own => own,
        };
        if !is_string(values) && *values != DataType::Boolean {
            return Err(setting(format!(
                "the column `{name}` is {values}; expected booleans, or text that is `delete`"
            )));
        }
        marks.deleted = Some(index);
        marks.unwritten.push(index);
        if name == "_op" {
            let is_written =
                |name: &str| table.is_some_and(|table| table.columns.iter().any(|column| column.name == name));
            let of_changes = |name: &str| request.schema.column_with_name(name).map(|(index, _)| index);
            marks.order = of_changes("_position").map(|position| (position, of_changes("_sequence")));
            let unwritten = ["_position", "_sequence", "_committed_at"]
                .into_iter()
                .filter(|name| !is_written(name));
            marks.unwritten.extend(unwritten.filter_map(of_changes));
        }
        Ok(marks)
    }

    /// The rows' columns that are written, with their places.
    fn fields<'m>(&'m self, marks: &'m Marks) -> impl Iterator<Item = (usize, &'m Field)> {
        let fields = self.request.schema.fields().iter().map(AsRef::as_ref).enumerate();
        fields.filter(|(index, _)| !marks.unwritten.contains(index))
    }

    /// A table that is made.
    fn made(&self, marks: &Marks) -> Result<Plan, Error> {
        let config = &self.request.config;
        for column in config.types.keys() {
            if self.request.schema.column_with_name(column).is_none() {
                return Err(self.no_column(column));
            }
        }
        let mut plan = empty(config.keys.clone());
        let mut definitions = Vec::new();
        for (index, field) in self.fields(marks) {
            let (declared, kind) = self.made_column(field)?;
            let is_required = !field.is_nullable() || config.keys.contains(field.name());
            let not_null = if is_required { " not null" } else { "" };
            definitions.push(format!("{} {declared}{not_null}", RedshiftDialect.quote(field.name())));
            push(&mut plan, index, field.name(), kind);
        }
        if definitions.is_empty() {
            return Err(self.mismatch("the rows have no columns, and a table needs one".to_owned()));
        }
        if !config.keys.is_empty() {
            definitions.push(format!("primary key ({})", RedshiftDialect.quote_all(&config.keys)));
        }
        plan.alterations = vec![format!(
            "create table {} ({})",
            quoted(self.name),
            definitions.join(", ")
        )];
        plan.replaced = match config.mode {
            Mode::Error | Mode::Ignore => Replaced::Nothing,
            Mode::Overwrite => Replaced::Rows,
            Mode::Append => Replaced::Added,
            Mode::Upsert => Replaced::Merged,
        };
        Ok(plan)
    }

    /// The type that a column is made with, and how its values come there.
    fn made_column(&self, field: &Field) -> Result<(String, Kind), Error> {
        self.check_name(field.name())?;
        let kind = self.kind(field)?;
        match self.request.config.types.get(field.name()) {
            Some(given) => {
                check_type(field.name(), given)?;
                Ok((given.clone(), kind))
            }
            None => Ok((kind.declared.clone(), kind)),
        }
    }

    /// A table that is there.
    fn existing(&self, table: &Table, marks: &Marks) -> Result<Plan, Error> {
        let config = &self.request.config;
        let mut plan = empty(self.keys_of(table)?);
        let mut misfits = Vec::new();
        let mut lacking = Vec::new();
        for (index, field) in self.fields(marks) {
            let Some(column) = column_of(table, field.name()) else {
                lacking.push((index, field));
                continue;
            };
            if plan.columns.contains(&column.name) {
                misfits.push(format!("two columns of the rows are its column `{}`", column.name));
                continue;
            }
            match fit(field, column) {
                Ok(kind) => push(&mut plan, index, &column.name, kind),
                Err(reason) => misfits.push(reason),
            }
            let limit = column
                .text_bytes()
                .filter(|bytes| *bytes < TEXT_BYTES && column.base == "varchar");
            if let Some(limit) = limit.filter(|_| config.evolution == Evolution::Widen) {
                plan.limits.push((column.name.clone(), limit));
            }
        }
        if config.evolution == Evolution::Refuse && !lacking.is_empty() {
            let names: Vec<String> = lacking.iter().map(|(_, field)| format!("`{}`", field.name())).collect();
            misfits.push(format!(
                "it lacks the columns {} of the rows (set `evolution: add` to add them)",
                names.join(", ")
            ));
        }
        if !misfits.is_empty() {
            return Err(self.mismatch(misfits.join("; ")));
        }
        for (index, field) in lacking {
            let (declared, kind) = self.made_column(field)?;
            plan.alterations.push(format!(
                "alter table {} add column {} {declared}",
                quoted(self.name),
                RedshiftDialect.quote(field.name())
            ));
            push(&mut plan, index, field.name(), kind);
        }
        if plan.columns.is_empty() {
            return Err(self.mismatch("none of the rows' columns is one that can be written".to_owned()));
        }
        plan.replaced = match config.mode {
            // The table has come since the mode was checked, and its commit will say so.
            Mode::Error | Mode::Ignore => Replaced::Nothing,
            Mode::Overwrite => Replaced::Rows,
            Mode::Append => Replaced::Added,
            Mode::Upsert => Replaced::Merged,
        };
        Ok(plan)
    }

    /// The columns by which rows are told apart: the table's own names of those that are given, or its primary key.
    fn keys_of(&self, table: &Table) -> Result<Vec<String>, Error> {
        let config = &self.request.config;
        if config.mode != Mode::Upsert {
            return Ok(Vec::new());
        }
        if config.keys.is_empty() {
            return Ok(table.primary_key.clone());
        }
        let own_name = |key: &String| match column_of(table, key) {
            Some(column) => Ok(column.name.clone()),
            None => Err(Error::NoColumn {
                relation: self.name.to_string(),
                column: key.clone(),
                columns: listed(table.columns.iter().map(|column| column.name.as_str())),
            }),
        };
        config.keys.iter().map(own_name).collect()
    }

    fn check_keys(&self, plan: &Plan) -> Result<(), Error> {
        if self.request.config.mode == Mode::Upsert && plan.keys.is_empty() {
            return Err(Error::Config {
                subject: format!("`keys` of {}", self.name),
                reason: "the mode `upsert` needs columns to tell rows apart by, and the table has no primary key"
                    .to_owned(),
            });
        }
        match plan.keys.iter().find(|key| !plan.columns.contains(key)) {
            Some(key) => Err(self.no_column(key)),
            None => Ok(()),
        }
    }

    fn kind(&self, field: &Field) -> Result<Kind, Error> {
        kind(field.data_type()).map_err(|reason| self.mismatch(format!("column `{}`: {reason}", field.name())))
    }

    fn check_name(&self, name: &str) -> Result<(), Error> {
        let reason = match name {
            "" => "is empty",
            name if name.contains('\0') => "holds a NUL character",
            name if name.len() > NAME_BYTES => "is longer than the 127 bytes that Redshift keeps",
            DELETED | ORDER => "is one that Tenon uses itself",
            _ => return Ok(()),
        };
        Err(self.mismatch(format!("the name of the column `{name}` {reason}; rename it")))
    }

    fn no_column(&self, column: &str) -> Error {
        Error::NoColumn {
            relation: format!("what is to be written to {}", self.request.table),
            column: column.to_owned(),
            columns: listed(self.request.schema.fields().iter().map(|field| field.name().as_str())),
        }
    }

    fn mismatch(&self, reason: String) -> Error {
        Error::Mismatch {
            table: self.name.to_string(),
            reason,
        }
    }
}

/// Whether rows are left out that the table refuses.
pub(super) fn is_lenient(request: &LoadRequest) -> bool {
    request.config.on_error == OnError::Reject
}

fn empty(keys: Vec<String>) -> Plan {
    Plan {
        staged: Vec::new(),
        columns: Vec::new(),
        keys,
        alterations: Vec::new(),
        replaced: Replaced::Added,
        limits: Vec::new(),
    }
}

fn push(plan: &mut Plan, index: usize, name: &str, kind: Kind) {
    plan.columns.push(name.to_owned());
    plan.staged.push(Staged {
        name: name.to_owned(),
        source: Source::Column(index),
        kind,
    });
}

/// How a column's values come to one of the table. Where they would be changed on the way: which, and what to do.
fn fit(field: &Field, column: &Column) -> Result<Kind, String> {
    let values = match field.data_type() {
        DataType::Dictionary(_, values) => values,
        own => own,
    };
    let misfit = |why: &str| {
        Err(format!(
            "its column `{}` is {}, and the rows have {values}{why}; cast it",
            column.name, column.declared
        ))
    };
    let kind = kind(values).map_err(|reason| format!("column `{}`: {reason}", field.name()))?;
    let is_whole = values.is_integer() || matches!(kind.sent, DataType::Decimal128(_, 0));
    let is_fitting = match column.base.as_str() {
        _ if *values == DataType::Null => true,
        "bool" => *values == DataType::Boolean,
        "int2" | "int4" | "int8" => is_whole,
        "numeric" => match (&kind.sent, column.digits()) {
            (DataType::Decimal128(_, scale), Some((_, own))) if i32::from(*scale) > own => {
                return misfit(", of more digits after the point");
            }
            _ => is_whole || matches!(kind.sent, DataType::Decimal128(..)),
        },
        "float4" => kind.sent == DataType::Float32,
        "float8" => matches!(
            kind.sent,
            DataType::Float32 | DataType::Float64 | DataType::Int16 | DataType::Int32
        ),
        "varchar" | "bpchar" | "text" | "super" => is_string(values) || values.is_nested(),
        "date" => kind.sent == DataType::Date32,
        "time" => matches!(values, DataType::Time32(_) | DataType::Time64(_)),
        "timestamp" => matches!(values, DataType::Timestamp(_, None)),
        "timestamptz" => matches!(values, DataType::Timestamp(_, Some(_))),
        "varbyte" => kind.sent == DataType::Binary,
        // The database parses what it has no counterpart for here.
        _ => is_string(values),
    };
    if is_fitting { Ok(kind) } else { misfit("") }
}

fn is_string(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// The column of this name, or the only one that differs from it in upper and lower case alone.
fn column_of<'t>(table: &'t Table, name: &str) -> Option<&'t Column> {
    let exact = table.columns.iter().find(|column| column.name == name);
    exact.or_else(|| {
        let lower = name.to_lowercase();
        let mut alike = table
            .columns
            .iter()
            .filter(|column| column.name.to_lowercase() == lower);
        let first = alike.next()?;
        alike.next().is_none().then_some(first)
    })
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 20;
    let mut names: Vec<String> = names.take(SHOWN + 1).map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        "more".clone_into(&mut names[SHOWN]);
    }
    names.join(", ")
}
