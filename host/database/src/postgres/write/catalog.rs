//! What the server's catalogs say of a table that is to be written.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::super::{Connection, PostgresDialect};
use crate::sql::Dialect;
use crate::{Error, TableName};

/// Bytes of a name at most. The server cuts longer ones off without an error.
pub(super) const NAME_BYTES: usize = 63;

/// A table that is there.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// With its schema.
    pub name: TableName,
    /// `r` for ordinary tables, `p` for partitioned ones.
    pub kind: String,
    pub columns: Vec<TableColumn>,
    pub primary_key: Vec<String>,
    /// The columns of each unique index that an `on conflict` can name.
    pub unique: Vec<Vec<String>>,
    /// The columns by which other tables refer to this one.
    pub referenced: Option<Vec<String>>,
    /// Whether another table can take its place and nobody would notice: nothing refers to it and it has no properties but
    /// its columns.
    pub is_replaceable: bool,
    pub is_owned: bool,
    /// What the user may do: `select`, `insert`, `update`, `delete`.
    pub rights: Vec<String>,
}

/// A column of such a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableColumn {
    pub name: String,
    /// The type as it is declared: `numeric(12,2)`, `mood`.
    pub declared: String,
    /// The type without length or precision, to cast to.
    pub plain: String,
    /// The type that a domain is made of, or the type itself.
    pub base: String,
    pub base_oid: u32,
    /// Length or precision of the base, as the catalogs write them; -1 for none.
    pub modifier: i32,
    /// The base's category: `S` for text, `A` for arrays, `E` for enums.
    pub category: String,
    /// The type of the items, for arrays.
    pub item_oid: u32,
    pub is_domain: bool,
    pub is_not_null: bool,
    /// Computed by the server from other columns, so that it cannot be written.
    pub is_generated: bool,
    /// A number that the server gives: `a` always, `d` by default, or neither.
    pub identity: String,
}

impl TableColumn {
    /// A column of a type of the server's own.
    pub fn of(name: &str, declared: &str, base: &Type, modifier: i32) -> Self {
        let (category, item_oid) = match base.kind() {
            tokio_postgres::types::Kind::Array(item) => ("A", item.oid()),
            _ if matches!(*base, Type::TEXT | Type::VARCHAR | Type::BPCHAR) => ("S", 0),
            _ => ("", 0),
        };
        Self {
            name: name.to_owned(),
            declared: declared.to_owned(),
            plain: declared.split('(').next().unwrap_or_default().to_owned(),
            base: declared.to_owned(),
            base_oid: base.oid(),
            modifier,
            category: category.to_owned(),
            item_oid,
            is_domain: false,
            is_not_null: false,
            is_generated: false,
            identity: String::new(),
        }
    }

    /// The base, if it is one of the server's own.
    pub fn base_type(&self) -> Option<Type> {
        Type::from_oid(self.base_oid)
    }

    fn from_row(row: &Row) -> Self {
        Self {
            name: row.get("name"),
            declared: row.get("declared"),
            plain: row.get("plain"),
            base: row.get("base"),
            base_oid: row.get("base_oid"),
            modifier: row.get("modifier"),
            category: row.get("category"),
            item_oid: row.get("item_oid"),
            is_domain: row.get("is_domain"),
            is_not_null: row.get("is_not_null"),
            is_generated: row.get("is_generated"),
            identity: row.get("identity"),
        }
    }
}

/// A name with its schema, quoted.
pub(super) fn quoted(name: &TableName) -> String {
    match &name.schema {
        Some(schema) => format!(
            "{}.{}",
            PostgresDialect.quote(schema),
            PostgresDialect.quote(&name.table)
        ),
        None => PostgresDialect.quote(&name.table),
    }
}

/// A table, by a name of which the schema may be left out. None if there is none.
pub(super) async fn find(connection: &Connection, name: &TableName) -> Result<Option<Table>, Error> {
    let doing = format!("looking up the table {name}");
    let Some(row) = connection.query_opt(&doing, TABLE, &[&quoted(name)]).await? else {
        return Ok(None);
    };
    let oid: u32 = row.get("oid");
    let columns = connection.query(&doing, COLUMNS, &[&oid]).await?;
    let indexes = connection.query(&doing, UNIQUE, &[&oid]).await?;
    let primary = indexes.iter().find(|row| row.get("is_primary"));
    Ok(Some(Table {
        name: TableName {
            schema: Some(row.get("schema")),
            table: row.get("name"),
        },
        kind: row.get("kind"),
        columns: columns.iter().map(TableColumn::from_row).collect(),
        primary_key: primary.map(|row| row.get("columns")).unwrap_or_default(),
        unique: indexes
            .iter()
            .filter(|row| row.get("is_plain"))
            .map(|row| row.get("columns"))
            .collect(),
        referenced: row.get("referenced"),
        is_replaceable: row.get("is_replaceable"),
        is_owned: row.get("is_owned"),
        rights: row.get("rights"),
    }))
}

/// The schema that a table is in or would be made in, and whether tables can be made there.
pub(super) async fn schema_of(connection: &Connection, name: &TableName) -> Result<(String, bool), Error> {
    let doing = format!("looking up the schema of {name}");
    let row = connection.query_opt(&doing, SCHEMA, &[&name.schema]).await?;
    let row = row.ok_or_else(|| Error::Config {
        subject: name.to_string(),
        reason: match &name.schema {
            Some(schema) => format!("there is no schema `{schema}`; create it first"),
            None => "there is no schema to make tables in; name one, or set the user's `search_path`".to_owned(),
        },
    })?;
    Ok((row.get(0), row.get(1)))
}

const SCHEMA: &str = "\
select nspname::text, has_schema_privilege(oid, 'CREATE')
from pg_namespace where nspname = coalesce($1::text, current_schema()::text)";

// What depends on a table is automatically (`a`) gone with it, such as its indexes, or stands in the way of its going (`n`),
// such as a view. Constraints that only say `not null` are made anew with the table.
const TABLE: &str = "\
select c.oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind,
  pg_has_role(c.relowner, 'USAGE') as is_owned,
  array_remove(array[
    case when has_table_privilege(c.oid, 'SELECT') or has_any_column_privilege(c.oid, 'SELECT') then 'select' end,
    case when has_table_privilege(c.oid, 'INSERT') or has_any_column_privilege(c.oid, 'INSERT') then 'insert' end,
    case when has_table_privilege(c.oid, 'UPDATE') or has_any_column_privilege(c.oid, 'UPDATE') then 'update' end,
    case when has_table_privilege(c.oid, 'DELETE') then 'delete' end], null) as rights,
  (select array(
     select a.attname::text from unnest(f.confkey) with ordinality k(number, place)
     join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.number order by k.place)
   from pg_constraint f where f.confrelid = c.oid and f.contype = 'f' and f.conparentid = 0
   order by f.oid limit 1) as referenced,
  c.relkind = 'r' and c.relpersistence = 'p' and c.relacl is null and c.reloptions is null and c.reltablespace = 0
  and c.relowner = (select oid from pg_roles where rolname = current_user)
  and not c.relrowsecurity and c.relreplident = 'd' and not c.relispartition and c.reloftype = 0
  and not exists (select from pg_inherits where c.oid in (inhrelid, inhparent))
  and not exists (select from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attrelid = c.oid and a.attnum > 0
    and (a.attacl is not null or a.attoptions is not null or a.attidentity <> '' or a.attgenerated <> '' or a.atthasdef
      or a.attcollation <> t.typcollation))
  and not exists (select from pg_description where classoid = 'pg_class'::regclass and objoid = c.oid)
  and not exists (select from pg_seclabel where classoid = 'pg_class'::regclass and objoid = c.oid)
  and not exists (select from pg_depend d
    left join pg_constraint k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
    where d.deptype in ('n', 'a') and k.contype is distinct from 'n'
    and (d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid
      or d.refclassid = 'pg_type'::regclass and d.refobjid in (
        select oid from pg_type where oid = c.reltype or (typelem = c.reltype and c.reltype <> 0))))
  as is_replaceable
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1::text)";

const COLUMNS: &str = "\
select a.attname::text as name, format_type(a.atttypid, a.atttypmod) as declared, format_type(a.atttypid, null) as plain,
  format_type(b.oid, m.modifier) as base, b.oid as base_oid, m.modifier, b.typcategory::text as category,
  b.typelem as item_oid, t.typtype = 'd' as is_domain, a.attnotnull as is_not_null, a.attgenerated <> '' as is_generated,
  a.attidentity::text as identity
from pg_attribute a join pg_type t on t.oid = a.atttypid
join pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
cross join lateral (select case when t.typtype = 'd' then t.typtypmod else a.atttypmod end as modifier) m
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum";

const UNIQUE: &str = "\
select array(
    select a.attname::text from unnest(i.indkey::int2[]) with ordinality k(number, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number where k.place <= i.indnkeyatts order by k.place
  ) as columns,
  i.indisprimary as is_primary,
  i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null as is_plain
from pg_index i where i.indrelid = $1 and i.indisunique order by i.indisprimary desc, i.indexrelid";
