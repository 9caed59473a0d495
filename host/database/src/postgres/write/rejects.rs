//! Rows that the table refuses, found one by one.

use std::collections::HashMap;

use super::super::Connection;
use super::apply::{is_of_rows, of_rows, shown_key};
use super::catalog::quoted;
use super::moving::Moving;
use crate::{Error, Prepared, TableName};

/// Pages of the staging table that are moved at once. What is moved until a bad row is met is moved again, so it is little.
const PAGES: i64 = 64;

/// A row that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bad {
    /// Its place in the staging table: `(page,row)`.
    pub place: String,
    /// The database's message.
    pub reason: String,
}

/// Some rows of the staging table.
enum Span {
    Pages(i64, i64),
    Places(Vec<String>),
}

/// Moves rows in the transaction that is open, without those that the table refuses: whatever is refused is halved until
/// it is a single row. Places in the table serve as numbers of rows, since nothing changes them.
pub(super) async fn by_halves(
    connection: &Connection,
    moving: &Moving,
    staging: &TableName,
    prepared: &Prepared,
) -> Result<Vec<Bad>, Error> {
    let doing = format!("writing to {}", prepared.table);
    let pages = pages(connection, staging).await?;
    let mut bad = Vec::new();
    for first in (0..pages).step_by(PAGES as usize) {
        let mut spans = vec![Span::Pages(first, (first + PAGES).min(pages))];
        while let Some(span) = spans.pop() {
            connection.run(&doing, "savepoint tenon_rows").await?;
            let moved = move_span(connection, moving, &doing, &span).await;
            let Err(error) = moved else {
                connection.run(&doing, "release savepoint tenon_rows").await?;
                continue;
            };
            if !is_of_rows(&error) {
                return Err(error);
            }
            connection
                .run(&doing, "rollback to savepoint tenon_rows; release savepoint tenon_rows")
                .await?;
            match halves(connection, staging, span).await? {
                Halves::Row(place) => bad.push(Bad {
                    place,
                    reason: message(of_rows(prepared, error)),
                }),
                // The first half goes first, so that of two rows that exclude one another the first one stays.
                Halves::Two(first, second) => spans.extend([second, first]),
                Halves::None => {}
            }
        }
    }
    Ok(bad)
}

/// Rows that share their keys with others: none of them is known to be the one to stay.
pub(super) async fn duplicates(
    connection: &Connection,
    moving: &Moving,
    prepared: &Prepared,
) -> Result<Vec<Bad>, Error> {
    let doing = format!("looking for duplicates in the rows for {}", prepared.table);
    let rows = connection.query(&doing, &moving.duplicates(""), &[]).await?;
    let bad = rows.iter().map(|row| {
        let keys: Vec<Option<String>> = row.get(1);
        Bad {
            place: row.get(0),
            reason: format!(
                "{} occurs more than once among the rows of this run, and which of them is to stay is not known",
                shown_key(&prepared.keys, &keys)
            ),
        }
    });
    Ok(bad.collect())
}

/// Removes rows from the staging table.
pub(super) async fn remove(connection: &Connection, staging: &TableName, bad: &[Bad]) -> Result<(), Error> {
    const AT_ONCE: usize = 10_000;
    for bad in bad.chunks(AT_ONCE) {
        let places: Vec<String> = bad.iter().map(|bad| bad.place.clone()).collect();
        let statement = format!("delete from {} s where {}", quoted(staging), among(&places));
        connection
            .run(&format!("removing rejected rows from {staging}"), &statement)
            .await?;
    }
    Ok(())
}

/// The reasons by the places of rows.
pub(super) fn reasons(bad: &[Bad]) -> HashMap<&str, &str> {
    bad.iter()
        .map(|bad| (bad.place.as_str(), bad.reason.as_str()))
        .collect()
}

/// That a row of `s` is at one of some places.
pub(super) fn among(places: &[String]) -> String {
    let quoted: Vec<String> = places.iter().map(|place| format!("\"{place}\"")).collect();
    format!("s.ctid = any('{{{}}}'::tid[])", quoted.join(","))
}

async fn pages(connection: &Connection, staging: &TableName) -> Result<i64, Error> {
    let statement = "select pg_relation_size(to_regclass($1::text)) / current_setting('block_size')::bigint";
    let doing = format!("asking for the size of {staging}");
    Ok(connection
        .query_one(&doing, statement, &[&quoted(staging)])
        .await?
        .get(0))
}

async fn move_span(connection: &Connection, moving: &Moving, doing: &str, span: &Span) -> Result<(), Error> {
    for statement in moving.statements(Some(&filter(span))) {
        connection.run(doing, &statement).await?;
    }
    Ok(())
}

fn filter(span: &Span) -> String {
    match span {
        Span::Pages(first, end) => format!("s.ctid >= '({first},0)'::tid and s.ctid < '({end},0)'::tid"),
        Span::Places(places) => among(places),
    }
}

enum Halves {
    None,
    Row(String),
    Two(Span, Span),
}

async fn halves(connection: &Connection, staging: &TableName, span: Span) -> Result<Halves, Error> {
    let mut places = match span {
        Span::Pages(first, end) if end - first > 1 => {
            let middle = first.midpoint(end);
            return Ok(Halves::Two(Span::Pages(first, middle), Span::Pages(middle, end)));
        }
        Span::Pages(..) => {
            let statement = format!(
                "select s.ctid::text from {} s where {} order by s.ctid",
                quoted(staging),
                filter(&span)
            );
            let rows = connection.query(&format!("reading {staging}"), &statement, &[]).await?;
            rows.iter().map(|row| row.get(0)).collect()
        }
        Span::Places(places) => places,
    };
    if places.len() <= 1 {
        return Ok(places.pop().map_or(Halves::None, Halves::Row));
    }
    let second = places.split_off(places.len() / 2);
    Ok(Halves::Two(Span::Places(places), Span::Places(second)))
}

fn message(error: Error) -> String {
    match error {
        Error::Constraint { message, .. } => message,
        other => other.to_string(),
    }
}
