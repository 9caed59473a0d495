//! Versions of plugins, from their upload to their end.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the answer")]

mod aliases;
mod canaries;
mod catalog;
mod garbage;
mod postgres;
mod trials;
mod uploads;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tenon_metadata::{Clock, Metadata, Name, Settings, Transaction, row};
use tenon_versions::{
    Blobs, DatabaseBlobs, Digest, Error, FolderBlobs, Promote, Push, Pushed, Store, Version, promote, ready,
};

const COMPONENTS: [tenon_metadata::Migrations; 2] = [tenon_events::MIGRATIONS, tenon_versions::MIGRATIONS];

/// A server's database and store, and a clock.
struct Place {
    metadata: Metadata,
    store: Store,
    now: Arc<AtomicI64>,
    folder: TempDir,
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

impl Place {
    /// With components in a folder.
    async fn new() -> Self {
        Self::with(None, false).await
    }

    /// With a database of one's own, or components in the database.
    async fn with(url: Option<String>, in_database: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = url.unwrap_or_else(|| folder.path().join("server.db").display().to_string());
        let now = Arc::new(AtomicI64::new(1_700_000_000_000_000));
        let clock = Arc::clone(&now);
        let mut settings = Settings::new(url);
        settings.clock = Clock::new(move || clock.load(Ordering::Relaxed));
        let metadata = Metadata::open(&settings, &COMPONENTS).await.unwrap();
        let blobs: Arc<dyn Blobs> = if in_database {
            Arc::new(DatabaseBlobs::new(metadata.clone()))
        } else {
            Arc::new(FolderBlobs::open(folder.path().join("plugins")).await.unwrap())
        };
        let store = Store::new(metadata.clone(), blobs);
        Self {
            metadata,
            store,
            now,
            folder,
        }
    }

    /// Lets time go by.
    fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    async fn write<T: Send + 'static>(
        &self,
        change: impl FnMut(&mut Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.metadata.write(change).await
    }

    /// Uploads bytes as a version of the tenant `shop`'s plugin `clean`.
    async fn push(&self, bytes: &[u8]) -> Result<Pushed, Error> {
        self.push_as(bytes, |_| {}).await
    }

    async fn push_as(&self, bytes: &[u8], change: impl FnOnce(&mut Push)) -> Result<Pushed, Error> {
        let mut push = Push {
            tenant: name("shop"),
            plugin: name("clean"),
            label: None,
            by: "ada".to_owned(),
            digest: None,
            most_bytes: None,
        };
        change(&mut push);
        let mut upload = self.store.begin(100 << 20).await?;
        for part in bytes.chunks(100_000) {
            upload.write(part).await?;
        }
        self.store.push(upload, &push).await
    }

    /// Uploads bytes as a version that is ready.
    async fn ready(&self, bytes: &[u8]) -> Version {
        let number = self.push(bytes).await.unwrap().version.version;
        self.write(move |tx| ready(tx, &name("shop"), &name("clean"), number, &json!({ "functions": [] })))
            .await
            .unwrap()
    }

    async fn promote(&self, alias: &str, version: i64, if_revision: Option<i64>) -> Result<i64, Error> {
        let promotion = Promote {
            alias: name(alias),
            version,
            by: "ada".to_owned(),
            reason: "it is better".to_owned(),
            if_revision,
        };
        self.write(move |tx| promote(tx, &name("shop"), &name("clean"), &promotion))
            .await
            .map(|alias| alias.revision)
    }

    /// The events of a kind, the oldest first.
    async fn events(&self, kind: &'static str) -> Vec<Json> {
        let look = self.metadata.read(move |tx| {
            let rows = tx.query("select data from events where kind = ?1 order by number", row![kind])?;
            rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()
        });
        look.await.map_err(|error: tenon_metadata::Error| error).unwrap()
    }

    /// What is left of uploads in the folder.
    fn left_of_uploads(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("plugins/uploads"))
            .unwrap()
            .count()
    }

    fn path(&self, digest: &Digest) -> std::path::PathBuf {
        let digits = digest.as_str();
        self.folder.path().join("plugins").join(&digits[..2]).join(digits)
    }
}
