//! The columns that come out of a script of rows: those that come in, those that it declares, those that it selects.

use rhai::Dynamic;
use tenon::{Error, Field, Result, Schema};

use crate::types;
use crate::writer::writable;

/// A column that a row has.
pub struct Column {
    /// As it comes out.
    pub field: Field,
    /// Whether it comes in.
    pub input: bool,
    /// Whether it comes in with another type, so that every value is made anew.
    pub retyped: bool,
    /// Whether it comes out.
    pub output: bool,
}

/// The columns of rows, by their position.
pub struct Columns {
    pub columns: Vec<Column>,
    /// What comes out.
    pub schema: Schema,
}

impl Columns {
    /// What a script makes of its input: `declared` is its constant COLUMNS, `selected` its constant SELECT.
    pub fn new(input: &Schema, declared: Option<&Dynamic>, selected: Option<&Dynamic>) -> Result<Self> {
        let mut columns: Vec<_> = input.fields.iter().map(|field| passed(field.clone())).collect();
        for field in declared.map_or(Ok(Vec::new()), fields)? {
            match columns.iter_mut().find(|column| column.field.name == field.name) {
                Some(column) => {
                    column.retyped = column.field.data_type != field.data_type;
                    // The same type again says that there may be nulls.
                    let data_type = if column.retyped {
                        field.data_type
                    } else {
                        column.field.data_type.clone()
                    };
                    column.retyped |= !column.field.nullable;
                    column.field = Field {
                        data_type,
                        nullable: true,
                        ..field
                    };
                }
                None => columns.push(Column {
                    field,
                    input: false,
                    retyped: false,
                    output: true,
                }),
            }
        }
        let mut all = Schema::new(columns.iter().map(|column| column.field.clone()));
        if let Some(selected) = selected {
            all = all.select(names(selected)?).map_err(|error| error.within("SELECT"))?;
            for column in &mut columns {
                column.output = all.contains(&column.field.name);
            }
        }
        Ok(Self { columns, schema: all })
    }

    /// The error of a column that isn't there.
    pub fn missing(&self, name: &str) -> Error {
        let names: Vec<_> = self.columns.iter().map(|column| column.field.name.as_str()).collect();
        let names = names.join(", ");
        Error::bad_config(format!("there is no column `{name}`; the columns are {names}"))
    }

    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.field.name == name)
    }
}

fn passed(field: Field) -> Column {
    Column {
        field,
        input: true,
        retyped: false,
        output: true,
    }
}

fn fields(declared: &Dynamic) -> Result<Vec<Field>> {
    let wrong =
        || Error::bad_config("COLUMNS must be a map of names and types: const COLUMNS = #{ total: \"float64\" };");
    let map = declared.as_map_ref().map_err(|_| wrong())?;
    let field = |(name, data_type): (&_, &Dynamic)| {
        let name: &rhai::Identifier = name;
        let text = data_type.clone().into_immutable_string().map_err(|_| wrong())?;
        let data_type = types::parse(&text).ok_or_else(|| {
            let message = format!(
                "COLUMNS: column `{name}` can't be of type `{text}`; the types are {}",
                types::NAMES
            );
            Error::bad_config(message)
        })?;
        let field = Field::new(name.as_str(), data_type);
        writable(&field)?;
        Ok(field)
    };
    map.iter().map(field).collect()
}

fn names(selected: &Dynamic) -> Result<Vec<String>> {
    let wrong = || Error::bad_config("SELECT must be an array of columns' names: const SELECT = [\"id\", \"total\"];");
    let names = selected.as_array_ref().map_err(|_| wrong())?;
    names
        .iter()
        .map(|name| name.clone().into_string().map_err(|_| wrong()))
        .collect()
}
