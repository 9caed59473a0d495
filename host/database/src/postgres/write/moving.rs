//! The statements that make the rows of a staging table those of the table.

use super::super::PostgresDialect;
use super::catalog::{Table, TableColumn, quoted};
use super::fit::is_float_type;
use super::marks::OPERATION;
use crate::sql::Dialect;
use crate::{Error, Prepared, Replaced};

/// What moves rows. In its statements, `s` is the staging table and `t` the table.
#[derive(Debug, Clone)]
pub(super) struct Moving {
    target: String,
    staging: String,
    columns: Vec<Moved>,
    /// Columns of the table that the rows lack.
    others: Vec<String>,
    keys: Vec<String>,
    /// That a row marks a deletion, of `s`.
    deletes: Option<String>,
    /// That a row stands for the removal of all rows before it, of `s`.
    truncates: Option<String>,
    has_identity: bool,
    /// Whether a unique index of the table is one on the keys.
    has_index: bool,
    way: Way,
}

/// A column that is moved.
#[derive(Debug, Clone)]
pub(super) struct Moved {
    pub name: String,
    /// Its value, converted, from `s`.
    pub expression: String,
    /// Whether the database converts it from another type.
    pub is_converted: bool,
    can_be_set: bool,
}

/// How rows become part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Insert,
    /// All others go.
    Replace,
    /// All others go, and those with the same keys stay in place, since other tables refer to them.
    ReplaceReferenced,
    Merge,
}

impl Moving {
    /// Looks at both tables as they are now.
    pub fn new(target: &Table, staging: &Table, prepared: &Prepared) -> Result<Self, Error> {
        let columns: Vec<Moved> = prepared
            .columns
            .iter()
            .map(|name| moved(name, target, staging))
            .collect::<Result<_, _>>()?;
        let is_moved = |name: &String| prepared.columns.contains(name);
        let referenced = target.referenced.as_ref().filter(|keys| keys.iter().all(is_moved));
        let (way, keys) = match (prepared.replaced, referenced) {
            (Replaced::Merged, _) => (Way::Merge, prepared.keys.clone()),
            (Replaced::Table | Replaced::Rows, Some(keys)) => (Way::ReplaceReferenced, keys.clone()),
            (Replaced::Table | Replaced::Rows, None) => (Way::Replace, Vec::new()),
            (Replaced::Nothing | Replaced::Added, _) => (Way::Insert, Vec::new()),
        };
        let mark = prepared.delete_when.as_ref();
        let mark = mark.and_then(|name| staging.columns.iter().find(|column| column.name == *name));
        let is_index = |index: &Vec<String>| index.len() == keys.len() && keys.iter().all(|key| index.contains(key));
        let identity = |column: &TableColumn| is_moved(&column.name) && !column.identity.is_empty();
        Ok(Self {
            target: quoted(&target.name),
            staging: quoted(&staging.name),
            others: target
                .columns
                .iter()
                .filter(|column| !is_moved(&column.name) && !column.is_generated)
                .map(|column| column.name.clone())
                .collect(),
            has_index: target.unique.iter().any(is_index),
            has_identity: target.columns.iter().any(identity),
            deletes: mark.map(deletes),
            truncates: mark.and_then(truncates),
            columns,
            keys,
            way,
        })
    }

    /// The columns.
    pub fn columns(&self) -> &[Moved] {
        &self.columns
    }

    /// What to look at when conversions are to be tried.
    pub fn staging(&self) -> &str {
        &self.staging
    }

    /// Whether the database itself finds two rows with the same keys.
    pub fn finds_duplicates(&self) -> bool {
        self.way != Way::Merge || (self.has_index && self.deletes.is_none())
    }

    /// A statement that makes other writers wait, where nothing else keeps them from adding rows with the same keys.
    pub fn lock(&self) -> Option<String> {
        let is_needed = self.way == Way::Merge && !self.has_index;
        is_needed.then(|| format!("lock table {} in share row exclusive mode", self.target))
    }

    /// Statements that remove what the rows replace, whatever rows come.
    ///
    /// Rows are deleted rather than truncated: whoever reads the table meanwhile sees the rows that were there.
    pub fn clearing(&self) -> Option<String> {
        match self.way {
            Way::Replace => Some(format!("delete from {}", self.target)),
            Way::ReplaceReferenced => Some(format!(
                "delete from {} t where not exists (select from {} s where {})",
                self.target,
                self.staging,
                self.matches()
            )),
            Way::Merge => {
                let truncates = self.truncates.as_ref()?;
                Some(format!(
                    "delete from {} t where exists (select from {} s where {truncates})",
                    self.target, self.staging
                ))
            }
            Way::Insert => None,
        }
    }

    /// Statements that move rows for which a condition on `s` is true.
    pub fn statements(&self, filter: Option<&str>) -> Vec<String> {
        let mut statements = Vec::new();
        let is_merge = self.way == Way::Merge;
        if let Some(deletes) = self.deletes.as_ref().filter(|_| is_merge) {
            statements.push(format!(
                "delete from {} t using {} s where {} and {deletes}{}",
                self.target,
                self.staging,
                self.matches(),
                and(filter)
            ));
        }
        match self.way {
            Way::Insert | Way::Replace => statements.push(self.insert(filter, "", "")),
            Way::ReplaceReferenced => statements.push(self.insert(filter, "", &self.on_conflict(&self.others))),
            Way::Merge if self.has_index => statements.push(self.insert(filter, "", &self.on_conflict(&[]))),
            Way::Merge => {
                let set = self.set(|column| column.expression.clone());
                if !set.is_empty() {
                    statements.push(format!(
                        "update {} t set {} from {} s where {}{}{}",
                        self.target,
                        set.join(", "),
                        self.staging,
                        self.matches(),
                        self.written(),
                        and(filter)
                    ));
                }
                let absent = format!(
                    " and not exists (select from {} t where {})",
                    self.target,
                    self.matches()
                );
                statements.push(self.insert(filter, &absent, ""));
            }
        }
        statements
    }

    fn insert(&self, filter: Option<&str>, condition: &str, conflict: &str) -> String {
        let names = PostgresDialect.quote_all(self.columns.iter().map(|column| &column.name));
        let values: Vec<&str> = self.columns.iter().map(|column| column.expression.as_str()).collect();
        let overriding = if self.has_identity {
            " overriding system value"
        } else {
            ""
        };
        format!(
            "insert into {} ({names}){overriding} select {} from {} s where true{}{condition}{}{conflict}",
            self.target,
            values.join(", "),
            self.staging,
            self.written(),
            and(filter),
        )
    }

    /// What becomes of rows whose keys are there. Columns of `defaults` get their defaults.
    fn on_conflict(&self, defaults: &[String]) -> String {
        let mut set = self.set(|column| format!("excluded.{}", PostgresDialect.quote(&column.name)));
        set.extend(
            defaults
                .iter()
                .map(|name| format!("{} = default", PostgresDialect.quote(name))),
        );
        let keys = PostgresDialect.quote_all(&self.keys);
        if set.is_empty() {
            return format!(" on conflict ({keys}) do nothing");
        }
        format!(" on conflict ({keys}) do update set {}", set.join(", "))
    }

    fn set(&self, value: impl Fn(&Moved) -> String) -> Vec<String> {
        let columns = self
            .columns
            .iter()
            .filter(|column| column.can_be_set && !self.keys.contains(&column.name));
        columns
            .map(|column| format!("{} = {}", PostgresDialect.quote(&column.name), value(column)))
            .collect()
    }

    /// That a row of `t` has the keys of one of `s`.
    fn matches(&self) -> String {
        let equal = self.key_columns().map(|column| {
            let name = PostgresDialect.quote(&column.name);
            format!("t.{name} = {}", column.expression)
        });
        equal.collect::<Vec<_>>().join(" and ")
    }

    fn key_columns(&self) -> impl Iterator<Item = &Moved> {
        let column = |key: &String| self.columns.iter().find(|column| column.name == *key);
        self.keys.iter().filter_map(column)
    }

    /// That a row is one to be written.
    fn written(&self) -> String {
        let not = |condition: &Option<String>| {
            let condition = condition.as_ref();
            condition
                .map(|condition| format!(" and not {condition}"))
                .unwrap_or_default()
        };
        not(&self.deletes) + &not(&self.truncates)
    }

    /// The places and keys of rows that share their keys with others of the staging table.
    pub fn duplicates(&self, limit: &str) -> String {
        let expressions: Vec<&str> = self.key_columns().map(|column| column.expression.as_str()).collect();
        let not_null: Vec<String> = expressions.iter().map(|key| format!("({key}) is not null")).collect();
        let shown: Vec<String> = expressions.iter().map(|key| format!("({key})::text")).collect();
        let truncates = self.truncates.as_ref().map(|truncates| format!(" and not {truncates}"));
        format!(
            "select place::text, keys from (select s.ctid as place, array[{}] as keys, \
             count(*) over (partition by {}) as times from {} s where {}{}) d where times > 1 order by keys{limit}",
            shown.join(", "),
            expressions.join(", "),
            self.staging,
            not_null.join(" and "),
            truncates.unwrap_or_default(),
        )
    }
}

fn moved(name: &str, target: &Table, staging: &Table) -> Result<Moved, Error> {
    let find = |table: &Table| table.columns.iter().find(|column| column.name == name).cloned();
    let (Some(to), Some(from)) = (find(target), find(staging)) else {
        return Err(Error::Mismatch {
            table: target.name.to_string(),
            reason: format!("the column `{name}` has been dropped since the rows were written; run again"),
        });
    };
    let column = format!("s.{}", PostgresDialect.quote(name));
    let expression = converted(&column, &from, &to);
    Ok(Moved {
        name: name.to_owned(),
        is_converted: from.declared != to.declared,
        can_be_set: to.identity != "a",
        expression,
    })
}

/// A value of a staging column as the column's type. Lengths are left to the assignment, which refuses what is too long,
/// where a cast would cut it off.
fn converted(value: &str, from: &TableColumn, to: &TableColumn) -> String {
    const BIT: &str = "bit";
    if from.base_oid == to.base_oid && from.category == to.category {
        return value.to_owned();
    }
    if to.category == "S" && !to.is_domain {
        return if from.category == "S" {
            value.to_owned()
        } else {
            format!("{value}::text")
        };
    }
    if is_float_type(from) && to.base == "numeric" || is_float_type(from) && to.base.starts_with("numeric(") {
        // By way of text, since the direct way keeps 15 digits only.
        return format!("{value}::text::numeric");
    }
    if to.plain == BIT {
        return format!("{value}::bit varying");
    }
    format!("{value}::{}", to.plain)
}

fn deletes(mark: &TableColumn) -> String {
    let name = PostgresDialect.quote(&mark.name);
    if mark.plain == "boolean" {
        return format!("coalesce(s.{name}, false)");
    }
    format!("coalesce(s.{name} = 'delete', false)")
}

fn truncates(mark: &TableColumn) -> Option<String> {
    let name = PostgresDialect.quote(&mark.name);
    (mark.name == OPERATION && mark.plain != "boolean").then(|| format!("coalesce(s.{name} = 'truncate', false)"))
}

fn and(filter: Option<&str>) -> String {
    filter.map(|filter| format!(" and {filter}")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
