//! The tables that a query names.

use std::ops::ControlFlow;

use sqlparser::ast::{Ident, ObjectName, Query, Statement, TableFactor, Visit, Visitor};

use super::{message, parser};

/// A table as a query names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TableName {
    /// As it is written, without quotes.
    pub written: String,
    /// Quoted names are taken exactly; others without regard to case.
    pub quoted: bool,
}

impl TableName {
    fn new(identifier: &Ident) -> Self {
        TableName {
            written: identifier.value.clone(),
            quoted: identifier.quote_style.is_some(),
        }
    }

    /// As the engine looks it up: in small letters unless quoted.
    pub fn folded(&self) -> String {
        if self.quoted {
            self.written.clone()
        } else {
            self.written.to_lowercase()
        }
    }

    /// Whether it is this one's name.
    pub fn is(&self, name: &str) -> bool {
        if self.quoted {
            self.written == name
        } else {
            self.written.eq_ignore_ascii_case(name)
        }
    }
}

/// The tables that a single query reads, each once: no common table expressions, no functions, no qualified names.
pub(crate) fn tables(sql: &str) -> Result<Vec<TableName>, String> {
    let statements = parser(sql)
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| message(&error))?;
    let query = match statements.as_slice() {
        [Statement::Query(query)] => query,
        [] => return Err("there is no query".to_owned()),
        [_] => return Err("a step takes a query: one that begins with `select`, `with` or `values`".to_owned()),
        [_, _, ..] => return Err("a step takes one query; make it two steps".to_owned()),
    };
    let mut finder = Finder::default();
    let ControlFlow::Continue(()) = query.visit(&mut finder);
    Ok(finder.found)
}

#[derive(Default)]
struct Finder {
    found: Vec<TableName>,
    scopes: Vec<Scope>,
    /// Set before a table function's name.
    skip: bool,
}

/// The common table expressions of a query that is being visited.
struct Scope {
    names: Vec<String>,
    /// The queries that define them, to be recognised when they are visited.
    definitions: Vec<*const Query>,
    recursive: bool,
    /// How many of them can be named where the visitor is.
    visible: usize,
}

impl Finder {
    fn definition(&mut self, query: &Query) -> Option<(&mut Scope, usize)> {
        let scope = self.scopes.last_mut()?;
        let index = scope
            .definitions
            .iter()
            .position(|definition| std::ptr::eq(*definition, query))?;
        Some((scope, index))
    }

    fn is_expression(&self, name: &str) -> bool {
        self.scopes
            .iter()
            .any(|scope| scope.names[..scope.visible].iter().any(|visible| visible == name))
    }
}

impl Visitor for Finder {
    type Break = std::convert::Infallible;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        if let Some((scope, index)) = self.definition(query) {
            scope.visible = index + usize::from(scope.recursive);
        }
        let expressions = query.with.as_ref().map_or(&[][..], |with| &with.cte_tables);
        self.scopes.push(Scope {
            names: expressions
                .iter()
                .map(|expression| TableName::new(&expression.alias.name).folded())
                .collect(),
            definitions: expressions
                .iter()
                .map(|expression| &raw const *expression.query)
                .collect(),
            recursive: query.with.as_ref().is_some_and(|with| with.recursive),
            visible: 0,
        });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        self.scopes.pop();
        if let Some((scope, index)) = self.definition(query) {
            scope.visible = index + 1;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        self.skip = matches!(factor, TableFactor::Table { args: Some(_), .. });
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<Self::Break> {
        let is_function = std::mem::take(&mut self.skip);
        if let [part] = relation.0.as_slice()
            && let Some(identifier) = part.as_ident()
            && !is_function
        {
            let name = TableName::new(identifier);
            if !self.is_expression(&name.folded()) && !self.found.contains(&name) {
                self.found.push(name);
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sql: &str) -> Vec<String> {
        let tables = tables(sql).expect(sql);
        tables.into_iter().map(|table| table.folded()).collect()
    }

    #[test]
    fn tables_are_found_wherever_they_stand() {
        for (sql, expected) in [
            ("select 1", &[][..]),
            (
                "select f.*, a.name from Flights f join airlines a using (carrier)",
                &["flights", "airlines"],
            ),
            (
                "select * from a where x in (select y from b) and exists (select 1 from c)",
                &["a", "b", "c"],
            ),
            ("select (select max(x) from a) from \"B\"", &["a", "B"]),
            (
                "select * from a union all select * from b except select * from a",
                &["a", "b"],
            ),
            (
                "select * from lake.sales.orders, generate_series(1, 3) g, unnest([1, 2]) u",
                &[],
            ),
            (
                "with c as (select * from a) select * from c join b on true",
                &["a", "b"],
            ),
            ("with a as (select * from a) select * from a", &["a"]),
            (
                "with recursive a as (select 1 union all select * from a) select * from a",
                &[],
            ),
            (
                "with x as (select * from y), y as (select * from x) select * from x, y",
                &["y"],
            ),
            (
                "select * from (with c as (select * from a) select * from c) s, c",
                &["a", "c"],
            ),
            ("values (1), (2)", &[]),
        ] {
            assert_eq!(names(sql), expected, "{sql}");
        }
    }

    #[test]
    fn what_is_no_query_is_refused() {
        for (sql, expected) in [
            ("", "no query"),
            ("select 1; select 2", "one query"),
            ("drop table a", "a step takes a query"),
            ("create table b as select * from a", "a step takes a query"),
            ("selekt 1", "Expected"),
            ("select 'a", "Unterminated"),
        ] {
            let message = tables(sql).expect_err(sql);
            assert!(message.contains(expected), "{sql}: {message}");
        }
    }
}
