//! A server in a folder of its own, and requests to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tenon_job::Timespan;
use tenon_server::{Server, ServerConfig, Surroundings};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// Longest time that something may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs, with the operator's token.
pub struct Running {
    pub folder: PathBuf,
    server: Server,
    router: Router,
    token: String,
    stop: Option<oneshot::Sender<()>>,
    ends: JoinHandle<()>,
}

/// What was answered.
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

impl Running {
    /// Starts a server in a folder. The second one in the same folder has to be told the token of the first.
    pub async fn start(folder: &Path, token: Option<String>) -> Self {
        Self::configured(folder, token, |_| {}).await
    }

    /// The same with other settings.
    pub async fn configured(folder: &Path, token: Option<String>, change: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = ServerConfig {
            data: folder.to_owned(),
            name: Some("test".to_owned()),
            ..ServerConfig::default()
        };
        config.runs.drain = Timespan(Duration::from_secs(10));
        config.runs.lease = Timespan(Duration::from_secs(3));
        change(&mut config);
        Self::surrounded(folder, token, config, Surroundings::default()).await
    }

    /// The same with these settings, and in other surroundings.
    pub async fn surrounded(
        folder: &Path,
        token: Option<String>,
        config: ServerConfig,
        surroundings: Surroundings,
    ) -> Self {
        let server = Server::open_in(config, surroundings).await.expect("opened");
        let made = server.bootstrap(None).await.expect("a token");
        let (stop, stopped) = oneshot::channel();
        let runs = server.clone();
        let ends = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            runs.run(stopped).await.expect("it runs");
        });
        Self {
            router: server.router(),
            server,
            folder: folder.to_owned(),
            token: token.or(made).expect("a token"),
            stop: Some(stop),
            ends,
        }
    }

    /// The operator's token.
    pub fn token(&self) -> String {
        self.token.clone()
    }

    /// The configuration that is in force.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.server.config()
    }

    /// What a tenant may have.
    pub async fn quotas(&self, tenant: &str) -> tenon_tenants::Quotas {
        let tenant = tenon_metadata::Name::new(tenant).expect("a name");
        let quotas = self.server.metadata();
        let quotas = quotas.read(move |tx| tenon_tenants::quotas::of(tx, &tenant));
        quotas.await.expect("read")
    }

    /// The CPU time that a tenant has used today, in microseconds.
    pub async fn cpu_today(&self, tenant: tenon_metadata::Name) -> u64 {
        let used = self.server.metadata();
        let used = used.read(move |tx| tenon_tenants::usage::cpu_today(tx, &tenant));
        used.await.expect("read")
    }

    /// What has happened to the server itself.
    pub async fn server_events(&self) -> Vec<Value> {
        let events = self.server.metadata().read(|tx| {
            let rows = tx.query(
                "select kind, data from events where tenant is null order by number",
                &[],
            )?;
            let event =
                |row: &tenon_metadata::Row| Ok(json!({ "kind": row.get::<String>(0)?, "data": row.get::<Value>(1)? }));
            rows.iter()
                .map(event)
                .collect::<Result<Vec<_>, tenon_metadata::Error>>()
        });
        events.await.expect("read")
    }

    /// Ends the server as a signal would.
    pub async fn stop(mut self) {
        let _ = self.stop.take().expect("once").send(());
        self.ends.await.expect("it ends");
    }

    /// A request with the operator's token.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(method, path, "application/json", body).await
    }

    /// A request with another token.
    pub async fn ask_as(&self, token: &str, method: Method, path: &str) -> Answer {
        self.send_as(token, method, path, "application/json", Body::empty())
            .await
    }

    async fn send(&self, method: Method, path: &str, kind: &str, body: Body) -> Answer {
        self.send_as(&self.token, method, path, kind, body).await
    }

    async fn send_as(&self, token: &str, method: Method, path: &str, kind: &str, body: Body) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, kind);
        let response = self.router.clone().oneshot(request.body(body).expect("a request"));
        let response = response.await.expect("answered");
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 64 << 20).await.expect("read");
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
        Answer { status, body }
    }

    /// Uploads a version of a plugin.
    pub async fn upload(&self, tenant: &str, plugin: &str, bytes: Vec<u8>) -> Answer {
        let path = format!("/v1/tenants/{tenant}/plugins/{plugin}/versions");
        self.send(Method::POST, &path, "application/wasm", Body::from(bytes))
            .await
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "GET {path}: {}", answer.body);
        answer.body
    }

    pub async fn put(&self, path: &str, body: Value) -> Value {
        let answer = self.ask(Method::PUT, path, Some(body)).await;
        assert!(answer.status.is_success(), "PUT {path}: {}", answer.body);
        answer.body
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.ask(Method::POST, path, Some(body)).await;
        assert!(answer.status.is_success(), "POST {path}: {}", answer.body);
        answer.body
    }

    /// A tenant, with a file of its own to read.
    pub async fn tenant(&self, name: &str, input: &str) {
        self.put(&format!("/v1/tenants/{name}"), json!({})).await;
        let files = self.files(name);
        std::fs::create_dir_all(&files).expect("made");
        std::fs::write(files.join("in.csv"), input).expect("written");
    }

    /// A tenant's folder.
    pub fn files(&self, tenant: &str) -> PathBuf {
        self.folder.join("tenants").join(tenant).join("files")
    }

    /// Puts a job of this text.
    pub async fn job(&self, tenant: &str, name: &str, definition: &str, settings: Value) {
        let job = json!({ "definition": definition, "settings": settings });
        self.put(&format!("/v1/tenants/{tenant}/jobs/{name}"), job).await;
    }

    /// Starts a run; answers with its id.
    pub async fn start_run(&self, tenant: &str, job: &str, arguments: Value) -> String {
        let path = format!("/v1/tenants/{tenant}/jobs/{job}/runs");
        let run = self.post(&path, json!({ "arguments": arguments })).await;
        run["id"].as_str().expect("an id").to_owned()
    }

    /// Waits until a run is in one of these states.
    pub async fn wait_for(&self, tenant: &str, run: &str, states: &[&str]) -> Value {
        let path = format!("/v1/tenants/{tenant}/runs/{run}");
        let waiting = async {
            loop {
                let found = self.get(&path).await;
                if states.contains(&found["state"].as_str().unwrap_or_default()) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("the run {run} does not come to {states:?}"))
    }

    /// Waits until there is an event of this kind; events are put into their order a moment after they happened.
    pub async fn wait_for_event(&self, tenant: &str, kind: &str) {
        let path = format!("/v1/tenants/{tenant}/events");
        let waiting = async {
            loop {
                let found = self.get(&path).await;
                let events = found["items"].as_array().expect("a list");
                if events.iter().any(|event| event["kind"] == kind) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("there is no event {kind}"));
    }

    /// Waits until a trigger of the tenant `shop` has looked once, whether it has found anything or not.
    pub async fn wait_for_look(&self, trigger: &'static str) {
        let has_looked = async || {
            let looked = self.server.metadata().read(move |tx| {
                let found = tx.one(
                    "select look_cursor from triggers where tenant = 'shop' and name = ?1",
                    tenon_metadata::row![trigger],
                )?;
                Ok::<_, tenon_metadata::Error>(found.get::<Option<String>>(0)?.is_some())
            });
            looked.await.expect("read")
        };
        let waiting = async {
            while !has_looked().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("the trigger `{trigger}` does not look"));
    }

    /// Waits until a secret is under another key than this one.
    pub async fn wait_for_key(&self, path: &str, old: &Value) -> Value {
        let waiting = async {
            loop {
                let found = self.get(path).await;
                if found["key_id"] != *old {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("{path} stays under its key"))
    }

    /// Runs a job to its end.
    pub async fn run(&self, tenant: &str, job: &str, arguments: Value) -> Value {
        let run = self.start_run(tenant, job, arguments).await;
        let ends = ["SUCCEEDED", "FAILED", "ERROR", "STOPPED", "TIMEOUT"];
        self.wait_for(tenant, &run, &ends).await
    }
}

/// A job that copies its tenant's file.
pub const COPY: &str = "sources.orders.url = \"in.csv\"\n\n[sinks.copy]\nfrom = \"orders\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"overwrite\"\n";

/// All rows of the CSV files in a folder, sorted, without the heads.
pub fn rows(folder: &Path) -> Vec<String> {
    let mut rows = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(['.', '_']) {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).expect("text");
        rows.extend(text.lines().skip(1).map(str::to_owned));
    }
    rows.sort();
    rows
}

/// Puts a new key before the one in a server's folder; answers with both.
pub fn first_key(folder: &Path) -> [String; 2] {
    let file = folder.join("key");
    let old = std::fs::read_to_string(&file).expect("a key").trim().to_owned();
    let new = tenon_tenants::KeyRing::generate().expect("a key").to_string();
    std::fs::write(&file, format!("{new}\n{old}\n")).expect("written");
    [new, old]
}
