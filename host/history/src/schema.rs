//! The tables, and how older databases become newer ones.

use rusqlite::{Connection, Transaction};

/// Says that a SQLite file is a history: "Tnon".
pub(crate) const APPLICATION: i64 = 0x546e_6f6e;

/// What brings a database of version n to version n + 1. Never change one; add another.
const STEPS: &[&str] = &[VERSION_1];

/// The version that this build writes.
pub(crate) const VERSION: i64 = STEPS.len() as i64;

/// Times are microseconds since 1970; values are JSON.
const VERSION_1: &str = "
create table runs (
    number integer primary key autoincrement,
    id text not null unique,
    job text not null,
    state text not null,
    attempt integer not null,
    retry_of text,
    host text not null,
    pid integer not null,
    process text,
    began integer not null,
    updated integer not null,
    ended integer,
    committed integer,
    definition text not null,
    arguments text not null,
    plugins text not null,
    progress text,
    error text,
    report text,
    log_lines integer not null default 0,
    log_bytes integer not null default 0,
    log_dropped integer not null default 0
) strict;
create index runs_of_job on runs (job, number);
create index runs_under_way on runs (number) where ended is null;

create table log_lines (
    run integer not null,
    number integer not null,
    time integer not null,
    level integer not null,
    source integer not null,
    step text,
    message text not null,
    primary key (run, number)
) strict, without rowid;

-- The latest of a job and source is the current one; without a value, there is none.
create table bookmarks (
    number integer primary key autoincrement,
    job text not null,
    source text not null,
    position integer not null,
    run text,
    rewound integer not null,
    time integer not null,
    value text
) strict;
create index bookmarks_of_job on bookmarks (job, source, number);

create table pending (
    run text primary key,
    job text not null,
    time integer not null,
    tokens text not null,
    bookmarks text not null
) strict, without rowid;
create table pending_state (
    run text not null,
    key text not null,
    value blob,
    primary key (run, key)
) strict, without rowid;

create table state (
    job text not null,
    key text not null,
    value blob not null,
    primary key (job, key)
) strict, without rowid;

create table kept (
    number integer primary key autoincrement,
    run integer not null,
    time integer not null,
    step text not null,
    partition integer not null,
    function text not null,
    plugin text not null,
    config text not null,
    error text not null,
    fingerprint text not null,
    bytes integer not null,
    file text not null
) strict;
create index kept_of_run on kept (run, number);
";

/// The version of a database; 0 for an empty one.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings the database to this build's version.
pub(crate) fn upgrade(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let from = usize::try_from(version(transaction)?).unwrap_or_default();
    for step in STEPS.iter().skip(from) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)
}
