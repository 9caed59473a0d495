//! Statements that make and change tables.

use crate::sql::Dialect;
use crate::{Error, TableName};

use super::Dbms;

/// A table with these columns, each with its type in SQL, and this primary key.
pub(crate) fn create(dbms: Dbms, table: &TableName, columns: &[(String, String)], key: &[String]) -> String {
    let mut parts: Vec<String> = columns
        .iter()
        .map(|(name, kind)| {
            let not_null = if key.contains(name) { " not null" } else { "" };
            format!("{} {kind}{not_null}", dbms.quote(name))
        })
        .collect();
    if !key.is_empty() {
        parts.push(format!("primary key ({})", dbms.quote_all(key)));
    }
    format!("create table {} ({})", dbms.table(table), parts.join(", "))
}

/// A column more.
pub(crate) fn add_column(dbms: Dbms, table: &TableName, column: &str, kind: &str) -> String {
    let add = if dbms == Dbms::Mssql { "add" } else { "add column" };
    format!("alter table {} {add} {} {kind}", dbms.table(table), dbms.quote(column))
}

/// A wider type for a column; none where there is no statement for it.
pub(crate) fn widen_column(dbms: Dbms, table: &TableName, column: &str, kind: &str) -> Option<String> {
    let change = match dbms {
        Dbms::Postgres => format!("alter column {} type {kind}", dbms.quote(column)),
        Dbms::Duckdb => format!("alter column {} set data type {kind}", dbms.quote(column)),
        Dbms::Mysql => format!("modify column {} {kind}", dbms.quote(column)),
        Dbms::Mssql => format!("alter column {} {kind}", dbms.quote(column)),
        Dbms::Sqlite | Dbms::Standard => return None,
    };
    Some(format!("alter table {} {change}", dbms.table(table)))
}

/// A new name in the same schema.
pub(crate) fn rename(dbms: Dbms, table: &TableName, name: &str) -> String {
    match dbms {
        Dbms::Mssql => {
            // The old name is an expression there, in quotes of its own; the new one is taken as it is written.
            let text = |text: &str| format!("N'{}'", text.replace('\'', "''"));
            format!("exec sp_rename {}, {}", text(&dbms.table(table)), text(name))
        }
        _ => format!("alter table {} rename to {}", dbms.table(table), dbms.quote(name)),
    }
}

/// No table any more.
pub(crate) fn drop_table(dbms: Dbms, table: &TableName) -> String {
    format!("drop table {}", dbms.table(table))
}

/// A type that a person has written, if it is one: nothing in it may go on after the type.
pub(crate) fn checked_type(column: &str, kind: &str) -> Result<String, Error> {
    let kind = kind.trim();
    let mut depth = 0_i32;
    let mut quoted = false;
    let mut closed_early = false;
    let mut comma_outside = false;
    for character in kind.chars() {
        match character {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth -= 1;
                closed_early |= depth < 0;
            }
            ',' if !quoted && depth == 0 => comma_outside = true,
            _ => {}
        }
    }
    let forbidden = ["--", "/*", ";", "\\", "\0", "\""]
        .iter()
        .any(|word| kind.contains(word));
    if kind.is_empty() || depth != 0 || quoted || closed_early || comma_outside || forbidden {
        return Err(Error::Config {
            subject: format!("the type of the column `{column}`"),
            reason: format!("`{kind}` is not a type in SQL, such as `decimal(20,4)`"),
        });
    }
    Ok(kind.to_owned())
}

/// A type to cast to, where people write types that one cannot cast to everywhere.
pub(crate) fn cast_type(dbms: Dbms, kind: &str) -> String {
    let lower = kind.to_lowercase();
    let known = match (dbms, lower.as_str()) {
        (Dbms::Mysql, "text" | "varchar" | "string") => "char",
        (Dbms::Mysql, "bigint" | "integer" | "int" | "smallint") => "signed",
        (Dbms::Mysql, "timestamp") => "datetime(6)",
        (Dbms::Mssql, "text" | "varchar" | "string") => "nvarchar(max)",
        (Dbms::Mssql, "timestamp") => "datetime2(6)",
        (Dbms::Mssql, "boolean") => "bit",
        (Dbms::Mssql, "double" | "double precision") => "float(53)",
        (Dbms::Standard, "text" | "string") => "varchar(4000)",
        (Dbms::Postgres, "double") => "double precision",
        (Dbms::Postgres | Dbms::Sqlite | Dbms::Duckdb, "string") => "text",
        _ => return kind.to_owned(),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_in_the_dialect() {
        let table = TableName::new(Some("s"), "t'x]");
        assert_eq!(
            rename(Dbms::Mssql, &table, "it's"),
            "exec sp_rename N'[s].[t''x]]]', N'it''s'"
        );
        assert_eq!(
            rename(Dbms::Postgres, &table, "u"),
            "alter table \"s\".\"t'x]\" rename to \"u\""
        );
        let columns = [
            ("id".to_owned(), "bigint".to_owned()),
            ("v".to_owned(), "text".to_owned()),
        ];
        assert_eq!(
            create(Dbms::Sqlite, &TableName::new(None, "t"), &columns, &["id".to_owned()]),
            "create table \"t\" (\"id\" bigint not null, \"v\" text, primary key (\"id\"))"
        );
        assert_eq!(
            add_column(Dbms::Mssql, &TableName::new(None, "t"), "c", "bit"),
            "alter table [t] add [c] bit"
        );
        assert_eq!(widen_column(Dbms::Standard, &table, "c", "bigint"), None);
    }

    #[test]
    fn a_type_is_nothing_but_a_type() {
        for kind in ["decimal(20,4)", "double precision", "enum('a;b','c')", "int[]"] {
            let fits = checked_type("c", kind).is_ok();
            assert_eq!(fits, !kind.contains(';'), "{kind}");
        }
        for kind in ["", "int, x int", "int) as x", "int -- ", "int; drop table t", "'"] {
            assert!(checked_type("c", kind).is_err(), "{kind}");
        }
    }
}
