//! A stand-in for Google Cloud Storage, of which there is no server to install that speaks its XML API: one bucket in
//! memory, that asks for tokens signed by its service account, refuses what the real one refuses, and gives lists in small
//! pages.

mod answers;
mod bucket;
mod requests;
mod token;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use self::bucket::Bucket;
use self::token::Account;

/// A stand-in for Google Cloud Storage with one empty bucket. It ends, and its data go, when this is dropped.
#[derive(Debug)]
pub struct Gcs {
    /// URL of the server.
    pub endpoint: String,
    /// Its only bucket.
    pub bucket: &'static str,
    shared: Arc<Shared>,
    /// Of all connections; there until this is dropped.
    runtime: Option<Runtime>,
}

#[derive(Debug)]
struct Shared {
    account: Account,
    bucket: Mutex<Bucket>,
}

/// The name of the only bucket.
const BUCKET: &str = "lake";

impl Gcs {
    /// Starts a server.
    ///
    /// # Errors
    /// When there is no `openssl`, which makes the account's key, or no free port.
    pub fn start() -> Result<Self> {
        let shared = Arc::new(Shared {
            account: Account::make()?,
            bucket: Mutex::default(),
        });
        let runtime = Runtime::new().context("no threads")?;
        let listener = runtime
            .block_on(TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))))
            .context("no free port")?;
        let address = listener.local_addr().context("no address")?;
        let router = Router::new()
            .fallback(requests::answer)
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            endpoint: format!("http://{address}"),
            bucket: BUCKET,
            shared,
            runtime: Some(runtime),
        })
    }

    /// The key of the account that may use the bucket, as Google's console hands it out.
    pub fn service_account_key(&self) -> String {
        key(&self.shared.account)
    }

    /// The key of an account of the same name that the server does not know.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn stranger(&self) -> Result<String> {
        Account::make().map(|account| key(&account))
    }

    /// The keys of all objects.
    pub fn objects(&self) -> Vec<String> {
        self.lock().keys()
    }

    /// How many uploads in parts were begun, and are neither complete nor aborted.
    pub fn uploads(&self) -> usize {
        self.lock().uploads()
    }

    /// How many uploads in parts were completed.
    pub fn completed(&self) -> usize {
        self.lock().completed()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Bucket> {
        self.shared.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Gcs {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn key(account: &Account) -> String {
    json!({
        "type": "service_account",
        "private_key": account.private_key,
        "private_key_id": "of-the-test",
        "client_email": token::EMAIL,
    })
    .to_string()
}
