//! Types of columns that the configuration gives.

use std::collections::BTreeMap;

use super::super::PostgresDialect;
use super::catalog::{TableColumn, quoted};
use super::marks::no_column;
use crate::sql::Dialect;
use crate::{Error, LoadRequest, TableName};

/// Columns that have their types from the configuration, as the server understands them.
pub(super) type Given = BTreeMap<String, TableColumn>;

/// The statement that makes a table with the types that the configuration gives, so that the server says what they are.
/// None where it gives none.
pub(super) fn probe(request: &LoadRequest, name: &TableName) -> Result<Option<String>, Error> {
    let mut definitions = Vec::new();
    for (column, declared) in &request.config.types {
        if request.schema.column_with_name(column).is_none() {
            return Err(no_column(request, column));
        }
        check_type(column, declared)?;
        definitions.push(format!("{} {declared}", PostgresDialect.quote(column)));
    }
    Ok((!definitions.is_empty()).then(|| format!("create table {} ({})", quoted(name), definitions.join(", "))))
}

/// Refuses what is not the name of a type alone, such as text that goes on with another statement.
pub(in super::super) fn check_type(column: &str, declared: &str) -> Result<(), Error> {
    let mut depth = 0_i32;
    let mut is_quoted = false;
    let mut is_sound = !declared.trim().is_empty();
    for character in declared.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            '\0' => is_sound = false,
            _ if is_quoted => {}
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' => is_sound &= depth > 0,
            ' ' | '_' | '.' | '[' | ']' => {}
            other => is_sound &= other.is_alphanumeric(),
        }
        is_sound &= (0..=1).contains(&depth);
    }
    let has_constraint = declared.split_whitespace().any(|word| {
        let words = [
            "default",
            "references",
            "check",
            "constraint",
            "generated",
            "primary",
            "unique",
            "not",
            "null",
        ];
        words.contains(&word.to_lowercase().as_str())
    });
    if is_sound && !is_quoted && depth == 0 && !has_constraint {
        return Ok(());
    }
    Err(Error::Config {
        subject: format!("`types`, column `{column}`"),
        reason: format!("`{declared}` is not the name of a type; expected one such as `jsonb` or `varchar(40)`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_names_of_types() {
        for sound in [
            "int",
            "varchar(40)",
            "numeric(10, 2)",
            "timestamp with time zone",
            "text[]",
            "my.\"Odd; type\"",
            "größe",
        ] {
            assert!(check_type("c", sound).is_ok(), "{sound}");
        }
        for wrong in [
            "",
            "int)",
            "int, b int",
            "int; drop",
            "int default 1",
            "int not null",
            "int --",
            "(int",
            "'x'",
            "\"open",
        ] {
            assert!(check_type("c", wrong).is_err(), "{wrong}");
        }
    }
}
