//! The database, on SQLite and on PostgreSQL: one suite for both, and what can go wrong with each.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the answer")]

mod child;
mod migrations;
mod postgres;
mod sqlite;
mod suite;
mod values;

use tenon_metadata::{Clock, Metadata, Migrations, Settings};

/// What the tests keep.
const TABLES: Migrations = Migrations {
    component: "tests",
    steps: &[
        "create table counters (name text primary key, value bigint not null);
         create table things (number {id}, name text, size bigint, share double precision, bytes {blob})",
        "create index things_by_name on things (name)",
    ],
};

/// Where a test has its database.
#[derive(Clone)]
struct Place {
    url: String,
}

impl Place {
    fn settings(&self) -> Settings {
        let mut settings = Settings::new(self.url.clone());
        settings.clock = Clock::new(|| 1_700_000_000_000_000);
        settings
    }

    async fn open(&self) -> Metadata {
        Metadata::open(&self.settings(), &[TABLES]).await.unwrap()
    }

    fn is_sqlite(&self) -> bool {
        !self.url.starts_with("postgres")
    }
}

/// Makes tests of functions over a [`Place`]: one each on SQLite, and the list of all for PostgreSQL, which takes a second
/// to start.
macro_rules! on_both {
    ($($test:ident),* $(,)?) => {
        pub(crate) type Test = fn(crate::Place) -> std::pin::Pin<Box<dyn Future<Output = ()>>>;

        pub(crate) const ALL: &[(&str, Test)] = &[$((stringify!($test), |place| Box::pin($test(place)))),*];

        mod on_sqlite {
            $(
                #[tokio::test]
                async fn $test() {
                    let folder = tempfile::tempdir().unwrap();
                    let url = folder.path().join("server.db").display().to_string();
                    super::$test(crate::Place { url }).await;
                }
            )*
        }
    };
}
pub(crate) use on_both;
