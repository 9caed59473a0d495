//! The columns of a batch: names, types, nullability.

use crate::data_type::DataType;
use crate::error::{Error, Result};

/// One column of a schema, or one child of a nested column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The column's name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
    /// Whether it may hold nulls.
    pub nullable: bool,
    /// The fields of a nested type; of a dictionary, the one field of its values.
    pub children: Vec<Field>,
    /// Key and value pairs that travel with the field.
    pub metadata: Vec<(String, String)>,
}

impl Field {
    /// A nullable field without children.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self {
            name: name.into(),
            data_type,
            nullable: true,
            children: Vec::new(),
            metadata: Vec::new(),
        }
    }

    /// The same field under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The same field, with or without nulls.
    #[must_use]
    pub fn with_nullable(mut self, nullable: bool) -> Self {
        self.nullable = nullable;
        self
    }

    /// The type of the values: of a dictionary, what its indices point at.
    pub fn value_type(&self) -> &DataType {
        match (&self.data_type, self.children.last()) {
            (DataType::Dictionary(_), Some(values)) => &values.data_type,
            (data_type, _) => data_type,
        }
    }

    /// The field and its descendants in pre-order.
    pub(crate) fn visit<'a>(&'a self, visit: &mut impl FnMut(&'a Field)) {
        visit(self);
        for child in &self.children {
            child.visit(visit);
        }
    }
}

/// The columns of a batch, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    /// The columns.
    pub fields: Vec<Field>,
}

impl Schema {
    /// A schema of these columns.
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Self {
        Self {
            fields: fields.into_iter().collect(),
        }
    }

    /// The position of a column.
    ///
    /// # Errors
    /// `bad-config` for a name that is not there; the message lists the names that are.
    pub fn position(&self, name: &str) -> Result<usize> {
        self.fields
            .iter()
            .position(|field| field.name == name)
            .ok_or_else(|| self.unknown(name))
    }

    /// A column's field.
    ///
    /// # Errors
    /// As [`Schema::position`].
    pub fn field(&self, name: &str) -> Result<&Field> {
        self.fields
            .iter()
            .find(|field| field.name == name)
            .ok_or_else(|| self.unknown(name))
    }

    /// Whether there is a column of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// The columns' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_str())
    }

    /// This schema with fields added, or replaced where a name is taken.
    #[must_use]
    pub fn with(&self, fields: impl IntoIterator<Item = Field>) -> Self {
        let mut schema = self.clone();
        for field in fields {
            match schema.fields.iter_mut().find(|present| present.name == field.name) {
                Some(present) => *present = field,
                None => schema.fields.push(field),
            }
        }
        schema
    }

    /// The named columns, in that order.
    ///
    /// # Errors
    /// As [`Schema::position`].
    pub fn select<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> Result<Self> {
        let fields = names
            .into_iter()
            .map(|name| self.field(name.as_ref()).cloned())
            .collect::<Result<_>>()?;
        Ok(Self { fields })
    }

    fn unknown(&self, name: &str) -> Error {
        let names: Vec<_> = self.names().collect();
        Error::bad_config(format!(
            "there is no column `{name}`; the columns are {}",
            names.join(", ")
        ))
    }
}
