//! Keys that take a short form or a table: `limit = 10` and `limit = { rows = 10 }`.

use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};

/// A list of strings, or a table.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum ListOr<T> {
    List(Vec<String>),
    Table(T),
}

/// A whole number, or a table.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum CountOr<T> {
    Count(u64),
    Table(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ListOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = ListOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of strings or a table")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<ListOr<T>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items)).map(ListOr::List)
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<ListOr<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(entries)).map(ListOr::Table)
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for CountOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = CountOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 0 or a table")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<CountOr<T>, E> {
                Ok(CountOr::Count(number))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<CountOr<T>, E> {
                let count = u64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))?;
                Ok(CountOr::Count(count))
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<CountOr<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(entries)).map(CountOr::Table)
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}
