//! A server without sandboxes: whatever the test says becomes of runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tenon_metadata::{Clock, Metadata, Migrations, Name, Settings, Transaction, row};
use tenon_runs::{Capacity, Claimed, Failure, JobInput, JobSettings, Lease, Outcome, Quotas, State};
use tenon_workflows::{Definition, Error, NodeState, RunDetail, RunState, StartRequest, advance, get_run, put, start};

pub struct World {
    pub metadata: Metadata,
    pub tenant: Name,
    server: String,
    clock: Arc<AtomicI64>,
    settings: Settings,
    _folder: Option<tempfile::TempDir>,
}

const COMPONENTS: [Migrations; 3] = [
    tenon_events::MIGRATIONS,
    tenon_runs::MIGRATIONS,
    tenon_workflows::MIGRATIONS,
];

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub fn definition(text: &str) -> Definition {
    toml::from_str(text).unwrap()
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("server.db").display().to_string();
        Self {
            _folder: Some(folder),
            ..Self::on(place).await
        }
    }

    /// Another server on the same database.
    pub async fn other_server(&self) -> Metadata {
        Metadata::open(&self.settings, &COMPONENTS).await.unwrap()
    }

    pub async fn on(place: String) -> Self {
        let clock = Arc::new(AtomicI64::new(1_800_000_000_000_000));
        let ticks = Arc::clone(&clock);
        let mut settings = Settings::new(place);
        settings.clock = Clock::new(move || ticks.fetch_add(1, Ordering::Relaxed));
        let metadata = Metadata::open(&settings, &COMPONENTS).await.unwrap();
        let tenant = name("acme");
        let of = tenant.clone();
        let lease = Duration::from_secs(10_000_000);
        let server = metadata
            .write(move |tx| -> Result<String, tenon_runs::Error> {
                let quotas = Quotas {
                    concurrent_runs: 100_000,
                    queued_runs: 100_000,
                    ..Quotas::default()
                };
                tenon_runs::set_quotas(tx, &of, &quotas)?;
                tenon_runs::join(tx, &name("server-1"), lease)
            })
            .await
            .unwrap();
        let world = Self {
            metadata,
            tenant,
            server,
            clock,
            settings,
            _folder: None,
        };
        world.job("job").await;
        world
    }

    /// Time passes, in seconds.
    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    pub async fn job(&self, job: &str) {
        let job = name(job);
        let input = JobInput {
            settings: JobSettings {
                max_concurrent_runs: 10_000,
                max_retries: 0,
                ..JobSettings::default()
            },
            ..JobInput::default()
        };
        self.write(move |tx, tenant| Ok(tenon_runs::jobs::put(tx, tenant, &job, &input, None, |_| Ok(()))?))
            .await
            .unwrap();
    }

    pub async fn write<T: Send + 'static>(
        &self,
        mut change: impl FnMut(&mut Transaction<'_>, &Name) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let tenant = self.tenant.clone();
        self.metadata.write(move |tx| change(tx, &tenant)).await
    }

    /// Keeps a workflow and starts a run of it.
    pub async fn start(&self, text: &str) -> String {
        self.start_definition(definition(text)).await
    }

    pub async fn start_definition(&self, definition: Definition) -> String {
        self.write(move |tx, tenant| {
            put(tx, tenant, &definition, None)?;
            Ok(start(tx, &StartRequest::new(tenant.clone(), definition.name.clone()))?.id)
        })
        .await
        .unwrap()
    }

    /// Takes the runs that are in the queue.
    pub async fn claim(&self) -> Vec<Claimed> {
        let server = self.server.clone();
        self.write(move |tx, _| Ok(tenon_runs::claim(tx, &server, &Capacity { runs: 10_000 })?))
            .await
            .unwrap()
    }

    pub async fn end(&self, lease: &Lease, state: State, report: Value) {
        let lease = lease.clone();
        let mut outcome = Outcome::new(state);
        outcome.report = report;
        if state != State::Succeeded {
            outcome.error = Some(Failure {
                sentence: "the disk is full".to_owned(),
                ..Failure::default()
            });
        }
        self.write(move |tx, _| Ok(tenon_runs::finish(tx, &lease, &outcome)?))
            .await
            .unwrap();
    }

    pub async fn advance(&self, run: &str) -> RunState {
        let run = run.to_owned();
        self.write(move |tx, _| advance(tx, &run)).await.unwrap()
    }

    /// Ends all runs that are in the queue as `outcome` says by node, and so on, until there are none. Answers with the
    /// nodes in the order in which they ran.
    pub async fn play(&self, run: &str, outcome: impl Fn(&str) -> State) -> Vec<String> {
        let mut played = Vec::new();
        loop {
            let claimed = self.claim().await;
            if claimed.is_empty() {
                return played;
            }
            for claimed in claimed {
                let node = claimed.node.clone().unwrap();
                self.end(&claimed.lease, outcome(&node), json!({ "rows_out": 42 }))
                    .await;
                played.push(node);
            }
            self.advance(run).await;
        }
    }

    pub async fn detail(&self, run: &str) -> RunDetail {
        let run = run.to_owned();
        self.write(move |tx, tenant| get_run(tx, tenant, &run)).await.unwrap()
    }

    pub async fn states(&self, run: &str) -> Vec<(String, NodeState)> {
        let nodes = self.detail(run).await.nodes;
        nodes
            .into_iter()
            .map(|node| (node.node.to_string(), node.state))
            .collect()
    }

    /// The kinds of events of workflows so far.
    pub async fn events(&self) -> Vec<String> {
        let select = "select kind from events where kind like 'workflow.%' order by number";
        let rows = self.write(move |tx, _| Ok(tx.query(select, row![])?)).await.unwrap();
        rows.iter().map(|row| row.get(0).unwrap()).collect()
    }
}
