//! Named connections and secrets, stored once and used by name.
//!
//! A [`Connection`] says how to reach a database, without its password. [`Connections`] keeps them in a file that people
//! may edit, and a project may have a file of its own. The [`SecretStore`] finds secrets in the environment, in files, and
//! in an encrypted store of its own. Where both are is said by [`Places`].
//!
//! ```
//! use tenon_connections::{Connections, Environment, NewConnection, Places, SecretStore};
//!
//! # fn main() -> Result<(), tenon_connections::Error> {
//! # let home = tempfile::tempdir().expect("a folder");
//! # let home_text = home.path().display().to_string();
//! # let environment = Environment::of([("HOME", home_text.as_str())]);
//! let places = Places::new(environment, home.path())?; // or Places::of_process()
//! let secrets = SecretStore::new(&places);
//! let mut connections = Connections::open(&places)?;
//!
//! let new = NewConnection::new("warehouse", "postgres://etl:hunter2@db.example.com/shop");
//! connections.add(new, &secrets)?;
//!
//! let warehouse = connections.find("warehouse")?;
//! assert_eq!(warehouse.url, "postgres://etl@db.example.com/shop");
//! let config = warehouse.resolve(&secrets)?; // for `tenon_database::open(warehouse.driver, &config)`
//! assert_eq!(config.options.password.expect("stored").reveal(), "hunter2");
//! # Ok(())
//! # }
//! ```

mod address;
mod connection;
mod connections;
mod connections_file;
mod environment;
mod error;
mod name;
mod nearest;
mod places;
mod private_file;
mod reference;
mod secrets;

pub use connection::{Connection, NewConnection, Scope};
pub use connections::{Added, Connections, Removed};
pub use environment::Environment;
pub use error::Error;
pub use places::Places;
pub use secrets::{Key, Origin, Rekeyed, SecretEntry, SecretStore, Stored, read_secret};
