//! The statements that read.

use arrow::datatypes::Field;

use super::PostgresDialect;
use super::wire::Reading;
use crate::sql::Dialect;
use crate::{Error, Relation};

/// The metadata of a field whose column is cast to a type that the job asks for. A scan knows columns by their fields.
const CAST: &str = "postgres.cast";

/// The metadata of a field whose text is filled up with spaces to the column's width.
const PADDED: &str = "postgres.padded";

/// The metadata of a field of a type that Redshift has to convert.
const CONVERTED: &str = "redshift.converted";

/// A relation as a statement names it after `from`.
pub(super) fn source(relation: &Relation) -> String {
    match relation {
        Relation::Table(name) => match &name.schema {
            Some(schema) => format!(
                "{}.{}",
                PostgresDialect.quote(schema),
                PostgresDialect.quote(&name.table)
            ),
            None => PostgresDialect.quote(&name.table),
        },
        // On lines of its own, so that a comment at its end is over.
        Relation::Query(query) => format!("(\n{}\n) as {}", single(query), PostgresDialect.quote("query")),
    }
}

/// A query without the semicolon at its end. Another one in the middle is the server's to refuse.
fn single(query: &str) -> &str {
    query.trim_end_matches(|character: char| character == ';' || character.is_whitespace())
}

/// A column as a job wants it: cast, if it does.
pub(super) fn column(field: &Field) -> String {
    let name = PostgresDialect.quote(field.name());
    match cast_of(field) {
        Some(cast) => format!("({name})::{cast}"),
        None => name,
    }
}

/// A column as it is read: cast to what can be read.
pub(super) fn read_column(field: &Field, reading: &Reading) -> String {
    let expression = column(field);
    let is_renamed = cast_of(field).is_some() || reading.cast.is_some();
    let cast = match reading.cast {
        Some(cast) => cast.of(&expression),
        None => expression,
    };
    if is_renamed {
        format!("{cast} as {}", PostgresDialect.quote(field.name()))
    } else {
        cast
    }
}

/// The type that a job wants a column cast to.
pub(super) fn cast_of(field: &Field) -> Option<&str> {
    field.metadata().get(CAST).map(String::as_str)
}

/// Whether a column's text is filled up with spaces, which the database does not compare.
pub(super) fn is_padded(field: &Field) -> bool {
    field.metadata().contains_key(PADDED)
}

/// The field of such a column.
pub(super) fn padded(field: Field) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(PADDED.to_owned(), "true".to_owned());
    field.with_metadata(metadata)
}

/// Whether a column's values are converted by the server to be read, so that it is not these that it compares.
pub(super) fn is_converted(field: &Field) -> bool {
    field.metadata().contains_key(CONVERTED)
}

/// The field of such a column.
pub(super) fn converted(field: Field) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(CONVERTED.to_owned(), "true".to_owned());
    field.with_metadata(metadata)
}

/// The field with the type that its column is to be cast to.
pub(super) fn with_cast(field: Field, cast: &str) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(CAST.to_owned(), cast.to_owned());
    field.with_metadata(metadata)
}

/// A type that a job asks for, if it is the name of one and nothing else. Whether there is such a type the server knows.
pub(super) fn cast(column: &str, wanted: &str) -> Result<String, Error> {
    let refused = || Error::Config {
        subject: format!("`schema`, column `{column}`"),
        reason: format!("`{wanted}` is not the name of a type, such as `decimal(20,4)`, `text` or `timestamp`"),
    };
    let mut depth = 0;
    let mut is_quoted = false;
    for character in wanted.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '(' if depth == 0 => depth = 1,
            ')' if depth == 1 => depth = 0,
            '0'..='9' | ',' | ' ' | '-' if depth == 1 => {}
            _ if depth == 1 => return Err(refused()),
            '[' | ']' | '_' | '.' | ' ' => {}
            _ if character.is_alphanumeric() => {}
            _ => return Err(refused()),
        }
    }
    let is_named = wanted
        .trim_start()
        .starts_with(|first: char| first.is_alphabetic() || first == '_' || first == '"');
    if depth != 0 || is_quoted || !is_named || wanted.contains("--") || wanted.contains('\0') {
        return Err(refused());
    }
    Ok(wanted.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_types_are_cast_to() {
        for wanted in [
            "text",
            "decimal(20, 4)",
            "timestamp(3) with time zone",
            "int4[]",
            "\"my; type\"",
            "s.\"T\"",
            "_x",
        ] {
            assert_eq!(cast("c", wanted).as_deref(), Ok(wanted));
        }
        for wanted in [
            "",
            "text; drop table t",
            "text) from t --",
            "(select 1)",
            "int4 + 1",
            "\"open",
            "f('x')",
            "a(b(c))",
        ] {
            assert!(cast("c", wanted).is_err(), "{wanted}");
        }
    }

    #[test]
    fn a_query_is_a_table() {
        let query = Relation::Query("select 1 as a -- one ;\n ; ".to_owned());
        assert_eq!(source(&query), "(\nselect 1 as a -- one\n) as \"query\"");
        let table = Relation::Table(crate::TableName::new(Some("a.b"), "c\"d"));
        assert_eq!(source(&table), "\"a.b\".\"c\"\"d\"");
    }
}
