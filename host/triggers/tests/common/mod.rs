//! A database with a tenant, two jobs, and a clock that tests turn.
#![allow(dead_code, reason = "each test uses some of it")]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tempfile::TempDir;
use tenon_metadata::{Clock as DatabaseClock, Metadata, Name, PageRequest, Settings, Transaction};
use tenon_runs::runs::{self, RunFilter};
use tenon_runs::{JobInput, Quotas, Run};
use tenon_schedule::{Clock, ManualClock};
use tenon_tenants::TenantInput;
use tenon_triggers::{Definition, Driver, Error, Firing, Trigger, firings, triggers};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const START: &str = "2026-03-02T12:00:00Z";
pub const TENANT: &str = "shop";

pub struct Server {
    pub metadata: Metadata,
    pub clock: Arc<ManualClock>,
    pub url: String,
    place: Option<Arc<TempDir>>,
}

pub fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

pub fn definition(json: Value) -> Definition {
    serde_json::from_value(json).expect("a definition")
}

impl Server {
    pub async fn new() -> Self {
        let place = Arc::new(tempfile::tempdir().expect("a folder"));
        let url = place.path().join("server.db").display().to_string();
        let clock = Arc::new(ManualClock::new(at(START)));
        Self::open(url, clock, Some(place)).await
    }

    pub async fn open(url: String, clock: Arc<ManualClock>, place: Option<Arc<TempDir>>) -> Self {
        let now = Arc::clone(&clock);
        let mut settings = Settings::new(url.clone());
        settings.clock = DatabaseClock::new(move || now.now().timestamp_micros());
        let components = [
            tenon_events::MIGRATIONS,
            tenon_tenants::MIGRATIONS,
            tenon_runs::MIGRATIONS,
            tenon_triggers::MIGRATIONS,
        ];
        let metadata = Metadata::open(&settings, &components).await.expect("the database");
        let server = Self {
            metadata,
            clock,
            url,
            place,
        };
        for tenant in [TENANT, "other"] {
            server
                .write(move |tx| {
                    tenon_tenants::tenants::put(tx, &name(tenant), &TenantInput::default(), None)?;
                    let quotas = Quotas {
                        queued_runs: 100_000,
                        ..Quotas::default()
                    };
                    tenon_runs::set_quotas(tx, &name(tenant), &quotas).expect("quotas");
                    for job in ["orders", "report"] {
                        let input: JobInput =
                            serde_json::from_value(serde_json::json!({ "definition": "name = 'orders'" }))
                                .expect("a job");
                        tenon_runs::jobs::put(tx, &name(tenant), &name(job), &input, None, |_| Ok(())).expect("a job");
                    }
                    Ok(())
                })
                .await;
        }
        server
    }

    /// The same database and clock, opened once more, as by another server.
    pub async fn again(&self) -> Self {
        Self::open(self.url.clone(), Arc::clone(&self.clock), self.place.clone()).await
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

    /// Makes a trigger and activates it.
    pub async fn trigger(&self, trigger: &str, json: Value) -> Trigger {
        let (trigger, definition) = (name(trigger), definition(json));
        self.write(move |tx| triggers::create(tx, &name(TENANT), &trigger, &definition, true))
            .await
    }

    pub async fn get(&self, trigger: &str) -> Trigger {
        let trigger = name(trigger);
        self.write(move |tx| triggers::get(tx, &name(TENANT), &trigger)).await
    }

    pub async fn firings(&self, trigger: &str) -> Vec<Firing> {
        let trigger = name(trigger);
        let page = PageRequest {
            limit: 1000,
            after: None,
        };
        self.write(move |tx| firings(tx, &name(TENANT), &trigger, &page))
            .await
            .items
    }

    /// The runs that a trigger wanted, oldest first.
    pub async fn runs(&self, trigger: &str) -> Vec<Run> {
        let filter = RunFilter {
            trigger: Some(name(trigger)),
            ..RunFilter::default()
        };
        let read = move |tx: &mut Transaction<'_>| {
            let (mut all, mut page) = (
                Vec::new(),
                PageRequest {
                    limit: 1000,
                    after: None,
                },
            );
            loop {
                let found = runs::list(tx, &name(TENANT), &filter, &page).expect("runs");
                all.extend(found.items);
                page.after = found.next;
                if page.after.is_none() {
                    return Ok::<_, Error>(all);
                }
            }
        };
        let mut all = self.metadata.read(read).await.expect("runs");
        all.reverse();
        all
    }

    /// The same in the order in which the trigger's history has them: ids of one millisecond are in no order.
    pub async fn in_order(&self, trigger: &str, mut runs: Vec<Run>) -> Vec<Run> {
        let firings = self.firings(trigger).await;
        let started: Vec<String> = firings
            .iter()
            .rev()
            .flat_map(|firing| &firing.started)
            .map(|started| started.run.clone())
            .collect();
        runs.sort_by_key(|run| started.iter().position(|id| *id == run.id));
        runs
    }

    /// Waits until a trigger has led to so many runs.
    pub async fn until_runs(&self, trigger: &str, count: usize) -> Vec<Run> {
        let mut runs = Vec::new();
        for _ in 0..1500 {
            runs = self.runs(trigger).await;
            if runs.len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(runs.len(), count, "runs of {trigger}: {:?}", self.get(trigger).await);
        runs
    }

    /// Waits until something is so.
    pub async fn until(&self, trigger: &str, what: &str, holds: impl Fn(&Trigger) -> bool) -> Trigger {
        for _ in 0..1500 {
            let found = self.get(trigger).await;
            if holds(&found) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not {what}: {:?}", self.get(trigger).await);
    }

    /// Fires a trigger made for this by the schedule, a second from now: what was due before it has been seen to then.
    pub async fn settle(&self) {
        let marker = format!("marker-{}", self.clock.now().timestamp_micros());
        let due = self.clock.now() + TimeDelta::seconds(1);
        let made = serde_json::json!({
            "when": { "schedule": { "expression": "rate(1 day)", "start": due } }, "actions": [{ "job": "report" }],
        });
        self.trigger(&marker, made).await;
        self.clock.advance(Duration::from_secs(1));
        self.until_runs(&marker, 1).await;
        let marker = name(&marker);
        self.write(move |tx| triggers::delete(tx, &name(TENANT), &marker, None))
            .await;
    }

    pub fn driver(&self) -> Driver {
        Driver::new(self.metadata.clone(), self.clock.clone())
    }

    pub fn drive(&self) -> Running {
        Running::new(self.driver())
    }
}

/// A driver at work.
pub struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    pub fn new(driver: Driver) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(driver.run(async {
            let _ = stopped.await;
        }));
        Self { stop, task }
    }

    pub async fn stop(self) {
        self.stop.send(()).expect("it runs");
        self.task.await.expect("it ends well");
    }

    /// As if the process died.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}
