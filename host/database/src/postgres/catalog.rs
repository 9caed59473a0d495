//! What the database's own catalog says of tables.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::Connection;
use crate::{Driver, Error, FoundForeignKey, FoundKind, TableName};

/// Names that errors compare a wrong one with, at most.
const NAMES: i64 = 10_000;
/// How alike two names have to be.
const ALIKE: f64 = 0.75;

/// A table, view or the like.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub oid: u32,
    pub name: TableName,
    /// `r` for a table, and so on.
    pub kind: i8,
    pub rows: Option<u64>,
    pub bytes: Option<u64>,
    pub comment: Option<String>,
}

impl Table {
    pub fn found_kind(&self) -> FoundKind {
        match self.kind as u8 {
            b'v' => FoundKind::View,
            b'm' => FoundKind::MaterializedView,
            _ => FoundKind::Table,
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    pub name: String,
    /// As the database writes it.
    pub type_name: String,
    pub type_oid: u32,
    pub modifier: i32,
    pub is_not_null: bool,
    pub comment: Option<String>,
}

/// The table of a name, in the search path where it has no schema.
pub(super) async fn find(connection: &Connection, driver: Driver, name: &TableName) -> Result<Option<Table>, Error> {
    let doing = format!("looking for the table {name}");
    let condition = "c.relname = $1::text and case when $2::text is null then pg_catalog.pg_table_is_visible(c.oid) \
                     else n.nspname = $2::text end";
    let statement = format!("{} and {condition}", tables(driver));
    let row = connection
        .query_opt(&doing, &statement, &[&name.table, &name.schema])
        .await?;
    Ok(row.as_ref().map(table))
}

/// All tables that are not the system's, nor Tenon's own, in one schema or in all.
pub(super) async fn all(connection: &Connection, driver: Driver, schema: Option<&str>) -> Result<Vec<Table>, Error> {
    // Partitions are part of their table.
    let partitions = if driver == Driver::Redshift {
        ""
    } else {
        "and not c.relispartition"
    };
    let statement = format!(
        "{} {partitions} and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'pg_internal')
           and n.nspname not like 'pg\\_temp\\_%' and n.nspname not like 'pg\\_toast\\_temp\\_%'
           and c.relname not like '\\_tenon\\_%'
           and ($1::text is null or n.nspname = $1::text)
         order by n.nspname, c.relname",
        tables(driver)
    );
    let rows = connection.query("listing the tables", &statement, &[&schema]).await?;
    Ok(rows.iter().map(table).collect())
}

/// Tables, without an order, up to a condition.
fn tables(driver: Driver) -> String {
    let sizes = if driver == Driver::Redshift {
        "null::float8 as rows, null::bigint as bytes"
    } else {
        // Those of partitions and children are counted in.
        "case when c.relkind in ('r', 'm', 'p') then s.rows when c.reltuples >= 0 and c.relkind = 'f' then c.reltuples \
         end::float8 as rows, case when c.relkind in ('r', 'm', 'p') then s.bytes end::bigint as bytes"
    };
    let join = if driver == Driver::Redshift {
        ""
    } else {
        "cross join lateral (
           with recursive member (oid) as (
             select c.oid union select i.inhrelid from pg_catalog.pg_inherits i join member m on i.inhparent = m.oid
           )
           select sum(p.reltuples) filter (where p.reltuples >= 0) as rows, sum(pg_catalog.pg_table_size(p.oid)) as bytes
           from member m join pg_catalog.pg_class p on p.oid = m.oid
           where p.relkind in ('r', 'm')
         ) s"
    };
    format!(
        "select c.oid, n.nspname::text, c.relname::text, c.relkind, {sizes},
           pg_catalog.obj_description(c.oid, 'pg_class') as comment
         from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace {join}
         where c.relkind in ('r', 'v', 'm', 'p', 'f')"
    )
}

fn table(row: &Row) -> Table {
    let rows: Option<f64> = row.get(4);
    let bytes: Option<i64> = row.get(5);
    Table {
        oid: row.get(0),
        name: TableName::new(Some(row.get(1)), row.get(2)),
        kind: row.get(3),
        rows: rows.map(|rows| rows as u64),
        bytes: bytes.and_then(|bytes| bytes.try_into().ok()),
        comment: row.get(6),
    }
}

/// The columns of tables, in order.
pub(super) async fn attributes(connection: &Connection, tables: &[u32]) -> Result<HashMap<u32, Vec<Attribute>>, Error> {
    let statement = "select a.attrelid, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid, \
                       a.atttypmod, a.attnotnull, pg_catalog.col_description(a.attrelid, a.attnum)
                     from pg_catalog.pg_attribute a
                     where a.attrelid = any($1) and a.attnum > 0 and not a.attisdropped
                     order by a.attrelid, a.attnum";
    let rows = connection.query("listing columns", statement, &[&tables]).await?;
    let mut attributes: HashMap<u32, Vec<Attribute>> = HashMap::new();
    for row in &rows {
        attributes.entry(row.get(0)).or_default().push(Attribute {
            name: row.get(1),
            type_name: row.get(2),
            type_oid: row.get(3),
            modifier: row.get(4),
            is_not_null: row.get(5),
            comment: row.get(6),
        });
    }
    Ok(attributes)
}

/// The columns of tables' primary keys, in the keys' order.
pub(super) async fn primary_keys(connection: &Connection, tables: &[u32]) -> Result<HashMap<u32, Vec<String>>, Error> {
    let statement = "select k.conrelid, a.attname::text
                     from (
                       select conrelid, conkey, generate_series(1, array_upper(conkey, 1)) as place
                       from pg_catalog.pg_constraint where contype = 'p' and conrelid = any($1)
                     ) k
                     join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[k.place]
                     order by k.conrelid, k.place";
    let rows = connection.query("listing primary keys", statement, &[&tables]).await?;
    let mut keys: HashMap<u32, Vec<String>> = HashMap::new();
    for row in &rows {
        keys.entry(row.get(0)).or_default().push(row.get(1));
    }
    Ok(keys)
}

/// The columns of tables' unique keys that are not their primary keys. An index on expressions, or on some rows alone, is
/// none.
pub(super) async fn unique_keys(
    connection: &Connection,
    tables: &[u32],
) -> Result<HashMap<u32, Vec<Vec<String>>>, Error> {
    // Servers before 11 have no columns in an index beside its key.
    let statement = "select k.indrelid, k.indexrelid, a.attname::text
                     from (
                       select i.indrelid, i.indexrelid, i.indkey, generate_series(
                           0, coalesce((pg_catalog.to_jsonb(i) ->> 'indnkeyatts')::int, i.indnatts::int) - 1
                         ) as place
                       from pg_catalog.pg_index i
                       where i.indrelid = any($1) and i.indisunique and not i.indisprimary and i.indisvalid
                         and i.indpred is null and i.indexprs is null
                     ) k
                     join pg_catalog.pg_attribute a on a.attrelid = k.indrelid and a.attnum = k.indkey[k.place]
                     order by k.indrelid, k.indexrelid, k.place";
    let rows = connection.query("listing unique keys", statement, &[&tables]).await?;
    let (mut keys, mut last): (HashMap<u32, Vec<Vec<String>>>, Option<u32>) = (HashMap::new(), None);
    for row in &rows {
        let (table, index): (u32, u32) = (row.get(0), row.get(1));
        let of_table = keys.entry(table).or_default();
        if last.replace(index) != Some(index) {
            of_table.push(Vec::new());
        }
        if let Some(key) = of_table.last_mut() {
            key.push(row.get(2));
        }
    }
    Ok(keys)
}

/// The foreign keys of tables.
pub(super) async fn foreign_keys(
    connection: &Connection,
    tables: &[u32],
) -> Result<HashMap<u32, Vec<FoundForeignKey>>, Error> {
    // One on a partitioned table has one of its own for each partition there.
    let statement = "select k.conrelid, k.oid, n.nspname::text, t.relname::text, a.attname::text, b.attname::text
                     from (
                       select c.oid, c.conrelid, c.confrelid, c.conkey, c.confkey,
                         generate_series(1, array_upper(c.conkey, 1)) as place
                       from pg_catalog.pg_constraint c
                       where c.contype = 'f' and c.conrelid = any($1)
                         and coalesce(pg_catalog.to_jsonb(c) ->> 'conparentid', '0') = '0'
                     ) k
                     join pg_catalog.pg_class t on t.oid = k.confrelid
                     join pg_catalog.pg_namespace n on n.oid = t.relnamespace
                     join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[k.place]
                     join pg_catalog.pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[k.place]
                     order by k.conrelid, k.oid, k.place";
    let rows = connection.query("listing foreign keys", statement, &[&tables]).await?;
    let (mut keys, mut last): (HashMap<u32, Vec<FoundForeignKey>>, Option<u32>) = (HashMap::new(), None);
    for row in &rows {
        let (table, constraint): (u32, u32) = (row.get(0), row.get(1));
        let of_table = keys.entry(table).or_default();
        if last.replace(constraint) != Some(constraint) {
            of_table.push(FoundForeignKey {
                columns: Vec::new(),
                table: TableName::new(Some(row.get(2)), row.get(3)),
                referenced: Vec::new(),
            });
        }
        if let Some(key) = of_table.last_mut() {
            key.columns.push(row.get(4));
            key.referenced.push(row.get(5));
        }
    }
    Ok(keys)
}

/// All schemas that are not the system's.
pub(super) async fn schemas(connection: &Connection) -> Result<Vec<String>, Error> {
    let statement = "select n.nspname::text from pg_catalog.pg_namespace n
                     where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'pg_internal')
                       and n.nspname not like 'pg\\_temp\\_%' and n.nspname not like 'pg\\_toast\\_temp\\_%'
                     order by n.nspname";
    let rows = connection.query("listing the schemas", statement, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The table whose name is most like one that there is not.
pub(super) async fn nearest(connection: &Connection, name: &TableName) -> Result<Option<String>, Error> {
    let statement = "select n.nspname::text, c.relname::text, pg_catalog.pg_table_is_visible(c.oid)
                     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                     where c.relkind in ('r', 'v', 'm', 'p', 'f')
                       and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
                     limit $1";
    let rows = connection
        .query("looking for similar names", statement, &[&NAMES])
        .await?;
    let wanted = name.to_string().to_lowercase();
    let likeness = |candidate: &TableName| {
        let full = strsim::jaro_winkler(&wanted, &candidate.to_string().to_lowercase());
        let table = strsim::jaro_winkler(&name.table.to_lowercase(), &candidate.table.to_lowercase());
        // The same table in another schema is what was meant more often than another table.
        if name.schema.is_none() {
            table
        } else {
            full.max(table * 0.99)
        }
    };
    let candidates = rows.iter().map(|row| {
        let schema: &str = row.get(0);
        let is_visible: bool = row.get(2);
        let candidate = TableName::new(Some(schema), row.get(1));
        let shown = if is_visible && name.schema.is_none() {
            TableName::new(None, row.get(1))
        } else {
            candidate.clone()
        };
        (likeness(&candidate), shown)
    });
    let best = candidates.max_by(|one, other| one.0.total_cmp(&other.0));
    Ok(best
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .map(|(_, name)| name.to_string()))
}
