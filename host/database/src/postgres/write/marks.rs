//! Columns of the rows that say what to do with a row.

use arrow::datatypes::DataType;

use super::catalog::Table;
use super::fit::is_string;
use crate::{Error, LoadRequest, Mode};

/// The column of operations that sources of changes have.
pub(super) const OPERATION: &str = "_op";
/// Where in the log a change is.
pub(super) const POSITION: &str = "_position";
/// A change's place in its transaction.
pub(super) const SEQUENCE: &str = "_sequence";
const COMMITTED_AT: &str = "_committed_at";

/// Columns of the rows that say what to do with them and are not written.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Those that the staging table has.
    pub staged: Vec<usize>,
    /// Those and others that the table does not get.
    pub unwritten: Vec<usize>,
}

impl Marks {
    /// The marks that the configuration names, checked.
    pub fn of(request: &LoadRequest, table: Option<&Table>) -> Result<Self, Error> {
        let mut marks = Self::default();
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
            return Err(no_column(request, name));
        };
        let value_type = match field.data_type() {
            DataType::Dictionary(_, values) => values,
            own => own,
        };
        if !is_string(value_type) && *value_type != DataType::Boolean {
            return Err(setting(format!(
                "the column `{name}` is {value_type}; expected booleans, or text that is `delete`"
            )));
        }
        marks.staged.push(index);
        marks.unwritten.push(index);
        if name == OPERATION {
            for (of_changes, is_staged) in [(POSITION, true), (SEQUENCE, true), (COMMITTED_AT, false)] {
                let is_written =
                    table.is_some_and(|table| table.columns.iter().any(|column| column.name == of_changes));
                let Some((index, _)) = request.schema.column_with_name(of_changes).filter(|_| !is_written) else {
                    continue;
                };
                marks.unwritten.push(index);
                if is_staged {
                    marks.staged.push(index);
                }
            }
        }
        Ok(marks)
    }
}

/// What is said of a column that the rows lack.
pub(super) fn no_column(request: &LoadRequest, column: &str) -> Error {
    Error::NoColumn {
        relation: format!("what is to be written to {}", request.table),
        column: column.to_owned(),
        columns: listed(request.schema.fields().iter().map(|field| field.name().as_str())),
    }
}

/// The first of some names.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 20;
    let mut names: Vec<String> = names.take(SHOWN + 1).map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        "more".clone_into(&mut names[SHOWN]);
    }
    names.join(", ")
}
