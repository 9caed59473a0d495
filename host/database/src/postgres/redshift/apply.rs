//! How the rows of a staging table become those of the table, in one transaction with the token that says so.

use super::super::{Connection, RedshiftDialect};
use super::catalog::{Column, Table, find, quoted};
use super::ledger::{Ledger, State, committed};
use super::plan::{DELETED, ORDER};
use super::roll_back;
use crate::sql::Dialect;
use crate::{Committed, Error, Prepared, Replaced};

const NO_TABLE: &str = "42P01";
const DUPLICATE_TABLE: &str = "42P07";
/// Classes of errors that are because of a row.
const OF_ROWS: [&str; 2] = ["22", "23"];

/// What became of the attempt to move the rows.
pub(super) enum Applied {
    /// They are moved, in a transaction that is open.
    Open,
    /// The staging table is not there: somebody has committed it, or given it up.
    Gone,
}

/// Moves the rows in a transaction that it leaves open.
pub(super) async fn apply(connection: &Connection, prepared: &Prepared) -> Result<Applied, Error> {
    let application = Application { connection, prepared };
    application.widen().await?;
    if !lock_staging(connection, prepared).await? {
        return Ok(Applied::Gone);
    }
    match application.run().await {
        Ok(()) => Ok(Applied::Open),
        Err(error) => {
            roll_back(connection).await;
            Err(of_rows(prepared, error))
        }
    }
}

/// Notes the commit and ends the transaction.
pub(super) async fn commit(connection: &Connection, ledger: &Ledger, prepared: &Prepared) -> Result<Committed, Error> {
    let committed = committed(prepared);
    let statements = format!("{}; commit", ledger.noting(State::Committed, &committed));
    let doing = format!("committing to {}", prepared.table);
    let ended = connection.run(&doing, &statements).await;
    if ended.is_err() {
        roll_back(connection).await;
    }
    ended.map(|()| committed)
}

/// Begins a transaction and takes the staging table, waiting for whoever has it. False where it is not there: then there is
/// no transaction.
pub(super) async fn lock_staging(connection: &Connection, prepared: &Prepared) -> Result<bool, Error> {
    let doing = format!("waiting to write to {}", prepared.table);
    // Locks come first: a transaction sees what there was when it first looked.
    let lock = format!("begin; lock table {}", quoted(&prepared.staging));
    match connection.run(&doing, &lock).await {
        Ok(()) => Ok(true),
        Err(error) => {
            roll_back(connection).await;
            // It may have gone while this waited for it, which has no code of its own.
            if has_code(&error, NO_TABLE) || find(connection, &prepared.staging).await?.is_none() {
                return Ok(false);
            }
            Err(error)
        }
    }
}

/// What an error of a statement on rows means for the table.
fn of_rows(prepared: &Prepared, error: Error) -> Error {
    let table = prepared.table.to_string();
    match error {
        Error::Constraint { message, .. } => Error::Constraint { table, message },
        Error::Refused {
            message,
            code: Some(code),
            ..
        } if OF_ROWS.iter().any(|class| code.starts_with(class)) => Error::Constraint { table, message },
        other => other,
    }
}

fn has_code(error: &Error, wanted: &str) -> bool {
    matches!(error, Error::Refused { code: Some(code), .. } if code == wanted)
}

struct Application<'a> {
    connection: &'a Connection,
    prepared: &'a Prepared,
}

impl Application<'_> {
    async fn run(&self) -> Result<(), Error> {
        let prepared = self.prepared;
        let doing = format!("writing to {}", prepared.table);
        if matches!(prepared.replaced, Replaced::Rows | Replaced::Merged | Replaced::Table)
            && find(self.connection, &prepared.table).await?.is_some()
        {
            let lock = format!("lock table {}", quoted(&prepared.table));
            self.connection.run(&doing, &lock).await?;
        }
        let target = self.fitted().await?;
        let staging = find(self.connection, &prepared.staging)
            .await?
            .ok_or_else(|| super::gone(prepared))?;
        let moving = Moving::new(prepared, &target, &staging)?;
        if prepared.replaced == Replaced::Merged {
            self.check_duplicates(&moving).await?;
        }
        let mut statements = moving.statements();
        statements.push(format!("drop table {}", quoted(&prepared.staging)));
        for statement in statements {
            self.connection.run(&doing, &statement).await?;
        }
        Ok(())
    }

    /// The table, made or with the columns that it lacks.
    async fn fitted(&self) -> Result<Table, Error> {
        let prepared = self.prepared;
        let found = find(self.connection, &prepared.table).await?;
        let is_new = found.is_none();
        if !is_new && prepared.replaced == Replaced::Nothing {
            return Err(self.exists());
        }
        let there: Vec<String> = found
            .iter()
            .flat_map(|table| &table.columns)
            .map(|column| column.name.clone())
            .collect();
        for statement in &prepared.alterations {
            if statement.starts_with("create ") != is_new || is_widening(prepared, statement) {
                continue;
            }
            // Another run may have added the same column.
            let adds = |name: &String| statement.starts_with(&adding(prepared, name));
            if there.iter().any(adds) {
                continue;
            }
            let altered = self
                .connection
                .run(&format!("altering {}", prepared.table), statement)
                .await;
            altered.map_err(|error| match prepared.replaced {
                Replaced::Nothing if has_code(&error, DUPLICATE_TABLE) => self.exists(),
                _ => error,
            })?;
        }
        let target = find(self.connection, &prepared.table).await?;
        target.ok_or_else(|| Error::Mismatch {
            table: prepared.table.to_string(),
            reason: "it has been dropped since the run began; run again".to_owned(),
        })
    }

    /// Makes columns of text longer, which cannot be done in a transaction.
    async fn widen(&self) -> Result<(), Error> {
        let prepared = self.prepared;
        let widenings: Vec<&String> = prepared
            .alterations
            .iter()
            .filter(|statement| is_widening(prepared, statement))
            .collect();
        if widenings.is_empty() {
            return Ok(());
        }
        let Some(table) = find(self.connection, &prepared.table).await? else {
            return Ok(());
        };
        for statement in widenings {
            let is_done = table.columns.iter().any(|column| {
                statement.starts_with(&widening(prepared, &column.name))
                    && statement.ends_with(&format!("({})", column.modifier - 4))
            });
            if !is_done {
                self.connection
                    .run(&format!("widening {}", prepared.table), statement)
                    .await?;
            }
        }
        Ok(())
    }

    async fn check_duplicates(&self, moving: &Moving<'_>) -> Result<(), Error> {
        let doing = format!("looking for duplicates in {}", self.prepared.table);
        let Some(statement) = moving.duplicates() else {
            return Ok(());
        };
        let found = self.connection.text(&doing, &statement).await?;
        if found.is_empty() {
            return Ok(());
        }
        Err(Error::Constraint {
            table: self.prepared.table.to_string(),
            message: format!(
                "Key ({})=({found}) occurs more than once among the rows of this run, and which of them is to stay is not known",
                self.prepared.keys.join(", ")
            ),
        })
    }

    fn exists(&self) -> Error {
        Error::Exists {
            table: self.prepared.table.to_string(),
        }
    }
}

/// How a statement begins that adds a column.
pub(super) fn adding(prepared: &Prepared, column: &str) -> String {
    let table = quoted(&prepared.table);
    format!("alter table {table} add column {} ", RedshiftDialect.quote(column))
}

/// How a statement begins that makes a column longer.
pub(super) fn widening(prepared: &Prepared, column: &str) -> String {
    let table = quoted(&prepared.table);
    format!(
        "alter table {table} alter column {} type ",
        RedshiftDialect.quote(column)
    )
}

fn is_widening(prepared: &Prepared, statement: &str) -> bool {
    statement.starts_with(&format!("alter table {} alter column ", quoted(&prepared.table)))
}

/// The statements that move rows.
struct Moving<'a> {
    prepared: &'a Prepared,
    target: String,
    staging: String,
    /// Columns, and where their values come from.
    columns: Vec<(String, String)>,
    has_marks: bool,
    has_order: bool,
}

impl<'a> Moving<'a> {
    fn new(prepared: &'a Prepared, target: &Table, staging: &Table) -> Result<Self, Error> {
        let column = |name: &String| {
            let of = |table: &Table| table.columns.iter().find(|column| column.name == *name).cloned();
            let (Some(to), Some(from)) = (of(target), of(staging)) else {
                return Err(Error::Mismatch {
                    table: prepared.table.to_string(),
                    reason: format!("its column `{name}` is gone since the run began; run again"),
                });
            };
            Ok((RedshiftDialect.quote(name), moved(&from, &to)))
        };
        let has = |name: &str| staging.columns.iter().any(|column| column.name == name);
        Ok(Self {
            prepared,
            target: quoted(&prepared.table),
            staging: quoted(&prepared.staging),
            columns: prepared.columns.iter().map(column).collect::<Result<_, _>>()?,
            has_marks: has(DELETED),
            has_order: has(ORDER),
        })
    }

    fn statements(&self) -> Vec<String> {
        let mut statements = Vec::new();
        match self.prepared.replaced {
            // `truncate` would end the transaction.
            Replaced::Rows | Replaced::Table => statements.push(format!("delete from {}", self.target)),
            Replaced::Merged => statements.push(format!(
                "delete from {} using {} s where {}",
                self.target,
                self.staging,
                self.same_keys(&self.target)
            )),
            Replaced::Nothing | Replaced::Added => {}
        }
        statements.push(self.insert());
        statements
    }

    fn insert(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let values: Vec<&str> = self.columns.iter().map(|(_, value)| value.as_str()).collect();
        let mut conditions = Vec::new();
        let mut from = format!("{} s", self.staging);
        if self.has_order {
            let keys = RedshiftDialect.quote_all(&self.prepared.keys);
            from = format!(
                "(select a.*, row_number() over (partition by {keys} order by {ORDER} desc) as _tenon_rank from {} a) s",
                self.staging
            );
            // Keys with a null are those of no other row.
            let nulls: Vec<String> = self.keys().map(|key| format!("s.{key} is null")).collect();
            conditions.push(format!("(s._tenon_rank = 1 or {})", nulls.join(" or ")));
        }
        if self.has_marks {
            conditions.push(format!("not s.{DELETED}"));
        }
        let conditions = match conditions.as_slice() {
            [] => String::new(),
            some => format!(" where {}", some.join(" and ")),
        };
        format!(
            "insert into {} ({}) select {} from {from}{conditions}",
            self.target,
            names.join(", "),
            values.join(", ")
        )
    }

    /// One key that several rows of the run have, as text; none where the last of them counts.
    fn duplicates(&self) -> Option<String> {
        if self.has_order || self.prepared.keys.is_empty() {
            return None;
        }
        let keys = RedshiftDialect.quote_all(&self.prepared.keys);
        let shown: Vec<String> = self.keys().map(|key| format!("{key}::varchar(1024)")).collect();
        let present: Vec<String> = self.keys().map(|key| format!("{key} is not null")).collect();
        Some(format!(
            "select {} from {} where {} group by {keys} having count(*) > 1 limit 1",
            shown.join(" || ', ' || "),
            self.staging,
            present.join(" and ")
        ))
    }

    fn same_keys(&self, target: &str) -> String {
        let pairs = self.prepared.keys.iter().map(|key| {
            let name = RedshiftDialect.quote(key);
            let value = self.columns.iter().find(|(column, _)| *column == name);
            let value = value.map_or_else(|| format!("s.{name}"), |(_, value)| value.clone());
            format!("{target}.{name} = {value}")
        });
        pairs.collect::<Vec<_>>().join(" and ")
    }

    fn keys(&self) -> impl Iterator<Item = String> {
        self.prepared.keys.iter().map(|key| RedshiftDialect.quote(key))
    }
}

/// The value of a column of the staging table for one of the table.
pub(super) fn moved(from: &Column, to: &Column) -> String {
    let value = format!("s.{}", RedshiftDialect.quote(&from.name));
    let is_text = |column: &Column| matches!(column.base.as_str(), "varchar" | "bpchar" | "text");
    match to.base.as_str() {
        // What is too long would be cut by a cast, and is refused without one.
        _ if from.base == to.base || is_text(to) => value,
        "super" if is_text(from) => format!("json_parse({value})"),
        _ => format!("({value})::{}", to.declared),
    }
}
