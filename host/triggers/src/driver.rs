//! What waits for schedules and events, and fires.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tenon_events::{Cursor, Start};
use tenon_metadata::{ErrorKind, Metadata, Transaction};
use tenon_schedule::{Alarm, Clock, Woken};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::due::{Queue, see_to};
use crate::error::Error;
use crate::happened::{CURSOR, Conditions, Look};
use crate::look::{Claim, LOOK_SECONDS, Probe};
use crate::pending::Deferred;
use crate::received;
use crate::trigger::date;
use crate::workflows::{NoWorkflows, Workflows};

/// Triggers that are seen to in one transaction.
const TOGETHER: u32 = 100;
/// Looks at objects and rows that one server takes at the same time.
const LOOKS: usize = 16;
/// How often the tables are looked at without anybody having told of a change, since notices can be lost.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(30);
/// How often events are looked at without a notice, and at most.
const EVENTS_EVERY: Duration = Duration::from_secs(3);
const EVENTS_AT_MOST_EVERY: Duration = Duration::from_millis(20);
/// After a failure of the database.
const PAUSE: Duration = Duration::from_secs(1);

/// Fires what is due. Each server has one; they share the work, and nothing is fired twice.
///
/// Schedules fire at once when they are due, by the clock on the wall: set ahead, it makes due times missed ones, and set
/// back, it makes the driver wait until it has caught up; no due time fires again. While nothing is due, the driver
/// sleeps, but for a look at the clock twice a second and at the tables twice a minute.
#[derive(Clone)]
pub struct Driver {
    metadata: Metadata,
    clock: Arc<dyn Clock>,
    workflows: Arc<dyn Workflows>,
    probe: Option<Arc<dyn Probe>>,
}

impl Driver {
    /// A driver that starts jobs only.
    pub fn new(metadata: Metadata, clock: Arc<dyn Clock>) -> Self {
        Self {
            metadata,
            clock,
            workflows: Arc::new(NoWorkflows),
            probe: None,
        }
    }

    /// One that starts workflows too.
    #[must_use]
    pub fn workflows(mut self, workflows: Arc<dyn Workflows>) -> Self {
        self.workflows = workflows;
        self
    }

    /// One that looks for new objects and rows too.
    #[must_use]
    pub fn probe(mut self, probe: Arc<dyn Probe>) -> Self {
        self.probe = Some(probe);
        self
    }

    /// Fires what is due until it is told to stop; then what is under way is finished.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        let (stop, stopped) = watch::channel(false);
        let watching = self.clone().watch_events(stopped.clone());
        let waiting = self.wait_for_times(stopped);
        let asked = async {
            shutdown.await;
            // Both may have ended, if the database is closed.
            let _ = stop.send(true);
        };
        tokio::join!(watching, waiting, asked);
    }

    /// Schedules, windows of batches, and looks.
    async fn wait_for_times(self, mut stopped: watch::Receiver<bool>) {
        let mut changes = self.metadata.subscribe(crate::TOPIC);
        let mut alarm = Alarm::new(Arc::clone(&self.clock));
        let mut looks = JoinSet::new();
        let mut forgotten = DateTime::<Utc>::MIN_UTC;
        loop {
            let next = match self.see_to_all(&mut looks).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "what triggers wait for could not be looked at");
                    Some(self.clock.now() + PAUSE)
                }
            };
            let now = self.clock.now();
            let mut until = next.map_or(now + LOOK_EVERY, |next| next.min(now + LOOK_EVERY));
            if now - forgotten > TimeDelta::hours(1) {
                let micros = now.timestamp_micros();
                match self.metadata.write(move |tx| received::forget(tx, micros)).await {
                    Ok(false) => forgotten = now,
                    // What is due by then comes before the rest.
                    Ok(true) => until = now,
                    Err(error) => tracing::warn!(%error, "old ids of deliveries cannot be forgotten now"),
                }
            }
            tokio::select! {
                () = told(&mut stopped) => break,
                woken = alarm.wait(Some(until)) => if let Woken::Jumped(by) = woken {
                    tracing::warn!(seconds = by.num_seconds(), "the clock was set");
                },
                change = changes.next() => if change.is_none() { break },
                Some(_) = looks.join_next() => {}
            }
        }
        while looks.join_next().await.is_some() {}
    }

    /// Sees to all that is due, and answers when something is due next.
    async fn see_to_all(&self, looks: &mut JoinSet<()>) -> Result<Option<DateTime<Utc>>, Error> {
        loop {
            while looks.try_join_next().is_some() {}
            let room = if self.probe.is_some() {
                LOOKS.saturating_sub(looks.len()) as u32
            } else {
                0
            };
            // Most of the time nothing is due, which a reader can see.
            let next = self.metadata.read(move |tx| {
                let looks = if room > 0 { Queue::Looks.next(tx)? } else { None };
                Ok::<_, Error>([Queue::Schedules.next(tx)?, Queue::Batches.next(tx)?, looks])
            });
            let (next, now) = (next.await?, self.now());
            if next.iter().flatten().all(|next| *next > now) {
                return Ok(next.into_iter().flatten().min().map(date));
            }
            let due = |queue: usize| next[queue].is_some_and(|next| next <= now);
            if due(0) {
                self.see_to(Queue::Schedules).await?;
            }
            if due(1) {
                self.see_to(Queue::Batches).await?;
            }
            if due(2) {
                self.take_looks(looks, room).await?;
            }
        }
    }

    /// Sees to some of what is due in a queue. One that cannot be seen to is put off, and does not hold up the others.
    async fn see_to(&self, queue: Queue) -> Result<(), Error> {
        let now = self.now();
        match self.see_to_some(queue, now, TOGETHER).await {
            Err(error) if error.kind() != ErrorKind::Unavailable => {}
            seen => return seen.map(drop),
        }
        for _ in 0..TOGETHER {
            match self.see_to_some(queue, now, 1).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
                Err(error) => {
                    let why = error.to_string();
                    tracing::error!(error = %why, "a trigger cannot be fired");
                    let put_off = move |tx: &mut Transaction<'_>| -> Result<(), Error> {
                        let first = queue.due(tx, now, 1)?;
                        first.iter().try_for_each(|id| queue.put_off(tx, id, &why, now))
                    };
                    self.metadata.write(put_off).await?;
                }
            }
        }
        Ok(())
    }

    async fn see_to_some(&self, queue: Queue, now: i64, limit: u32) -> Result<usize, Error> {
        let workflows = Arc::clone(&self.workflows);
        let seeing = self.write(move |tx, deferred| see_to(tx, queue, workflows.as_ref(), now, limit, deferred));
        seeing.instrument(tracing::info_span!("triggers", ?queue)).await
    }

    async fn take_looks(&self, looks: &mut JoinSet<()>, room: u32) -> Result<(), Error> {
        let Some(probe) = &self.probe else { return Ok(()) };
        let now = self.now();
        let claims = self.metadata.write(move |tx| Claim::take(tx, now, room)).await?;
        for claim in claims {
            let span = tracing::info_span!("look", tenant = %claim.tenant);
            looks.spawn(self.clone().look(Arc::clone(probe), claim).instrument(span));
        }
        Ok(())
    }

    async fn look(self, probe: Arc<dyn Probe>, claim: Claim) {
        let looking = probe.look(&claim.tenant, &claim.config, claim.cursor());
        let found = tokio::select! {
            found = looking => found,
            () = self.clock.sleep(Duration::from_secs(LOOK_SECONDS)) => {
                Err(format!("the look was given up after {LOOK_SECONDS} s"))
            }
        };
        let now = self.now();
        let workflows = Arc::clone(&self.workflows);
        let saved = self.write(move |tx, deferred| match &found {
            Ok(found) => claim.save(tx, workflows.as_ref(), found, now, deferred),
            Err(why) => claim.fail(tx, why, now),
        });
        if let Err(error) = saved.await {
            // The lease runs out, and the same is found again.
            tracing::warn!(%error, "what a trigger's look found could not be saved");
        }
    }

    /// Conditions on events.
    async fn watch_events(self, mut stopped: watch::Receiver<bool>) {
        let mut events = self.metadata.subscribe("events");
        let conditions = Conditions::default();
        let mut cursor = None;
        loop {
            let pause = match self.look_at_events(&mut cursor, &conditions).await {
                Ok(true) => continue,
                Ok(false) => EVENTS_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "events could not be looked at");
                    PAUSE
                }
            };
            tokio::select! {
                () = told(&mut stopped) => break,
                () = tokio::time::sleep(pause) => {}
                event = events.next() => {
                    if event.is_none() {
                        break;
                    }
                    // Those that come together are looked at together.
                    tokio::time::sleep(EVENTS_AT_MOST_EVERY).await;
                    events = self.metadata.subscribe("events");
                }
            }
        }
    }

    /// Looks at the next events; answers whether there are more.
    async fn look_at_events(&self, cursor: &mut Option<Cursor>, conditions: &Conditions) -> Result<bool, Error> {
        let cursor = if let Some(cursor) = cursor {
            cursor.clone()
        } else {
            let opened = self.metadata.write(|tx| Cursor::open(tx, CURSOR, Start::Now)).await?;
            cursor.insert(opened).clone()
        };
        let reader = cursor.clone();
        let look = self.metadata.write(move |tx| Look::next(tx, &reader)).await?;
        let more = look.more;
        if look.is_empty() {
            return Ok(more);
        }
        let conditions = conditions.clone();
        let decided = tokio::task::spawn_blocking(move || look.decide(&conditions)).await;
        let decided = decided.map_err(|error| Error::invalid("a condition", error))?;
        let (now, workflows) = (self.now(), Arc::clone(&self.workflows));
        let done = self
            .write(move |tx, deferred| decided.act(tx, &cursor, workflows.as_ref(), now, deferred))
            .await?;
        Ok(more || !done)
    }

    fn now(&self) -> i64 {
        self.clock.now().timestamp_micros()
    }

    /// Changes something; tenants whose queue turns out to be full in the middle of a firing are left out of it.
    async fn write<T: Send + 'static>(
        &self,
        change: impl Fn(&mut Transaction<'_>, &Deferred) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let change = Arc::new(change);
        let mut deferred = Deferred::new();
        loop {
            let (change, without) = (Arc::clone(&change), deferred.clone());
            match self.metadata.write(move |tx| change(tx, &without)).await {
                Err(Error::Full {
                    tenant, retry_after, ..
                }) if !deferred.contains_key(&tenant) => {
                    deferred.insert(tenant, retry_after);
                }
                done => return done,
            }
        }
    }
}

/// Waits to be told to stop.
async fn told(stopped: &mut watch::Receiver<bool>) {
    // Nobody is left to tell if it fails. What it answers holds a lock.
    drop(stopped.wait_for(|stopped| *stopped).await);
}
