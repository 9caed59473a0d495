//! From the log's messages to changes of one table.

use std::collections::HashMap;
use std::sync::Arc;

use super::columns::{Columns, TableColumn};
use super::lsn::Lsn;
use super::message::{Cell, Message, Old, RelationMessage, Tuple, parse};
use super::rows::{Change, Output};
use super::visible::Seen;
use crate::{Error, TableName};

/// What is read of the log.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// The table, with its schema.
    pub table: TableName,
    pub columns: Arc<Columns>,
    /// Transactions that are committed from here on,
    pub from: Lsn,
    /// up to here,
    pub upto: Lsn,
    /// and that this has not seen.
    pub seen: Option<Seen>,
}

/// Where the log is being read.
pub(super) struct Replay {
    wanted: Wanted,
    transaction: Option<Transaction>,
    /// Where the values of the table's columns are in the log's rows; none for other tables. What does not fit is an
    /// error only once there is a change of it.
    relations: HashMap<u32, Option<Result<Places, String>>>,
}

/// Where the values of the table's columns are in the log's rows; none for a column that came later.
type Places = Vec<Option<usize>>;

struct Transaction {
    position: String,
    committed_at: i64,
    sequence: i64,
}

impl Replay {
    pub fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            transaction: None,
            relations: HashMap::new(),
        }
    }

    /// Takes the next message.
    pub fn apply(&mut self, bytes: &[u8], output: &mut Output) -> Result<(), Error> {
        let message = parse(bytes).ok_or_else(|| self.misfit("the server's log has a message that is not known"))?;
        match message {
            Message::Begin {
                position,
                committed_at,
                transaction,
            } => self.begin(position, committed_at, transaction),
            Message::Relation(relation) => {
                let places = self.places(&relation);
                self.relations.insert(relation.id, places);
            }
            Message::Commit => self.transaction = None,
            Message::Insert { relation, new } => {
                if let Some(places) = self.wanted_places(relation)? {
                    self.push("insert", &places, &new, None, output)?;
                }
            }
            Message::Update { relation, old, new } => {
                if let Some(places) = self.wanted_places(relation)? {
                    self.update(&places, old.as_ref(), &new, output)?;
                }
            }
            Message::Delete { relation, old } => {
                if let Some(places) = self.wanted_places(relation)? {
                    self.push("delete", &places, &old, None, output)?;
                }
            }
            Message::Truncate(relations) => {
                for relation in relations {
                    if self.wanted_places(relation)?.is_some() {
                        let places = vec![None; self.wanted.columns.table.len()];
                        self.push("truncate", &places, &Vec::new(), None, output)?;
                    }
                }
            }
            Message::Other => {}
        }
        Ok(())
    }

    fn begin(&mut self, position: Lsn, committed_at: i64, transaction: u32) {
        let wanted = &self.wanted;
        // The server's own bounds are of records, and inexact. These are exact, so that each transaction is in one run.
        let is_between = wanted.from <= position && position < wanted.upto;
        let is_seen = wanted.seen.as_ref().is_some_and(|seen| seen.has(transaction));
        self.transaction = (is_between && !is_seen).then(|| Transaction {
            position: position.padded(),
            committed_at,
            sequence: 0,
        });
    }

    /// The places of the values in a table's rows, if its changes are wanted now.
    fn wanted_places(&self, relation: u32) -> Result<Option<Places>, Error> {
        if self.transaction.is_none() {
            return Ok(None);
        }
        match self.relations.get(&relation) {
            Some(Some(Ok(places))) => Ok(Some(places.clone())),
            Some(Some(Err(reason))) => Err(self.misfit(reason)),
            Some(None) => Ok(None),
            None => Err(self.misfit("the server's log has rows of a table that it has not described")),
        }
    }

    fn places(&self, relation: &RelationMessage) -> Option<Result<Places, String>> {
        let table = &self.wanted.table;
        if table.schema.as_ref() != Some(&relation.schema) || table.table != relation.table {
            return None;
        }
        let columns = &self.wanted.columns.table;
        let unknown = relation
            .columns
            .iter()
            .find(|logged| columns.iter().all(|column| column.attribute.name != logged.name));
        if let Some(unknown) = unknown {
            return Some(Err(format!(
                "the log has changes from when it had a column `{}`, which it does not have now: it was dropped or \
                 renamed. {START_AGAIN}",
                unknown.name
            )));
        }
        let place = |column: &TableColumn| {
            let attribute = &column.attribute;
            let found = relation.columns.iter().position(|logged| logged.name == attribute.name);
            let Some(place) = found else {
                // It was added later.
                return Ok(None);
            };
            let logged = &relation.columns[place];
            if (logged.type_oid, logged.modifier) != (attribute.type_oid, attribute.modifier) {
                return Err(format!(
                    "the log has changes from when its column `{}` was of another type than now, which is {}. {START_AGAIN}",
                    attribute.name, attribute.type_name
                ));
            }
            Ok(Some(place))
        };
        Some(columns.iter().map(place).collect())
    }

    fn update(
        &mut self,
        places: &[Option<usize>],
        old: Option<&Old<'_>>,
        new: &Tuple<'_>,
        output: &mut Output,
    ) -> Result<(), Error> {
        // A row whose key has changed is another row to whoever tells rows apart by their keys.
        if let Some(old) = old {
            let keys = self
                .wanted
                .columns
                .table
                .iter()
                .zip(places)
                .filter(|(column, _)| column.is_key);
            let mut keys = keys.filter_map(|(_, place)| *place);
            // By another index than the primary key's, the old key has nothing of that.
            let is_known = |cell: Option<Cell<'_>>| !matches!(cell, None | Some(Cell::Null | Cell::Unchanged));
            let is_moved = keys.any(|place| {
                let (old, new) = (old.get(place), new.get(place).copied());
                is_known(old) && is_known(new) && old != new
            });
            if is_moved {
                self.push("delete", places, &old.tuple, None, output)?;
            }
        }
        self.push("update", places, new, old, output)
    }

    fn push(
        &mut self,
        operation: &'static str,
        places: &[Option<usize>],
        tuple: &Tuple<'_>,
        old: Option<&Old<'_>>,
        output: &mut Output,
    ) -> Result<(), Error> {
        let mut values = Vec::with_capacity(places.len());
        for (index, place) in places.iter().enumerate() {
            let cell = place.and_then(|place| tuple.get(place)).copied().unwrap_or(Cell::Null);
            let known = match cell {
                // With the whole old row in the log, the value is there; with the old key alone, it is not.
                Cell::Unchanged => old.zip(*place).and_then(|(old, place)| old.get(place)),
                other => Some(other),
            };
            values.push(match known {
                Some(Cell::Null) => None,
                Some(Cell::Text(bytes) | Cell::Binary(bytes)) => Some(bytes),
                Some(Cell::Unchanged) | None => return Err(self.unknown_value(index)),
            });
        }
        let Some(transaction) = &mut self.transaction else {
            return Ok(());
        };
        let change = Change {
            operation,
            position: &transaction.position,
            committed_at: transaction.committed_at,
            sequence: transaction.sequence,
            values: &values,
        };
        transaction.sequence += 1;
        if output.push(&change)? {
            return Ok(());
        }
        Err(self.misfit("the log has text that is not UTF-8"))
    }

    fn unknown_value(&self, column: usize) -> Error {
        let table = &self.wanted.table;
        let column = &self.wanted.columns.table[column].attribute.name;
        self.misfit(&format!(
            "a row was updated whose large value in the column `{column}` stayed as it was, and the log does not have it. \
             Run `alter table {} replica identity full`, so that it will. {START_AGAIN}",
            super::slot::quoted_table(table)
        ))
    }

    fn misfit(&self, reason: &str) -> Error {
        Error::Mismatch {
            table: self.wanted.table.to_string(),
            reason: reason.to_owned(),
        }
    }
}

/// What is to be done when the log can't be read on.
const START_AGAIN: &str =
    "The log cannot be read past that: forget the source's bookmark, so that all rows are read again";
