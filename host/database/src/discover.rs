//! What there is in a database.

use serde::Serialize;

use crate::TableName;

/// What to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discover {
    /// Only tables in this schema. By default in all that are not the system's.
    pub schema: Option<String>,
    /// Only tables whose name fits this pattern, where `*` stands for any text and `?` for any character. Upper and lower
    /// case are the same.
    pub table: Option<String>,
    /// Columns too.
    pub columns: bool,
}

impl Discover {
    /// Whether a table's name fits.
    pub fn fits(&self, name: &TableName) -> bool {
        let in_schema = self
            .schema
            .as_ref()
            .is_none_or(|schema| name.schema.as_ref() == Some(schema));
        let pattern = |pattern: &String| {
            let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
            let text: Vec<char> = name.table.to_lowercase().chars().collect();
            matches(&pattern, &text)
        };
        in_schema && self.table.as_ref().is_none_or(pattern)
    }
}

/// In time of the product of both lengths at most.
fn matches(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut star) = ((0, 0), None);
    while at.1 < text.len() {
        match pattern.get(at.0) {
            Some('*') => {
                star = Some(at);
                at.0 += 1;
            }
            Some(character) if *character == '?' || *character == text[at.1] => at = (at.0 + 1, at.1 + 1),
            _ => match star {
                Some((before, begun)) => {
                    star = Some((before, begun + 1));
                    at = (before + 1, begun + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at.0..].iter().all(|character| *character == '*')
}

/// A table, view or the like that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its name, with its schema.
    pub name: TableName,
    /// What it is.
    pub kind: FoundKind,
    /// Rows, as the database estimates them.
    pub rows: Option<u64>,
    /// Bytes, as the database stores or estimates them.
    pub bytes: Option<u64>,
    /// What its owner has noted of it.
    pub comment: Option<String>,
    /// The columns of its primary key, in the key's order.
    pub primary_key: Vec<String>,
    /// The columns of each of its other unique keys, in the key's order. Only of Postgres, MySQL and SQLite.
    pub unique_keys: Vec<Vec<String>>,
    /// Its foreign keys. Only of Postgres, MySQL and SQLite.
    pub foreign_keys: Vec<FoundForeignKey>,
    /// Its columns, if they were asked for.
    pub columns: Vec<FoundColumn>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FoundKind {
    /// A table, partitioned or foreign ones too.
    Table,
    /// A view.
    View,
    /// A view whose rows are stored.
    MaterializedView,
}

/// A foreign key that was found: columns whose values are those of another table's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundForeignKey {
    /// The columns.
    pub columns: Vec<String>,
    /// The table that they refer to.
    pub table: TableName,
    /// The columns there, one for each of the columns here.
    pub referenced: Vec<String>,
}

/// A column that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundColumn {
    /// Its name.
    pub name: String,
    /// Its type as the database writes it.
    pub database_type: String,
    /// Its type in Arrow, as it would be read.
    pub arrow_type: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// What its owner has noted of it.
    pub comment: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_names() {
        let fits = |pattern: &str, name: &str| {
            let discover = Discover {
                table: Some(pattern.to_owned()),
                ..Discover::default()
            };
            discover.fits(&TableName::new(None, name))
        };
        assert!(fits("*", "orders") && fits("ord*", "Orders") && fits("*ers", "orders") && fits("o?d*s", "orders"));
        assert!(!fits("ord", "orders") && !fits("*x*", "orders") && !fits("?", "orders"));
        assert!(!fits(&"*a".repeat(20), &"a".repeat(19)));
    }
}
