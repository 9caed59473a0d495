//! Tests that run on SQLite by themselves, and once more on PostgreSQL: all of them on one server, each in databases of
//! its own.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tenon_servers::Postgres;

/// A test, and what it is called.
pub type Test = (&'static str, fn());

/// The tests of a module that run on PostgreSQL too, as `ON_BOTH`.
macro_rules! on_both {
    ($($test:ident),* $(,)?) => {
        pub const ON_BOTH: &[$crate::databases::Test] = &[$((concat!(module_path!(), "::", stringify!($test)), $test)),*];
    };
}
pub(crate) use on_both;

struct Server {
    postgres: Postgres,
    databases: AtomicUsize,
}

thread_local! {
    /// What the test of this thread is to use instead of SQLite.
    static SERVER: RefCell<Option<Arc<Server>>> = const { RefCell::new(None) };
}

/// The URL of a new database: a file in this folder, where it is not PostgreSQL's turn.
pub fn new_url(folder: &Path) -> String {
    let server = SERVER.with_borrow(Clone::clone);
    server.map_or_else(
        || folder.join("server.db").display().to_string(),
        |server| server.create(),
    )
}

impl Server {
    /// A new database, which sorts as people do and not by bytes: nothing may depend on that.
    fn create(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let create =
            format!("create database {name} template template0 encoding 'UTF8' locale_provider icu icu_locale 'en-US'");
        self.postgres.psql_in("postgres", &create).expect("a database");
        self.postgres.url_of(&name)
    }
}

/// Runs tests on PostgreSQL, each on a thread of its own as the test runner does, one after the other.
pub fn run_on_postgresql(suite: &str, tests: &[&[Test]]) {
    let Some(postgres) = Postgres::start_or_skip(suite) else {
        return;
    };
    let databases = AtomicUsize::new(0);
    let server = Arc::new(Server { postgres, databases });
    let mut failed = Vec::new();
    for (name, test) in tests.concat() {
        println!("{name}");
        let server = Arc::clone(&server);
        let test = thread::spawn(move || {
            SERVER.set(Some(server));
            test();
        });
        if test.join().is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "on PostgreSQL: {failed:#?}");
}
