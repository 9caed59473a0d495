//! Columns of tables and queries.

use rusqlite::{Connection, OptionalExtension};

use super::connection::{self, Opener};
use super::dialect::{self, MAIN, Sql};
use super::predicate::Affinities;
use super::types::Affinity;
use crate::sql::Dialect;
use crate::{Error, Relation, TableName};

/// What stands for the type of a column that declares none.
pub(super) const UNDECLARED: &str = "any";

/// A column as it is declared.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub name: String,
    /// What the table's definition says; [`UNDECLARED`] where it says nothing, and for expressions.
    pub declared: String,
    pub nullable: bool,
    /// Its place in the primary key, from 1; 0 if it is not in it.
    pub key: usize,
    /// Computed from others, so that nothing can be written to it.
    pub generated: bool,
}

impl Column {
    pub fn affinity(&self) -> Affinity {
        affinity(&self.declared)
    }
}

/// What SQLite does to values of a column with this declaration.
pub(super) fn affinity(declared: &str) -> Affinity {
    Affinity::of(if declared == UNDECLARED { "" } else { declared })
}

/// The affinities of columns by their names.
pub(super) fn affinities(columns: &[Column]) -> Affinities {
    let named = |column: &Column| (column.name.clone(), column.affinity());
    columns.iter().map(named).collect()
}

/// The columns of a relation.
pub(super) fn of(opener: &Opener, connection: &Connection, relation: &Relation) -> Result<Vec<Column>, Error> {
    match relation {
        Relation::Table(table) => {
            let columns = of_table(opener, connection, table)?;
            columns.ok_or_else(|| no_table(opener, connection, table))
        }
        Relation::Query(query) => of_query(opener, connection, relation, query),
    }
}

/// A table's columns; none where there is no such table.
pub(super) fn of_table(
    opener: &Opener,
    connection: &Connection,
    table: &TableName,
) -> Result<Option<Vec<Column>>, Error> {
    if !in_main(table) {
        return Ok(None);
    }
    let columns = connection
        .prepare("select name, type, \"notnull\", pk, hidden from pragma_table_xinfo(?1, ?2) where hidden <> 1")
        .and_then(|mut statement| {
            let columns = statement.query_map([&table.table, MAIN], |row| {
                let (declared, key, hidden): (String, usize, u8) = (row.get(1)?, row.get(3)?, row.get(4)?);
                Ok(Column {
                    name: row.get(0)?,
                    nullable: !(row.get::<_, bool>(2)? || key > 0 && declared.eq_ignore_ascii_case("integer")),
                    declared: if declared.is_empty() {
                        UNDECLARED.to_owned()
                    } else {
                        declared
                    },
                    key,
                    generated: hidden != 0,
                })
            })?;
            columns.collect::<rusqlite::Result<Vec<Column>>>()
        })
        .map_err(|error| opener.refused(format!("to describe {table}"), &error))?;
    Ok((!columns.is_empty()).then_some(columns))
}

fn of_query(opener: &Opener, connection: &Connection, relation: &Relation, query: &str) -> Result<Vec<Column>, Error> {
    let refused = |reason: String| Error::Config {
        subject: relation.to_string(),
        reason,
    };
    let statement = connection
        .prepare(bare(query))
        .map_err(|error| opener.refused(relation.to_string(), &error))?;
    if !statement.readonly() || statement.column_count() == 0 {
        return Err(refused("it is not a query that only reads".to_owned()));
    }
    let mut columns: Vec<Column> = Vec::new();
    for column in statement.columns() {
        if columns
            .iter()
            .any(|other| other.name.eq_ignore_ascii_case(column.name()))
        {
            return Err(refused(format!(
                "it has two columns `{}`; name them apart with `as`",
                column.name()
            )));
        }
        columns.push(Column {
            name: column.name().to_owned(),
            declared: column.decl_type().unwrap_or(UNDECLARED).to_owned(),
            nullable: true,
            key: 0,
            generated: false,
        });
    }
    Ok(columns)
}

/// A relation in the place of a table in a statement.
pub(super) fn from(relation: &Relation) -> String {
    match relation {
        Relation::Table(table) => dialect::table(table),
        // On lines of its own, so that a comment at its end ends there.
        Relation::Query(query) => format!("(\n{}\n)", bare(query)),
    }
}

/// The name by which a table's row number can be asked for; none where it has none.
pub(super) fn rowid(connection: &Connection, table: &TableName, columns: &[Column]) -> Option<&'static str> {
    let is_taken = |name: &str| columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let name = ["rowid", "_rowid_", "oid"].into_iter().find(|name| !is_taken(name))?;
    let is_table = "select 1 from main.sqlite_schema where type = 'table' and lower(name) = lower(?1)";
    let is_table = connection
        .query_row(is_table, [&table.table], |_| Ok(()))
        .optional()
        .ok()?;
    is_table?;
    // A table WITHOUT ROWID has no such column.
    let probe = format!("select {name} from {}", dialect::table(table));
    connection.prepare(&probe).is_ok().then_some(name)
}

fn bare(query: &str) -> &str {
    query.trim().trim_end_matches(';')
}

fn in_main(table: &TableName) -> bool {
    table
        .schema
        .as_ref()
        .is_none_or(|schema| schema.eq_ignore_ascii_case(MAIN))
}

fn no_table(opener: &Opener, connection: &Connection, table: &TableName) -> Error {
    let names = connection
        .prepare("select name from main.sqlite_schema where type in ('table', 'view')")
        .and_then(|mut statement| {
            let names = statement.query_map([], |row| row.get::<_, String>(0))?;
            names.collect::<rusqlite::Result<Vec<String>>>()
        });
    let wanted = table.table.to_lowercase();
    let likeness = |name: &String| strsim::normalized_damerau_levenshtein(&name.to_lowercase(), &wanted);
    let nearest = names
        .unwrap_or_default()
        .into_iter()
        .map(|name| (likeness(&name), name));
    let nearest = nearest
        .filter(|(likeness, _)| *likeness > 0.5)
        .max_by(|one, two| one.0.total_cmp(&two.0));
    Error::NoTable {
        database: opener.name.to_string(),
        table: table.to_string(),
        nearest: nearest.map(|(_, name)| name),
    }
}

/// The columns that an Arrow schema names, quoted.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    Sql.quote_all(names)
}

/// An error of SQLite while a relation was read.
pub(super) fn reading(opener: &Opener, relation: &Relation, error: &rusqlite::Error) -> Error {
    if connection::is_interrupted(error) {
        return Error::Lost {
            database: opener.name.to_string(),
            doing: format!("reading {relation}"),
            reason: connection::message(error),
        };
    }
    opener.refused(format!("to read {relation}"), error)
}
