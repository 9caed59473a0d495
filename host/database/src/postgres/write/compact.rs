//! Of several changes to the same row in one run, the last.

use super::super::{Connection, PostgresDialect};
use super::catalog::{Table, quoted};
use super::marks::{OPERATION, POSITION, SEQUENCE};
use crate::sql::Dialect;
use crate::{Error, Prepared, Replaced};

/// Removes changes from the staging table that later ones undo: those of the same keys, and those before the table was
/// truncated. Does nothing unless the rows say in which order they came.
pub(super) async fn compact(connection: &Connection, staging: &Table, prepared: &Prepared) -> Result<(), Error> {
    let Some(statements) = statements(staging, prepared) else {
        return Ok(());
    };
    let doing = format!("ordering the changes of {}", prepared.table);
    connection.run(&doing, &statements).await
}

fn statements(staging: &Table, prepared: &Prepared) -> Option<String> {
    let is_of_changes = prepared.replaced == Replaced::Merged && prepared.delete_when.as_deref() == Some(OPERATION);
    let order = order(staging).filter(|_| is_of_changes)?;
    let table = quoted(&staging.name);
    let operation = PostgresDialect.quote(OPERATION);
    let keys = PostgresDialect.quote_all(&prepared.keys);
    let not_null: Vec<String> = prepared
        .keys
        .iter()
        .map(|key| format!("{} is not null", PostgresDialect.quote(key)))
        .collect();
    let mut statements = Vec::new();
    let mark = staging.columns.iter().find(|column| column.name == OPERATION)?;
    if mark.plain != "boolean" {
        statements.push(format!(
            "with ranked as (select ctid as place, {operation} = 'truncate' as truncates, \
             row_number() over (order by {}) as rank from {table}) \
             delete from {table} s using ranked where s.ctid = ranked.place \
             and ranked.rank < (select max(rank) from ranked where truncates)",
            ordered(&order, "asc nulls first")
        ));
    }
    statements.push(format!(
        "delete from {table} s using (select ctid as place, row_number() over (partition by {keys} order by {}) as rank \
         from {table} where {}) ranked where ranked.rank > 1 and s.ctid = ranked.place",
        ordered(&order, "desc nulls last"),
        not_null.join(" and "),
    ));
    Some(statements.join("; "))
}

/// What changes are ordered by, the most significant first. None where they have no order.
fn order(staging: &Table) -> Option<Vec<String>> {
    let find = |name: &str| staging.columns.iter().find(|column| column.name == name);
    let position = find(POSITION)?;
    let quoted = PostgresDialect.quote(POSITION);
    let mut order = if position.category == "S" {
        // Log sequence numbers are not in the order of their texts.
        vec![
            format!("case when {quoted} ~ '^[0-9A-Fa-f]{{1,8}}/[0-9A-Fa-f]{{1,8}}$' then {quoted}::pg_lsn end"),
            format!("{quoted} collate \"C\""),
        ]
    } else {
        vec![quoted]
    };
    order.extend(find(SEQUENCE).map(|column| PostgresDialect.quote(&column.name)));
    Some(order)
}

fn ordered(by: &[String], direction: &str) -> String {
    let by: Vec<String> = by.iter().map(|by| format!("{by} {direction}")).collect();
    by.join(", ")
}
