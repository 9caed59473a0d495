//! Reading a relation in parts.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use futures::stream::{self, StreamExt};
use rusqlite::Connection;

use super::columns;
use super::connection::{InterruptOnDrop, Interrupter, Opener};
use super::describe;
use super::dialect::Sql;
use super::predicate::{self, Affinities};
use super::read::{self, PartRead};
use super::snapshot::Snapshot;
use super::split;
use crate::sql::Dialect;
use crate::{Batches, Error, Relation, Scan, ScanRequest, TableName};

/// Batches that wait to be taken from a part's thread.
const WAITING: usize = 2;

/// Columns that SQLite allows in an answer.
const MOST_COLUMNS: usize = 2_000;

/// A relation that is ready to be read: a statement for each part, each with a connection of its own.
pub(super) struct SqliteScan {
    opener: Opener,
    relation: Relation,
    schema: SchemaRef,
    statements: Vec<String>,
    /// Whether the last column of the statements is the row's number.
    with_rowid: bool,
    batch_rows: usize,
    snapshot: Arc<Snapshot>,
}

impl fmt::Debug for SqliteScan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("SqliteScan");
        shown
            .field("database", &self.opener.name)
            .field("statements", &self.statements);
        shown.finish_non_exhaustive()
    }
}

/// Makes the statements.
pub(super) fn plan(opener: &Opener, connection: &Connection, request: &ScanRequest) -> Result<SqliteScan, Error> {
    let relation = &request.relation;
    let known = columns::of(opener, connection, relation)?;
    for field in request.schema.fields() {
        if known.iter().all(|column| column.name != *field.name()) {
            return Err(Error::Mismatch {
                table: relation.to_string(),
                reason: format!("the column `{}` is not there any more", field.name()),
            });
        }
    }
    let affinities = columns::affinities(&known);
    let condition = request
        .predicate
        .as_ref()
        .map(|predicate| condition(relation, predicate, &affinities));
    let condition = condition.transpose()?;
    let rowid = match relation {
        Relation::Table(table) => columns::rowid(connection, table, &known),
        Relation::Query(_) => None,
    };
    let splits = splits(opener, connection, request, &affinities, rowid)?;
    let with_rowid =
        rowid.filter(|_| !request.schema.fields().is_empty() && request.schema.fields().len() < MOST_COLUMNS);
    let statements = splits.into_iter().map(|split| {
        let conditions: Vec<String> = condition.iter().cloned().chain(split).collect();
        statement(request, with_rowid, &conditions)
    });
    let statements: Vec<String> = statements.collect();
    Ok(SqliteScan {
        opener: opener.clone(),
        relation: relation.clone(),
        schema: Arc::clone(&request.schema),
        snapshot: Arc::new(Snapshot::new(statements.len())),
        statements,
        with_rowid: with_rowid.is_some(),
        batch_rows: request.batch_rows.max(1),
    })
}

fn condition(relation: &Relation, predicate: &crate::Predicate, affinities: &Affinities) -> Result<String, Error> {
    predicate::condition(predicate, affinities).ok_or_else(|| Error::Config {
        subject: relation.to_string(),
        reason: "SQLite has no such comparison".to_owned(),
    })
}

/// The conditions of the parts; none for a relation that is read in one.
fn splits(
    opener: &Opener,
    connection: &Connection,
    request: &ScanRequest,
    affinities: &Affinities,
    rowid: Option<&str>,
) -> Result<Vec<Option<String>>, Error> {
    let parts = request.parts.min(opener.options.connections as usize);
    if parts < 2 || request.limit.is_some() {
        return Ok(vec![None]);
    }
    let by_rowid = |table: &TableName, rowid: &str| {
        let known = columns::of_table(opener, connection, table)
            .ok()
            .flatten()
            .unwrap_or_default();
        let ends = describe::rowids(connection, table, &known);
        ends.map_or_else(|| vec![None], |ends| split::of_rowids(rowid, ends, parts))
    };
    match (&request.split_by, &request.relation, rowid) {
        (Some(column), relation, _) => {
            split::of_column(opener, connection, relation, column, &request.schema, affinities, parts)
        }
        (None, Relation::Table(table), Some(rowid)) => Ok(by_rowid(table, rowid)),
        _ => Ok(vec![None]),
    }
}

fn statement(request: &ScanRequest, rowid: Option<&str>, conditions: &[String]) -> String {
    let mut selected: Vec<String> = request
        .schema
        .fields()
        .iter()
        .map(|field| Sql.quote(field.name()))
        .collect();
    let counts = selected.is_empty();
    if counts {
        selected.push("1".to_owned());
    }
    selected.extend(rowid.map(str::to_owned));
    let mut text = format!(
        "select {} from {}",
        selected.join(", "),
        columns::from(&request.relation)
    );
    if !conditions.is_empty() {
        text.push_str(" where ");
        text.push_str(&conditions.join(" and "));
    }
    if let Some(limit) = request.limit {
        text.push_str(" limit ");
        text.push_str(&limit.min(i64::MAX as u64).to_string());
    }
    if counts {
        text = format!("select count(*) from ({text})");
    }
    text
}

impl Scan for SqliteScan {
    fn parts(&self) -> usize {
        self.statements.len()
    }

    fn read(&self, part: usize) -> Batches {
        let Some(statement) = self.statements.get(part).cloned() else {
            return stream::empty().boxed();
        };
        let (sender, receiver) = tokio::sync::mpsc::channel(WAITING);
        let interrupter = Interrupter::default();
        let work = PartRead {
            opener: self.opener.clone(),
            relation: self.relation.clone(),
            schema: Arc::clone(&self.schema),
            statement,
            with_rowid: self.with_rowid,
            batch_rows: self.batch_rows,
            interrupter: interrupter.clone(),
        };
        let snapshot = Arc::clone(&self.snapshot);
        let mut start = Some(move || std::thread::spawn(move || read::read(&work, &snapshot, part, &sender)));
        let (mut receiver, guard) = (receiver, InterruptOnDrop(interrupter));
        let batches = stream::poll_fn(move |context| {
            // The thread starts when the first batch is asked for. It ends by itself: nobody waits for it.
            if let Some(start) = start.take() {
                drop(start());
            }
            let _held = &guard;
            receiver.poll_recv(context)
        });
        batches.boxed()
    }

    fn statement(&self, part: usize) -> String {
        self.statements.get(part).cloned().unwrap_or_default()
    }
}
