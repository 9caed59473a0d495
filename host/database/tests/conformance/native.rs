//! The databases that have a driver of our own, and how to look into them by other means.

use std::sync::Arc;

use tenon_database::Driver;

use crate::subject::Subject;

impl Subject {
    /// A file in a folder of its own.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(
        feature = "odbc",
        allow(dead_code, reason = "drivers of ODBC have a suite of their own")
    )]
    pub fn sqlite() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let path = folder.path().join("subject.db");
        // Without a log ahead, whoever reads keeps others from committing.
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        let (of_run, of_leftovers) = (path.clone(), folder.clone());
        Self {
            name: "sqlite",
            driver: Driver::Sqlite,
            url: format!("sqlite:{}", path.display()),
            most_columns: 2_000,
            has_emoji: true,
            tells_types: true,
            has_types: true,
            compares_moments: true,
            exact_bytes: true,
            exact_floats: true,
            knows_dead_runs: true,
            shares_snapshot: true,
            run: Box::new(move |sql| {
                let connection = rusqlite::Connection::open(&of_run).unwrap();
                connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
                connection
                    .execute_batch(sql)
                    .unwrap_or_else(|error| panic!("{sql}: {error}"));
            }),
            leftovers: Box::new(move || {
                let files = std::fs::read_dir(of_leftovers.path()).unwrap();
                let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
                names.filter(|name| name.contains("-tenon-")).count()
            }),
            held: folder,
        }
    }

    /// A server of its own.
    #[cfg(any(feature = "postgres", feature = "odbc"))]
    #[allow(dead_code, reason = "of the two suites one may be without it")]
    pub fn postgres(server: tenon_servers::Postgres) -> Self {
        let server = Arc::new(server);
        let (of_run, of_leftovers) = (Arc::clone(&server), Arc::clone(&server));
        Self {
            name: "postgres",
            driver: Driver::Postgres,
            url: server.url(),
            most_columns: 1_500,
            has_emoji: true,
            tells_types: true,
            has_types: true,
            compares_moments: true,
            exact_bytes: true,
            exact_floats: true,
            knows_dead_runs: true,
            shares_snapshot: true,
            run: Box::new(move |sql| {
                of_run.psql(sql);
            }),
            leftovers: Box::new(move || {
                let count = of_leftovers.psql(
                    "select count(*) from pg_class where relkind = 'r' and relname like '\\_tenon\\_%' \
                     and relname <> '_tenon_commits'",
                );
                count.trim().parse().unwrap()
            }),
            held: server,
        }
    }

    /// A server of its own.
    #[cfg(feature = "mysql")]
    #[cfg_attr(
        feature = "odbc",
        allow(dead_code, reason = "drivers of ODBC have a suite of their own")
    )]
    pub fn mariadb() -> Option<Self> {
        let server = Arc::new(tenon_servers::MariaDb::start_or_skip("conformance::mariadb")?);
        let (of_run, of_leftovers) = (Arc::clone(&server), Arc::clone(&server));
        Some(Self {
            name: "mariadb",
            driver: Driver::Mysql,
            url: server.url(),
            most_columns: 1_000,
            has_emoji: false,
            tells_types: true,
            has_types: true,
            compares_moments: true,
            exact_bytes: true,
            exact_floats: true,
            knows_dead_runs: true,
            shares_snapshot: true,
            run: Box::new(move |sql| {
                of_run.client(sql);
            }),
            leftovers: Box::new(move || {
                let count = of_leftovers.client(
                    "select count(*) from information_schema.tables where table_name like '\\_tenon\\_%' \
                     and table_name <> '_tenon_commits'",
                );
                count.split_whitespace().last().unwrap().parse().unwrap()
            }),
            held: server,
        })
    }
}
