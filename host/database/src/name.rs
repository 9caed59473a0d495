//! Names of tables.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A table, with its schema where one is given.
///
/// Written as people write it: `orders`, `sales.orders`, and with double quotes around names that hold dots:
/// `"odd.schema"."my table"`. Upper and lower case are kept as they are.
///
/// ```
/// use tenon_database::TableName;
///
/// let name: TableName = r#"sales."order ""lines"".2024""#.parse()?;
/// assert_eq!(name.schema.as_deref(), Some("sales"));
/// assert_eq!(name.table, r#"order "lines".2024"#);
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableName {
    /// The schema (in MySQL, the database); the connection's own by default.
    pub schema: Option<String>,
    /// The table or view.
    pub table: String,
}

impl TableName {
    /// A table in a schema.
    pub fn new(schema: Option<&str>, table: &str) -> Self {
        Self {
            schema: schema.map(str::to_owned),
            table: table.to_owned(),
        }
    }

    /// Another table in the same schema.
    #[must_use]
    pub fn beside(&self, table: impl Into<String>) -> Self {
        Self {
            schema: self.schema.clone(),
            table: table.into(),
        }
    }
}

impl std::str::FromStr for TableName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = parts(text)?;
        if parts.iter().any(|part| part.is_empty() || part.contains('\0')) {
            return Err(format!("`{text}` is not the name of a table: a part of it is empty"));
        }
        match (parts.pop(), parts.pop(), parts.pop()) {
            (Some(table), schema, None) => Ok(Self { schema, table }),
            _ => Err(format!(
                "`{text}` is not the name of a table; expected `table` or `schema.table`, with double quotes around a \
                 name that holds dots"
            )),
        }
    }
}

fn parts(text: &str) -> Result<Vec<String>, String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '.' => parts.push(std::mem::take(&mut part)),
            '"' if part.is_empty() => loop {
                match characters.next() {
                    Some('"') if characters.peek() == Some(&'"') => {
                        characters.next();
                        part.push('"');
                    }
                    Some('"') => break,
                    Some(other) => part.push(other),
                    None => return Err(format!("`{text}` is not the name of a table: a quote is not closed")),
                }
            },
            other => part.push(other),
        }
    }
    parts.push(part);
    Ok(parts)
}

impl fmt::Display for TableName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |name: &str| {
            if name.contains(['.', '"']) {
                format!("\"{}\"", name.replace('"', "\"\""))
            } else {
                name.to_owned()
            }
        };
        match &self.schema {
            Some(schema) => write!(formatter, "{}.{}", shown(schema), shown(&self.table)),
            None => formatter.write_str(&shown(&self.table)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_being_shown() {
        for name in [
            TableName::new(None, "orders"),
            TableName::new(Some("sales"), "orders"),
            TableName::new(Some("a.b"), "c\"d"),
            TableName::new(None, "drop table x; -- 😀"),
        ] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", ".", "a.", "a.b.c", "\"a", "a..b"] {
            assert!(text.parse::<TableName>().is_err(), "{text}");
        }
    }
}
