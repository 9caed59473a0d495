//! An API over a database in a folder of its own.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tenon_api::{Api, Backend, Settings};
use tenon_metadata::{Metadata, Name, Transaction};
use tenon_runs::{LogSettings, Runs};
use tenon_tenants::secrets::KeyRing;
use tenon_tenants::tokens::{self, TokenInput};
use tenon_tenants::{Error, Principal, Scope, TenantInput, tenants};
use tenon_triggers::{WorkflowError, WorkflowStart, Workflows};
use tenon_versions::{FolderBlobs, Store};
use tower::ServiceExt;

pub const JOB: &str = "sources.a.url = \"a.csv\"\n[sinks.b]\nfrom = \"a\"\nurl = \"b/\"\n";

/// An API with the tenants `shop` and `bank`.
pub struct World {
    pub router: Router,
    pub metadata: Metadata,
    pub runs: Runs,
    pub fake: Arc<Fake>,
    /// Tokens: the operator's, and of `shop` and `bank` with all scopes of a tenant.
    pub operator: String,
    pub shop: String,
    pub bank: String,
    /// Of `shop`, to look and no more.
    pub reader: String,
    _folder: tempfile::TempDir,
}

/// A server without an engine.
pub struct Fake {
    store: Store,
    pub draining: AtomicBool,
}

#[async_trait]
impl Backend for Fake {
    async fn check_plugin(&self, _name: &str, bytes: Vec<u8>) -> Result<Value, String> {
        if bytes.starts_with(b"\0asm") {
            return Ok(json!({ "interfaces": ["transform"], "functions": [] }));
        }
        Err("it is not WebAssembly".to_owned())
    }

    async fn test_connection(&self, _tenant: &Name, _connection: &Name) -> Result<Value, String> {
        Ok(json!({ "ok": false, "stage": "dns", "error": "no such host" }))
    }

    fn plugins(&self) -> Option<Store> {
        Some(self.store.clone())
    }

    fn workflows(&self) -> Arc<dyn Workflows> {
        Arc::new(Started)
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    fn metrics(&self) -> String {
        "up 1\n".to_owned()
    }
}

struct Started;

impl Workflows for Started {
    fn start(&self, _tx: &mut Transaction<'_>, start: &WorkflowStart) -> Result<String, WorkflowError> {
        Ok(format!("of {}", start.workflow))
    }
}

pub fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Answer {
    pub fn etag(&self) -> &str {
        self.headers["etag"].to_str().expect("a text")
    }

    /// The body of something that was done.
    pub fn done(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json
    }

    /// The problem that was answered, which has the right form.
    pub fn refused(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.is_problem();
        self.json
    }

    pub fn is_problem(&self) {
        let kind = self.headers.get("content-type").and_then(|kind| kind.to_str().ok());
        assert_eq!(kind, Some("application/problem+json"), "{} {}", self.status, self.text);
        assert_eq!(self.json["status"], self.status.as_u16());
        for field in ["type", "title", "detail"] {
            assert!(self.json[field].is_string(), "{field}: {}", self.text);
        }
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = folder.path().join("server.db").display().to_string();
        let components = [
            tenon_events::MIGRATIONS,
            tenon_tenants::MIGRATIONS,
            tenon_runs::MIGRATIONS,
            tenon_triggers::MIGRATIONS,
            tenon_workflows::MIGRATIONS,
            tenon_versions::MIGRATIONS,
            tenon_api::MIGRATIONS,
        ];
        let metadata = Metadata::open(&tenon_metadata::Settings::new(url), &components)
            .await
            .expect("a database");
        let issued = metadata.write(|tx| {
            let operator = tokens::bootstrap(tx, None)?
                .expect("there is none")
                .text
                .reveal()
                .to_owned();
            let mut texts = vec![operator];
            for (tenant, scopes) in [
                ("shop", vec![Scope::Admin]),
                ("bank", vec![Scope::Admin]),
                ("shop", vec![Scope::Read]),
            ] {
                let tenant = name(tenant);
                let mut input = TenantInput::default();
                input.quotas.hosts = Some(vec!["h".to_owned()]);
                tenants::put(tx, &tenant, &input, None)?;
                let input = TokenInput {
                    name: name(scopes[0].as_str()),
                    scopes,
                    expires: None,
                };
                let issued = tokens::create(tx, Some(&tenant), &input, &Principal::server())?;
                texts.push(issued.text.reveal().to_owned());
            }
            Ok::<_, Error>(texts)
        });
        let [operator, shop, bank, reader] = issued.await.expect("tokens").try_into().expect("four");
        let blobs = FolderBlobs::open(folder.path().join("plugins"))
            .await
            .expect("a folder");
        let fake = Arc::new(Fake {
            store: Store::new(metadata.clone(), Arc::new(blobs)),
            draining: AtomicBool::new(false),
        });
        let keys = KeyRing::parse(&KeyRing::generate().expect("a key"), "a test").expect("a key");
        let runs = Runs::new(metadata.clone(), LogSettings::default());
        let api = Api::new(
            metadata.clone(),
            Arc::new(keys),
            runs.clone(),
            Arc::clone(&fake) as _,
            settings,
        );
        Self {
            router: api.router(),
            metadata,
            runs,
            fake,
            operator,
            shop,
            bank,
            reader,
            _folder: folder,
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.expect("it always answers")
    }

    pub async fn answer(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.send(request).await.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            json: serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }

    pub async fn call(&self, method: &str, path: &str, token: &str, body: Value) -> Answer {
        self.call_with(method, path, token, &[], body).await
    }

    pub async fn call_with(
        &self,
        method: &str,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        let body = match body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        self.answer(request(method, path, token, headers, body)).await
    }

    /// By `shop`.
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", &format!("/v1/tenants/shop/{path}"), &self.shop, Value::Null)
            .await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", &format!("/v1/tenants/shop/{path}"), &self.shop, body)
            .await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", &format!("/v1/tenants/shop/{path}"), &self.shop, body)
            .await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", &format!("/v1/tenants/shop/{path}"), &self.shop, Value::Null)
            .await
    }

    pub async fn job(&self, job: &str) {
        self.put(&format!("jobs/{job}"), json!({ "definition": JOB }))
            .await
            .done(200);
    }
}

pub fn request(method: &str, path: &str, token: &str, headers: &[(&str, &str)], body: Body) -> Request<Body> {
    let method: Method = method.parse().expect("a method");
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json");
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).expect("a request")
}
