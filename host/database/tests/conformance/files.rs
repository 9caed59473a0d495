//! Files of SQLite, looked into by another process: two copies of SQLite in one would undo each other's locks.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tenon_database::Driver;
use tenon_servers::or_skip;

use crate::subject::Subject;

/// How many staging tables there are, in SQL of SQLite.
const LEFTOVERS: &str =
    "select count(*) from sqlite_master where name like '\\_tenon\\_%' escape '\\' and name <> '_tenon_commits'";

impl Subject {
    /// A file of SQLite, behind a driver that others have made.
    pub fn file(name: &'static str, driver: Driver, url: impl Fn(&Path) -> String) -> Option<Self> {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let file = folder.path().join("subject.db");
        let ask = move |sql: &str| python(&file, sql);
        or_skip(name, ask("pragma journal_mode = wal"))?;
        let (file, of_leftovers) = (folder.path().join("subject.db"), ask.clone());
        Some(Self {
            name,
            driver,
            url: url(&file),
            most_columns: 2_000,
            has_emoji: true,
            tells_types: true,
            has_types: false,
            compares_moments: false,
            exact_bytes: true,
            exact_floats: true,
            knows_dead_runs: false,
            shares_snapshot: false,
            run: Box::new(move |sql| {
                ask(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
            }),
            leftovers: Box::new(move || of_leftovers(LEFTOVERS).unwrap().trim().parse().unwrap()),
            held: folder,
        })
    }
}

/// What the SQLite of Python's library answers.
fn python(file: &Path, sql: &str) -> Result<String> {
    const PROGRAM: &str = "import sqlite3, sys\n\
        connection = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)\n\
        for row in connection.execute(sys.argv[2]): print(*row)";
    let program = Command::new("python3")
        .args(["-c", PROGRAM])
        .arg(file)
        .arg(sql)
        .output()
        .context("python3 is not installed, which looks into files of SQLite")?;
    let said = String::from_utf8_lossy(&program.stderr);
    ensure!(program.status.success(), "{}", said.trim());
    Ok(String::from_utf8_lossy(&program.stdout).into_owned())
}
