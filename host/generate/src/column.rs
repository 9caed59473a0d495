//! What is known of tables and columns.

use arrow::datatypes::{DataType, Field};
use tenon_database::{DescribedColumn, Description, TableName};

/// Where a field's metadata have what the owner of a column has noted of it.
const COMMENT: &str = "comment";

/// A table, as a database describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name, with its schema.
    pub name: TableName,
    /// Its columns, in its order.
    pub columns: Vec<Column>,
    /// The columns of its primary key, in the key's order.
    pub primary_key: Vec<String>,
    /// Rows, as the database estimates them.
    pub rows: Option<u64>,
    /// What its owner has noted of it.
    pub comment: Option<String>,
}

impl Table {
    /// A table of which nothing but the name is known.
    pub fn new(name: TableName) -> Self {
        Self {
            name,
            columns: Vec::new(),
            primary_key: Vec::new(),
            rows: None,
            comment: None,
        }
    }

    /// A table as the database describes it.
    pub fn described(name: TableName, description: &Description) -> Self {
        Self {
            columns: Column::described(description),
            primary_key: description.primary_key.clone(),
            rows: description.rows,
            ..Self::new(name)
        }
    }

    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A column of a source or a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in Arrow, as it is read, or as it would be.
    pub data_type: DataType,
    /// Its type as the database writes it; none in files.
    pub database_type: Option<String>,
    /// Whether it may be null.
    pub nullable: bool,
    /// What its owner has noted of it.
    pub comment: Option<String>,
    /// What a person should know of how it became its Arrow type.
    pub note: Option<String>,
}

impl Column {
    /// A column that may be null.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self {
            name: name.into(),
            data_type,
            database_type: None,
            nullable: true,
            comment: None,
            note: None,
        }
    }

    /// The same, never null.
    #[must_use]
    pub fn required(self) -> Self {
        Self {
            nullable: false,
            ..self
        }
    }

    /// The columns of a relation.
    pub fn described(description: &Description) -> Vec<Self> {
        let fields = description.schema.fields().iter().enumerate();
        let column = |(at, field): (usize, &std::sync::Arc<Field>)| Self::of(field, description.columns.get(at));
        fields.map(column).collect()
    }

    /// A column of a file, or of a database that has said more of it.
    pub fn of(field: &Field, described: Option<&DescribedColumn>) -> Self {
        Self {
            name: field.name().clone(),
            data_type: field.data_type().clone(),
            database_type: described.map(|column| column.database_type.clone()),
            nullable: field.is_nullable(),
            comment: field.metadata().get(COMMENT).cloned(),
            note: described.and_then(|column| column.note.clone()),
        }
    }
}
