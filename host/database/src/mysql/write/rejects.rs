//! Finding the rows that a constraint refuses, and leaving them out.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use mysql_async::Error as Failure;
use mysql_async::prelude::Queryable;

use crate::mysql::decode::Column;
use crate::mysql::dialect::MySqlDialect;
use crate::mysql::failure::{during, is_of_rows};
use crate::mysql::kind::Kind;
use crate::mysql::session::{Session, number};
use crate::mysql::write::moving::{Moving, refused};
use crate::mysql::write::plan::{ROW, StagedColumn};
use crate::sql::Dialect;
use crate::{Error, Prepared, RejectedRows};

/// Rows that are handed over at once.
const AT_ONCE: usize = 1000;

/// Moves all rows that no constraint refuses, in the transaction that is open; answers with the others' numbers, each with
/// the database's message.
///
/// A range that is refused is halved until the row is found, so a few bad rows among many cost little.
pub(crate) async fn move_good(
    session: &mut Session,
    moving: &Moving<'_>,
    prepared: &Prepared,
) -> Result<BTreeMap<u64, String>, Error> {
    for first in moving.first() {
        if let Err(failure) = session.attempt(&first).await {
            return Err(refused(session, prepared, failure));
        }
    }
    let sql = format!(
        "select min(`{ROW}`), max(`{ROW}`) from {}",
        MySqlDialect.table(&prepared.staging)
    );
    let ends = session.rows(&sql, &format!("to read {}", prepared.staging)).await?;
    let ends = ends.first().and_then(|row| Some((number(row, 0)?, number(row, 1)?)));
    let mut bad = BTreeMap::new();
    let mut ranges: Vec<(u64, u64)> = ends.into_iter().collect();
    while let Some((first, last)) = ranges.pop() {
        for statement in moving.each(Some((first, last))) {
            match session.attempt(&statement).await {
                Ok(()) => {}
                Err(Failure::Server(error)) if is_of_rows(error.code) => {
                    if first == last {
                        bad.insert(first, error.message);
                    } else {
                        let middle = first + (last - first) / 2;
                        ranges.push((middle + 1, last));
                        ranges.push((first, middle));
                    }
                    // A statement that is refused has changed nothing; what the ones before it have done is done again.
                    break;
                }
                Err(failure) => return Err(refused(session, prepared, failure)),
            }
        }
    }
    Ok(bad)
}

/// Hands rows over, and deletes them from the staging table, so that whoever commits in another process leaves them out as
/// well.
pub(crate) async fn hand_over(
    session: &mut Session,
    prepared: &Prepared,
    staged: &[StagedColumn],
    schema: &SchemaRef,
    bad: &BTreeMap<u64, String>,
    rejected: &dyn RejectedRows,
) -> Result<(), Error> {
    let numbers: Vec<u64> = bad.keys().copied().collect();
    for numbers in numbers.chunks(AT_ONCE) {
        let list: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        let list = list.join(", ");
        let names = MySqlDialect.quote_all(staged.iter().map(|column| &column.name));
        let staging = MySqlDialect.table(&prepared.staging);
        let sql = format!("select {names} from {staging} where `{ROW}` in ({list}) order by `{ROW}`");
        let batch = read(session, &sql, prepared, schema).await?;
        let reasons: Vec<String> = numbers.iter().filter_map(|number| bad.get(number).cloned()).collect();
        rejected.reject(&batch, &reasons).await?;
        let sql = format!("delete from {staging} where `{ROW}` in ({list})");
        session
            .run(&sql, &format!("to delete from {}", prepared.staging))
            .await?;
    }
    Ok(())
}

async fn read(session: &mut Session, sql: &str, prepared: &Prepared, schema: &SchemaRef) -> Result<RecordBatch, Error> {
    let rows: Result<Vec<mysql_async::Row>, _> = session.connection.exec(sql, ()).await;
    let rows = rows.map_err(|failure| during(&session.target, &format!("to read {}", prepared.staging), failure))?;
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for (index, field) in schema.fields().iter().enumerate() {
        let value = |reason: String| Error::Value {
            relation: prepared.table.to_string(),
            column: field.name().clone(),
            reason,
        };
        let kind = rows.first().map(|row| Kind::of_column(&row.columns_ref()[index]));
        let data_type = kind.map_or(field.data_type().clone(), Kind::arrow);
        let mut column =
            Column::new(&data_type, rows.len()).ok_or_else(|| value(format!("{data_type} is not read")))?;
        for row in &rows {
            let wire = row.as_ref(index).unwrap_or(&mysql_async::Value::NULL);
            column.append(wire).map_err(value)?;
        }
        let column = cast(&column.finish(), field.data_type()).map_err(|error| value(error.to_string()))?;
        columns.push(column);
    }
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(|error| Error::Mismatch {
        table: prepared.table.to_string(),
        reason: error.to_string(),
    })
}
