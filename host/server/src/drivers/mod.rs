//! What goes on beside runs: triggers fire, workflows advance, events are told, and what is old goes.

mod deliveries;
mod logs;
mod probe;
mod quotas;
mod rekey;
mod secrets;
mod sweep;
mod workflows;

use std::collections::BTreeSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tenon_metadata::Migrations;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::server::Shared;
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

/// How long a part that broke off is left alone before it begins again.
const PAUSE: Duration = Duration::from_secs(5);

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
    let mut parts = Parts {
        tasks: JoinSet::new(),
        shared,
        stopped,
    };
    let mut first = Some(deliverer);
    parts.add("deliveries", move |shared, asked| {
        let first = first.take();
        async move {
            let deliverer = match first {
                Some(first) => Ok(first),
                None => self::deliverer(&shared, &shared.config()),
            };
            match deliverer {
                Ok(deliverer) => deliveries::go(shared, deliverer, asked).await,
                Err(error) => tracing::error!(%error, "events are delivered no more until the server begins again"),
            }
        }
    });
    parts.add("triggers", move |_, asked| triggers.clone().run(asked));
    parts.add("workflows", |shared, asked| async move {
        let database = shared.metadata.clone();
        tenon_workflows::Driver::default().run(database, asked).await;
    });
    parts.add("sweep", |shared, asked| async move {
        tokio::select! {
            () = asked => {}
            () = sweep::go(&shared) => {}
            () = sweep::review(&shared) => {}
            () = logs::go(&shared) => {}
        }
    });
    parts.add("secrets", |shared, asked| async move {
        tokio::select! {
            () = asked => {}
            () = rekey::go(&shared) => {}
        }
    });
    parts.add("quotas", |shared, asked| async move {
        tokio::select! {
            () = asked => {}
            () = shared.keep_terms_fresh() => {}
            () = quotas::go(&shared) => {}
            () = figures::count_runs(&shared) => {}
        }
    });
    let watching = server.clone();
    parts.add("plugins", move |_, asked| {
        let server = watching.clone();
        async move {
            tokio::select! {
                () = asked => {}
                () = crate::plugins::watch(server) => {}
            }
        }
    });
    parts.add("configuration", |shared, asked| async move {
        tokio::select! {
            () = asked => {}
            () = crate::reload::watch(shared) => {}
        }
    });
    let tasks = parts.tasks;
    Ok(Drivers { stop, tasks })
}

/// What goes on beside runs.
struct Parts<'a> {
    tasks: JoinSet<()>,
    shared: &'a Arc<Shared>,
    stopped: watch::Receiver<bool>,
}

impl Parts<'_> {
    /// Begins a part, which goes on until what it is given is ready.
    fn add<F>(
        &mut self,
        name: &'static str,
        mut begin: impl FnMut(Arc<Shared>, BoxFuture<'static, ()>) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (shared, stopped) = (Arc::clone(self.shared), self.stopped.clone());
        let ended = asked(stopped.clone());
        let broken = Arc::clone(&shared.broken);
        let kept = keep(name, broken, ended, move || {
            begin(Arc::clone(&shared), asked(stopped.clone()).boxed())
        });
        self.tasks.spawn(kept);
    }
}

/// Ready when everything is to end.
async fn asked(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Parts that broke off, and have not gone on for a while since.
#[derive(Debug, Default)]
pub(crate) struct Broken(Mutex<BTreeSet<&'static str>>);

impl Broken {
    /// Their names, if there are any.
    pub fn names(&self) -> Option<String> {
        let broken = self.0.lock();
        let names: Vec<&str> = broken.iter().copied().collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

/// Begins a part again whenever it panics, after a pause, until `ended` is ready.
async fn keep<F>(
    part: &'static str,
    broken: Arc<Broken>,
    ended: impl Future<Output = ()> + Send,
    mut begin: impl FnMut() -> F + Send,
) where
    F: Future<Output = ()> + Send,
{
    let mut ended = pin!(ended);
    loop {
        let calm = async {
            tokio::time::sleep(PAUSE).await;
            broken.0.lock().remove(part);
            std::future::pending::<()>().await;
        };
        let broke_off = tokio::select! {
            went = AssertUnwindSafe(begin()).catch_unwind() => went.is_err(),
            () = calm => false,
        };
        if !broke_off {
            return;
        }
        broken.0.lock().insert(part);
        tracing::error!(part, "a part of the server broke off; it begins again in a few seconds");
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = &mut ended => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_that_panics_begins_again() {
        let (broken, begun) = (Arc::new(Broken::default()), Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&begun);
        let kept = keep("triggers", Arc::clone(&broken), std::future::pending(), move || {
            let times = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                assert!(times > 0, "the first time it breaks off");
                std::future::pending::<()>().await;
            }
        });
        let kept = tokio::spawn(kept);
        tokio::time::sleep(PAUSE / 2).await;
        assert_eq!(
            (begun.load(Ordering::Relaxed), broken.names().as_deref()),
            (1, Some("triggers"))
        );
        tokio::time::sleep(PAUSE).await;
        assert_eq!(begun.load(Ordering::Relaxed), 2, "it has begun again");
        tokio::time::sleep(PAUSE).await;
        assert_eq!(broken.names(), None, "it goes on");
        kept.abort();
    }

    #[tokio::test]
    async fn a_part_that_ends_has_ended() {
        let broken = Arc::new(Broken::default());
        keep("sweep", Arc::clone(&broken), std::future::pending(), || async {}).await;
        assert_eq!(broken.names(), None);
    }
}
