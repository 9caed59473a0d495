//! Versions of plugins: uploads, aliases, canaries, rollback.
//!
//! A component that is uploaded becomes a [`Version`] of a plugin, known by its bytes: the same bytes are the same version.
//! It can be used once it is [ready]. Jobs name a plugin as a [`Reference`]: by an alias, which moves, or by a version,
//! which does not. A [`Catalog`] finds the version in memory; a run [pins](pin) it, and keeps it until it ends.
//!
//! An alias may give a new version a share of its runs, a [`Canary`]. What [`record_outcome`] is told decides whether the
//! new version is promoted or rolled back. One that was [promoted](promote) for all runs is rolled back where the first of
//! them all fail.
//!
//! ```
//! use std::sync::Arc;
//!
//! use serde_json::json;
//! use tenon_metadata::{Metadata, Name, Settings};
//! use tenon_versions::{Catalog, Error, FolderBlobs, Push, Reference, Store, pin, ready};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = tempfile::tempdir()?;
//! # let (url, folder) = (place.path().join("server.db").display().to_string(), place.path().join("plugins"));
//! let components = [tenon_events::MIGRATIONS, tenon_versions::MIGRATIONS];
//! let metadata = Metadata::open(&Settings::new(url), &components).await?;
//! let store = Store::new(metadata.clone(), Arc::new(FolderBlobs::open(folder).await?));
//! let (shop, clean) = (Name::new("shop")?, Name::new("clean")?);
//!
//! let mut upload = store.begin(64 << 20).await?;
//! upload.write(b"\0asm ... the component").await?;
//! let push = Push {
//!     tenant: shop.clone(),
//!     plugin: clean.clone(),
//!     label: Some("1.2.0".to_owned()),
//!     by: "ada".to_owned(),
//!     digest: None,
//!     most_bytes: Some(1 << 30),
//! };
//! let version = store.push(upload, &push).await?.version;
//! // ... here it is compiled and tried out ...
//! let (tenant, plugin) = (shop.clone(), clean.clone());
//! let facts = json!({ "functions": ["clean"] });
//! metadata
//!     .write(move |tx| ready(tx, &tenant, &plugin, version.version, &facts))
//!     .await?;
//!
//! let catalog = Catalog::open(&metadata).await?;
//! let reference: Reference = "clean@latest".parse()?;
//! let found = catalog.resolve(&shop, &reference, "run_1")?;
//! let digests = [found.digest.clone()];
//! metadata.write(move |tx| pin(tx, &shop, "run_1", &digests)).await?;
//! assert_eq!(found.version, 1);
//! assert!(store.read(&found.digest).await?.starts_with(b"\0asm"));
//! # Ok(())
//! # }
//! ```

mod alias;
mod blobs;
mod canary;
mod catalog;
mod decide;
mod digest;
mod error;
mod moves;
mod pins;
mod reference;
mod schema;
mod store;
mod trial;
mod upload;
mod version;

pub use alias::{Alias, MOST_ALIASES, Promote, alias, aliases, promote, remove_alias};
pub use blobs::{Blobs, DatabaseBlobs, FolderBlobs};
pub use canary::{
    Canary, CanaryRules, Counts, Decision, Outcome, StartCanary, record_outcome, review_canaries, rollback,
    start_canary,
};
pub use catalog::{Catalog, Resolved};
pub use digest::Digest;
pub use error::Error;
pub use moves::{Move, MoveKind, last_promoted, moves};
pub use pins::{needed, pin, pinned_before, unpin};
pub use reference::{LATEST, Reference, STABLE, Which};
pub use schema::MIGRATIONS;
pub use store::{Collected, Push, Pushed, Store};
pub use trial::is_judged;
pub use upload::{Upload, Uploaded};
pub use version::{Version, VersionState, begin_check, find, plugins, ready, refuse, retire, version, versions};
