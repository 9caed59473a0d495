//! What a session is told when it begins.

use crate::ConnectOptions;

use super::{Dbms, Fault, Session};

/// Sets timeouts, and a time zone in which nothing is converted.
pub(crate) fn settle(session: &mut impl Session, options: &ConnectOptions) -> Result<(), Fault> {
    let dbms = session.dbms();
    for statement in statements(dbms, options) {
        session.execute(&statement)?;
    }
    if let (Dbms::Mysql, Some(seconds)) = (dbms, options.statement_timeout) {
        // MariaDB counts seconds, MySQL milliseconds of reading alone; each knows only its own.
        let mariadb = format!("set session max_statement_time = {seconds}");
        let mysql = format!("set session max_execution_time = {}", u64::from(seconds) * 1_000);
        session.execute(&mariadb).or_else(|_| session.execute(&mysql))?;
    }
    Ok(())
}

fn statements(dbms: Dbms, options: &ConnectOptions) -> Vec<String> {
    let lock = u64::from(options.lock_timeout);
    match dbms {
        Dbms::Postgres => {
            let statement = options
                .statement_timeout
                .map(|seconds| format!("set statement_timeout = '{seconds}s'"));
            let rest = [
                "set time zone 'UTC'".to_owned(),
                format!("set lock_timeout = '{lock}s'"),
            ];
            rest.into_iter().chain(statement).collect()
        }
        Dbms::Mysql => vec![
            "set session time_zone = '+00:00'".to_owned(),
            format!("set session lock_wait_timeout = {}", lock.max(1)),
            format!("set session innodb_lock_wait_timeout = {}", lock.max(1)),
        ],
        Dbms::Sqlite => vec![format!("pragma busy_timeout = {}", lock * 1_000)],
        Dbms::Mssql => vec![
            format!("set lock_timeout {}", lock * 1_000),
            "set xact_abort off".to_owned(),
        ],
        Dbms::Duckdb | Dbms::Standard => Vec::new(),
    }
}
