//! The statements that read a relation.

use std::fmt::Write;

use arrow::datatypes::{Field, Schema};

use crate::mysql::dialect::MySqlDialect;
use crate::mysql::kind::Kind;
use crate::sql::{self, Dialect};
use crate::{Error, Predicate, Relation};

/// Metadata of a field: what the database casts the column to.
pub(crate) const CAST: &str = "mysql.cast";

/// The name of a query that is read as if it were a table.
const QUERY: &str = "`_tenon_query`";

/// What to select from.
pub(crate) fn from(relation: &Relation) -> String {
    match relation {
        Relation::Table(name) => MySqlDialect.table(name),
        // On lines of its own, as it may end in a comment.
        Relation::Query(query) => format!("(\n{}\n) as {QUERY}", trimmed(query)),
    }
}

/// Expressions of a relation.
pub(crate) fn select(relation: &Relation, expressions: &str) -> String {
    format!("select {expressions} from {}", from(relation))
}

/// All columns of a relation.
pub(crate) fn all(relation: &Relation) -> String {
    match relation {
        Relation::Table(_) => select(relation, "*"),
        Relation::Query(query) => trimmed(query).to_owned(),
    }
}

/// Rows of a relation with the columns of a schema, for which all conditions hold. A condition that cannot be written is
/// an error: without it, rows would be read that must not be.
pub(crate) fn rows(
    relation: &Relation,
    schema: &Schema,
    predicate: Option<&Predicate>,
    range: Option<&str>,
    limit: Option<u64>,
    whole: bool,
) -> Result<String, Error> {
    let condition = predicate
        .map(|predicate| sql::required(&MySqlDialect, relation, predicate))
        .transpose()?;
    let converts = |field: &Field| [CAST, AS_TEXT].iter().any(|key| field.metadata().contains_key(*key));
    let is_cast = schema.fields().iter().any(|field| converts(field));
    if let (Relation::Query(query), true, None, None, None, false) =
        (relation, whole, &condition, range, limit, is_cast)
    {
        // As it is, so that its order stays.
        return Ok(trimmed(query).to_owned());
    }
    let expressions: Vec<String> = schema.fields().iter().map(|field| expression(field)).collect();
    let expressions = if expressions.is_empty() {
        "1".to_owned()
    } else {
        expressions.join(", ")
    };
    let mut statement = select(relation, &expressions);
    let conditions: Vec<String> = condition
        .into_iter()
        .chain(range.map(|range| format!("({range})")))
        .collect();
    if !conditions.is_empty() {
        statement.push_str(" where ");
        statement.push_str(&conditions.join(" and "));
    }
    if let Some(limit) = limit {
        // Writing into memory does not fail.
        let _ = write!(statement, " limit {limit}");
    }
    Ok(statement)
}

/// A column as it is to be read.
pub(crate) fn expression(field: &Field) -> String {
    let name = MySqlDialect.quote(field.name());
    match field.metadata().get(CAST) {
        Some(target) => format!("cast({name} as {target}) as {name}"),
        None => match field.metadata().get(AS_TEXT) {
            Some(_) => format!("st_astext({name}) as {name}"),
            None => name,
        },
    }
}

/// Metadata of a field: that the column has a text form of its own.
pub(crate) const AS_TEXT: &str = "mysql.geometry";

/// Marks a field whose kind is not read as it is sent.
pub(crate) fn marked(field: Field, kind: Kind) -> Field {
    if kind != Kind::Geometry {
        return field;
    }
    let mut metadata = field.metadata().clone();
    metadata.insert(AS_TEXT.to_owned(), "true".to_owned());
    field.with_metadata(metadata)
}

fn trimmed(query: &str) -> &str {
    query.trim().trim_end_matches(';').trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Comparison, TableName, Value};

    #[test]
    fn a_condition_that_cannot_be_written_is_not_left_out() {
        let table = Relation::Table(TableName::new(None, "t"));
        let statement = |value| {
            let predicate = Predicate::Compare {
                column: "a".to_owned(),
                comparison: Comparison::Greater,
                value,
            };
            rows(&table, &Schema::empty(), Some(&predicate), None, None, false)
        };
        assert_eq!(
            statement(Value::Integer(3)).as_deref(),
            Ok("select 1 from `t` where `a` > 3")
        );
        // Finer than what MySQL has.
        let error = statement(Value::Timestamp(1)).expect_err("no SQL").to_string();
        for part in ["t: ", "`a`", "a timestamp", "bookmark_keys"] {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
    }
}
