//! A client, and what it can ask about as a whole.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::{Builder, Call, Error, Operation, Retries, Segment, Text, Token};

/// Asks a server. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Parts>);

pub(crate) struct Parts {
    pub http: reqwest::Client,
    /// Where the server's paths begin.
    pub base: Url,
    /// How the server is called in errors.
    pub server: String,
    pub token: Option<Token>,
    pub timeout: Duration,
    pub retries: Retries,
}

/// Asks a server about what one tenant has.
#[derive(Clone, Debug)]
pub struct Tenant {
    client: Client,
    name: String,
}

impl Client {
    /// Begins to make a client of the server at this URL: `https://tenon.example.com`.
    pub fn builder(url: impl Into<String>) -> Builder {
        Builder::new(url.into())
    }

    pub(crate) fn new(
        http: reqwest::Client,
        base: Url,
        token: Option<Token>,
        timeout: Duration,
        retries: Retries,
    ) -> Self {
        Self(Arc::new(Parts {
            http,
            server: base.as_str().trim_end_matches('/').to_owned(),
            base,
            token,
            timeout,
            retries,
        }))
    }

    /// What belongs to a tenant.
    pub fn tenant(&self, name: impl Into<String>) -> Tenant {
        Tenant {
            client: self.clone(),
            name: name.into(),
        }
    }

    /// The server's address.
    pub fn server(&self) -> &str {
        &self.0.server
    }

    /// Whether the server lives.
    ///
    /// # Errors
    /// Why not.
    pub async fn live(&self) -> Result<(), Error> {
        self.plain("/livez").text().await.map(drop)
    }

    /// Whether the server can take work: its database answers, and it is not about to end.
    ///
    /// # Errors
    /// Why not.
    pub async fn ready(&self) -> Result<(), Error> {
        self.plain("/readyz").text().await.map(drop)
    }

    /// The server's figures, in Prometheus' text format.
    ///
    /// # Errors
    /// Why there are none.
    pub async fn metrics(&self) -> Result<String, Error> {
        self.plain("/metrics").text().await
    }

    /// The OpenAPI document of what the server answers.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn document(&self) -> Result<Value, Error> {
        self.plain("/openapi.json").answered().send().await
    }

    /// What the API's document does not have.
    fn plain(&self, path: &'static str) -> Call<Text> {
        let operation = Operation {
            id: "",
            method: "GET",
            path,
        };
        self.call(operation, &[])
    }

    pub(crate) fn call<T>(&self, operation: Operation, segments: &[Segment]) -> Call<T> {
        Call::new(self.clone(), operation, segments)
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }
}

impl Tenant {
    /// The tenant's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The client that asks.
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn call<T>(&self, operation: Operation, segments: &[Segment]) -> Call<T> {
        let all: Vec<Segment> = [Segment::from(&self.name)]
            .into_iter()
            .chain(segments.iter().cloned())
            .collect();
        self.client.call(operation, &all)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("server", &self.0.server)
            .finish_non_exhaustive()
    }
}
