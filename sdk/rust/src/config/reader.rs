//! JSON values as configurations, with errors that name the path of what doesn't fit.
//!
//! `serde_json` and `serde_path_to_error` do this too, but together weigh 20 KB in every component.

use std::fmt::{self, Display, Formatter, Write as _};

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Number, Value};

/// Where in the configuration something stands.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("$"),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, position) => write!(f, "{parent}[{position}]"),
        }
    }
}

/// Something that doesn't fit.
#[derive(Debug)]
pub(crate) struct Misfit {
    path: Option<String>,
    message: String,
}

impl Misfit {
    #[cold]
    #[inline(never)]
    fn new(message: &dyn Display) -> Self {
        Self {
            path: None,
            message: message.to_string(),
        }
    }

    /// Adds the path, unless it is known from further inside.
    #[cold]
    #[inline(never)]
    fn at(mut self, path: &Path<'_>) -> Self {
        self.path.get_or_insert_with(|| path.to_string());
        self
    }
}

impl Display for Misfit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let path = self.path.as_deref().unwrap_or("$");
        write!(f, "{path}: {}", self.message)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(&message)
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(&format_args!(
            "invalid type: {}, expected {expected}",
            shown(unexpected)
        ))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(&format_args!(
            "invalid value: {}, expected {expected}",
            shown(unexpected)
        ))
    }
}

/// As serde shows it, but with floats by serde_json's formatter, which is there anyway: the standard library's has 10 KB.
#[cold]
#[inline(never)]
fn shown(unexpected: Unexpected<'_>) -> String {
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = match unexpected {
        Unexpected::Bool(value) => write!(text, "boolean `{value}`"),
        Unexpected::Unsigned(value) => write!(text, "integer `{value}`"),
        Unexpected::Signed(value) => write!(text, "integer `{value}`"),
        Unexpected::Float(value) => match Number::from_f64(value) {
            Some(number) => write!(text, "number `{number}`"),
            None => write!(text, "number"),
        },
        Unexpected::Str(value) => write!(text, "string \"{value}\""),
        Unexpected::Char(value) => write!(text, "character `{value}`"),
        Unexpected::Unit => write!(text, "null"),
        Unexpected::Seq => write!(text, "array"),
        Unexpected::Map => write!(text, "object"),
        Unexpected::Other(other) => write!(text, "{other}"),
        _ => write!(text, "value of another form"),
    };
    text
}

/// Reads one value.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'de, 'a> {
    value: &'de Value,
    path: Path<'a>,
}

impl<'de> Reader<'de, '_> {
    pub(crate) fn new(value: &'de Value) -> Self {
        Self {
            value,
            path: Path::Root,
        }
    }
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let path = self.path;
        let result = match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (.., value) => visitor.visit_f64(value.unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items {
                rest: items.iter(),
                position: 0,
                path: &path,
            }),
            Value::Object(members) => visitor.visit_map(Members::of(members, &path)),
        };
        result.map_err(|misfit| misfit.at(&path))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.value.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let path = self.path;
        let variant = match self.value {
            Value::String(name) => Some(Variant {
                name,
                content: None,
                path: &path,
            }),
            Value::Object(members) if members.len() == 1 => members.iter().next().map(|(name, content)| Variant {
                name,
                content: Some(content),
                path: &path,
            }),
            _ => None,
        };
        let expected = "a string, or an object with one member";
        let result = match variant {
            Some(variant) => visitor.visit_enum(variant),
            None => Err(de::Error::custom(format_args!("expected {expected}"))),
        };
        result.map_err(|misfit| misfit.at(&path))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

/// The items of an array.
struct Items<'de, 'a> {
    rest: std::slice::Iter<'de, Value>,
    position: usize,
    path: &'a Path<'a>,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        let Some(value) = self.rest.next() else {
            return Ok(None);
        };
        let path = Path::Item(self.path, self.position);
        self.position += 1;
        seed.deserialize(Reader { value, path })
            .map(Some)
            .map_err(|misfit| misfit.at(&path))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The members of an object.
struct Members<'de, 'a> {
    rest: serde_json::map::Iter<'de>,
    /// The member whose name was read last.
    current: Option<(&'de str, &'de Value)>,
    path: &'a Path<'a>,
}

impl<'de, 'a> Members<'de, 'a> {
    fn of(members: &'de Map<String, Value>, path: &'a Path<'a>) -> Self {
        Self {
            rest: members.iter(),
            current: None,
            path,
        }
    }
}

impl<'de> MapAccess<'de> for Members<'de, '_> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some((name, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.current = Some((name, value));
        let path = Path::Member(self.path, name);
        seed.deserialize(Name(name))
            .map(Some)
            .map_err(|misfit| misfit.at(&path))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Misfit> {
        let Some((name, value)) = self.current.take() else {
            return Err(de::Error::custom("a value was asked for before its name"));
        };
        let path = Path::Member(self.path, name);
        seed.deserialize(Reader { value, path })
            .map_err(|misfit| misfit.at(&path))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The name of a member, which may stand for a number.
struct Name<'de>(&'de str);

macro_rules! numbers_in_names {
    ($($method:ident $visit:ident;)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            match self.0.parse() {
                Ok(number) => visitor.$visit(number),
                Err(_) => visitor.visit_borrowed_str(self.0),
            }
        }
    )+};
}

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_enum(Variant {
            name: self.0,
            content: None,
            path: &Path::Root,
        })
    }

    numbers_in_names! {
        deserialize_i8 visit_i8;
        deserialize_i16 visit_i16;
        deserialize_i32 visit_i32;
        deserialize_i64 visit_i64;
        deserialize_u8 visit_u8;
        deserialize_u16 visit_u16;
        deserialize_u32 visit_u32;
        deserialize_u64 visit_u64;
        deserialize_bool visit_bool;
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// One variant of an enum.
struct Variant<'de, 'a> {
    name: &'de str,
    content: Option<&'de Value>,
    path: &'a Path<'a>,
}

impl<'de: 'a, 'a> EnumAccess<'de> for Variant<'de, 'a> {
    type Error = Misfit;
    type Variant = Content<'de, 'a>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Content<'de, 'a>), Misfit> {
        let variant = seed.deserialize(Name(self.name))?;
        Ok((
            variant,
            Content {
                value: self.content,
                path: Path::Member(self.path, self.name),
            },
        ))
    }
}

/// What a variant holds.
struct Content<'de, 'a> {
    value: Option<&'de Value>,
    path: Path<'a>,
}

impl<'de> Content<'de, '_> {
    fn read<T>(&self, read: impl FnOnce(Reader<'de, '_>) -> Result<T, Misfit>) -> Result<T, Misfit> {
        read(Reader {
            value: self.value.unwrap_or(&Value::Null),
            path: self.path,
        })
    }
}

impl<'de> VariantAccess<'de> for Content<'de, '_> {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        match self.value {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(Misfit::new(&"this variant holds nothing").at(&self.path)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Misfit> {
        self.read(|reader| seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.read(|reader| reader.deserialize_any(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, _fields: &'static [&'static str], visitor: V) -> Result<V::Value, Misfit> {
        self.read(|reader| reader.deserialize_any(visitor))
    }
}

#[cfg(test)]
mod tests;
