//! What goes on beside runs: triggers fire, workflows advance, events are told, and what is old goes.

mod deliveries;
mod probe;
mod quotas;
mod rekey;
mod secrets;
mod sweep;
mod workflows;

use std::sync::Arc;

use tenon_metadata::Migrations;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::{Error, Server, figures};
pub(crate) use deliveries::deliverer;
use probe::Storage;
pub(crate) use workflows::StartedByTriggers;

/// The tables of all components, those that others need first.
pub(crate) const MIGRATIONS: [Migrations; 7] = [
    tenon_events::MIGRATIONS,
    tenon_tenants::MIGRATIONS,
    tenon_runs::MIGRATIONS,
    tenon_triggers::MIGRATIONS,
    tenon_workflows::MIGRATIONS,
    tenon_versions::MIGRATIONS,
    tenon_api::MIGRATIONS,
];

/// The tasks, until they are stopped.
pub(crate) struct Drivers {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Drivers {
    /// Has them finish what they are at.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Starts everything that goes on beside runs.
///
/// # Errors
/// If the settings of the network or of e-mail make no sense.
pub(crate) fn start(server: &Server) -> Result<Drivers, Error> {
    let shared = server.shared();
    let metadata = &shared.metadata;
    let deliverer = deliverer(shared, &shared.config())?;
    let triggers = tenon_triggers::Driver::new(metadata.clone(), Arc::clone(&shared.clock))
        .workflows(Arc::new(StartedByTriggers))
        .probe(Arc::new(Storage(Arc::clone(shared))));

    let (stop, stopped) = watch::channel(false);
    let until = || {
        let mut stopped = stopped.clone();
        async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(deliveries::go(Arc::clone(shared), deliverer, until()));
    tasks.spawn(triggers.run(until()));
    let (asked, database) = (until(), metadata.clone());
    tasks.spawn(async move { tenon_workflows::Driver::default().run(database, asked).await });
    let (asked, sweeping) = (until(), Arc::clone(shared));
    tasks.spawn(async move {
        tokio::select! {
            () = asked => {}
            () = sweep::go(&sweeping) => {}
            () = sweep::review(&sweeping) => {}
        }
    });
    let (asked, rekeying) = (until(), Arc::clone(shared));
    tasks.spawn(async move {
        tokio::select! {
            () = asked => {}
            () = rekey::go(&rekeying) => {}
        }
    });
    let (asked, fresh) = (until(), Arc::clone(shared));
    tasks.spawn(async move {
        tokio::select! {
            () = asked => {}
            () = fresh.keep_terms_fresh() => {}
            () = quotas::go(&fresh) => {}
            () = figures::count_runs(&fresh) => {}
        }
    });
    let (asked, watching) = (until(), server.clone());
    tasks.spawn(async move {
        tokio::select! {
            () = asked => {}
            () = crate::plugins::watch(watching) => {}
        }
    });
    let (asked, reading) = (until(), Arc::clone(shared));
    tasks.spawn(async move {
        tokio::select! {
            () = asked => {}
            () = crate::reload::watch(reading) => {}
        }
    });
    Ok(Drivers { stop, tasks })
}
