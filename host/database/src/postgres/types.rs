//! Types that only this database has, by the catalog.

use std::collections::{HashMap, HashSet};

use tokio_postgres::types::{Kind, Type};

use super::Connection;
use crate::Error;

/// Types within types that are looked into at most.
const DEPTH: usize = 16;

/// Some of a database's types.
#[derive(Debug, Default)]
pub(super) struct Types {
    found: HashMap<u32, Entry>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    schema: String,
    kind: u8,
    item: u32,
    base: u32,
    base_modifier: i32,
    is_array: bool,
}

impl Types {
    /// Looks up types, and those that they are made of.
    pub async fn load(connection: &Connection, oids: impl IntoIterator<Item = u32>) -> Result<Self, Error> {
        let mut types = Self::default();
        let mut wanted: HashSet<u32> = oids.into_iter().collect();
        for _ in 0..DEPTH {
            wanted.retain(|oid| Type::from_oid(*oid).is_none() && !types.found.contains_key(oid));
            if wanted.is_empty() {
                break;
            }
            let oids: Vec<u32> = wanted.drain().collect();
            let statement = "select t.oid, t.typname::text, n.nspname::text, t.typtype, t.typelem, t.typbasetype, \
                               t.typtypmod, t.typlen = -1 and t.typelem <> 0
                             from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
                             where t.oid = any($1)";
            for row in connection.query("looking up types", statement, &[&oids]).await? {
                let kind: i8 = row.get(3);
                let entry = Entry {
                    name: row.get(1),
                    schema: row.get(2),
                    kind: kind as u8,
                    item: row.get(4),
                    base: row.get(5),
                    base_modifier: row.get(6),
                    is_array: row.get(7),
                };
                wanted.extend([entry.item, entry.base].into_iter().filter(|oid| *oid != 0));
                types.found.insert(row.get(0), entry);
            }
        }
        Ok(types)
    }

    /// A type with its modifier; for a domain, those of what it is made of.
    pub fn get(&self, oid: u32, modifier: i32) -> (Type, i32) {
        self.get_within(oid, modifier, DEPTH)
    }

    fn get_within(&self, oid: u32, modifier: i32, depth: usize) -> (Type, i32) {
        if let Some(known) = Type::from_oid(oid) {
            return (known, modifier);
        }
        let Some(entry) = self.found.get(&oid).filter(|_| depth > 0) else {
            return (
                Type::new("unknown type".into(), oid, Kind::Pseudo, String::new()),
                modifier,
            );
        };
        let kind = match entry.kind {
            b'd' => return self.get_within(entry.base, entry.base_modifier, depth - 1),
            b'e' => Kind::Enum(Vec::new()),
            b'b' if entry.is_array => Kind::Array(self.get_within(entry.item, modifier, depth - 1).0),
            _ => Kind::Simple,
        };
        (Type::new(entry.name.clone(), oid, kind, entry.schema.clone()), modifier)
    }
}
