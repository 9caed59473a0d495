//! What the server's own catalog says of tables and columns.

use crate::mysql::dialect::text_literal;
use crate::mysql::kind::Kind;
use crate::mysql::session::{Session, number, text};
use crate::{Error, TableName};

/// Tables that Tenon keeps for itself begin with this.
pub(crate) const OWN: &str = "_tenon_";

/// Databases that are the server's.
pub(crate) const SYSTEM: &str = "'mysql', 'information_schema', 'performance_schema', 'sys'";

/// A column of a table.
#[derive(Debug, Clone)]
pub(crate) struct CatalogColumn {
    pub(crate) name: String,
    /// As the database writes it, with its attributes: `int(10) unsigned`.
    pub(crate) column_type: String,
    pub(crate) nullable: bool,
    /// As an expression.
    pub(crate) default: Option<String>,
    /// `auto_increment`, and the like.
    pub(crate) extra: String,
    pub(crate) collation: Option<String>,
    pub(crate) comment: Option<String>,
}

impl CatalogColumn {
    pub(crate) fn kind(&self) -> Kind {
        Kind::of_type(&self.column_type)
    }
}

/// What there is to say of a table beside its columns.
#[derive(Debug, Clone)]
pub(crate) struct CatalogTable {
    pub(crate) is_view: bool,
    pub(crate) engine: Option<String>,
    pub(crate) rows: Option<u64>,
    pub(crate) bytes: Option<u64>,
}

/// The columns that the statements below ask for.
pub(crate) const COLUMNS: &str =
    "column_name, column_type, is_nullable, column_default, extra, collation_name, column_comment";

/// A row of [`COLUMNS`], which begin at `first`.
pub(crate) fn column(row: &mysql_async::Row, first: usize) -> CatalogColumn {
    let at = |column| text(row, first + column);
    CatalogColumn {
        name: at(0).unwrap_or_default(),
        column_type: at(1).unwrap_or_default(),
        nullable: at(2).as_deref() != Some("NO"),
        default: at(3),
        extra: at(4).unwrap_or_default().to_lowercase(),
        collation: at(5),
        comment: at(6).filter(|comment| !comment.is_empty()),
    }
}

/// The schema and name of a table as conditions on a view of the catalog.
fn is(name: &TableName, schema: &str, table: &str) -> String {
    // No name has such characters, and the catalog has no character set for them to be compared in.
    let is_wide = |text: &str| text.chars().any(|character| character > '\u{ffff}');
    if is_wide(&name.table) || name.schema.as_deref().is_some_and(is_wide) {
        return "1 = 0".to_owned();
    }
    let within = match &name.schema {
        Some(schema) => text_literal(schema),
        None => "database()".to_owned(),
    };
    format!("{schema} = {within} and {table} = {}", text_literal(&name.table))
}

/// A table; none where there is no such table.
pub(crate) async fn table(session: &mut Session, name: &TableName) -> Result<Option<CatalogTable>, Error> {
    let sql = format!(
        "select table_type, engine, table_rows, data_length from information_schema.tables where {}",
        is(name, "table_schema", "table_name")
    );
    let rows = session.rows(&sql, &format!("to say what {name} is")).await?;
    Ok(rows.first().map(|row| CatalogTable {
        is_view: text(row, 0).is_some_and(|kind| kind.contains("VIEW")),
        engine: text(row, 1),
        rows: number(row, 2),
        bytes: number(row, 3),
    }))
}

/// A table's columns, in their order; none where there is no such table.
pub(crate) async fn columns(session: &mut Session, name: &TableName) -> Result<Vec<CatalogColumn>, Error> {
    let sql = format!(
        "select {COLUMNS} from information_schema.columns where {} order by ordinal_position",
        is(name, "table_schema", "table_name")
    );
    let rows = session.rows(&sql, &format!("to list the columns of {name}")).await?;
    Ok(rows.iter().map(|row| column(row, 0)).collect())
}

/// A unique key of a table.
#[derive(Debug, Clone)]
pub(crate) struct UniqueKey {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    /// Whether all of each column is in the key, and none of them may be null.
    pub(crate) is_whole: bool,
}

/// A table's unique keys, its primary key among them.
pub(crate) async fn unique_keys(session: &mut Session, name: &TableName) -> Result<Vec<UniqueKey>, Error> {
    let sql = format!(
        "select index_name, column_name, nullable, sub_part from information_schema.statistics \
         where non_unique = 0 and {} order by index_name, seq_in_index",
        is(name, "table_schema", "table_name")
    );
    let rows = session.rows(&sql, &format!("to list the keys of {name}")).await?;
    let mut keys: Vec<UniqueKey> = Vec::new();
    for row in &rows {
        let index = text(row, 0).unwrap_or_default();
        if keys.last().is_none_or(|key| key.name != index) {
            keys.push(UniqueKey {
                name: index,
                columns: Vec::new(),
                is_whole: true,
            });
        }
        let Some(key) = keys.last_mut() else { continue };
        key.is_whole &= text(row, 2).as_deref() != Some("YES") && text(row, 3).is_none();
        // None for a key on an expression.
        match text(row, 1) {
            Some(column) => key.columns.push(column),
            None => key.is_whole = false,
        }
    }
    Ok(keys)
}

/// A table's primary key.
pub(crate) async fn primary_key(session: &mut Session, name: &TableName) -> Result<Vec<String>, Error> {
    let keys = unique_keys(session, name).await?;
    let primary = keys.into_iter().find(|key| key.name == "PRIMARY");
    Ok(primary.map(|key| key.columns).unwrap_or_default())
}

/// Whether something holds on to a table itself, and not to its name: triggers, and foreign keys from it or to it.
pub(crate) async fn is_depended_on(session: &mut Session, name: &TableName) -> Result<bool, Error> {
    let counts = format!(
        "select (select count(*) from information_schema.triggers where {}) \
         + (select count(*) from information_schema.key_column_usage \
            where referenced_table_name is not null and ({} or {}))",
        is(name, "event_object_schema", "event_object_table"),
        is(name, "table_schema", "table_name"),
        is(name, "referenced_table_schema", "referenced_table_name"),
    );
    let found = session
        .first(&counts, &format!("to say what depends on {name}"))
        .await?;
    Ok(found.as_deref() != Some("0"))
}

/// That there is no such table, with the nearest that there is.
pub(crate) async fn no_table(session: &mut Session, name: &TableName) -> Error {
    let sql = format!(
        "select table_schema, table_name from information_schema.tables \
         where table_schema not in ({SYSTEM}) and table_name not like '\\_tenon\\_%'"
    );
    let rows = session.rows(&sql, "to list its tables").await.unwrap_or_default();
    let here = name.schema.clone().or_else(|| session.target.database.clone());
    let nearest = rows
        .iter()
        .filter_map(|row| Some((text(row, 0)?, text(row, 1)?)))
        .map(|(schema, table)| {
            let near = strsim::jaro_winkler(&table.to_lowercase(), &name.table.to_lowercase());
            let schema = Some(schema).filter(|schema| Some(schema) != here.as_ref() || name.schema.is_some());
            (near, TableName { schema, table })
        })
        .filter(|(near, _)| *near > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    Error::NoTable {
        database: session.target.name.clone(),
        table: name.to_string(),
        nearest: nearest.map(|(_, name)| name.to_string()),
    }
}
