//! Sources and sinks of Tenon jobs.
//!
//! A connector is one folder: its configuration, how it reads and how it writes. There are [`file`] and [`database`]; what
//! jobs say of any of them is a [`SourceConfig`] or a [`SinkConfig`].
//!
//! ```
//! use datafusion::prelude::SessionContext;
//! use tenon_connect::file::ReadConfig;
//! use tenon_connect::{ReadOptions, SourceConfig};
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
//! let source = SourceConfig::from(config).open(&ReadOptions::default(), &session).await?;
//! assert_eq!(source.schema().field(1).data_type().to_string(), "Int64");
//! assert_eq!(session.read_table(source.table())?.count().await?, 2);
//! # Ok(())
//! # }
//! ```

pub mod database;
mod error;
pub mod file;
mod sink;
mod source;

pub use error::{Error, ErrorKind};
pub use sink::{Begun, Committed, Part, Prepared, Sink, SinkConfig, SinkRejects, Writer};
pub use source::{Bookmark, ReadOptions, Source, SourceConfig};
pub use tenon_database::Secret;
