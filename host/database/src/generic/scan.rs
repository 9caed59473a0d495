//! Reading a relation.
//!
//! A relation is read in one part, by one statement, unless a column to split by was named: other connections see the
//! data of a moment of their own, and no database's snapshot can be handed from one to another in a way that all have.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use futures::{StreamExt, stream};
use tokio::sync::mpsc;

use crate::sql::{self, Dialect};
use crate::{Batches, Error, Relation, Scan, ScanRequest, Value};

use super::arrow_value::value_at;
use super::convert::converted;
use super::select::{Select, from};
use super::worker::Worker;
use super::{Connector, Dbms, Fault, Session};

/// Batches that are ready before they are asked for.
const AHEAD: usize = 2;

/// A relation that is ready to be read.
pub(crate) struct GenericScan<C> {
    connector: Arc<C>,
    relation: Relation,
    schema: SchemaRef,
    statements: Vec<String>,
    /// Rows that are still wanted, of all parts together.
    left: Arc<AtomicU64>,
    batch_rows: usize,
}

/// Prepares to read.
pub(crate) async fn scan<C: Connector>(connector: Arc<C>, request: ScanRequest) -> Result<GenericScan<C>, Error> {
    let worker = Worker::connect(Arc::clone(&connector)).await?;
    let name = connector.name().to_owned();
    let asked = request.clone();
    let statements = worker.run(move |session| statements(session, &name, &asked)).await?;
    Ok(GenericScan {
        connector,
        relation: request.relation,
        schema: request.schema,
        statements,
        left: Arc::new(AtomicU64::new(request.limit.unwrap_or(u64::MAX))),
        batch_rows: request.batch_rows.max(1),
    })
}

fn statements(session: &mut impl Session, database: &str, request: &ScanRequest) -> Result<Vec<String>, Error> {
    let dbms = session.dbms();
    let ranges: Vec<Option<String>> = match &request.split_by {
        Some(column) if request.parts > 1 => ranges(session, database, request, column)?,
        _ => vec![None],
    };
    let condition = request.predicate.as_ref();
    let condition = condition.map(|predicate| sql::required(&dbms, &request.relation, predicate));
    let condition = condition.transpose()?;
    let statement = |range: Option<String>| {
        let select = Select {
            schema: Some(&request.schema),
            conditions: condition.iter().cloned().chain(range).collect(),
            limit: request.limit,
            ..Select::all(dbms, &request.relation)
        };
        select.sql()
    };
    Ok(ranges.into_iter().map(statement).collect())
}

/// Conditions that split a relation by a column, in SQL.
fn ranges(
    session: &mut impl Session,
    database: &str,
    request: &ScanRequest,
    column: &str,
) -> Result<Vec<Option<String>>, Error> {
    let dbms = session.dbms();
    let name = dbms.quote(column);
    let statement = format!(
        "select min({name}) as low, max({name}) as high from {}",
        from(dbms, &request.relation)
    );
    let mut ends = None;
    // In the type of the column: of an expression, some drivers know none.
    let ends_schema = request.schema.field_with_name(column).ok().map(|field| {
        let end = |name: &str| Field::new(name, field.data_type().clone(), true);
        Arc::new(Schema::new(vec![end("low"), end("high")]))
    });
    let mut take = |batch: RecordBatch| {
        let batch = match &ends_schema {
            Some(schema) => converted(&batch, schema, &request.relation.to_string())?,
            None => batch,
        };
        ends = (batch.num_rows() > 0)
            .then(|| Some((value_at(batch.column(0), 0)?, value_at(batch.column(1), 0)?)))
            .flatten();
        Ok(false)
    };
    session.query(&statement, 1, &mut take).map_err(|fault| {
        fault.error(
            database,
            &request.relation.to_string(),
            &format!("to split by `{column}`"),
        )
    })?;
    let Some((low, high)) = ends else {
        return Ok(vec![None]);
    };
    Ok(split(dbms, &name, &low, &high, request.parts))
}

fn split(dbms: Dbms, name: &str, low: &Value, high: &Value, parts: usize) -> Vec<Option<String>> {
    let (Some(first), Some(last)) = (number(low), number(high)) else {
        return vec![None];
    };
    let parts = i128::try_from(parts).unwrap_or(1).min(last - first + 1).max(1);
    let bounds = (1..parts).map(|part| dbms.literal(&like(low, first + (last - first + 1) * part / parts)));
    let Some(bounds) = bounds.collect::<Option<Vec<String>>>() else {
        return vec![None];
    };
    if bounds.is_empty() {
        return vec![None];
    }
    let mut ranges = vec![Some(format!("({name} < {0} or {name} is null)", bounds[0]))];
    ranges.extend(
        bounds
            .windows(2)
            .map(|pair| Some(format!("({name} >= {} and {name} < {})", pair[0], pair[1]))),
    );
    ranges.push(Some(format!("{name} >= {}", bounds[bounds.len() - 1])));
    ranges
}

fn number(value: &Value) -> Option<i128> {
    match value {
        Value::Integer(value) => Some(i128::from(*value)),
        Value::Unsigned(value) => Some(i128::from(*value)),
        Value::Date(days) => Some(i128::from(*days)),
        // In microseconds, which all of them can write.
        Value::Timestamp(nanoseconds) | Value::Instant(nanoseconds) => Some(nanoseconds.div_euclid(1_000)),
        _ => None,
    }
}

/// The number as a value of the same type as another.
fn like(value: &Value, number: i128) -> Value {
    match value {
        Value::Date(_) => Value::Date(number as i32),
        Value::Timestamp(_) => Value::Timestamp(number * 1_000),
        Value::Instant(_) => Value::Instant(number * 1_000),
        Value::Unsigned(_) => Value::Unsigned(number as u64),
        _ => Value::Integer(number as i64),
    }
}

impl<C: Connector> Scan for GenericScan<C> {
    fn parts(&self) -> usize {
        self.statements.len()
    }

    fn read(&self, part: usize) -> Batches {
        let connector = Arc::clone(&self.connector);
        let reading = Reading {
            statement: self.statement(part),
            relation: self.relation.to_string(),
            schema: Arc::clone(&self.schema),
            left: Arc::clone(&self.left),
            batch_rows: self.batch_rows,
        };
        let begin = async move {
            let worker = match Worker::connect(Arc::clone(&connector)).await {
                Ok(worker) => worker,
                Err(error) => return stream::iter([Err(error)]).boxed(),
            };
            let (batches, inbox) = mpsc::channel(AHEAD);
            let name = connector.name().to_owned();
            drop(worker.start(move |session| {
                reading.run(session, &name, &batches);
                Ok(())
            }));
            // The worker goes with the stream, and with it the statement.
            let state = (inbox, worker);
            stream::unfold(state, |(mut inbox, worker)| async move {
                let batch = inbox.recv().await?;
                Some((batch, (inbox, worker)))
            })
            .boxed()
        };
        stream::once(begin).flatten().boxed()
    }

    fn statement(&self, part: usize) -> String {
        self.statements.get(part).cloned().unwrap_or_default()
    }
}

/// One part, while it is read.
struct Reading {
    statement: String,
    relation: String,
    schema: SchemaRef,
    left: Arc<AtomicU64>,
    batch_rows: usize,
}

impl Reading {
    fn run(&self, session: &mut impl Session, database: &str, batches: &mpsc::Sender<Result<RecordBatch, Error>>) {
        let mut hand_on = |batch: RecordBatch| self.hand_on(&batch, batches);
        if let Err(fault) = session.query(&self.statement, self.batch_rows, &mut hand_on) {
            let error = fault.error(database, &self.relation, &format!("to read {}", self.relation));
            // Nobody waits for it where the stream was dropped.
            drop(batches.blocking_send(Err(error)));
        }
    }

    fn hand_on(&self, batch: &RecordBatch, batches: &mpsc::Sender<Result<RecordBatch, Error>>) -> Result<bool, Fault> {
        let mut at = 0;
        while at < batch.num_rows() {
            let rows = self.take((batch.num_rows() - at).min(self.batch_rows));
            if rows == 0 {
                return Ok(false);
            }
            let piece = converted(&batch.slice(at, rows), &self.schema, &self.relation)?;
            if batches.blocking_send(Ok(piece)).is_err() {
                return Ok(false);
            }
            at += rows;
        }
        Ok(self.left.load(Ordering::Relaxed) > 0)
    }

    /// So many rows as are still wanted, and are not any more.
    fn take(&self, rows: usize) -> usize {
        let less = |left: u64| (left != u64::MAX).then(|| left.saturating_sub(rows as u64));
        let before = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        let (Ok(before) | Err(before)) = before;
        before.min(rows as u64) as usize
    }
}

impl<C> fmt::Debug for GenericScan<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Scan of {} in {} parts",
            self.relation,
            self.statements.len()
        )
    }
}

/// The keys of the last row in the order of the keys.
pub(crate) fn last(
    session: &mut impl Session,
    database: &str,
    relation: &Relation,
    keys: &[crate::Key],
    schema: &SchemaRef,
) -> Result<Option<Vec<Value>>, Error> {
    let dbms = session.dbms();
    let indexes = keys.iter().map(|key| {
        schema.index_of(&key.column).map_err(|_| {
            let names = schema.fields().iter().map(|field| field.name());
            super::catalog::no_column(&relation.to_string(), &key.column, names)
        })
    });
    let indexes = indexes.collect::<Result<Vec<_>, Error>>()?;
    let projected = Arc::new(schema.project(&indexes).map_err(|error| Error::Config {
        subject: relation.to_string(),
        reason: error.to_string(),
    })?);
    let order = keys.iter().zip(projected.fields()).map(|(key, field)| {
        let name = if field.data_type() == &arrow::datatypes::DataType::Utf8 {
            dbms.bytewise(&key.column)
        } else {
            dbms.quote(&key.column)
        };
        let direction = if key.order == crate::Order::Ascending {
            "desc"
        } else {
            "asc"
        };
        format!("{name} {direction}")
    });
    let present = keys
        .iter()
        .map(|key| format!("{} is not null", dbms.quote(&key.column)));
    let select = Select {
        schema: Some(&projected),
        conditions: present.collect(),
        order: Some(order.collect::<Vec<_>>().join(", ")),
        limit: Some(1),
        ..Select::all(dbms, relation)
    };
    let mut last = None;
    let mut take = |batch: RecordBatch| {
        if batch.num_rows() == 0 {
            return Ok(true);
        }
        let batch = converted(&batch.slice(0, 1), &projected, &relation.to_string())?;
        last = batch
            .columns()
            .iter()
            .map(|column| value_at(column, 0))
            .collect::<Option<Vec<_>>>();
        Ok(false)
    };
    session.query(&select.sql(), 1, &mut take).map_err(|fault| {
        fault.error(
            database,
            &relation.to_string(),
            &format!("to read the last keys of {relation}"),
        )
    })?;
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_leave_nothing_out() {
        let ranges = split(Dbms::Postgres, "\"n\"", &Value::Integer(0), &Value::Integer(99), 3);
        let ranges: Vec<String> = ranges.into_iter().flatten().collect();
        assert_eq!(
            ranges,
            [
                "(\"n\" < 33 or \"n\" is null)",
                "(\"n\" >= 33 and \"n\" < 66)",
                "\"n\" >= 66"
            ]
        );
        assert_eq!(
            split(Dbms::Postgres, "n", &Value::Integer(5), &Value::Integer(5), 8),
            [None]
        );
        let text = Value::Text("a".to_owned());
        assert_eq!(split(Dbms::Postgres, "n", &text, &text, 8), [None]);
    }
}
