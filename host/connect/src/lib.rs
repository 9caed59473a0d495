//! Sources and sinks of Tenon jobs.
//!
//! A connector is one folder: its configuration, how it reads and how it writes. So far there is one, [`file`].
//!
//! ```
//! use datafusion::prelude::SessionContext;
//! use tenon_connect::file::{self, ReadConfig, ReadOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("delays.csv");
//! std::fs::write(&path, "flight,delay\n1545,NA\n1714,20\n")?;
//! let mut config = ReadConfig::new(path.to_string_lossy());
//! config.csv.null = vec!["NA".to_owned()];
//!
//! let session = SessionContext::new();
//! let source = file::open(&config, &ReadOptions::default(), &session).await?;
//! assert_eq!(source.schema().field(1).data_type().to_string(), "Int64");
//! assert_eq!(session.read_table(source.table())?.count().await?, 2);
//! # Ok(())
//! # }
//! ```

mod error;
pub mod file;
mod secret;

pub use error::{Error, ErrorKind};
pub use secret::Secret;
