//! The server's database: SQLite in a file, or PostgreSQL, behind transactions that are closures.
//!
//! The crates that keep something in it write their SQL once, in the part of the language that both databases know, and
//! bring their tables as [`Migrations`]. What changes something is a function over a [`Transaction`], so that several of
//! them can be made one change. A change is durable when its future is ready.
//!
//! - SQLite is for one server. One thread writes: changes that wait together are made durable by one flush to the disk; if
//!   one of them fails, it alone is undone. Other threads read, each look at one moment of the database. To back it up while
//!   it is in use, [`Metadata::backup`].
//! - PostgreSQL is for several servers. Threads of a connection each run changes as serializable transactions, again when
//!   they collide with others. While the server cannot be reached, calls are tried for a few seconds and then answer
//!   [`Error::Unavailable`]; later ones work again. To back it up, `pg_dump --format=custom`.
//!
//! ```
//! use tenon_metadata::{Error, Metadata, Migrations, Settings, row};
//!
//! const MIGRATIONS: Migrations = Migrations {
//!     component: "colours",
//!     steps: &["create table colours (name text primary key, red bigint not null)"],
//! };
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Error> {
//! # let place = tempfile::tempdir().expect("a folder");
//! # let url = place.path().join("server.db").display().to_string();
//! let metadata = Metadata::open(&Settings::new(url), &[MIGRATIONS]).await?;
//! metadata
//!     .write(|tx| tx.execute("insert into colours (name, red) values (?1, ?2)", row!["salmon", 250]))
//!     .await?;
//! let red: i64 = metadata
//!     .read(|tx| tx.one("select red from colours where name = ?1", row!["salmon"])?.get(0))
//!     .await?;
//! assert_eq!(red, 250);
//! # Ok(())
//! # }
//! ```

mod clock;
mod error;
mod metadata;
mod migrations;
mod name;
mod notices;
mod page;
mod place;
mod postgres;
mod queue;
mod settings;
mod sql;
mod sqlite;
mod transaction;
mod value;
mod work;

pub use clock::Clock;
pub use error::{Error, ErrorKind};
pub use metadata::{Metadata, Statistics};
pub use migrations::Migrations;
pub use name::{InvalidName, Name, id};
pub use notices::{Notice, Subscription};
pub use page::{LONGEST_PAGE, Page, PageRequest};
pub use settings::Settings;
pub use transaction::Transaction;
pub use value::{FromValue, Row, Value};
