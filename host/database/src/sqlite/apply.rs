//! Moves rows from the staging file to the table, in a transaction that is open.

use rusqlite::{Connection, OptionalExtension};

use super::columns;
use super::connection::{self, Opener};
use super::dialect::{self, Sql};
use super::merge::Merge;
use super::staging::{self, ATTACHED, ROWS, STAGED};
use super::tokens;
use crate::sql::Dialect;
use crate::{Error, Prepared, Replaced};

/// Rows that constraints have refused, by their numbers in the staging table. Messages are few: SQLite's hold no values.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    pub rows: Vec<(i64, u32)>,
    pub messages: Vec<String>,
}

impl Refusals {
    fn add(&mut self, row: i64, message: String) {
        let known = self.messages.iter().position(|known| *known == message);
        let index = known.unwrap_or_else(|| {
            self.messages.push(message);
            self.messages.len() - 1
        });
        self.rows.push((row, index as u32));
    }
}

/// What the rows of a commit go through.
pub(super) struct Apply<'a> {
    pub opener: &'a Opener,
    pub connection: &'a Connection,
    pub prepared: &'a Prepared,
}

impl Apply<'_> {
    /// Begins a transaction that nobody else can commit beside, moves the rows, and leaves it open. With `rejects`, answers
    /// with the rows that constraints refuse; if there are any, what was done is worth nothing.
    pub fn apply(&self, rejects: bool) -> Result<Refusals, Error> {
        self.run("begin immediate", "to begin a transaction")?;
        self.fit_table()?;
        if matches!(self.prepared.replaced, Replaced::Table | Replaced::Rows) {
            // Rows that others refer to may go, if rows with the same keys come.
            self.run("pragma defer_foreign_keys = on", "to replace rows")?;
            self.run(
                &format!("delete from {}", self.table()),
                "to delete the rows that are replaced",
            )?;
            self.run("pragma defer_foreign_keys = off", "to replace rows")?;
        }
        let merge = match self.prepared.replaced {
            Replaced::Merged => Some(Merge::prepare(self)?),
            _ => None,
        };
        let insert = match &merge {
            Some(merge) => merge.statement(),
            None => self.insert(),
        };
        let refusals = if rejects {
            self.insert_with_refusals(&insert)?
        } else {
            self.insert_all(&insert)?
        };
        if let Some(merge) = merge {
            merge.end()?;
        }
        self.check_references()?;
        let recorded = tokens::record(self.connection, self.prepared);
        recorded.map_err(|error| self.opener.refused("to note the commit in _tenon_commits", &error))?;
        Ok(refusals)
    }

    /// Makes or alters the table.
    fn fit_table(&self) -> Result<(), Error> {
        let table = &self.prepared.table;
        let existing = columns::of_table(self.opener, self.connection, table)?;
        if existing.is_none() {
            let create = staging::noted(self.connection, &format!("{ATTACHED}.about"), "create");
            let create = create.map_err(|error| self.opener.refused("to read its staging file", &error))?;
            return self.run(&create.unwrap_or_default(), &format!("to create the table {table}"));
        }
        if self.prepared.replaced == Replaced::Nothing {
            return Err(Error::Exists {
                table: table.to_string(),
            });
        }
        for alteration in &self.prepared.alterations {
            let done = self.connection.execute_batch(alteration);
            match done {
                // Another run has added it since this one looked.
                Err(error) if connection::message(&error).starts_with("duplicate column name") => {}
                other => other.map_err(|error| self.opener.refused(format!("to alter {table}"), &error))?,
            }
        }
        Ok(())
    }

    fn insert(&self) -> String {
        let names = Sql.quote_all(&self.prepared.columns);
        format!(
            "insert into {} ({names}) select {names} from {} as s where true",
            self.table(),
            STAGED
        )
    }

    fn insert_all(&self, insert: &str) -> Result<Refusals, Error> {
        let inserted = self.connection.execute(insert, []);
        inserted.map_err(|error| self.not_inserted(&error))?;
        Ok(Refusals::default())
    }

    /// All rows at once if there are none to refuse, and else one by one: a statement that fails undoes only itself.
    fn insert_with_refusals(&self, insert: &str) -> Result<Refusals, Error> {
        match self.connection.execute(insert, []) {
            Ok(_) => return Ok(Refusals::default()),
            Err(error) if connection::is_constraint(&error) => {}
            Err(error) => return Err(self.not_inserted(&error)),
        }
        let failed = |error: rusqlite::Error| self.not_inserted(&error);
        let rowid = self.rowid()?;
        let one = insert.replacen(" where true", &format!(" where s.{rowid} = ?1"), 1);
        let mut refusals = Refusals::default();
        let mut one = self.connection.prepare(&one).map_err(failed)?;
        let numbers = format!("select {rowid} from {STAGED}");
        let mut numbers = self.connection.prepare(&numbers).map_err(failed)?;
        let mut numbers = numbers.query([]).map_err(failed)?;
        while let Some(number) = numbers.next().map_err(failed)? {
            let number: i64 = number.get(0).map_err(failed)?;
            match one.execute([number]) {
                Ok(_) => {}
                Err(error) if connection::is_constraint(&error) => refusals.add(number, connection::message(&error)),
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(refusals)
    }

    /// Whether rows of other tables refer to rows that were replaced and have not come back.
    fn check_references(&self) -> Result<(), Error> {
        if !matches!(self.prepared.replaced, Replaced::Table | Replaced::Rows) {
            return Ok(());
        }
        let failed = |error: rusqlite::Error| self.opener.refused("to check foreign keys", &error);
        let referring = "select distinct m.name from main.sqlite_schema m, pragma_foreign_key_list(m.name) f \
                         where m.type = 'table' and lower(f.\"table\") = lower(?1)";
        let mut referring = self.connection.prepare(referring).map_err(failed)?;
        let names = referring.query_map([&self.prepared.table.table], |row| row.get::<_, String>(0));
        for name in names.map_err(failed)? {
            let name = name.map_err(failed)?;
            let violated = "select 1 from pragma_foreign_key_check(?1) where lower(parent) = lower(?2) limit 1";
            let violated = self
                .connection
                .query_row(violated, [&name, &self.prepared.table.table], |_| Ok(()));
            if violated.optional().map_err(failed)?.is_some() {
                return Err(Error::Constraint {
                    table: self.prepared.table.to_string(),
                    message: format!("FOREIGN KEY constraint failed: rows of {name} refer to rows that would be gone"),
                });
            }
        }
        Ok(())
    }

    /// The table, as SQL names it.
    pub fn table(&self) -> String {
        dialect::table(&self.prepared.table)
    }

    /// The name by which the staging table's row numbers can be asked for.
    pub fn rowid(&self) -> Result<&'static str, Error> {
        rowid(self.opener, self.connection, ATTACHED, &self.prepared.table.to_string())
    }

    /// Runs a statement that takes no values.
    pub fn run(&self, statement: &str, doing: &str) -> Result<(), Error> {
        let run = self.connection.execute_batch(statement);
        run.map_err(|error| self.failed(doing, &error))
    }

    /// The error of a statement on the table.
    pub fn failed(&self, doing: &str, error: &rusqlite::Error) -> Error {
        if connection::is_constraint(error) {
            return Error::Constraint {
                table: self.prepared.table.to_string(),
                message: connection::message(error),
            };
        }
        self.opener.refused(doing, error)
    }

    fn not_inserted(&self, error: &rusqlite::Error) -> Error {
        self.failed(&format!("to insert into {}", self.prepared.table), error)
    }
}

/// The name by which the row numbers of a staging table can be asked for, in the schema that its file is attached as.
pub(super) fn rowid(
    opener: &Opener,
    connection: &Connection,
    schema: &str,
    table: &str,
) -> Result<&'static str, Error> {
    let taken = "select count(*) from pragma_table_info(?1, ?2) where lower(name) = ?3";
    for name in ["rowid", "_rowid_", "oid"] {
        let taken: i64 = connection
            .query_row(taken, [ROWS, schema, name], |row| row.get(0))
            .map_err(|error| opener.refused("to read its staging file", &error))?;
        if taken == 0 {
            return Ok(name);
        }
    }
    Err(Error::Mismatch {
        table: table.to_owned(),
        reason: "rows with columns `rowid`, `_rowid_` and `oid` leave SQLite no name for the row's number".to_owned(),
    })
}
