//! Statements that bring rows from a staging table to their own.

use crate::sql::Dialect;
use crate::{Error, Prepared, Replaced};

use super::arrow_value::value_at;
use super::ddl::{drop_table, rename};
use super::plan::{DELETED, MARK_DELETED, MARK_EMPTIED, MARK_KEPT, ORDER, ROW};
use super::rows::{number, rows, text};
use super::{Dbms, Facts, Fault, Session};

/// What the staging table is called in statements.
const STAGED: &str = "tenon_staged";
/// The rank of a row among those with the same keys; the last has the first.
const RANK: &str = "_tenon_rank";

/// How rows come from a staging table to their own.
pub(crate) struct Move<'a> {
    dbms: Dbms,
    prepared: &'a Prepared,
    /// Types of the table's columns that the database does not convert to by itself.
    types: Vec<(String, String)>,
    /// Whether rows are changes, of which the last of each key counts.
    changes: bool,
    /// Whether rows are numbered, so that some can be left out.
    pub(crate) numbered: bool,
}

impl<'a> Move<'a> {
    /// Of what was prepared. Looks at the staging table and its target, which is made by now.
    pub(crate) fn new(session: &mut impl Session, prepared: &'a Prepared) -> Result<Self, Fault> {
        let dbms = session.dbms();
        let staging = session.columns(&format!("select * from {}", dbms.table(&prepared.staging)))?;
        let has = |name: &str| staging.schema.field_with_name(name).is_ok();
        let (changes, numbered) = (has(ORDER), has(ROW));
        let types = match (dbms, prepared.replaced) {
            (_, Replaced::Nothing | Replaced::Table) => Vec::new(),
            (Dbms::Postgres | Dbms::Duckdb, _) => {
                let facts: Facts = session.facts(&prepared.table)?;
                facts.types
            }
            _ => Vec::new(),
        };
        Ok(Self {
            dbms,
            prepared,
            types,
            changes,
            numbered,
        })
    }

    /// What has to be done before any row is moved.
    pub(crate) fn first(&self, session: &mut impl Session) -> Result<(), Fault> {
        let (dbms, prepared) = (self.dbms, self.prepared);
        match prepared.replaced {
            Replaced::Table => {
                if super::begin::is_there(session, &prepared.table) {
                    session.execute(&drop_table(dbms, &prepared.table))?;
                }
                Ok(())
            }
            Replaced::Rows => session.execute(&format!("delete from {}", dbms.table(&prepared.table))),
            Replaced::Merged => {
                if !self.changes {
                    self.refuse_duplicates(session)?;
                }
                self.empty(session)
            }
            Replaced::Nothing | Replaced::Added => Ok(()),
        }
    }

    /// Moves the rows, or those with numbers from one to another.
    pub(crate) fn rows(&self, session: &mut impl Session, numbers: Option<(i64, i64)>) -> Result<(), Fault> {
        let statements = self.statements(numbers);
        statements.iter().try_for_each(|statement| session.execute(statement))
    }

    /// The statements that do so.
    pub(crate) fn statements(&self, numbers: Option<(i64, i64)>) -> Vec<String> {
        match self.prepared.replaced {
            Replaced::Nothing | Replaced::Table => {
                vec![rename(self.dbms, &self.prepared.staging, &self.prepared.table.table)]
            }
            Replaced::Merged => {
                let deleted = self.prepared.delete_when.is_some().then(|| self.delete(numbers));
                let updated = self.update(numbers);
                deleted
                    .into_iter()
                    .chain(updated)
                    .chain([self.insert(numbers)])
                    .collect()
            }
            Replaced::Rows | Replaced::Added => vec![self.insert(numbers)],
        }
    }

    /// Where the rows come from: the staging table, with ranks where they are changes.
    fn source(&self) -> String {
        let table = self.dbms.table(&self.prepared.staging);
        if !self.changes {
            return format!("{table} {STAGED}");
        }
        format!(
            "(select tenon_all.*, row_number() over (partition by {} order by {} desc) as {} from {table} tenon_all) {STAGED}",
            self.dbms.quote_all(&self.prepared.keys),
            self.dbms.bytewise(ORDER),
            self.dbms.quote(RANK),
        )
    }

    fn conditions(&self, numbers: Option<(i64, i64)>) -> Vec<String> {
        let mut conditions = Vec::new();
        if self.changes {
            // Keys that are null are no one's equals.
            let nulls = self
                .prepared
                .keys
                .iter()
                .map(|key| format!(" or {STAGED}.{} is null", self.dbms.quote(key)));
            let nulls: String = nulls.collect();
            conditions.push(format!("({STAGED}.{} = 1{nulls})", self.dbms.quote(RANK)));
        }
        if let Some((first, last)) = numbers {
            let row = self.dbms.quote(ROW);
            conditions.push(format!("{STAGED}.{row} >= {first} and {STAGED}.{row} <= {last}"));
        }
        conditions
    }

    /// Follows a change that emptied the source's table: what was there goes, and so do changes that came before.
    fn empty(&self, session: &mut impl Session) -> Result<(), Fault> {
        if self.prepared.delete_when.is_none() {
            return Ok(());
        }
        let (dbms, mark) = (self.dbms, self.dbms.quote(DELETED));
        let staging = dbms.table(&self.prepared.staging);
        let emptied = format!("from {staging} where {mark} = {MARK_EMPTIED}");
        let count = format!("select count(*) as {} {emptied}", dbms.quote("rows"));
        if number(session, &count)?.unwrap_or_default() == 0 {
            return Ok(());
        }
        session.execute(&format!("delete from {}", dbms.table(&self.prepared.table)))?;
        if !self.changes {
            return Ok(());
        }
        let order = dbms.quote(ORDER);
        let last = format!("select max({order}) as {} {emptied}", dbms.quote("last"));
        let last = rows(session, &last)?
            .into_iter()
            .next()
            .and_then(|row| text(row.into_iter().next()?));
        match last.and_then(|last| dbms.text(&last)) {
            Some(last) => session.execute(&format!("delete from {staging} where {order} <= {last}")),
            None => Ok(()),
        }
    }

    /// That a staged row has the keys of a row of the table.
    fn same_keys(&self) -> impl Iterator<Item = String> {
        let target = self.dbms.table(&self.prepared.table);
        self.prepared
            .keys
            .iter()
            .map(move |key| format!("{} = {target}.{}", self.value(key), self.dbms.quote(key)))
    }

    /// That a staged row is to be written: it is not marked as deleted.
    fn is_kept(&self) -> Option<String> {
        let marked = self.prepared.delete_when.is_some();
        marked.then(|| format!("{STAGED}.{} = {MARK_KEPT}", self.dbms.quote(DELETED)))
    }

    /// The rows that have keys which are marked as deleted.
    fn delete(&self, numbers: Option<(i64, i64)>) -> String {
        let mut conditions = self.conditions(numbers);
        conditions.push(format!("{STAGED}.{} = {MARK_DELETED}", self.dbms.quote(DELETED)));
        conditions.extend(self.same_keys());
        format!(
            "delete from {} where exists (select 1 from {} where {})",
            self.dbms.table(&self.prepared.table),
            self.source(),
            conditions.join(" and ")
        )
    }

    /// The rows that have keys which come anew. What the staged rows lack stays as it is, and so does what refers to them.
    fn update(&self, numbers: Option<(i64, i64)>) -> Option<String> {
        let (dbms, prepared) = (self.dbms, self.prepared);
        let written = prepared.columns.iter().filter(|column| !prepared.keys.contains(column));
        let written: Vec<(String, String)> = written.map(|column| (dbms.quote(column), self.value(column))).collect();
        if written.is_empty() {
            return None;
        }
        let (target, source) = (dbms.table(&prepared.table), self.source());
        let conditions: Vec<String> = self
            .conditions(numbers)
            .into_iter()
            .chain(self.is_kept())
            .chain(self.same_keys())
            .collect();
        let conditions = conditions.join(" and ");
        let set = |one: &dyn Fn(&(String, String)) -> String| written.iter().map(one).collect::<Vec<_>>().join(", ");
        Some(match dbms {
            Dbms::Postgres | Dbms::Sqlite | Dbms::Duckdb | Dbms::Mssql => {
                let set = set(&|(name, value)| format!("{name} = {value}"));
                format!("update {target} set {set} from {source} where {conditions}")
            }
            Dbms::Mysql => {
                let set = set(&|(name, value)| format!("{target}.{name} = {value}"));
                format!("update {target} join {source} on {conditions} set {set}")
            }
            Dbms::Standard => {
                let set = set(&|(name, value)| format!("{name} = (select {value} from {source} where {conditions})"));
                format!("update {target} set {set} where exists (select 1 from {source} where {conditions})")
            }
        })
    }

    /// The rows that are new; of a merge those that have keys of no other.
    fn insert(&self, numbers: Option<(i64, i64)>) -> String {
        let target = self.dbms.table(&self.prepared.table);
        let mut conditions = self.conditions(numbers);
        conditions.extend(self.is_kept());
        if self.prepared.replaced == Replaced::Merged {
            let same = self.same_keys().collect::<Vec<_>>().join(" and ");
            conditions.push(format!("not exists (select 1 from {target} where {same})"));
        }
        let values: Vec<String> = self.prepared.columns.iter().map(|column| self.value(column)).collect();
        let condition = match conditions.len() {
            0 => String::new(),
            _ => format!(" where {}", conditions.join(" and ")),
        };
        format!(
            "insert into {target} ({}) select {} from {}{condition}",
            self.dbms.quote_all(&self.prepared.columns),
            values.join(", "),
            self.source(),
        )
    }

    /// A staged value in the type of its column.
    fn value(&self, column: &str) -> String {
        let name = format!("{STAGED}.{}", self.dbms.quote(column));
        match self.types.iter().find(|(known, _)| known == column) {
            Some((_, kind)) => format!("cast({name} as {kind})"),
            None => name,
        }
    }

    /// Which of two rows with the same keys is to win, nobody can say.
    fn refuse_duplicates(&self, session: &mut impl Session) -> Result<(), Fault> {
        let keys = &self.prepared.keys;
        let names = self.dbms.quote_all(keys);
        let present: Vec<String> = keys
            .iter()
            .map(|key| format!("{} is not null", self.dbms.quote(key)))
            .collect();
        let statement = format!(
            "select {names} from {} where {} group by {names} having count(*) > 1",
            self.dbms.table(&self.prepared.staging),
            present.join(" and "),
        );
        let mut twice = None;
        let mut take = |batch: arrow::array::RecordBatch| {
            if batch.num_rows() == 0 {
                return Ok(true);
            }
            let values = batch.columns().iter().map(|column| value_at(column, 0));
            let shown = keys
                .iter()
                .zip(values)
                .map(|(key, value)| format!("{key} = {}", shown(value)));
            twice = Some(shown.collect::<Vec<_>>().join(", "));
            Ok(false)
        };
        session.query(&statement, 1, &mut take)?;
        let Some(twice) = twice else {
            return Ok(());
        };
        Err(Error::Constraint {
            table: self.prepared.table.to_string(),
            message: format!("several rows of this run have the key {twice}; which of them is to be kept is not known"),
        }
        .into())
    }
}

fn shown(value: Option<crate::Value>) -> String {
    use crate::Value;
    match value {
        None => "null".to_owned(),
        Some(Value::Text(text) | Value::Decimal(text)) => text,
        Some(Value::Integer(number)) => number.to_string(),
        Some(Value::Unsigned(number)) => number.to_string(),
        Some(Value::Boolean(value)) => value.to_string(),
        Some(Value::Float(number)) => number.to_string(),
        Some(Value::Binary(bytes)) => hex::encode(bytes),
        Some(Value::Date(days)) => super::instants::date(days).unwrap_or_else(|| days.to_string()),
        Some(Value::Time(time)) => super::instants::time(time, 9).unwrap_or_else(|| time.to_string()),
        Some(Value::Timestamp(moment) | Value::Instant(moment)) => {
            super::instants::timestamp(moment, 9).unwrap_or_else(|| moment.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TableName;

    fn prepared() -> Prepared {
        Prepared {
            run: "r".to_owned(),
            sink: "s".to_owned(),
            table: TableName::new(Some("dbo"), "t"),
            staging: TableName::new(Some("dbo"), "_tenon_1"),
            columns: vec!["id".to_owned(), "v".to_owned()],
            keys: vec!["id".to_owned()],
            delete_when: Some(DELETED.to_owned()),
            replaced: Replaced::Merged,
            alterations: Vec::new(),
            rows: 0,
            bytes: 0,
        }
    }

    #[test]
    fn a_merge_deletes_updates_and_inserts() {
        let prepared = prepared();
        let rows = |dbms| Move {
            dbms,
            prepared: &prepared,
            types: Vec::new(),
            changes: false,
            numbered: true,
        };
        assert_eq!(
            rows(Dbms::Mssql).statements(Some((3, 5))),
            [
                "delete from [dbo].[t] where exists (select 1 from [dbo].[_tenon_1] tenon_staged where \
                 tenon_staged.[_tenon_row] >= 3 and tenon_staged.[_tenon_row] <= 5 and tenon_staged.[_tenon_deleted] = 1 \
                 and tenon_staged.[id] = [dbo].[t].[id])",
                "update [dbo].[t] set [v] = tenon_staged.[v] from [dbo].[_tenon_1] tenon_staged where \
                 tenon_staged.[_tenon_row] >= 3 and tenon_staged.[_tenon_row] <= 5 and tenon_staged.[_tenon_deleted] = 0 \
                 and tenon_staged.[id] = [dbo].[t].[id]",
                "insert into [dbo].[t] ([id], [v]) select tenon_staged.[id], tenon_staged.[v] from [dbo].[_tenon_1] \
                 tenon_staged where tenon_staged.[_tenon_row] >= 3 and tenon_staged.[_tenon_row] <= 5 and \
                 tenon_staged.[_tenon_deleted] = 0 and not exists (select 1 from [dbo].[t] where tenon_staged.[id] = \
                 [dbo].[t].[id])"
            ]
        );
        let update = rows(Dbms::Mysql).update(None);
        assert_eq!(
            update.as_deref(),
            Some(
                "update `dbo`.`t` join `dbo`.`_tenon_1` tenon_staged on tenon_staged.`_tenon_deleted` = 0 and \
                 tenon_staged.`id` = `dbo`.`t`.`id` set `dbo`.`t`.`v` = tenon_staged.`v`"
            )
        );
    }

    #[test]
    fn of_changes_the_last_one_counts() {
        let prepared = prepared();
        let rows = Move {
            dbms: Dbms::Postgres,
            prepared: &prepared,
            types: vec![("id".to_owned(), "uuid".to_owned())],
            changes: true,
            numbered: false,
        };
        assert_eq!(
            rows.insert(None),
            "insert into \"dbo\".\"t\" (\"id\", \"v\") select cast(tenon_staged.\"id\" as uuid), tenon_staged.\"v\" from \
             (select tenon_all.*, row_number() over (partition by \"id\" order by \"_tenon_order\" collate \"C\" desc) as \
             \"_tenon_rank\" from \"dbo\".\"_tenon_1\" tenon_all) tenon_staged where (tenon_staged.\"_tenon_rank\" = 1 or \
             tenon_staged.\"id\" is null) and tenon_staged.\"_tenon_deleted\" = 0 and not exists (select 1 from \
             \"dbo\".\"t\" where cast(tenon_staged.\"id\" as uuid) = \"dbo\".\"t\".\"id\")"
        );
    }
}
