//! A database with a clock that tests turn.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;
use tenon_metadata::{Clock, Metadata, Name, Settings, Transaction};
use tenon_tenants::{Error, TenantInput, tenants};

/// 2026-01-31T12:00:00Z.
pub const NOON: i64 = 1_769_860_800_000_000;
pub const SECOND: i64 = 1_000_000;

pub struct Server {
    pub metadata: Metadata,
    clock: Arc<AtomicI64>,
    _place: TempDir,
}

impl Server {
    /// With the tenants `a` and `b`.
    pub async fn start() -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(AtomicI64::new(NOON));
        let shown = Arc::clone(&clock);
        let settings = Settings {
            clock: Clock::new(move || shown.load(Ordering::SeqCst)),
            ..Settings::new(place.path().join("server.db").display().to_string())
        };
        let components = [tenon_events::MIGRATIONS, tenon_tenants::MIGRATIONS];
        let metadata = Metadata::open(&settings, &components).await.expect("a database");
        let server = Self {
            metadata,
            clock,
            _place: place,
        };
        for tenant in ["a", "b"] {
            server
                .write(move |tx| tenants::put(tx, &name(tenant), &TenantInput::default(), None))
                .await;
        }
        server
    }

    pub fn wait(&self, microseconds: i64) {
        self.clock.fetch_add(microseconds, Ordering::SeqCst);
    }

    pub fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub async fn try_write<T: Send + 'static>(
        &self,
        change: impl FnMut(&mut Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.metadata.write(change).await
    }

    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnMut(&mut Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> T {
        self.try_write(change).await.expect("a change")
    }

    pub async fn fails<T: Debug + Send + 'static>(
        &self,
        change: impl FnMut(&mut Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Error {
        self.try_write(change).await.expect_err("no change")
    }

    /// What somebody does who has the database.
    pub async fn tamper(&self, sql: &'static str) -> u64 {
        self.write(move |tx| Ok(tx.execute(sql, &[])?)).await
    }
}

pub fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}
