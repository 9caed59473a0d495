//! The rows' columns beside the table's: what is staged, and what has to change in the table.

use arrow::datatypes::Field;

use crate::mysql::catalog::CatalogColumn;
use crate::mysql::dialect::{MySqlDialect, text_literal};
use crate::mysql::write::columns::{may_hold, widened};
use crate::mysql::write::plan::{StagedColumn, no_column, type_of};
use crate::sql::Dialect;
use crate::{Error, Evolution, LoadRequest, TableName};

/// Columns of the rows and of the table, side by side.
pub(crate) struct Fitting<'a> {
    request: &'a LoadRequest,
    table: &'a TableName,
    pub(crate) staged: Vec<StagedColumn>,
    pub(crate) moved: Vec<String>,
    pub(crate) alterations: Vec<String>,
    lacking: Vec<String>,
}

impl<'a> Fitting<'a> {
    pub(crate) fn new(request: &'a LoadRequest, table: &'a TableName) -> Self {
        Self {
            request,
            table,
            staged: Vec::new(),
            moved: Vec::new(),
            alterations: Vec::new(),
            lacking: Vec::new(),
        }
    }

    /// Finds a place for a column of the rows.
    pub(crate) fn fit(&mut self, field: &Field, column: Option<&CatalogColumn>, marks: &[String]) -> Result<(), Error> {
        let evolution = self.request.config.evolution;
        let Some(column) = column else {
            let written = self.request.config.types.get(field.name());
            let name = match written {
                Some(written) => written.clone(),
                None => type_of(field, false, self.table)?,
            };
            self.staged.push(StagedColumn {
                name: field.name().clone(),
                definition: format!("{name} null default null"),
            });
            if marks.contains(field.name()) {
                return Ok(());
            }
            self.moved.push(field.name().clone());
            if evolution == Evolution::Refuse {
                self.lacking.push(field.name().clone());
            } else {
                let name = MySqlDialect.quote(field.name());
                let definition = self.staged[self.staged.len() - 1].definition.clone();
                self.alter(&format!("add column {name} {definition}"));
            }
            return Ok(());
        };
        if self.moved.contains(&column.name) {
            return Err(self.mismatch(format!(
                "several columns of the rows are its column `{}`, whose name is the same in upper and lower case",
                column.name
            )));
        }
        if column.extra.contains("generated") {
            return Err(self.mismatch(format!(
                "its column `{}` is generated and cannot be written",
                column.name
            )));
        }
        type_of(field, false, self.table)?;
        if !may_hold(&column.column_type, field) {
            return Err(self.mismatch(format!(
                "its column `{}` is {} and takes no values of the type {}",
                column.name,
                column.column_type,
                field.data_type()
            )));
        }
        let wider = Some(evolution)
            .filter(|evolution| *evolution == Evolution::Widen)
            .and_then(|_| widened(&column.column_type, field));
        let column_type = wider.clone().unwrap_or_else(|| column.column_type.clone());
        if wider.is_some() {
            let definition = attributes(column, &column_type);
            self.alter(&format!(
                "modify column {} {definition}",
                MySqlDialect.quote(&column.name)
            ));
        }
        let collation = column
            .collation
            .as_ref()
            .map(|name| format!(" collate {}", MySqlDialect.quote(name)));
        self.staged.push(StagedColumn {
            name: column.name.clone(),
            definition: format!("{column_type}{} null default null", collation.unwrap_or_default()),
        });
        self.moved.push(column.name.clone());
        Ok(())
    }

    fn alter(&mut self, change: &str) {
        let table = MySqlDialect.table(self.table);
        self.alterations.push(format!("alter table {table} {change}"));
    }

    /// Refuses what can be known to fail before anything is written.
    pub(crate) fn check(&self, columns: &[CatalogColumn], keys: &[String]) -> Result<(), Error> {
        if !self.lacking.is_empty() {
            return Err(self.mismatch(format!(
                "it has no column {}; `evolution: add` adds columns",
                self.lacking.join(", ")
            )));
        }
        let needed = columns.iter().find(|column| {
            let is_filled = column.default.is_some() || !column.extra.is_empty() || column.nullable;
            !is_filled && !self.moved.contains(&column.name)
        });
        if let Some(column) = needed {
            return Err(self.mismatch(format!(
                "its column `{}` has no default and may not be null, and the rows have no such column",
                column.name
            )));
        }
        match keys.iter().find(|key| !self.moved.contains(key)) {
            Some(key) => Err(no_column(self.request, self.table, key)),
            None => Ok(()),
        }
    }

    fn mismatch(&self, reason: String) -> Error {
        Error::Mismatch {
            table: self.table.to_string(),
            reason,
        }
    }
}

/// A column's attributes, as they have to be said again when it is given another type.
fn attributes(column: &CatalogColumn, column_type: &str) -> String {
    let mut definition = column_type.to_owned();
    definition.push_str(if column.nullable { " null" } else { " not null" });
    if let Some(default) = &column.default {
        // MariaDB says defaults as expressions, MySQL as bare values.
        let is_expression = default == "NULL" || default.starts_with('\'') || default.parse::<f64>().is_ok();
        let default = if is_expression {
            default.clone()
        } else {
            text_literal(default)
        };
        definition.push_str(" default ");
        definition.push_str(&default);
    }
    if column.extra.contains("auto_increment") {
        definition.push_str(" auto_increment");
    }
    if let Some(comment) = &column.comment {
        definition.push_str(" comment ");
        definition.push_str(&text_literal(comment));
    }
    definition
}
