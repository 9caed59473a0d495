//! What is selected of a relation.

use arrow::datatypes::{Field, Schema};

use crate::Relation;
use crate::sql::Dialect;

use super::Dbms;

/// Where a field's metadata say what the database casts the column to.
pub(crate) const CAST: &str = "tenon.cast";

/// A statement that reads columns of a relation.
pub(crate) struct Select<'a> {
    /// What is at the other end.
    pub(crate) dbms: Dbms,
    /// The table or query.
    pub(crate) relation: &'a Relation,
    /// The columns; all of them where none are given.
    pub(crate) schema: Option<&'a Schema>,
    /// Conditions in SQL that all have to hold.
    pub(crate) conditions: Vec<String>,
    /// Columns to order by, with their directions, in SQL.
    pub(crate) order: Option<String>,
    /// Rows at most.
    pub(crate) limit: Option<u64>,
}

impl<'a> Select<'a> {
    /// All of a relation.
    pub(crate) fn all(dbms: Dbms, relation: &'a Relation) -> Self {
        Self {
            dbms,
            relation,
            schema: None,
            conditions: Vec::new(),
            order: None,
            limit: None,
        }
    }

    /// As SQL.
    pub(crate) fn sql(&self) -> String {
        let mut statement = "select ".to_owned();
        if let (Dbms::Mssql, Some(limit)) = (self.dbms, self.limit) {
            statement.push_str("top (");
            statement.push_str(&limit.to_string());
            statement.push_str(") ");
        }
        statement += &self.columns();
        statement += " from ";
        statement += &from(self.dbms, self.relation);
        if !self.conditions.is_empty() {
            statement += " where ";
            statement += &self.conditions.join(" and ");
        }
        if let Some(order) = &self.order {
            statement += " order by ";
            statement += order;
        }
        match (self.dbms, self.limit) {
            // A database that is not known may not know how to say this; whoever reads stops by itself.
            (Dbms::Mssql | Dbms::Standard, _) | (_, None) => {}
            (_, Some(limit)) => {
                statement.push_str(" limit ");
                statement.push_str(&limit.to_string());
            }
        }
        statement
    }

    fn columns(&self) -> String {
        let Some(schema) = self.schema else {
            return "*".to_owned();
        };
        if schema.fields().is_empty() {
            return format!("1 as {}", self.dbms.quote("one"));
        }
        let columns: Vec<String> = schema.fields().iter().map(|field| self.column(field)).collect();
        columns.join(", ")
    }

    fn column(&self, field: &Field) -> String {
        let name = self.dbms.quote(field.name());
        match field.metadata().get(CAST) {
            Some(cast) => format!("cast({name} as {cast}) as {name}"),
            None => name,
        }
    }
}

/// A relation, as it stands after `from`.
pub(crate) fn from(dbms: Dbms, relation: &Relation) -> String {
    match relation {
        Relation::Table(name) => dbms.table(name),
        Relation::Query(query) => {
            let query = query.trim().trim_end_matches(';');
            // The line ends a comment that the query may end with.
            format!("({query}\n) tenon_query")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use arrow::datatypes::DataType;

    use super::*;
    use crate::{Comparison, Predicate, TableName, Value, sql};

    fn greater(value: Value) -> Predicate {
        Predicate::Compare {
            column: "a".to_owned(),
            comparison: Comparison::Greater,
            value,
        }
    }

    #[test]
    fn a_condition_that_cannot_be_written_is_not_left_out() {
        let table = Relation::Table(TableName::new(Some("s"), "t"));
        for (dbms, value, kind) in [
            (Dbms::Sqlite, Value::Timestamp(0), "a timestamp"),
            (Dbms::Standard, Value::Binary(vec![1]), "bytes"),
            (Dbms::Postgres, Value::Float(f64::NAN), "a floating point number"),
        ] {
            let condition = Predicate::All(vec![greater(Value::Integer(3)), greater(value)]);
            let error = sql::required(&dbms, &table, &condition)
                .expect_err("no SQL")
                .to_string();
            for part in ["s.t", "`a`", kind, "bookmark_keys"] {
                assert!(error.contains(part), "{part:?} is not in: {error}");
            }
        }
    }

    #[test]
    fn statements_are_in_the_dialect() {
        let table = Relation::Table(TableName::new(Some("s"), "t"));
        let cast = HashMap::from([(CAST.to_owned(), "varchar(9)".to_owned())]);
        let schema = Schema::new(vec![
            Field::new("a", DataType::Int64, true),
            Field::new("b", DataType::Utf8, true).with_metadata(cast),
        ]);
        let predicate = greater(Value::Integer(3));
        let mut select = Select {
            schema: Some(&schema),
            conditions: vec![sql::required(&Dbms::Mssql, &table, &predicate).expect("SQL")],
            limit: Some(5),
            ..Select::all(Dbms::Mssql, &table)
        };
        assert_eq!(
            select.sql(),
            "select top (5) [a], cast([b] as varchar(9)) as [b] from [s].[t] where [a] > 3"
        );
        select.dbms = Dbms::Mysql;
        select.conditions = vec![sql::required(&Dbms::Mysql, &table, &predicate).expect("SQL")];
        assert_eq!(
            select.sql(),
            "select `a`, cast(`b` as varchar(9)) as `b` from `s`.`t` where `a` > 3 limit 5"
        );
    }

    #[test]
    fn a_query_may_end_with_a_comment() {
        let query = Relation::Query("select 1 -- one".to_owned());
        assert_eq!(
            Select::all(Dbms::Postgres, &query).sql(),
            "select * from (select 1 -- one\n) tenon_query"
        );
    }
}
