//! Reads any deserialisable type from a node, with problems that stand at the value or key at fault.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::serde_node::{NODE, hand_over};
use super::{Entry, Node, Value};
use crate::Problem;
use crate::problem::ProblemKind;

impl Node {
    /// Sees to it that a problem has a place and tells no secret.
    pub(super) fn finish<T>(&self, result: Result<T, Problem>) -> Result<T, Problem> {
        result.map_err(|problem| {
            let problem = problem.at(self.span);
            match (&self.value, &problem.kind) {
                (Value::Secret(secret), ProblemKind::Expected(expected)) => {
                    let message = format!("expected {expected}, found the secret `{}`", secret.reference());
                    problem.reworded(message)
                }
                (Value::Secret(secret), _) => {
                    let message = format!(
                        "the value of `{}` doesn't fit here; it is secret, so not shown",
                        secret.reference()
                    );
                    problem.reworded(message)
                }
                _ => {
                    let message = self.redact(problem.message());
                    problem.reworded(message)
                }
            }
        })
    }
}

impl<'de> Deserializer<'de> for &Node {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.finish(match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::String(text) => visitor.visit_str(text),
            Value::Secret(secret) => visitor.visit_str(secret.expose()),
            Value::List(items) => visitor.visit_seq(Items {
                rest: items.iter().enumerate(),
            }),
            Value::Table(table) => visitor.visit_map(Entries {
                rest: table.iter(),
                current: None,
            }),
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Problem> {
        if name == NODE {
            hand_over(self.clone());
            return visitor.visit_unit();
        }
        let result = visitor.visit_newtype_struct(self);
        self.finish(result)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.finish(match &self.value {
            Value::String(_) | Value::Secret(_) => visitor.visit_enum(Variant {
                name: self,
                value: None,
            }),
            Value::Table(table) if table.len() == 1 => match table.iter().next() {
                Some(entry) => {
                    let name = &Node {
                        value: Value::String(entry.key.clone()),
                        span: entry.key_span,
                    };
                    visitor.visit_enum(Variant {
                        name,
                        value: Some(&entry.value),
                    })
                }
                None => visitor.visit_unit(),
            },
            _ => self.deserialize_any(visitor),
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

struct Items<'n> {
    rest: std::iter::Enumerate<std::slice::Iter<'n, Node>>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let Some((index, item)) = self.rest.next() else {
            return Ok(None);
        };
        let read = seed.deserialize(item);
        item.finish(read)
            .map(Some)
            .map_err(|problem| problem.under(index.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Entries<'n> {
    rest: std::slice::Iter<'n, Entry>,
    current: Option<&'n Entry>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        self.current = self.rest.next();
        let Some(entry) = self.current else {
            return Ok(None);
        };
        let key: StrDeserializer<'_, Problem> = entry.key.as_str().into_deserializer();
        let read = seed.deserialize(key);
        read.map(Some)
            .map_err(|problem| problem.at(entry.key_span).under(entry.key.clone()))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let Some(entry) = self.current.take() else {
            return Err(Problem::new("a value was asked for before its key"));
        };
        let read = seed.deserialize(&entry.value);
        let finished = entry.value.finish(read);
        finished.map_err(|problem| problem.at(entry.key_span).under(entry.key.clone()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Variant<'n> {
    name: &'n Node,
    value: Option<&'n Node>,
}

impl<'de, 'n> EnumAccess<'de> for Variant<'n> {
    type Error = Problem;
    type Variant = Content<'n>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'n>), Problem> {
        let name = seed.deserialize(self.name)?;
        Ok((name, Content { value: self.value }))
    }
}

struct Content<'n> {
    value: Option<&'n Node>,
}

impl Content<'_> {
    fn required(&self) -> Result<&Node, Problem> {
        self.value
            .ok_or_else(|| Problem::new("this needs a value: write it as a table with one key"))
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        match self.value {
            None => Ok(()),
            Some(value) => Err(Problem::new("this takes no value: write it as a string").at(value.span)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Problem> {
        let value = self.required()?;
        let read = seed.deserialize(value);
        value.finish(read)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Problem> {
        self.required()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.required()?.deserialize_any(visitor)
    }
}
