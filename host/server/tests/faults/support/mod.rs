//! A server that listens, with a clock that the test sets.

pub mod clock;
pub mod web;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tenon_job::Timespan;
use tenon_server::{Server, ServerConfig};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt;

pub use clock::SetClock;

/// Longest time that something may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The states in which a run stays.
pub const ENDS: [&str; 5] = ["SUCCEEDED", "FAILED", "ERROR", "STOPPED", "TIMEOUT"];

/// A job that copies its tenant's file `in.csv`.
pub const COPY: &str = "sources.orders.url = \"in.csv\"\n\n[sinks.copy]\nfrom = \"orders\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"append\"\n";

/// A server that listens at an address of this machine.
pub struct Running {
    pub server: Server,
    pub address: SocketAddr,
    /// The operator's.
    pub token: String,
    pub clock: Arc<SetClock>,
    data: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    ends: JoinHandle<()>,
    /// Removed with the server, where it is its own.
    _folder: Option<TempDir>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Running {
    /// A server in a folder of its own.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let server = Self::at(&data, None, Arc::default(), change).await;
        Self {
            _folder: Some(folder),
            ..server
        }
    }

    /// A server in this folder, by this clock; with the token of one that was there before.
    pub async fn at(
        data: &Path,
        token: Option<String>,
        clock: Arc<SetClock>,
        change: impl FnOnce(&mut ServerConfig),
    ) -> Self {
        let mut config = ServerConfig {
            data: data.to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            name: Some("test".to_owned()),
            ..ServerConfig::default()
        };
        config.runs.drain = Timespan(Duration::from_secs(10));
        config.runs.lease = Timespan(Duration::from_secs(3));
        change(&mut config);
        let server = Server::open_by(config, Arc::clone(&clock) as _).await.expect("opened");
        let made = server.bootstrap(None).await.expect("a token");
        let (stop, stopped) = oneshot::channel();
        let (listening, heard) = oneshot::channel();
        let serving = server.clone();
        let ends = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            let told = |address| {
                let _ = listening.send(address);
            };
            serving.serve(stopped, told).await.expect("it serves");
        });
        Self {
            server,
            address: heard.await.expect("it listens"),
            token: token.or(made).expect("a token"),
            clock,
            data: data.to_owned(),
            stop: Some(stop),
            ends,
            _folder: None,
        }
    }

    /// Ends the server as a signal would.
    pub async fn stop(mut self) {
        let _ = self.stop.take().expect("once").send(());
        self.ends.await.expect("it ends");
    }

    /// The server's folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// A tenant's folder.
    pub fn files(&self, tenant: &str) -> PathBuf {
        self.data.join("tenants").join(tenant).join("files")
    }

    /// A request of a tenant's or the operator's.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.server.router().oneshot(request).await.expect("answered");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 << 20).await.unwrap_or_default();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            json: serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }

    /// A request with a token and a body of JSON, or none.
    pub async fn ask(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        let body = match body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        self.send(request(method, path, token, "application/json", body)).await
    }

    /// By the operator, who is answered what is asked for.
    pub async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.ask(method, path, &self.token, &body).await;
        assert!(
            answer.status.is_success(),
            "{method} {path}: {} {}",
            answer.status,
            answer.text
        );
        answer.json
    }

    pub async fn get(&self, path: &str) -> Value {
        self.done("GET", path, Value::Null).await
    }

    /// A tenant with these quotas, and a file to read.
    pub async fn tenant(&self, name: &str, quotas: Value, input: &str) {
        self.done("PUT", &format!("/v1/tenants/{name}"), json!({ "quotas": quotas }))
            .await;
        let files = self.files(name);
        std::fs::create_dir_all(&files).expect("made");
        std::fs::write(files.join("in.csv"), input).expect("written");
    }

    /// A token of a tenant's, with all that a tenant's may have.
    pub async fn admin_of(&self, tenant: &str) -> String {
        let path = format!("/v1/tenants/{tenant}/tokens");
        let issued = self
            .done("POST", &path, json!({ "name": "admin", "scopes": ["admin"] }))
            .await;
        issued["text"].as_str().expect("a text").to_owned()
    }

    pub async fn job(&self, tenant: &str, name: &str, definition: &str, settings: Value) {
        let job = json!({ "definition": definition, "settings": settings });
        self.done("PUT", &format!("/v1/tenants/{tenant}/jobs/{name}"), job)
            .await;
    }

    /// Starts a run; its id.
    pub async fn submit(&self, tenant: &str, job: &str) -> String {
        let run = self
            .done("POST", &format!("/v1/tenants/{tenant}/jobs/{job}/runs"), json!({}))
            .await;
        run["id"].as_str().expect("an id").to_owned()
    }

    pub async fn run_of(&self, tenant: &str, run: &str) -> Value {
        self.get(&format!("/v1/tenants/{tenant}/runs/{run}")).await
    }

    /// Waits until a run is in one of these states.
    pub async fn wait_for(&self, tenant: &str, run: &str, states: &[&str]) -> Value {
        eventually(&format!("the run {run} comes to {states:?}"), async || {
            let found = self.run_of(tenant, run).await;
            states
                .contains(&found["state"].as_str().unwrap_or_default())
                .then_some(found)
        })
        .await
    }

    /// Runs a job to its end.
    pub async fn run(&self, tenant: &str, job: &str) -> Value {
        let run = self.submit(tenant, job).await;
        self.wait_for(tenant, &run, &ENDS).await
    }

    /// Uploads a version of a plugin.
    pub async fn upload(&self, tenant: &str, plugin: &str, token: &str, body: impl Into<Body>) -> Answer {
        let path = format!("/v1/tenants/{tenant}/plugins/{plugin}/versions");
        self.send(request("POST", &path, token, "application/wasm", body.into()))
            .await
    }
}

pub fn request(method: &str, path: &str, token: &str, kind: &str, body: Body) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("content-type", kind);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(body).expect("a request")
}

/// Looks until something is so.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    found.unwrap_or_else(|_| panic!("it does not come about within {PATIENCE:?} that {what}"))
}

/// All rows of the CSV files in a folder, sorted, without the heads.
pub fn rows(folder: &Path) -> Vec<String> {
    let mut rows = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).expect("text");
        rows.extend(text.lines().skip(1).map(str::to_owned));
    }
    rows.sort();
    rows
}

/// A component that the repository builds.
pub fn component(name: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../target/plugins/{name}.wasm"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask plugins` builds it", file.display()))
}
