//! An Arrow schema, flattened.

use arrow_schema::{DataType, Field as ArrowField, FieldRef, Schema};

use crate::error::Error;
use crate::field::{DICTIONARY_ORDERED, Encoding, Field, KEYS_SORTED};
use crate::format;

/// Flattens a schema: every field, followed by its children. Metadata of the schema as a whole stay with the host.
///
/// # Errors
/// [`Error::Limit`] when a type has more children than a field can count.
pub fn fields_of(schema: &Schema) -> Result<Vec<Field>, Error> {
    let mut fields = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        push_field(field, &mut fields)?;
    }
    Ok(fields)
}

fn push_field(field: &ArrowField, fields: &mut Vec<Field>) -> Result<(), Error> {
    let mut metadata: Vec<(String, String)> = field
        .metadata()
        .iter()
        .filter(|(key, _)| ![KEYS_SORTED, DICTIONARY_ORDERED].contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if field.dict_is_ordered() == Some(true) {
        metadata.push((DICTIONARY_ORDERED.to_owned(), "true".to_owned()));
    }
    metadata.sort();
    push_type(field.name(), field.data_type(), field.is_nullable(), metadata, fields)
}

fn push_type(
    name: &str,
    data_type: &DataType,
    nullable: bool,
    mut metadata: Vec<(String, String)>,
    fields: &mut Vec<Field>,
) -> Result<(), Error> {
    if matches!(data_type, DataType::Map(_, true)) {
        metadata.push((KEYS_SORTED.to_owned(), "true".to_owned()));
    }
    let children = children_of(data_type);
    let (encoding, count) = match data_type {
        DataType::Dictionary(..) => (Encoding::Dictionary, 1),
        _ => (Encoding::Plain, children.len()),
    };
    fields.push(Field {
        name: name.to_owned(),
        format: format::print(data_type).into_owned(),
        encoding,
        nullable,
        children: u32::try_from(count)
            .map_err(|_| Error::limit("a number of children", count, u32::MAX as usize).within(name))?,
        metadata,
    });
    if let DataType::Dictionary(_, values) = data_type {
        return push_type("values", values, true, Vec::new(), fields);
    }
    for child in children {
        push_field(child, fields).map_err(|error| error.within(name))?;
    }
    Ok(())
}

fn children_of(data_type: &DataType) -> Vec<&FieldRef> {
    match data_type {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => vec![item],
        DataType::Struct(fields) => fields.iter().collect(),
        DataType::Union(fields, _) => fields.iter().map(|(_, field)| field).collect(),
        DataType::RunEndEncoded(ends, values) => vec![ends, values],
        _ => Vec::new(),
    }
}
