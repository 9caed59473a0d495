//! What goes where.

use tenon_database::{Mode, TableName};

use crate::{Column, Endpoint, Error, Format, Table};

/// A source and the target that takes its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Where rows come from.
    pub source: Source,
    /// Where they go.
    pub target: Target,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A table of a database.
    Table {
        /// The database.
        at: Endpoint,
        /// The table.
        table: Table,
    },
    /// Files.
    Files(Files),
}

/// Files that are read.
#[derive(Debug, Clone, PartialEq)]
pub struct Files {
    /// Path, URL or pattern as it is to stand in the job file: `${env:NAME}` in it is a reference.
    pub url: String,
    /// Their columns.
    pub columns: Vec<Column>,
}

/// Where rows go.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// Files of a format.
    Files(TargetFiles),
    /// A table of a database.
    Table(TargetTable),
}

/// Files that are written.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetFiles {
    /// Path or URL as it is to stand in the job file; a folder ends in `/`.
    pub url: String,
    /// Their format; told from the name by default, and Parquet for a folder.
    pub format: Option<Format>,
    /// Columns whose values name folders.
    pub partition_by: Vec<String>,
    /// What to do with data that are there. Files have no `upsert`.
    pub mode: Mode,
}

/// A table that is written.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetTable {
    /// The database.
    pub at: Endpoint,
    /// The table.
    pub name: TableName,
    /// What to do with rows that are there.
    pub mode: Mode,
    /// The columns by which rows are told apart; the source's primary key by default, if the table is made.
    pub keys: Vec<String>,
    /// Its columns, if it is there.
    pub columns: Option<Vec<Column>>,
}

impl Source {
    /// Its columns.
    pub fn columns(&self) -> &[Column] {
        match self {
            Self::Table { table, .. } => &table.columns,
            Self::Files(files) => &files.columns,
        }
    }

    /// What messages and comments call it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Table { table, .. } => table.name.to_string(),
            Self::Files(files) => files.url.clone(),
        }
    }

    /// The word from which its name in a job is made.
    pub(crate) fn word(&self) -> &str {
        match self {
            Self::Table { table, .. } => &table.name.table,
            Self::Files(files) => stem(&files.url),
        }
    }

    pub(crate) fn schema(&self) -> Option<&str> {
        match self {
            Self::Table { table, .. } => table.name.schema.as_deref(),
            Self::Files(_) => None,
        }
    }

    fn primary_key(&self) -> &[String] {
        match self {
            Self::Table { table, .. } => &table.primary_key,
            Self::Files(_) => &[],
        }
    }
}

impl Target {
    /// What messages and comments call it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Files(files) => files.url.clone(),
            Self::Table(table) => table.name.to_string(),
        }
    }
}

impl Flow {
    /// The keys that the target's rows are told apart by, in the target's names.
    pub(crate) fn keys(&self) -> Result<Vec<String>, Error> {
        let Target::Table(table) = &self.target else {
            return Ok(Vec::new());
        };
        if !table.keys.is_empty() {
            return Ok(table.keys.clone());
        }
        // A table that is there has a key of its own.
        let keys = match table.columns {
            Some(_) => Vec::new(),
            None => self.source.primary_key().to_vec(),
        };
        if keys.is_empty() && table.mode == Mode::Upsert && table.columns.is_none() {
            return Err(Error::NoKeys {
                target: table.name.to_string(),
            });
        }
        Ok(keys)
    }
}

/// A file's name without folder and extensions; a folder's own name for a folder or a pattern in it.
fn stem(url: &str) -> &str {
    let parts = url.split(['/', '\\', ':']).rev();
    let mut named = parts.filter(|part| !part.is_empty() && !part.contains(['*', '?', '[', '{', '=']));
    let name = named.next().unwrap_or_default();
    name.split('.').find(|part| !part.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_names() {
        for (url, name) in [
            ("data/orders.csv.gz", "orders"),
            ("s3://bucket/orders/*.parquet", "orders"),
            ("s3://bucket/orders/year=*/", "orders"),
            ("orders", "orders"),
            ("./", ""),
        ] {
            assert_eq!(stem(url), name, "{url}");
        }
    }
}
