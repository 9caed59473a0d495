//! What an object holds that would be lost: keys that no column has, and parts of numbers.
//!
//! Arrow's decoder passes over keys that are not in its schema. It can be told to refuse them, but it knows only the
//! columns that are read, and keys of the others are no fault. And it makes 1 of `1.5` where a column is of whole numbers.
//! So the text is walked through beside it, for its keys and for the numbers of such columns alone. Where it is no JSON,
//! that is for the decoder to say.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Schema};

use super::super::schema::name_of;
use super::walk::Walk;
use super::whole::is_whole;

/// What objects may hold.
#[derive(Debug)]
pub(super) struct Shape(Members);

/// What is looked at in a value.
#[derive(Debug)]
enum Value {
    /// Nothing.
    Any,
    /// Whether a number is a whole one; the name of the type that it is to have.
    Whole(String),
    /// The members of an object.
    Object(Members),
    /// Each item of a list.
    List(Box<Value>),
}

#[derive(Debug)]
struct Members {
    list: Vec<(String, Value)>,
    positions: HashMap<Vec<u8>, usize>,
}

/// What would be lost.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Loss {
    /// The keys that lead to it, the outermost first.
    path: Vec<String>,
    /// The number, as it stands there, and its type; none where it is the key that would be lost.
    number: Option<(String, String)>,
}

impl Loss {
    /// What is wrong and what to do, for a message.
    pub fn reason(&self) -> String {
        let name = self.path.join(".");
        // Members of objects have no names in a configuration.
        let has_name = self.path.len() == 1;
        match &self.number {
            None => {
                let or_named = if has_name {
                    ", or name it under `schema` with its type"
                } else {
                    ""
                };
                format!(
                    "the key `{name}` is in none of the objects that were looked at for columns; raise `infer_rows`, or \
                     `infer_files` if there are more files than that{or_named}"
                )
            }
            Some((number, type_name)) => {
                let or_given = if has_name {
                    ", or give the column another type under `schema`"
                } else {
                    ""
                };
                format!(
                    "column `{name}` holds `{number}`, but its type is {type_name}; raise `infer_rows` if that was \
                     inferred{or_given}"
                )
            }
        }
    }
}

impl Shape {
    /// `known` are all columns of the source, `read` those whose values are looked at.
    pub fn new(known: &Schema, read: &Schema) -> Self {
        let members = known.fields().iter().map(|field| {
            let read = read.fields().find(field.name());
            let value = read.map_or(Value::Any, |(_, field)| Value::of(field.data_type()));
            (field.name().clone(), value)
        });
        Self(Members::of(members.collect()))
    }

    /// The first thing in a text of objects that would be lost.
    pub fn loss(&self, text: &[u8]) -> Option<Loss> {
        let mut walk = Walk::new(text);
        loop {
            walk.skip_blanks();
            if walk.peek() != Some(b'{') {
                return None;
            }
            match self.0.follow(&mut walk) {
                Ok(()) => {}
                Err(Stop::Lost(loss)) => return Some(loss),
                Err(Stop::Unclear) => return None,
            }
        }
    }
}

impl Value {
    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Struct(fields) => {
                let members = fields
                    .iter()
                    .map(|field| (field.name().clone(), Self::of(field.data_type())));
                Self::Object(Members::of(members.collect()))
            }
            DataType::List(item) | DataType::LargeList(item) => match Self::of(item.data_type()) {
                Self::Any => Self::Any,
                items => Self::List(Box::new(items)),
            },
            // Also times, which are whole numbers of some unit.
            whole if whole.is_integer() || whole.is_temporal() => Self::Whole(name_of(whole)),
            _ => Self::Any,
        }
    }

    fn follow(&self, walk: &mut Walk<'_>) -> Result<(), Stop> {
        match (walk.peek(), self) {
            (Some(b'{'), Self::Object(members)) => members.follow(walk),
            (Some(b'['), Self::List(items)) => {
                walk.enter();
                while walk.goes_on(b']') {
                    items.follow(walk)?;
                }
                Ok(())
            }
            (Some(b'-' | b'0'..=b'9'), Self::Whole(type_name)) => {
                let number = walk.word().ok_or(Stop::Unclear)?;
                if is_whole(number) {
                    return Ok(());
                }
                Err(Stop::Lost(Loss {
                    path: Vec::new(),
                    number: Some((String::from_utf8_lossy(number).into_owned(), type_name.clone())),
                }))
            }
            _ => walk.skip_value().ok_or(Stop::Unclear),
        }
    }
}

impl Members {
    fn of(list: Vec<(String, Value)>) -> Self {
        let names = list.iter().enumerate();
        let positions = names.map(|(position, (name, _))| (name.clone().into_bytes(), position));
        Self {
            positions: positions.collect(),
            list,
        }
    }

    /// The member of this name, as it stands in the text. `next` is where it is likely to be: most objects of a file have
    /// the same keys in the same order.
    fn find(&self, key: &[u8], next: &mut usize) -> Option<&(String, Value)> {
        let position = match self.list.get(*next) {
            Some((name, _)) if name.as_bytes() == key => *next,
            _ if key.contains(&b'\\') => *self.positions.get(unescaped(key)?.as_bytes())?,
            _ => *self.positions.get(key)?,
        };
        *next = position + 1;
        self.list.get(position)
    }

    fn follow(&self, walk: &mut Walk<'_>) -> Result<(), Stop> {
        let mut next = 0;
        walk.enter();
        while walk.goes_on(b'}') {
            let key = walk.key().ok_or(Stop::Unclear)?;
            let Some((name, value)) = self.find(key, &mut next) else {
                let name = unescaped(key).unwrap_or_else(|| String::from_utf8_lossy(key).into_owned());
                return Err(Stop::Lost(Loss {
                    path: vec![name],
                    number: None,
                }));
            };
            value.follow(walk).map_err(|stop| stop.within(name))?;
        }
        Ok(())
    }
}

fn unescaped(key: &[u8]) -> Option<String> {
    serde_json::from_slice(&[&b"\""[..], key, b"\""].concat()).ok()
}

/// Why a walk ends before the end of the text.
enum Stop {
    Lost(Loss),
    /// This is no JSON.
    Unclear,
}

impl Stop {
    /// The same, seen from the object around.
    fn within(self, key: &str) -> Self {
        match self {
            Self::Lost(mut loss) => {
                loss.path.insert(0, key.to_owned());
                Self::Lost(loss)
            }
            Self::Unclear => Self::Unclear,
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Field, Fields};

    use super::*;

    fn shape() -> Shape {
        let by = Fields::from(vec![Field::new("name", DataType::Utf8, true)]);
        let parts = DataType::new_list(DataType::Struct(by.clone()), true);
        let known = Schema::new(vec![
            Field::new("id", DataType::Int64, true),
            Field::new("é", DataType::Utf8, true),
            Field::new("by", DataType::Struct(by.clone()), true),
            Field::new("parts", parts, true),
            Field::new("unread", DataType::Struct(by), true),
        ]);
        let read = known.project(&[0, 1, 2, 3]).expect("columns");
        Shape::new(&known, &read)
    }

    fn lost(text: &str) -> Option<String> {
        shape().loss(text.as_bytes()).map(|loss| loss.path.join("."))
    }

    #[test]
    fn keys_that_no_column_has_are_found() {
        for (text, key) in [
            (r#"{"id": 1} {"late": 2}"#, "late"),
            (r#"{"by": {"name": "x", "late": null}}"#, "by.late"),
            (r#"{"parts": [{"name": "x"}, {}, {"late": 1}]}"#, "parts.late"),
            ("{\"id\":1}\n\n{\"id\":\"}\\\"{\",\"l\\u0061te\":1}", "late"),
            (r#"{"id": [{"x": "]"}, true, -1e5], "late": {}}"#, "late"),
            (r#"{"": 1}"#, ""),
        ] {
            assert_eq!(lost(text).as_deref(), Some(key), "{text}");
        }
    }

    #[test]
    fn what_is_known_and_what_is_not_read_is_no_loss() {
        for text in [
            "",
            " \n",
            "{}",
            r#"{"by": null, "id": 1}{"id": 2, "id": 3}"#,
            r#"{"\u00e9": "x", "by": {"n\u0061me": "y"}, "parts": []}"#,
            r#"{"unread": {"late": 1, "more": [{"x": {}}]}, "id" : 1 ,}"#,
            r#"{"by": "no object", "parts": {"late": 1}}"#,
        ] {
            assert_eq!(lost(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_that_would_be_cut_are_found() {
        for (text, path, number) in [
            (r#"{"id": 1.5}"#, "id", "1.5"),
            (r#"{"id": 2}{"id":-0.1,"by":null}"#, "id", "-0.1"),
            (r#"{"counts": [1, 2.0, 25e-1]}"#, "counts", "25e-1"),
            (r#"{"size": {"n": 1e400}}"#, "size.n", "1e400"),
        ] {
            let by = DataType::Struct(Fields::from(vec![Field::new("n", DataType::Int8, true)]));
            let columns = Schema::new(vec![
                Field::new("id", DataType::Int64, true),
                Field::new("counts", DataType::new_list(DataType::UInt64, true), true),
                Field::new("size", by, true),
                Field::new("by", DataType::Float64, true),
            ]);
            let loss = Shape::new(&columns, &columns).loss(text.as_bytes());
            let loss = loss.unwrap_or_else(|| panic!("{text}"));
            assert_eq!(loss.path.join("."), path, "{text}");
            assert_eq!(loss.number.map(|(number, _)| number).as_deref(), Some(number), "{text}");
            // What is not read is not looked at.
            let none = Schema::empty();
            assert_eq!(Shape::new(&columns, &none).loss(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_left_to_the_decoder() {
        let text = r#"{"id": 1, "by": {"name": "x\"y"}, "parts": [{"name": "z"}, 2], "unread": [{"x": "]"}]}"#;
        for end in 0..text.len() {
            assert_eq!(lost(&text[..end]), None, "{}", &text[..end]);
            let spoiled = format!("{}]}}:{}", &text[..end], &text[end..]);
            // It may be taken for a key, but the walk comes to an end.
            lost(&spoiled);
        }
        for text in [
            "null",
            "[",
            "{\"id\":}",
            "{\"id\"",
            "{\"id\" 1}",
            "{\"parts\":[}",
            "{\"unread\":[}}",
            "{1}",
        ] {
            assert_eq!(lost(text), None, "{text}");
        }
    }
}
