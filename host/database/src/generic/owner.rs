//! Whether the run that has made a staging table is still alive.

use sha2::{Digest, Sha256};

use super::rows::number;
use super::{Dbms, Fault, Session};

/// Holds a lock for as long as the session lives, where the database has such locks.
pub(crate) fn hold(session: &mut impl Session, token: &str) -> Result<(), Fault> {
    let statement = match session.dbms() {
        Dbms::Postgres => format!("select pg_advisory_lock({})", key(token)),
        Dbms::Mysql => format!("do get_lock('{}', 0)", name(token)),
        Dbms::Mssql => format!(
            "exec sp_getapplock @Resource = N'{}', @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = 0",
            name(token)
        ),
        Dbms::Sqlite | Dbms::Duckdb | Dbms::Standard => return Ok(()),
    };
    session.execute(&statement)
}

/// Whether nobody holds the lock; none where the database has no such locks.
pub(crate) fn is_dead(session: &mut impl Session, token: &str) -> Result<Option<bool>, Fault> {
    let statement = match session.dbms() {
        // A lock that was got is let go at once.
        Dbms::Postgres => format!(
            "select case when pg_try_advisory_lock({0}) then case when pg_advisory_unlock({0}) then 1 else 1 end else 0 end",
            key(token)
        ),
        Dbms::Mysql => format!("select coalesce(is_free_lock('{}'), 1)", name(token)),
        Dbms::Mssql => format!(
            "select applock_test('public', N'{}', 'Exclusive', 'Session')",
            name(token)
        ),
        Dbms::Sqlite | Dbms::Duckdb | Dbms::Standard => return Ok(None),
    };
    Ok(number(session, &statement)?.map(|free| free == 1))
}

fn key(token: &str) -> i64 {
    let digest = Sha256::digest(token);
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

fn name(token: &str) -> String {
    format!("tenon_{}", &hex::encode(Sha256::digest(token))[..40])
}
