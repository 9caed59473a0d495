//! Replaces rows with the same keys, and deletes those that are marked.

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use super::apply::Apply;
use super::connection;
use super::dialect::Sql;
use super::plan::OPERATION;
use super::staging::{ATTACHED, ROWS, STAGED};
use crate::Error;
use crate::sql::Dialect;

/// The staging rows that count, where some of the same key come one after the other.
const CHOSEN: &str = "temp.tenon_chosen";

/// A merge, of which the deletions are done.
pub(super) struct Merge<'a> {
    apply: &'a Apply<'a>,
    statement: String,
    has_chosen: bool,
}

impl<'a> Merge<'a> {
    /// Finds the rows that count, and deletes what is to be deleted.
    pub fn prepare(apply: &'a Apply<'a>) -> Result<Self, Error> {
        let order = order(apply)?;
        let mut conditions = Vec::new();
        let has_chosen = !order.is_empty();
        if has_chosen {
            let truncated = truncate(apply, &order)?;
            choose(apply, &order, truncated.as_deref())?;
            conditions.push(format!("s.{} in (select id from {CHOSEN})", apply.rowid()?));
        } else {
            refuse_duplicates(apply)?;
        }
        if let Some(column) = &apply.prepared.delete_when {
            delete(apply, column, &conditions)?;
            conditions.push(format!("not {}", marked(column)));
        }
        Ok(Self {
            statement: upsert(apply, &conditions)?,
            apply,
            has_chosen,
        })
    }

    /// The statement that writes the rows that stay. It has the words ` where true` once.
    pub fn statement(&self) -> String {
        self.statement.clone()
    }

    /// Removes what was only needed meanwhile.
    pub fn end(self) -> Result<(), Error> {
        if self.has_chosen {
            self.apply.run(&format!("drop table {CHOSEN}"), "to end the merge")?;
        }
        Ok(())
    }
}

/// The columns that order changes of the same row; none where the rows are no changes.
fn order(apply: &Apply<'_>) -> Result<Vec<&'static str>, Error> {
    let mut order = Vec::new();
    if apply.prepared.delete_when.is_none() {
        return Ok(order);
    }
    for name in ["_position", "_sequence"] {
        let exists = "select 1 from pragma_table_info(?1, ?2) where name = ?3";
        let exists = apply.connection.query_row(exists, [ROWS, ATTACHED, name], |_| Ok(()));
        let exists = exists.optional();
        if exists
            .map_err(|error| apply.failed("to read its staging file", &error))?
            .is_some()
        {
            order.push(name);
        }
    }
    Ok(order)
}

/// If the source's table was emptied, empties this one too, and answers with the condition for rows that came after that.
fn truncate(apply: &Apply<'_>, order: &[&str]) -> Result<Option<String>, Error> {
    if apply.prepared.delete_when.as_deref() != Some(OPERATION) {
        return Ok(None);
    }
    let last = format!(
        "select {} from {STAGED} as s where {} = 'truncate' order by {} limit 1",
        Sql.quote_all(order),
        Sql.quote(OPERATION),
        descending(order)
    );
    let values = apply.connection.query_row(&last, [], |row| {
        (0..order.len())
            .map(|index| row.get::<_, Value>(index))
            .collect::<rusqlite::Result<Vec<Value>>>()
    });
    let values = values
        .optional()
        .map_err(|error| apply.failed("to look for truncations", &error))?;
    if values.is_none() {
        return Ok(None);
    }
    apply.run(
        &format!("delete from {}", apply.table()),
        "to empty the table as its source was",
    )?;
    let names = Sql.quote_all(order);
    Ok(Some(format!(
        "({names}) > (select {names} from {STAGED} where {} = 'truncate' order by {} limit 1)",
        Sql.quote(OPERATION),
        descending(order)
    )))
}

/// Of the rows with the same key, the last one counts; those without a key all do.
fn choose(apply: &Apply<'_>, order: &[&str], after: Option<&str>) -> Result<(), Error> {
    let keys = &apply.prepared.keys;
    let nulls: Vec<String> = keys.iter().map(|key| format!("{} is null", Sql.quote(key))).collect();
    let after = after.map(|after| format!("where {after}")).unwrap_or_default();
    let rowid = apply.rowid()?;
    apply.run(
        &format!(
            "drop table if exists {CHOSEN}; create table {CHOSEN} (id integer primary key); \
             insert into {CHOSEN} select id from (select {rowid} as id, {} as keyless, \
             row_number() over (partition by {} order by {}) as place from {} {after}) where place = 1 or keyless",
            format_args!("({})", nulls.join(" or ")),
            Sql.quote_all(keys),
            descending(order),
            STAGED
        ),
        "to order the changes",
    )
}

fn descending(order: &[&str]) -> String {
    let columns: Vec<String> = order
        .iter()
        .map(|column| format!("{} desc", Sql.quote(column)))
        .collect();
    columns.join(", ")
}

/// Which of several rows with the same key is the right one cannot be known.
fn refuse_duplicates(apply: &Apply<'_>) -> Result<(), Error> {
    let keys = &apply.prepared.keys;
    let present: Vec<String> = keys
        .iter()
        .map(|key| format!("{} is not null", Sql.quote(key)))
        .collect();
    let names = Sql.quote_all(keys);
    let twice = format!(
        "select {names} from {} where {} group by {names} having count(*) > 1 limit 1",
        STAGED,
        present.join(" and ")
    );
    let twice = apply.connection.query_row(&twice, [], |row| {
        let shown = keys.iter().enumerate().map(|(index, key)| {
            let value = row.get_ref(index)?;
            let value = super::values::text(value).unwrap_or_else(|_| "a blob".into());
            Ok(format!("{key} = {value}"))
        });
        shown.collect::<rusqlite::Result<Vec<String>>>()
    });
    let twice = twice
        .optional()
        .map_err(|error| apply.failed("to look for rows with the same key", &error))?;
    match twice {
        None => Ok(()),
        Some(twice) => Err(Error::Constraint {
            table: apply.prepared.table.to_string(),
            message: format!(
                "the run has several rows with the key ({}), and only one can stay",
                twice.join(", ")
            ),
        }),
    }
}

fn marked(column: &str) -> String {
    format!(
        "coalesce(s.{0} in (1, 'delete', 'truncate', 'true'), false)",
        Sql.quote(column)
    )
}

fn delete(apply: &Apply<'_>, column: &str, conditions: &[String]) -> Result<(), Error> {
    let names = Sql.quote_all(&apply.prepared.keys);
    let mut conditions = conditions.to_vec();
    conditions.push(marked(column));
    apply.run(
        &format!(
            "delete from {} where ({names}) in (select {names} from {} as s where {})",
            apply.table(),
            STAGED,
            conditions.join(" and ")
        ),
        &format!("to delete rows of {}", apply.prepared.table),
    )
}

/// The statement that writes rows: by an index on the keys if one allows each key once. Without one, rows that are there
/// are updated now, and the statement adds the others.
fn upsert(apply: &Apply<'_>, conditions: &[String]) -> Result<String, Error> {
    let prepared = apply.prepared;
    let table = apply.table();
    let names = Sql.quote_all(&prepared.columns);
    let mut condition = String::from("true");
    for part in conditions {
        condition.push_str(" and ");
        condition.push_str(part);
    }
    let is_key = |column: &&String| {
        prepared
            .keys
            .iter()
            .any(|key| key.to_lowercase() == column.to_lowercase())
    };
    let others: Vec<String> = prepared
        .columns
        .iter()
        .filter(|column| !is_key(column))
        .map(|column| Sql.quote(column))
        .collect();
    let set = |from: &str| {
        others
            .iter()
            .map(|column| format!("{column} = {from}.{column}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let action = if others.is_empty() {
        "do nothing".to_owned()
    } else {
        format!("do update set {}", set("excluded"))
    };
    let insert = format!("insert into {table} ({names}) select {names} from {STAGED} as s where {condition}");
    let by_index = format!("{insert} on conflict ({}) {action}", Sql.quote_all(&prepared.keys));
    match apply.connection.prepare(&by_index) {
        Ok(_) => return Ok(by_index),
        Err(error) if !connection::message(&error).contains("ON CONFLICT clause does not match") => {
            return Err(apply.failed(&format!("to merge into {}", prepared.table), &error));
        }
        Err(_) => {}
    }
    let same: Vec<String> = prepared
        .keys
        .iter()
        .map(|key| Sql.quote(key))
        .map(|key| format!("t.{key} = s.{key}"))
        .collect();
    let same = same.join(" and ");
    if !others.is_empty() {
        let update = format!(
            "update {table} as t set {} from {STAGED} as s where {condition} and {same}",
            set("s")
        );
        apply.run(&update, &format!("to update rows of {}", prepared.table))?;
    }
    Ok(format!(
        "{insert} and not exists (select 1 from {table} as t where {same})"
    ))
}
