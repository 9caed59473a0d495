//! A database in a folder, with a clock that tests turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tenon_metadata::{Clock, Metadata, Name, Settings, Transaction, row};
use tenon_runs::{Capacity, Claimed, Error, JobInput, JobSettings, Lease, Outcome, Quotas, Request, State, Submitted};

use crate::databases;

pub const SECOND: i64 = 1_000_000;
pub const LEASE: Duration = Duration::from_secs(30);

pub struct Place {
    _folder: tempfile::TempDir,
    pub url: String,
    pub now: Arc<AtomicI64>,
    pub metadata: Metadata,
}

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub fn request(tenant: &str, job: &str) -> Request {
    Request::new(name(tenant), name(job))
}

impl Place {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(1_800_000_000 * SECOND));
        let url = databases::new_url(folder.path());
        let metadata = open(&url, &now).await;
        Self {
            _folder: folder,
            url,
            now,
            metadata,
        }
    }

    /// Another server's view of the same database.
    pub async fn another(&self) -> Metadata {
        open(&self.url, &self.now).await
    }

    pub fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds * SECOND, Ordering::SeqCst);
    }

    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnMut(&mut Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.metadata.write(change).await
    }

    pub async fn job(&self, tenant: &str, job: &str, settings: JobSettings) {
        let (tenant, job) = (name(tenant), name(job));
        let input = JobInput {
            settings,
            ..JobInput::default()
        };
        let put = move |tx: &mut Transaction<'_>| tenon_runs::jobs::put(tx, &tenant, &job, &input, None, |_| Ok(()));
        self.write(put).await.unwrap();
    }

    pub async fn quotas(&self, tenant: &str, quotas: Quotas) {
        let tenant = name(tenant);
        self.write(move |tx| tenon_runs::set_quotas(tx, &tenant, &quotas))
            .await
            .unwrap();
    }

    pub async fn try_submit(&self, request: Request) -> Result<Submitted, Error> {
        self.write(move |tx| tenon_runs::submit(tx, &request)).await
    }

    pub async fn submit(&self, tenant: &str, job: &str) -> String {
        self.try_submit(request(tenant, job)).await.unwrap().id
    }

    pub async fn server(&self, server: &str) -> String {
        let server = name(server);
        self.write(move |tx| tenon_runs::join(tx, &server, LEASE))
            .await
            .unwrap()
    }

    pub async fn claim(&self, server: &str, runs: usize) -> Vec<Claimed> {
        let server = server.to_owned();
        self.write(move |tx| tenon_runs::claim(tx, &server, &Capacity { runs }))
            .await
            .unwrap()
    }

    /// A run of a job that is at work.
    pub async fn begun(&self, server: &str, tenant: &str, job: &str) -> Lease {
        let id = self.submit(tenant, job).await;
        let claimed = self.claim(server, 1).await;
        assert_eq!(claimed[0].lease.run, id);
        let lease = claimed[0].lease.clone();
        let running = lease.clone();
        self.write(move |tx| tenon_runs::running(tx, &running)).await.unwrap();
        lease
    }

    pub async fn finish(&self, lease: &Lease, outcome: Outcome) -> Result<tenon_runs::Finished, Error> {
        let lease = lease.clone();
        self.write(move |tx| tenon_runs::finish(tx, &lease, &outcome)).await
    }

    pub async fn run(&self, tenant: &str, run: &str) -> tenon_runs::Run {
        let (tenant, run) = (name(tenant), run.to_owned());
        self.write(move |tx| tenon_runs::runs::get(tx, &tenant, &run))
            .await
            .unwrap()
    }

    pub async fn state(&self, tenant: &str, run: &str) -> State {
        self.run(tenant, run).await.state
    }

    /// The kinds of all events of a run, in their order, with their data.
    pub async fn events(&self, run: &str) -> Vec<(String, Value)> {
        let run = run.to_owned();
        let rows = self.write(move |tx| {
            Ok(tx.query(
                "select kind, data from events where subject = ?1 order by number",
                row![&run],
            )?)
        });
        let rows = rows.await.unwrap();
        rows.iter()
            .map(|row| (row.get(0).unwrap(), row.get(1).unwrap()))
            .collect()
    }
}

async fn open(url: &str, now: &Arc<AtomicI64>) -> Metadata {
    let clock = Arc::clone(now);
    let settings = Settings {
        clock: Clock::new(move || clock.load(Ordering::SeqCst)),
        ..Settings::new(url)
    };
    let tables = [tenon_events::MIGRATIONS, tenon_runs::MIGRATIONS];
    Metadata::open(&settings, &tables).await.unwrap()
}
