//! An Arrow schema, restored from what a guest declares.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field as ArrowField, FieldRef, Schema, SchemaRef, UnionFields};

use crate::bounds::Bounds;
use crate::error::{Error, shown};
use crate::field::{DICTIONARY_ORDERED, Encoding, Field, KEYS_SORTED};
use crate::format::{self, Format};

/// Restores a schema from its flattened fields, which may come from a hostile guest.
///
/// # Errors
/// [`Error::Limit`] when the fields are over one of the bounds, [`Error::Schema`] when they don't describe an Arrow
/// schema: unknown formats, counts of children that don't fit, maps without a key, repeated union ids, unknown time
/// zones, decimals out of range.
pub fn schema_of(fields: &[Field], bounds: &Bounds) -> Result<SchemaRef, Error> {
    if fields.len() > bounds.max_fields {
        return Err(Error::limit("a number of fields", fields.len(), bounds.max_fields));
    }
    let mut reader = Reader {
        rest: fields,
        bounds,
        metadata_bytes: 0,
    };
    let mut columns = Vec::new();
    while let Some((record, rest)) = reader.rest.split_first() {
        reader.rest = rest;
        columns.push(reader.field(record, 1)?);
    }
    Ok(Arc::new(Schema::new(columns)))
}

struct Reader<'a> {
    rest: &'a [Field],
    bounds: &'a Bounds,
    metadata_bytes: usize,
}

impl<'a> Reader<'a> {
    /// The field that `record` begins; its children are taken from the rest.
    fn field(&mut self, record: &'a Field, depth: usize) -> Result<FieldRef, Error> {
        self.field_at(record, depth).map_err(|error| error.within(&record.name))
    }

    fn field_at(&mut self, record: &'a Field, depth: usize) -> Result<FieldRef, Error> {
        if depth > self.bounds.max_depth {
            return Err(Error::limit("a nesting depth", depth, self.bounds.max_depth));
        }
        if record.name.len() > self.bounds.max_name_bytes {
            return Err(Error::limit(
                "a name length in bytes",
                record.name.len(),
                self.bounds.max_name_bytes,
            ));
        }
        let metadata = self.metadata(record)?;
        let children = self.children(record, depth)?;
        let data_type = data_type(record, children)?;
        let ordered = is_flagged(record, DICTIONARY_ORDERED);
        let field = ArrowField::new(&record.name, data_type, record.nullable)
            .with_metadata(metadata)
            .with_dict_is_ordered(ordered);
        Ok(Arc::new(field))
    }

    fn metadata(&mut self, record: &Field) -> Result<HashMap<String, String>, Error> {
        self.metadata_bytes += record.format.len();
        for (key, value) in &record.metadata {
            // An empty pair still takes memory.
            self.metadata_bytes += key.len() + value.len() + 1;
        }
        if self.metadata_bytes > self.bounds.max_metadata_bytes {
            let limit = self.bounds.max_metadata_bytes;
            return Err(Error::limit(
                "a size in bytes of all metadata up to this field",
                self.metadata_bytes,
                limit,
            ));
        }
        let mut metadata = HashMap::with_capacity(record.metadata.len());
        for (key, value) in &record.metadata {
            if metadata.insert(key.clone(), value.clone()).is_some() {
                return Err(Error::schema(
                    "metadata with distinct keys",
                    format!("`{}` twice", shown(key)),
                ));
            }
        }
        metadata.remove(KEYS_SORTED);
        metadata.remove(DICTIONARY_ORDERED);
        Ok(metadata)
    }

    fn children(&mut self, record: &Field, depth: usize) -> Result<Vec<FieldRef>, Error> {
        let count = record.children as usize;
        if count > self.rest.len() {
            let got = format!("{} more fields", self.rest.len());
            return Err(Error::schema(format!("the {count} children that it declares"), got));
        }
        let mut children = Vec::with_capacity(count);
        for taken in 0..count {
            let Some((child, rest)) = self.rest.split_first() else {
                return Err(Error::schema(
                    format!("the {count} children that it declares"),
                    format!("{taken}"),
                ));
            };
            self.rest = rest;
            children.push(self.field(child, depth + 1)?);
        }
        Ok(children)
    }
}

fn data_type(record: &Field, children: Vec<FieldRef>) -> Result<DataType, Error> {
    let format = format::parse(&record.format)?;
    if record.encoding == Encoding::Dictionary {
        let Format::Leaf(indices) = format else {
            return Err(wrong_indices(record));
        };
        if !indices.is_dictionary_key_type() {
            return Err(wrong_indices(record));
        }
        let [values] = exactly(children, "a dictionary", "its values")?;
        return Ok(DataType::Dictionary(
            Box::new(indices),
            Box::new(values.data_type().clone()),
        ));
    }
    Ok(match format {
        Format::Leaf(leaf) if children.is_empty() => leaf,
        Format::Leaf(_) => {
            let expected = format!("no children of format `{}`", shown(&record.format));
            return Err(Error::schema(expected, format!("{}", children.len())));
        }
        Format::List => DataType::List(only_item(children)?),
        Format::LargeList => DataType::LargeList(only_item(children)?),
        Format::ListView => DataType::ListView(only_item(children)?),
        Format::LargeListView => DataType::LargeListView(only_item(children)?),
        Format::FixedSizeList(size) => DataType::FixedSizeList(only_item(children)?, size),
        Format::Struct => DataType::Struct(children.into()),
        Format::Map => map(children, is_flagged(record, KEYS_SORTED))?,
        Format::Union(mode, ids) => {
            let (expected, got) = (ids.len(), children.len());
            let fields = UnionFields::try_new(ids, children).map_err(|_| {
                Error::schema(
                    format!("one child for each of the union's {expected} type ids"),
                    format!("{got}"),
                )
            })?;
            DataType::Union(fields, mode)
        }
        Format::RunEndEncoded => run_end_encoded(children)?,
    })
}

fn wrong_indices(record: &Field) -> Error {
    Error::schema(
        "dictionary indices of an integer format",
        format!("`{}`", shown(&record.format)),
    )
}

fn only_item(children: Vec<FieldRef>) -> Result<FieldRef, Error> {
    let [item] = exactly(children, "a list", "its item")?;
    Ok(item)
}

fn map(children: Vec<FieldRef>, sorted: bool) -> Result<DataType, Error> {
    let [entries] = exactly(children, "a map", "its entries")?;
    let DataType::Struct(members) = entries.data_type() else {
        return Err(Error::schema(
            "map entries of format `+s`",
            format!("`{}`", format::print(entries.data_type())),
        ));
    };
    if members.len() != 2 {
        let got = format!("{} members", members.len());
        return Err(Error::schema("map entries with two members, key and value", got));
    }
    if entries.is_nullable() {
        return Err(Error::schema("map entries that are not nullable", "nullable ones"));
    }
    if members[0].is_nullable() {
        return Err(Error::schema("a map key that is not nullable", "a nullable one"));
    }
    Ok(DataType::Map(entries, sorted))
}

fn run_end_encoded(children: Vec<FieldRef>) -> Result<DataType, Error> {
    let [ends, values] = exactly(children, "run-end encoding", "run ends and values")?;
    if !ends.data_type().is_run_ends_type() {
        return Err(Error::schema(
            "run ends of format `s`, `i` or `l`",
            format!("`{}`", format::print(ends.data_type())),
        ));
    }
    if ends.is_nullable() {
        return Err(Error::schema("run ends that are not nullable", "nullable ones"));
    }
    Ok(DataType::RunEndEncoded(ends, values))
}

fn exactly<const N: usize>(children: Vec<FieldRef>, parent: &str, names: &str) -> Result<[FieldRef; N], Error> {
    <[FieldRef; N]>::try_from(children).map_err(|children| {
        let noun = if N == 1 { "child" } else { "children" };
        let expected = format!("{N} {noun} of {parent} ({names})");
        Error::schema(expected, format!("{}", children.len()))
    })
}

fn is_flagged(record: &Field, flag: &str) -> bool {
    record
        .metadata
        .iter()
        .any(|(key, value)| key == flag && value == "true")
}
