//! The task that delivers.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt, stream};
use parking_lot::Mutex;
use tenon_metadata::{Metadata, Subscription};
use tokio::task::JoinSet;

use super::ledger::{self, Attempted, DueTarget, Holder, Waiting};
use super::mail::{Mail, MailSettings};
use super::retry::delay;
use super::send::Outcome;
use super::settings::DeliverySettings;
use crate::delivery::DUE;
use crate::event::EMITTED;
use crate::target::CompiledFilter;
use crate::{Error, Guard, Secrets};

/// Deliveries to one target before another has its turn.
const TURN: u32 = 20;
/// How often is looked for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often at most.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_millis(20);

/// Delivers events to targets. Each server has one; several share the work.
pub struct Deliverer(Arc<Shared>);

/// What the deliveries share.
pub(super) struct Shared {
    pub metadata: Metadata,
    pub guard: Guard,
    pub client: reqwest::Client,
    pub secrets: Arc<dyn Secrets>,
    pub mail: Option<Mail>,
    pub settings: DeliverySettings,
    /// Filters by the ids of targets, with the version that they are of.
    pub filters: Mutex<HashMap<String, (i64, CompiledFilter)>>,
    owner: String,
    stopping: AtomicBool,
}

impl std::fmt::Debug for Deliverer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Deliverer")
            .field("owner", &self.0.owner)
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

impl Deliverer {
    /// Gets ready to deliver; without settings for e-mail, what should go there fails.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn new(
        metadata: &Metadata,
        guard: &Guard,
        secrets: Arc<dyn Secrets>,
        mail: Option<MailSettings>,
        settings: DeliverySettings,
    ) -> Result<Self, Error> {
        Ok(Self(Arc::new(Shared {
            metadata: metadata.clone(),
            guard: guard.clone(),
            client: guard.client(settings.connect_timeout, settings.timeout)?,
            secrets,
            mail: mail.map(|mail| Mail::new(mail, settings.timeout)).transpose()?,
            settings,
            filters: Mutex::default(),
            owner: tenon_metadata::id("deliverer"),
            stopping: AtomicBool::new(false),
        })))
    }

    /// Delivers until `shutdown`; then it finishes the attempts that it is making, each of which ends in time.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        // A tenant's slow conditions hold up the routing, not what is due.
        tokio::select! {
            () = self.deliver(shutdown) => {}
            () = self.route() => {}
        }
    }

    /// Makes deliveries of what happens, for ever.
    async fn route(&self) {
        let shared = &self.0;
        let mut emitted = shared.metadata.subscribe(EMITTED);
        loop {
            if let Err(error) = shared.route().await {
                tracing::warn!(%error, "events cannot be routed to targets");
            }
            let _ = tokio::time::timeout(LOOK_EVERY, emitted.next()).await;
            tokio::time::sleep(LOOK_AT_MOST_EVERY).await;
            drain(&mut emitted);
        }
    }

    /// Makes the attempts that are due.
    async fn deliver(&self, shutdown: impl Future<Output = ()>) {
        let shared = &self.0;
        let mut shutdown = pin!(shutdown);
        let mut due = shared.metadata.subscribe(DUE);
        let mut crew = Crew::default();
        loop {
            match shared.metadata.read(ledger::due).await {
                Ok(targets) => crew.start(shared, targets),
                Err(error) => tracing::warn!(%error, "due deliveries cannot be found"),
            }
            tokio::select! {
                () = &mut shutdown => break,
                _ = due.next() => {}
                () = crew.ended() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            tokio::select! {
                () = &mut shutdown => break,
                () = tokio::time::sleep(LOOK_AT_MOST_EVERY) => {}
            }
            drain(&mut due);
        }
        shared.stopping.store(true, Ordering::Relaxed);
        while !crew.is_empty() {
            crew.ended().await;
        }
    }

    /// Delivers what is due, a turn for each target, and answers with the number of attempts.
    ///
    /// # Errors
    /// What the database says.
    pub async fn deliver_once(&self) -> Result<u32, Error> {
        let shared = &self.0;
        shared.route().await?;
        let due = shared.metadata.read(ledger::due).await?;
        let made = stream::iter(due)
            .map(|target| shared.serve(target.id))
            .buffer_unordered(shared.settings.concurrency.max(1));
        let made: Vec<Result<u32, Error>> = made.collect().await;
        made.into_iter().sum()
    }
}

/// Tells from then on are what counts.
fn drain(subscription: &mut Subscription) {
    while subscription.next().now_or_never().flatten().is_some() {}
}

/// The targets that are being served.
#[derive(Default)]
struct Crew {
    tasks: JoinSet<()>,
    by_task: HashMap<tokio::task::Id, DueTarget>,
    busy: HashSet<String>,
    by_tenant: HashMap<String, usize>,
}

impl Crew {
    fn start(&mut self, shared: &Arc<Shared>, targets: Vec<DueTarget>) {
        for target in targets {
            if self.busy.len() >= shared.settings.concurrency.max(1) {
                return;
            }
            let of_tenant = self.by_tenant.get(&target.tenant).copied().unwrap_or_default();
            if self.busy.contains(&target.id) || of_tenant >= shared.settings.tenant_concurrency.max(1) {
                continue;
            }
            self.busy.insert(target.id.clone());
            self.by_tenant.insert(target.tenant.clone(), of_tenant + 1);
            let (shared, id) = (Arc::clone(shared), target.id.clone());
            let task = self.tasks.spawn(async move {
                if let Err(error) = shared.serve(id.clone()).await {
                    tracing::warn!(target_id = %id, %error, "a target cannot be served");
                }
            });
            self.by_task.insert(task.id(), target);
        }
    }

    /// Waits until one has been served; for ever if there is none.
    async fn ended(&mut self) {
        let task = match self.tasks.join_next_with_id().await {
            Some(Ok((task, ()))) => task,
            Some(Err(error)) => error.id(),
            None => return std::future::pending().await,
        };
        let Some(target) = self.by_task.remove(&task) else {
            return;
        };
        self.busy.remove(&target.id);
        if let Some(count) = self.by_tenant.get_mut(&target.tenant) {
            *count -= 1;
            if *count == 0 {
                self.by_tenant.remove(&target.tenant);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

impl Shared {
    /// Delivers to one target, as long as it is its turn. Answers with the number of attempts.
    async fn serve(&self, target: String) -> Result<u32, Error> {
        let holder = Holder {
            owner: self.owner.clone(),
            target,
            // Longer than an attempt takes, with the writing down of it.
            lease: self.settings.timeout * 2 + Duration::from_secs(10),
        };
        let claimant = holder.clone();
        let claimed = self.metadata.write(move |tx| ledger::claim(tx, &claimant)).await?;
        let Some(claimed) = claimed else { return Ok(0) };
        let Some(mut waiting) = claimed.waiting else {
            self.metadata.write(move |tx| ledger::release(tx, &holder)).await?;
            return Ok(0);
        };
        let mut made = 0;
        loop {
            let tenant = waiting.event.tenant.clone().unwrap_or_default();
            let began = Instant::now();
            let answer = self
                .send(&tenant, &holder.target, &claimed.destination, &waiting.event)
                .await;
            made += 1;
            let duration = began.elapsed();
            let target = holder.target.clone();
            let failures = self.metadata.read(move |tx| ledger::failures(tx, &target)).await?;
            let go_on = made < TURN && !self.stopping.load(Ordering::Relaxed);
            let attempted = self.attempted(&waiting, answer, duration, failures, go_on);
            let result = match attempted.answer.outcome {
                Outcome::Delivered => "delivered",
                Outcome::EventFailed | Outcome::TargetFailed(_) | Outcome::Gone => "failed",
            };
            metrics::counter!("tenon_event_deliveries_total", "result" => result).increment(1);
            let recorder = holder.clone();
            let next = self.metadata.write(move |tx| ledger::record(tx, &recorder, &attempted));
            match next.await? {
                Some(next) => waiting = next,
                None => return Ok(made),
            }
        }
    }

    fn attempted(
        &self,
        waiting: &Waiting,
        answer: super::send::Answer,
        duration: Duration,
        failures: i64,
        go_on: bool,
    ) -> Attempted {
        let settings = &self.settings;
        let delay = |failures, longest| delay(failures, settings.first_retry, longest, rand::random());
        Attempted {
            number: waiting.number,
            duration,
            answer,
            retry: delay(waiting.attempts + 1, settings.longest_retry),
            pause: delay(failures + 1, settings.longest_pause),
            give_up: settings.give_up,
            go_on,
        }
    }
}
