//! Types that only the database has, kept from a table to one that is made by the same kind of database.

use arrow::datatypes::DataType;
use tenon_database::Driver;

use crate::{Column, Source, TargetTable};

/// Postgres' own types that are read as text.
const POSTGRES: &[&str] = &[
    "bit",
    "bit varying",
    "box",
    "char",
    "character",
    "character varying",
    "cidr",
    "circle",
    "datemultirange",
    "daterange",
    "inet",
    "int4multirange",
    "int4range",
    "int8multirange",
    "int8range",
    "json",
    "jsonb",
    "jsonpath",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "numeric",
    "nummultirange",
    "numrange",
    "path",
    "point",
    "polygon",
    "time with time zone",
    "timetz",
    "tsmultirange",
    "tsquery",
    "tsrange",
    "tstzmultirange",
    "tstzrange",
    "tsvector",
    "uuid",
    "varbit",
    "varchar",
    "xml",
];

/// MySQL's.
const MYSQL: &[&str] = &["char", "json", "varchar"];

/// The types of columns of a table that is made, by name, where the source's say more than Arrow's do.
pub(crate) fn declared(source: &Source, target: &TargetTable) -> Vec<(String, String)> {
    let Source::Table { at, table } = source else {
        return Vec::new();
    };
    if at.driver != target.at.driver || target.columns.is_some() {
        return Vec::new();
    }
    let known = match at.driver {
        Driver::Postgres => POSTGRES,
        Driver::Mysql => MYSQL,
        _ => return Vec::new(),
    };
    let kept = |column: &Column| {
        let declared = column
            .database_type
            .as_deref()
            .filter(|_| column.data_type == DataType::Utf8)?;
        is_known(declared, known).then(|| (column.name.clone(), declared.to_owned()))
    };
    table.columns.iter().filter_map(kept).collect()
}

/// Whether it is one of these, perhaps with figures in parentheses, and nothing else.
fn is_known(declared: &str, known: &[&str]) -> bool {
    let (name, figures) = match declared.split_once('(') {
        Some((name, rest)) => match rest.split_once(')') {
            Some((figures, behind)) => (format!("{name}{behind}"), figures),
            None => return false,
        },
        None => (declared.to_owned(), ""),
    };
    let are_figures = figures.chars().all(|c| c.is_ascii_digit() || c == ',' || c == ' ');
    are_figures && known.contains(&name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_the_database_itself_are_known() {
        for declared in [
            "uuid",
            "jsonb",
            "character varying(40)",
            "time(3) with time zone",
            "numeric",
            "bit(3)",
        ] {
            assert!(is_known(declared, POSTGRES), "{declared}");
        }
        for declared in [
            "mood",
            "text",
            "uuid); drop table x; --",
            "varchar(1) default x",
            "int4[]",
            "varchar(",
        ] {
            assert!(!is_known(declared, POSTGRES), "{declared}");
        }
    }
}
