//! Messages of `pgoutput`, in the first version of its protocol.

use super::lsn::Lsn;

/// What the log says of a transaction, one after the other.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message<'a> {
    Begin {
        /// Where the transaction is committed.
        position: Lsn,
        /// Microseconds since 2000.
        committed_at: i64,
        transaction: u32,
    },
    /// The columns of a table, as they are from now on.
    Relation(RelationMessage),
    Insert {
        relation: u32,
        new: Tuple<'a>,
    },
    Update {
        relation: u32,
        old: Option<Old<'a>>,
        new: Tuple<'a>,
    },
    Delete {
        relation: u32,
        old: Tuple<'a>,
    },
    Truncate(Vec<u32>),
    Commit,
    /// What is of no use here: types, origins, messages of applications.
    Other,
}

/// The columns of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RelationMessage {
    pub id: u32,
    pub schema: String,
    pub table: String,
    pub columns: Vec<RelationColumn>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RelationColumn {
    pub name: String,
    pub type_oid: u32,
    pub modifier: i32,
}

/// The values of a row.
pub(super) type Tuple<'a> = Vec<Cell<'a>>;

/// A row as it was before an update.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Old<'a> {
    pub tuple: Tuple<'a>,
    /// Whether all of it is there. Otherwise only the key is, and every other value is null, whatever it was.
    pub is_whole: bool,
}

impl<'a> Old<'a> {
    /// The value that was at a place, if the log has it.
    pub fn get(&self, place: usize) -> Option<Cell<'a>> {
        let cell = self.tuple.get(place).copied()?;
        // No column of a key is null.
        let is_known = self.is_whole || cell != Cell::Null;
        is_known.then_some(cell)
    }
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Null,
    /// A large value that has not changed and that the log does not hold.
    Unchanged,
    Text(&'a [u8]),
    Binary(&'a [u8]),
}

/// Reads a message; none where it is not one.
pub(super) fn parse(bytes: &[u8]) -> Option<Message<'_>> {
    let mut reader = Reader(bytes);
    Some(match reader.byte()? {
        b'B' => Message::Begin {
            position: Lsn(reader.u64()?),
            committed_at: reader.u64()?.cast_signed(),
            transaction: reader.u32()?,
        },
        b'R' => Message::Relation(reader.relation()?),
        b'I' => {
            let relation = reader.u32()?;
            (reader.byte()? == b'N').then_some(())?;
            Message::Insert {
                relation,
                new: reader.tuple()?,
            }
        }
        b'U' => {
            let relation = reader.u32()?;
            let old = match reader.byte()? {
                kind @ (b'K' | b'O') => {
                    let old = Old {
                        tuple: reader.tuple()?,
                        is_whole: kind == b'O',
                    };
                    (reader.byte()? == b'N').then_some(Some(old))?
                }
                b'N' => None,
                _ => return None,
            };
            Message::Update {
                relation,
                old,
                new: reader.tuple()?,
            }
        }
        b'D' => {
            let relation = reader.u32()?;
            matches!(reader.byte()?, b'K' | b'O').then_some(())?;
            Message::Delete {
                relation,
                old: reader.tuple()?,
            }
        }
        b'T' => {
            let count = reader.u32()?;
            reader.byte()?;
            Message::Truncate((0..count).map(|_| reader.u32()).collect::<Option<_>>()?)
        }
        b'C' => Message::Commit,
        b'Y' | b'O' | b'M' => Message::Other,
        _ => return None,
    })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_be_bytes)
    }

    fn text(&mut self) -> Option<String> {
        let length = self.0.iter().position(|byte| *byte == 0)?;
        let text = self.take(length)?;
        self.byte()?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    fn relation(&mut self) -> Option<RelationMessage> {
        let (id, schema, table) = (self.u32()?, self.text()?, self.text()?);
        // How rows are identified, which the rows themselves show.
        self.byte()?;
        let count = self.u16()?;
        let columns = (0..count).map(|_| {
            self.byte()?;
            Some(RelationColumn {
                name: self.text()?,
                type_oid: self.u32()?,
                modifier: self.u32()?.cast_signed(),
            })
        });
        Some(RelationMessage {
            columns: columns.collect::<Option<_>>()?,
            id,
            // The system's own schema is sent without its name.
            schema: if schema.is_empty() {
                "pg_catalog".to_owned()
            } else {
                schema
            },
            table,
        })
    }

    fn tuple(&mut self) -> Option<Tuple<'a>> {
        let count = self.u16()?;
        (0..count).map(|_| self.cell()).collect()
    }

    fn cell(&mut self) -> Option<Cell<'a>> {
        Some(match self.byte()? {
            b'n' => Cell::Null,
            b'u' => Cell::Unchanged,
            b't' => Cell::Text(self.value()?),
            b'b' => Cell::Binary(self.value()?),
            _ => return None,
        })
    }

    fn value(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(length as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_alone_says_nothing_of_other_values() {
        let places = |is_whole| {
            let old = Old {
                tuple: vec![Cell::Text(b"a"), Cell::Null],
                is_whole,
            };
            [old.get(0), old.get(1), old.get(2)]
        };
        assert_eq!(places(false), [Some(Cell::Text(b"a")), None, None]);
        assert_eq!(places(true), [Some(Cell::Text(b"a")), Some(Cell::Null), None]);
    }

    #[test]
    fn messages_are_read_and_no_prefix_of_one_is() {
        let update = b"U\0\0\0\x07K\0\x01t\0\0\0\x01aN\0\x02nb\0\0\0\x02xy";
        let expected = Message::Update {
            relation: 7,
            old: Some(Old {
                tuple: vec![Cell::Text(b"a")],
                is_whole: false,
            }),
            new: vec![Cell::Null, Cell::Binary(b"xy")],
        };
        assert_eq!(parse(update), Some(expected));
        for length in 0..update.len() {
            assert_eq!(parse(&update[..length]), None, "{length}");
        }
        let relation = b"R\0\0\0\x07s\0t\0d\0\x01\x01id\0\0\0\0\x17\xff\xff\xff\xff";
        let Some(Message::Relation(relation)) = parse(relation) else {
            panic!("a relation");
        };
        assert_eq!((relation.schema.as_str(), relation.table.as_str()), ("s", "t"));
        assert_eq!((relation.columns[0].type_oid, relation.columns[0].modifier), (23, -1));
    }
}
