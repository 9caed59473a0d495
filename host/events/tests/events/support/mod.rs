//! What the tests of this crate share: a database with a clock, secrets, and targets that behave as they are told.

mod http;
mod smtp;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tempfile::TempDir;
use tenon_events::{
    Deliverer, Delivery, DeliverySettings, DeliveryState, Destination, Error, Event, Guard, GuardSettings, MIGRATIONS,
    MailSettings, NewTarget, Secrets, Target, TargetFilter, Webhook, create_target, deliveries, emit,
};
use tenon_metadata::{Clock, Metadata, Name, PageRequest, Settings};
use zeroize::Zeroizing;

pub use http::{Behave, HttpTarget, Request};
pub use smtp::SmtpServer;

/// When the tests' clock begins, in microseconds.
pub const BEGIN: i64 = 1_700_000_000_000_000;

/// A database in a folder of its own, and a clock that is moved by hand.
pub struct Place {
    _folder: TempDir,
    pub metadata: Metadata,
    pub clock: Arc<AtomicI64>,
}

impl Place {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().join("server.db").display().to_string();
        Self::at(url, folder).await
    }

    /// A place in another database.
    pub async fn at(url: String, folder: TempDir) -> Self {
        let clock = Arc::new(AtomicI64::new(BEGIN));
        let hands = Arc::clone(&clock);
        let settings = Settings {
            clock: Clock::new(move || hands.load(Ordering::SeqCst)),
            ..Settings::new(url)
        };
        let metadata = Metadata::open(&settings, &[MIGRATIONS]).await.unwrap();
        Self {
            _folder: folder,
            metadata,
            clock,
        }
    }

    pub fn pass(&self, time: Duration) {
        self.clock.fetch_add(time.as_micros() as i64, Ordering::SeqCst);
    }

    pub async fn emit(&self, tenant: &str, kind: &str, data: Value) -> i64 {
        let event = Event::new(kind).tenant(tenant).subject("run_1").data(data);
        self.metadata.write(move |tx| emit(tx, &event)).await.unwrap()
    }

    pub async fn emit_many(&self, tenant: &str, count: usize) {
        for n in 0..count {
            self.emit(tenant, "run.succeeded", json!({ "n": n })).await;
        }
    }

    pub async fn target(&self, tenant: &str, target: NewTarget) -> Target {
        let tenant = tenant.to_owned();
        let guard = guard();
        self.metadata
            .write(move |tx| create_target(tx, &guard, &tenant, &target))
            .await
            .unwrap()
    }

    pub async fn webhook(&self, tenant: &str, name: &str, url: &str) -> Target {
        self.target(tenant, webhook(name, url)).await
    }

    pub async fn get_target(&self, tenant: &str, name: &str) -> Target {
        let (tenant, name) = (tenant.to_owned(), name.to_owned());
        self.metadata
            .read(move |tx| tenon_events::get_target(tx, &tenant, &name))
            .await
            .unwrap()
    }

    pub async fn deliveries(&self, tenant: &str, name: &str, state: Option<DeliveryState>) -> Vec<Delivery> {
        let (tenant, name) = (tenant.to_owned(), name.to_owned());
        let page = PageRequest {
            limit: 1000,
            after: None,
        };
        self.metadata
            .read(move |tx| deliveries(tx, &tenant, &name, state, &page))
            .await
            .unwrap()
            .items
    }

    pub async fn attempts(&self, tenant: &str, name: &str) -> Vec<tenon_events::Attempt> {
        let (tenant, name) = (tenant.to_owned(), name.to_owned());
        self.metadata
            .read(move |tx| tenon_events::attempts(tx, &tenant, &name, None, &PageRequest::default()))
            .await
            .unwrap()
            .items
    }

    pub fn deliverer(&self) -> Deliverer {
        self.deliverer_with(settings(), None)
    }

    pub fn deliverer_with(&self, settings: DeliverySettings, mail: Option<MailSettings>) -> Deliverer {
        Deliverer::new(&self.metadata, &guard(), Arc::new(FixedSecrets), mail, settings).unwrap()
    }
}

pub fn settings() -> DeliverySettings {
    DeliverySettings {
        connect_timeout: Duration::from_secs(2),
        timeout: Duration::from_secs(3),
        ..DeliverySettings::default()
    }
}

/// Loopback is allowed, since the tests' targets are there.
pub fn guard() -> Guard {
    Guard::new(&GuardSettings {
        allow_networks: vec!["127.0.0.1/32".to_owned()],
        ports: Vec::new(),
        ..GuardSettings::default()
    })
    .unwrap()
}

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub fn webhook(target: &str, url: &str) -> NewTarget {
    NewTarget {
        name: name(target),
        destination: Destination::Webhook(Webhook {
            url: url.to_owned(),
            secret: name("signing"),
            previous_secret: None,
        }),
        filter: TargetFilter::default(),
        enabled: true,
    }
}

/// `signing`, `old-signing`, and what begins with `url:` in hexadecimal; no others.
pub struct FixedSecrets;

#[async_trait]
impl Secrets for FixedSecrets {
    async fn reveal(&self, tenant: &str, name: &Name) -> Result<Zeroizing<String>, Error> {
        match name.as_str() {
            "signing" => Ok(Zeroizing::new(format!("{tenant} new"))),
            "old-signing" => Ok(Zeroizing::new(format!("{tenant} old"))),
            other => match other.strip_prefix("port-") {
                Some(port) => Ok(Zeroizing::new(format!("http://127.0.0.1:{port}/services/T0/B0/secret"))),
                None => Err(Error::Secret {
                    name: other.to_owned(),
                    reason: "there is none".to_owned(),
                }),
            },
        }
    }
}
