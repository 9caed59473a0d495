//! What is written where: the rows' columns against the table's.

use arrow::datatypes::Field;

use super::super::PostgresDialect;
use super::catalog::{NAME_BYTES, Table, TableColumn, quoted};
use super::encode::Sent;
use super::fit::{Carriage, fit, is_string};
use super::given::Given;
use super::marks::{Marks, listed, no_column};
use super::natural::{Natural, natural};
use super::widen::{text_limit, widened};
use crate::sql::Dialect;
use crate::{Error, Evolution, LoadRequest, Mode, OnError, Replaced, TableName};

/// Columns of a table at most.
const COLUMNS: usize = 1600;

/// What is written where.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// What the writers send, one for each column of the staging table.
    pub sent: Vec<Sent>,
    /// The columns of the staging table as SQL defines them.
    pub definitions: Vec<String>,
    /// Those of them that go to the table.
    pub columns: Vec<String>,

    pub keys: Vec<String>,
    pub alterations: Vec<String>,
    pub replaced: Replaced,
    /// Columns of text that are to be made longer if a row needs it, with the limits that they have.
    pub limits: Vec<(String, i32)>,
}

/// A plan for a table that is there or not. `name` has its schema.
pub(super) fn plan(
    request: &LoadRequest,
    name: &TableName,
    table: Option<&Table>,
    given: &Given,
) -> Result<Plan, Error> {
    let marks = Marks::of(request, table)?;
    let planning = Planning {
        request,
        name,
        marks,
        given,
    };
    let mut plan = match table {
        None => planning.made()?,
        Some(table) => planning.existing(table)?,
    };
    planning.check_keys(&plan)?;
    planning.add_marks(&mut plan)?;
    if plan.sent.len() > COLUMNS {
        return Err(planning.mismatch(format!(
            "it would have {} columns; Postgres holds {COLUMNS}",
            plan.sent.len()
        )));
    }
    Ok(plan)
}

struct Planning<'a> {
    request: &'a LoadRequest,
    name: &'a TableName,
    marks: Marks,
    given: &'a Given,
}

impl Planning<'_> {
    /// The rows' columns that are written, with their places.
    fn fields(&self) -> impl Iterator<Item = (usize, &Field)> {
        let fields = self.request.schema.fields().iter().map(AsRef::as_ref).enumerate();
        fields.filter(|(index, _)| !self.marks.unwritten.contains(index))
    }

    fn is_lenient(&self) -> bool {
        self.request.config.on_error == OnError::Reject
    }

    /// A table that is made.
    fn made(&self) -> Result<Plan, Error> {
        let keys = self.request.config.keys.clone();
        let mut plan = Self::empty(keys.clone());
        let mut definitions = Vec::new();
        let mut is_as_declared = true;
        for (index, field) in self.fields() {
            let (declared, carriage) = self.made_column(field)?;
            let is_key = keys.contains(field.name());
            is_as_declared &= carriage.staging == declared;
            let not_null = if field.is_nullable() && !is_key {
                ""
            } else {
                " not null"
            };
            definitions.push(format!("{} {declared}{not_null}", PostgresDialect.quote(field.name())));
            // A null among the keys is refused with the table's own message later.
            let is_never_null = !field.is_nullable();
            Self::push(&mut plan, index, field.name(), carriage, is_never_null);
        }
        if definitions.is_empty() {
            return Err(self.mismatch("the rows have no columns, and a table needs one".to_owned()));
        }
        let is_checked = self.is_lenient() && !keys.is_empty();
        plan.replaced = match self.request.config.mode {
            Mode::Error | Mode::Ignore => Replaced::Nothing,
            Mode::Overwrite => Replaced::Table,
            Mode::Append => Replaced::Added,
            Mode::Upsert => Replaced::Merged,
        };
        if !is_as_declared || is_checked || self.request.config.delete_when.is_some() {
            if !keys.is_empty() {
                definitions.push(format!("primary key ({})", PostgresDialect.quote_all(&keys)));
            }
            let definitions = definitions.join(", ");
            plan.alterations = vec![format!(
                "create table if not exists {} ({definitions})",
                quoted(self.name)
            )];
            if plan.replaced == Replaced::Table {
                plan.replaced = Replaced::Rows;
            }
        }
        Ok(plan)
    }

    /// The type that a column is made with, and how its values come there.
    fn made_column(&self, field: &Field) -> Result<(String, Carriage), Error> {
        self.check_name(field.name())?;
        if let Some(column) = self.given.get(field.name()) {
            let carriage = fit(field.data_type(), column, self.is_lenient()).map_err(|reason| self.mismatch(reason))?;
            return Ok((column.declared.clone(), carriage));
        }
        let natural = self.natural(field)?;
        let carriage = Carriage {
            staging: natural.declared.clone(),
            wire: natural.wire,
        };
        Ok((natural.declared, carriage))
    }

    /// A table that is there.
    fn existing(&self, table: &Table) -> Result<Plan, Error> {
        let mut plan = Self::empty(self.keys_of(table)?);
        let mut lacking = Vec::new();
        let mut misfits = Vec::new();
        let mut placed: Vec<(usize, usize, Carriage)> = Vec::new();
        for (index, field) in self.fields() {
            let Some(place) = place_of(table, field.name()) else {
                lacking.push((index, field));
                continue;
            };
            let column = &table.columns[place];
            if column.is_generated {
                continue;
            }
            if placed.iter().any(|(other, ..)| *other == place) {
                misfits.push(format!("two columns of the rows are its column `{}`", column.name));
                continue;
            }
            match self.fitted(field, column, &mut plan) {
                Ok(carriage) => placed.push((place, index, carriage)),
                Err(reason) => misfits.push(reason),
            }
        }
        if self.request.config.evolution == Evolution::Refuse && !lacking.is_empty() {
            let names: Vec<String> = lacking.iter().map(|(_, field)| format!("`{}`", field.name())).collect();
            misfits.push(format!(
                "it lacks the columns {} of the rows (set `evolution: add` to add them)",
                names.join(", ")
            ));
        }
        if !misfits.is_empty() {
            return Err(self.mismatch(misfits.join("; ")));
        }
        placed.sort_by_key(|(place, ..)| *place);
        let is_same = placed.len() == table.columns.len()
            && lacking.is_empty()
            && plan.alterations.is_empty()
            && plan.limits.is_empty()
            && placed
                .iter()
                .all(|(place, _, carriage)| carriage.staging == table.columns[*place].declared);
        for (place, index, carriage) in placed {
            Self::push(&mut plan, index, &table.columns[place].name, carriage, false);
        }
        for (index, field) in lacking {
            let (declared, carriage) = self.made_column(field)?;
            plan.alterations.push(format!(
                "alter table {} add column if not exists {} {declared}",
                quoted(self.name),
                PostgresDialect.quote(field.name())
            ));
            Self::push(&mut plan, index, field.name(), carriage, false);
        }
        if plan.sent.is_empty() {
            return Err(self.mismatch("none of the rows' columns is one that can be written".to_owned()));
        }
        plan.replaced = match self.request.config.mode {
            // The table has come since the mode was checked, and its commit will say so.
            Mode::Error | Mode::Ignore => Replaced::Nothing,
            Mode::Overwrite if is_same && table.is_replaceable && !self.is_lenient() => Replaced::Table,
            Mode::Overwrite => Replaced::Rows,
            Mode::Append => Replaced::Added,
            Mode::Upsert => Replaced::Merged,
        };
        Ok(plan)
    }

    /// How a column's values come to a column that is there, which is widened where it has to be and may be.
    fn fitted(&self, field: &Field, column: &TableColumn, plan: &mut Plan) -> Result<Carriage, String> {
        if self.request.config.evolution != Evolution::Widen {
            return fit(field.data_type(), column, self.is_lenient());
        }
        if let Some(wider) = widened(field.data_type(), column) {
            plan.alterations
                .push(alter_type(self.name, &column.name, &wider.declared));
            return Ok(Carriage {
                staging: wider.declared,
                wire: wider.wire,
            });
        }
        if let Some(limit) = text_limit(column).filter(|_| is_string(field.data_type())) {
            plan.limits.push((column.name.clone(), limit));
            return fit(field.data_type(), column, true);
        }
        fit(field.data_type(), column, self.is_lenient())
    }

    /// The columns by which rows are told apart: the table's own names of those that are given, or its primary key.
    fn keys_of(&self, table: &Table) -> Result<Vec<String>, Error> {
        let given = &self.request.config.keys;
        if self.request.config.mode != Mode::Upsert {
            return Ok(Vec::new());
        }
        if given.is_empty() {
            return Ok(table.primary_key.clone());
        }
        let own_name = |key: &String| match place_of(table, key) {
            Some(place) => Ok(table.columns[place].name.clone()),
            None => Err(Error::NoColumn {
                relation: self.name.to_string(),
                column: key.clone(),
                columns: listed(table.columns.iter().map(|column| column.name.as_str())),
            }),
        };
        given.iter().map(own_name).collect()
    }

    fn check_keys(&self, plan: &Plan) -> Result<(), Error> {
        let config = &self.request.config;
        if config.mode == Mode::Upsert && plan.keys.is_empty() {
            return Err(Error::Config {
                subject: format!("`keys` of {}", self.name),
                reason: "the mode `upsert` needs columns to tell rows apart by, and the table has no primary key"
                    .to_owned(),
            });
        }
        match plan.keys.iter().find(|key| !plan.columns.contains(key)) {
            Some(key) => Err(no_column(self.request, key)),
            None => Ok(()),
        }
    }

    /// Adds columns to the staging table that the table does not get.
    fn add_marks(&self, plan: &mut Plan) -> Result<(), Error> {
        for index in &self.marks.staged {
            let field = self.request.schema.field(*index);
            if plan.columns.contains(field.name()) {
                return Err(self.mismatch(format!(
                    "its column `{}` and the mark of that name in the rows cannot be told apart; rename the mark",
                    field.name()
                )));
            }
            self.check_name(field.name())?;
            let natural = self.natural(field)?;
            let carriage = Carriage {
                staging: natural.declared,
                wire: natural.wire,
            };
            Self::push(plan, *index, field.name(), carriage, false);
            plan.columns.pop();
        }
        Ok(())
    }

    fn push(plan: &mut Plan, index: usize, name: &str, carriage: Carriage, is_never_null: bool) {
        let not_null = if is_never_null { " not null" } else { "" };
        plan.definitions.push(format!(
            "{} {}{not_null}",
            PostgresDialect.quote(name),
            carriage.staging
        ));
        plan.columns.push(name.to_owned());
        plan.sent.push(Sent {
            index,
            name: name.to_owned(),
            wire: carriage.wire,
        });
    }

    fn empty(keys: Vec<String>) -> Plan {
        Plan {
            sent: Vec::new(),
            definitions: Vec::new(),
            columns: Vec::new(),
            keys,
            alterations: Vec::new(),
            replaced: Replaced::Added,
            limits: Vec::new(),
        }
    }

    fn natural(&self, field: &Field) -> Result<Natural, Error> {
        natural(field.data_type()).map_err(|reason| self.mismatch(format!("column `{}`: {reason}", field.name())))
    }

    fn check_name(&self, name: &str) -> Result<(), Error> {
        let reason = match name {
            "" => "is empty",
            name if name.contains('\0') => "holds a NUL character",
            name if name.len() > NAME_BYTES => "is longer than the 63 bytes that Postgres keeps",
            _ => return Ok(()),
        };
        Err(self.mismatch(format!("the name of the column `{name}` {reason}; rename it")))
    }

    fn mismatch(&self, reason: String) -> Error {
        Error::Mismatch {
            table: self.name.to_string(),
            reason,
        }
    }
}

/// The statement that gives a column another type.
pub(super) fn alter_type(table: &TableName, column: &str, declared: &str) -> String {
    format!(
        "alter table {} alter column {} type {declared}",
        quoted(table),
        PostgresDialect.quote(column)
    )
}

/// The column of this name, or the only one that differs from it in upper and lower case alone.
fn place_of(table: &Table, name: &str) -> Option<usize> {
    let exact = table.columns.iter().position(|column| column.name == name);
    exact.or_else(|| {
        let lower = name.to_lowercase();
        let mut alike = table.columns.iter().enumerate();
        let mut alike = alike.by_ref().filter(|(_, column)| column.name.to_lowercase() == lower);
        let (place, _) = alike.next()?;
        alike.next().is_none().then_some(place)
    })
}

#[cfg(test)]
mod tests;
