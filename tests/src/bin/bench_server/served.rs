//! A server in this process, in a folder of its own.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tenon_metadata::{Metadata, Name, row};
use tenon_runs::{JobInput, JobSettings, jobs};
use tenon_server::{Server, ServerConfig};
use tenon_tenants::{TenantInput, tenants};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// Longest time that runs may take before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often is looked whether runs have ended.
const LOOK: Duration = Duration::from_millis(5);
/// Changes in one transaction while a server is being filled.
const TOGETHER: usize = 500;
/// Rows of a tiny job.
pub const ROWS: u64 = 10;

/// What ends a server that runs, and says how it ended.
type Running = (oneshot::Sender<()>, JoinHandle<Result<(), tenon_server::Error>>);

/// A server, with the operator's token.
pub struct Served {
    pub folder: PathBuf,
    pub server: Server,
    router: Router,
    token: String,
    running: Option<Running>,
}

impl Served {
    /// Opens a server in an empty folder. Nothing runs yet.
    pub async fn open(folder: &Path) -> anyhow::Result<Self> {
        let mut config = ServerConfig {
            data: folder.to_owned(),
            name: Some("bench".to_owned()),
            ..ServerConfig::default()
        };
        // The quotas of tenants are not what is measured.
        config.quotas.concurrent_runs = 1_000;
        config.quotas.queued_runs = 1_000_000;
        config.quotas.sandboxes = 1_000;
        config.quotas.memory_bytes = 1 << 50;
        config.quotas.cpu_seconds_per_day = 1 << 30;
        config.quotas.triggers = 1_000_000;
        let server = Server::open(config).await?;
        let token = server.bootstrap(None).await?;
        Ok(Self {
            folder: folder.to_owned(),
            router: server.router(),
            server,
            token: token.context("the folder was not empty")?,
            running: None,
        })
    }

    /// From now on runs are carried out.
    pub fn run(&mut self) {
        let (stop, stopped) = oneshot::channel();
        let server = self.server.clone();
        let ends = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            server.run(stopped).await
        });
        self.running = Some((stop, ends));
    }

    /// Ends as after a signal.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some((stop, ends)) = self.running.take() {
            let _ = stop.send(());
            ends.await??;
        }
        Ok(())
    }

    pub fn metadata(&self) -> &Metadata {
        self.server.metadata()
    }

    /// A request that has to succeed.
    pub async fn ask(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let body = Body::from(body.to_string());
        let (status, answer) = self.send(method, path, "application/json", body).await?;
        ensure!(status.is_success(), "{path}: {status} {answer}");
        Ok(answer)
    }

    async fn send(&self, method: Method, path: &str, kind: &str, body: Body) -> anyhow::Result<(StatusCode, Value)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, kind)
            .body(body)?;
        let response = self.router.clone().oneshot(request).await?;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 64 << 20).await?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    /// Uploads a version of a plugin. The first one is served at once.
    pub async fn upload(&self, tenant: &Name, plugin: &str, bytes: Vec<u8>) -> anyhow::Result<Value> {
        let path = format!("/v1/tenants/{tenant}/plugins/{plugin}/versions");
        let sent = self.send(Method::POST, &path, "application/wasm", Body::from(bytes));
        let (status, answer) = sent.await?;
        ensure!(status.is_success(), "{path}: {status} {answer}");
        Ok(answer)
    }

    /// Makes tenants, each with ten rows to read.
    pub async fn tenants(&self, names: &[Name]) -> anyhow::Result<()> {
        let rows = (0..ROWS).map(|id| format!("{id},customer.{id}@example.com\n"));
        let text = format!("id,customer\n{}", rows.collect::<String>());
        for name in names {
            let files = self.files(name);
            std::fs::write(crate::made(&files)?.join("in.csv"), &text)?;
        }
        for some in names.chunks(TOGETHER) {
            let some = some.to_vec();
            let made = self.metadata().write(move |tx| {
                some.iter()
                    .try_for_each(|name| tenants::put(tx, name, &TenantInput::default(), None).map(drop))
            });
            made.await?;
        }
        Ok(())
    }

    /// Puts jobs of tenants, each with the text that `text` has for its name.
    pub async fn jobs(&self, jobs: &[(Name, Name)], text: impl Fn(&Name) -> String) -> anyhow::Result<()> {
        let settings = JobSettings {
            max_retries: 0,
            ..JobSettings::default()
        };
        for some in jobs.chunks(TOGETHER) {
            let input = |name: &Name| JobInput {
                definition: text(name),
                settings: settings.clone(),
                ..JobInput::default()
            };
            let some: Vec<_> = some
                .iter()
                .map(|(tenant, name)| (tenant.clone(), name.clone(), input(name)))
                .collect();
            let put = self.metadata().write(move |tx| {
                some.iter().try_for_each(|(tenant, name, input)| {
                    jobs::put(tx, tenant, name, input, None, |_| Ok(())).map(drop)
                })
            });
            put.await?;
        }
        Ok(())
    }

    /// Has a run accepted; answers with its id.
    pub async fn start(&self, tenant: &Name, job: &Name) -> anyhow::Result<String> {
        let path = format!("/v1/tenants/{tenant}/jobs/{job}/runs");
        let run = self.ask(Method::POST, &path, &json!({})).await?;
        Ok(run["id"].as_str().context("a run without an id")?.to_owned())
    }

    /// Waits until so many runs have ended, all of which succeeded.
    pub async fn ended(&self, runs: u64) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let found = self.metadata().read(|tx| {
                let row = tx.one(
                    "select coalesce(sum(total), 0), coalesce(sum(case when state = 'SUCCEEDED' then total else 0 end), 0)
                     from run_totals",
                    row![],
                )?;
                Ok::<(u64, u64), tenon_metadata::Error>((row.get(0)?, row.get(1)?))
            });
            let (ended, succeeded) = found.await?;
            if ended != succeeded {
                let reason = self.reason().await?;
                bail!("{} runs did not succeed: {reason}", ended - succeeded);
            }
            if ended >= runs {
                return Ok(());
            }
            ensure!(
                began.elapsed() < PATIENCE,
                "{ended} of {runs} runs have ended in {PATIENCE:?}"
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn reason(&self) -> anyhow::Result<String> {
        let found = self.metadata().read(|tx| {
            let row = tx.first(
                "select state || ' ' || error from runs where error is not null limit 1",
                row![],
            )?;
            row.map_or(Ok(String::new()), |row| row.get(0))
        });
        Ok(found.await?)
    }

    /// Rows in the CSV files that a tenant's jobs have written, without their heads.
    pub fn rows_of(&self, tenant: &Name) -> anyhow::Result<u64> {
        let out = self.files(tenant).join("out");
        let mut rows = 0;
        for folder in std::fs::read_dir(out)? {
            for file in std::fs::read_dir(folder?.path())? {
                let file = file?;
                if !file.file_name().to_string_lossy().starts_with(['.', '_']) {
                    rows += std::fs::read_to_string(file.path())?.lines().skip(1).count() as u64;
                }
            }
        }
        Ok(rows)
    }

    /// A tenant's folder.
    pub fn files(&self, tenant: &Name) -> PathBuf {
        self.folder.join("tenants").join(tenant.as_str()).join("files")
    }
}

/// Names of this form with numbers from 0.
pub fn names(form: &str, count: usize) -> anyhow::Result<Vec<Name>> {
    let names = (0..count).map(|number| Name::new(format!("{form}-{number:05}")));
    Ok(names.collect::<Result<_, _>>()?)
}

/// All jobs of all tenants.
pub fn pairs(tenants: &[Name], jobs: &[Name]) -> Vec<(Name, Name)> {
    let pairs = tenants
        .iter()
        .flat_map(|tenant| jobs.iter().map(|job| (tenant.clone(), job.clone())));
    pairs.collect()
}

/// A job that adds the tenant's ten rows to a folder of the job's own.
pub fn copying(job: &Name) -> String {
    format!(
        "sources.orders.url = \"in.csv\"\n\n[sinks.copy]\nfrom = \"orders\"\nurl = \"out/{job}/\"\nformat = \"csv\"\nmode = \"append\"\n"
    )
}

/// The same with a step in a sandbox, which logs what `config` says.
pub fn in_sandbox(job: &Name, config: &str) -> String {
    format!(
        "sources.orders.url = \"in.csv\"\n\n[steps.seen]\nfrom = \"orders\"\nplugin = \"echo\"\nfunction = \"services\"\nconfig = {{ {config} }}\n\n\
         [sinks.copy]\nfrom = \"seen\"\nurl = \"out/{job}/\"\nformat = \"csv\"\nmode = \"append\"\n"
    )
}
