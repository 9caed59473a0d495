//! Which kind of database is at the other end.

/// A kind of database, by the SQL it speaks.
#[cfg_attr(
    not(any(feature = "adbc", feature = "odbc")),
    allow(dead_code, reason = "a build with SQL Server alone knows what is at the other end")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dbms {
    /// PostgreSQL, and what speaks its SQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
    /// Microsoft SQL Server.
    Mssql,
    /// DuckDB.
    Duckdb,
    /// Any other: only what the SQL standard has, and nothing that depends on collations or on literals' details.
    Standard,
}

impl Dbms {
    /// From the name that a database, or its driver, gives itself.
    #[cfg(any(test, feature = "adbc", feature = "odbc"))]
    pub(crate) fn of_name(name: &str) -> Self {
        let name = name.to_lowercase();
        let has = |word: &str| name.contains(word);
        if has("postgres") || has("greenplum") || has("cockroach") {
            Self::Postgres
        } else if has("mysql") || has("mariadb") {
            Self::Mysql
        } else if has("sqlite") {
            Self::Sqlite
        } else if has("sql server") || has("sqlserver") || has("mssql") {
            Self::Mssql
        } else if has("duckdb") {
            Self::Duckdb
        } else {
            Self::Standard
        }
    }

    /// Whether tables can be made, changed and renamed in a transaction that is rolled back whole.
    pub(crate) fn transactional_ddl(self) -> bool {
        matches!(self, Self::Postgres | Self::Sqlite | Self::Mssql | Self::Duckdb)
    }

    /// Whether more than one connection can write at the same time.
    pub(crate) fn parallel_writes(self) -> bool {
        !matches!(self, Self::Sqlite | Self::Duckdb)
    }

    /// Whether types of columns mean more than advice.
    pub(crate) fn typed(self) -> bool {
        self != Self::Sqlite
    }

    /// Whether part of a transaction can be rolled back.
    pub(crate) fn savepoints(self) -> bool {
        self != Self::Duckdb
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_kind() {
        for (name, dbms) in [
            ("PostgreSQL", Dbms::Postgres),
            ("MariaDB", Dbms::Mysql),
            ("SQLite", Dbms::Sqlite),
            ("Microsoft SQL Server", Dbms::Mssql),
            ("duckdb", Dbms::Duckdb),
            ("Oracle", Dbms::Standard),
        ] {
            assert_eq!(Dbms::of_name(name), dbms, "{name}");
        }
    }
}
