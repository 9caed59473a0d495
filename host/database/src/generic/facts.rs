//! What catalogs tell of a table beside its columns' types in Arrow.

use crate::{TableName, Value};

use super::rows::{integer, rows, text};
use super::{Dbms, Facts, Fault, Session};

/// What the catalog tells of a table; nothing for databases whose catalogs are not known.
pub(crate) fn facts(session: &mut impl Session, table: &TableName) -> Result<Facts, Fault> {
    let Some(statement) = columns(session.dbms(), table) else {
        return Ok(Facts::default());
    };
    let mut facts = Facts::default();
    let mut key = Vec::new();
    for row in rows(session, &statement)? {
        let mut values = row.into_iter();
        let mut next = || values.next().flatten();
        let (Some(name), kind) = (text(next()), text(next())) else {
            continue;
        };
        if integer(next()).is_some_and(|not_null| not_null != 0) {
            facts.not_null.push(name.clone());
        }
        if let Some(place) = integer(next()).filter(|place| *place > 0) {
            key.push((place, name.clone()));
        }
        if let Some(kind) = kind {
            facts.types.push((name, kind));
        }
    }
    key.sort();
    facts.primary_key = key.into_iter().map(|(_, name)| name).collect();
    facts.rows = estimate(session, table);
    Ok(facts)
}

/// A query for each column's name, type, whether it is never null, and its place in the primary key.
fn columns(dbms: Dbms, table: &TableName) -> Option<String> {
    let name = dbms.text(&table.table)?;
    let schema = |default: &str| {
        table
            .schema
            .as_deref()
            .map_or(Some(default.to_owned()), |schema| dbms.text(schema))
    };
    Some(match dbms {
        Dbms::Postgres => format!(
            "select a.attname::text, format_type(a.atttypid, a.atttypmod)::text, case when a.attnotnull then 1 else 0 end, \
             coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0) from pg_attribute a \
             left join pg_index i on i.indrelid = a.attrelid and i.indisprimary \
             where a.attrelid = to_regclass({}) and a.attnum > 0 and not a.attisdropped order by a.attnum",
            dbms.text(&dbms.table(table))?
        ),
        Dbms::Sqlite => {
            let schema = match &table.schema {
                Some(schema) => format!(", {}", dbms.text(schema)?),
                None => String::new(),
            };
            format!("select name, type, \"notnull\", pk from pragma_table_info({name}{schema}) order by cid")
        }
        Dbms::Duckdb => format!(
            "select column_name, data_type, case when is_nullable then 0 else 1 end, coalesce((select \
             list_position(constraint_column_names, c.column_name) from duckdb_constraints() k where k.table_oid = c.table_oid \
             and k.database_oid = c.database_oid and constraint_type = 'PRIMARY KEY' limit 1), 0) from duckdb_columns() c \
             where table_name = {name} and schema_name = {} and database_name = current_database() order by column_index",
            schema("current_schema()")?
        ),
        Dbms::Mysql => format!(
            "select c.column_name, c.column_type, case when c.is_nullable = 'NO' then 1 else 0 end, \
             coalesce(k.ordinal_position, 0) from information_schema.columns c \
             left join information_schema.key_column_usage k on k.table_schema = c.table_schema \
             and k.table_name = c.table_name and k.column_name = c.column_name and k.constraint_name = 'PRIMARY' \
             where c.table_name = {name} and c.table_schema = {} order by c.ordinal_position",
            schema("database()")?
        ),
        Dbms::Mssql => format!(
            "select c.name, t.name, case when c.is_nullable = 0 then 1 else 0 end, coalesce(x.key_ordinal, 0) \
             from sys.columns c join sys.types t on t.user_type_id = c.user_type_id \
             left join sys.indexes i on i.object_id = c.object_id and i.is_primary_key = 1 \
             left join sys.index_columns x on x.object_id = c.object_id and x.index_id = i.index_id \
             and x.column_id = c.column_id where c.object_id = object_id({}) order by c.column_id",
            dbms.text(&dbms.table(table))?
        ),
        Dbms::Standard => return None,
    })
}

/// Rows, as the database estimates them.
fn estimate(session: &mut impl Session, table: &TableName) -> Option<u64> {
    let dbms = session.dbms();
    let quoted = dbms.text(&dbms.table(table))?;
    let name = dbms.text(&table.table)?;
    let statement = match dbms {
        Dbms::Postgres => format!("select reltuples::bigint from pg_class where oid = to_regclass({quoted})"),
        Dbms::Mysql => {
            let schema = table
                .schema
                .as_deref()
                .map_or(Some("database()".to_owned()), |schema| dbms.text(schema))?;
            format!(
                "select table_rows from information_schema.tables where table_name = {name} and table_schema = {schema}"
            )
        }
        Dbms::Mssql => {
            format!("select sum(rows) from sys.partitions where object_id = object_id({quoted}) and index_id in (0, 1)")
        }
        Dbms::Duckdb => format!(
            "select estimated_size from duckdb_tables() where table_name = {name} and database_name = current_database()"
        ),
        // Counting would read it all.
        Dbms::Sqlite | Dbms::Standard => return None,
    };
    let value: Option<Value> = rows(session, &statement).ok()?.into_iter().next()?.into_iter().next()?;
    u64::try_from(integer(value)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_values_there() {
        let table = TableName::new(Some("s"), "it's]");
        let statement = columns(Dbms::Mssql, &table).expect("it has a catalog");
        assert!(statement.contains("object_id(N'[s].[it''s]]]')"), "{statement}");
        let statement = columns(Dbms::Sqlite, &table).expect("it has a catalog");
        assert!(statement.contains("pragma_table_info('it''s]', 's')"), "{statement}");
        assert_eq!(columns(Dbms::Standard, &table), None);
    }
}
