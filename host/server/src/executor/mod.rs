//! Carries out runs: takes them out of the queue, as many as there is room for, and brings each to its end.

mod attempt;
mod budget;
mod ceilings;
mod charged;
mod clock;
mod confine;
mod ledger;
mod lookup;
mod note;
mod outcome;
mod prepare;
mod room;
mod shares;
mod strays;
mod stream;
mod terms;
mod traced;
mod unfinished;
mod watch;
mod went;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use parking_lot::Mutex;
use tenon_metadata::{Name, Subscription};
use tenon_runs::{Capacity, Claimed, Held, Lease, Recovery, State};
use tokio::sync::{Notify, watch as channel};
use tokio::task::JoinSet;
use tracing::Instrument;

pub(crate) use budget::Budgets;
pub(crate) use confine::Confined;
pub(crate) use lookup::configured;
pub(crate) use prepare::with_cause;
pub(crate) use terms::{Terms, TermsBook};
pub(crate) use watch::LOG_QUOTA;

use crate::Error;
use crate::figures::AtWork;
use crate::server::Shared;
use charged::Charged;
use room::{Place, Room, Seat};
use strays::Strays;

/// How often the queue is looked at although nobody said that there is something.
const LOOK: Duration = Duration::from_secs(1);

/// How long a run that is to be stopped may go on.
const STOPPING: Duration = Duration::from_millis(50);

/// Why a run is to end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Nobody has asked for it.
    No,
    /// Somebody has asked for it.
    Asked,
    /// The server ends: others carry it out again.
    Draining,
    /// Another server has it now: nothing of it may be recorded any more.
    Lost,
}

/// Carries out runs, as one of the servers that share the database.
pub(crate) struct Executor {
    shared: Arc<Shared>,
    server: Mutex<String>,
    room: Room,
    /// By leases and not by runs: an attempt that this server has lost may still wind down when it takes the run again.
    at_work: Mutex<HashMap<Lease, channel::Sender<Stop>>>,
    /// Commits of dead servers that this one is to finish.
    recovering: Mutex<Vec<Recovery>>,
    strays: Strays,
    clock: clock::Watched,
    look: Arc<Notify>,
}

impl Executor {
    /// Joins the servers that share the database.
    pub async fn join(shared: Arc<Shared>) -> Result<Arc<Self>, Error> {
        let server = join(&shared).await?;
        let clock = clock::Watched::new(shared.clock.as_ref());
        Ok(Arc::new(Self {
            shared,
            clock,
            server: Mutex::new(server),
            room: Room::default(),
            at_work: Mutex::default(),
            recovering: Mutex::default(),
            strays: Strays::default(),
            look: Arc::default(),
        }))
    }

    /// Carries out runs until `draining`, and then waits for those that go on, as long as the settings allow; what has not
    /// ended then is handed back.
    pub async fn run(self: Arc<Self>, mut draining: channel::Receiver<bool>) {
        let mut work = JoinSet::new();
        let heart = tokio::spawn(Arc::clone(&self).beat());
        let listening = tokio::spawn(Arc::clone(&self).listen());
        let mut queue = self.shared.metadata.subscribe("queue");
        // An earlier process of this server may have died with runs in its hands.
        self.take_over().await;
        loop {
            // Those who have ended make room.
            while work.try_join_next().is_some() {}
            if *draining.borrow() {
                break;
            }
            self.recover(&mut work).await;
            let server = self.server.lock().clone();
            let until = self
                .clock
                .tell(self.shared.clock.as_ref(), &self.shared.metadata, server)
                .await;
            let found = self.take_on(&mut work, until).await;
            if found {
                continue;
            }
            tokio::select! {
                () = self.told(&mut queue) => {}
                () = self.look.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                _ = draining.changed() => {}
            }
        }
        self.drain(&mut work).await;
        listening.abort();
        heart.abort();
        let server = self.server.lock().clone();
        let left = self.shared.metadata.write(move |tx| tenon_runs::leave(tx, &server));
        if let Err(error) = left.await {
            tracing::warn!(%error, "others will notice only later that this server has ended");
        }
    }

    async fn told(&self, queue: &mut Subscription) {
        if queue.next().await.is_none() {
            // The database is closed: there will be nothing more to do.
            std::future::pending::<()>().await;
        }
        // One look serves all who have told meanwhile.
        queue.forget();
    }

    /// Takes as many runs as there is room for, of those whose time has come until then. Says whether there may be more.
    async fn take_on(self: &Arc<Self>, work: &mut JoinSet<()>, until: i64) -> bool {
        let room = self.room.free(self.shared.config().runs.concurrent);
        if room.is_empty() {
            return false;
        }
        let (server, runs) = (self.server.lock().clone(), room.len());
        let claim = move |tx: &mut tenon_metadata::Transaction<'_>| {
            tenon_runs::claim_due(tx, &server, &Capacity { runs }, until)
        };
        // If the machine breaks down and has forgotten it, the run still waits, as it should.
        let claimed = match self.shared.metadata.write_soon(claim).await {
            Ok(claimed) => claimed,
            Err(error) => {
                // The heartbeat joins again where that is why.
                tracing::warn!(%error, "no runs can be taken now");
                return false;
            }
        };
        let more = claimed.len() == runs;
        for (run, place) in claimed.into_iter().zip(room) {
            self.begin(run, Some(place.telling(&self.look)), work);
        }
        more
    }

    fn begin(self: &Arc<Self>, run: Claimed, place: Option<Place>, work: &mut JoinSet<()>) {
        let (stop, stopped) = channel::channel(Stop::No);
        self.at_work.lock().insert(run.lease.clone(), stop);
        let executor = Arc::clone(self);
        let span = traced::attempt(&self.shared, &run);
        let figures = AtWork::begin(self.waited(&run));
        work.spawn(async move {
            let carried_out = attempt::carry_out(&executor.shared, &run, stopped, Seat::new(place));
            // Whatever goes wrong in it, the run has to end.
            let ended = AssertUnwindSafe(Box::pin(carried_out.instrument(span))).catch_unwind();
            if ended.await.is_err() {
                note::note(&executor.shared, &run, went::panicked(), &Charged::default()).await;
            }
            executor.at_work.lock().remove(&run.lease);
            drop(figures);
            traced::run(&executor.shared, &run.tenant, &run.lease.run, run.attempt).await;
        });
    }

    /// How long a run has waited for its first attempt.
    fn waited(&self, run: &Claimed) -> Option<Duration> {
        let now = self.shared.metadata.clock().now();
        let waited = u64::try_from(now - run.queued).unwrap_or_default();
        (run.attempt == 1 && run.pending.is_none()).then(|| Duration::from_micros(waited))
    }

    /// Waits for runs to end, and hands back those that do not.
    async fn drain(&self, work: &mut JoinSet<()>) {
        let ended = async { while work.join_next().await.is_some() {} };
        if tokio::time::timeout(self.shared.config().runs.drain.0, ended)
            .await
            .is_ok()
        {
            return;
        }
        for stop in self.at_work.lock().values() {
            stop.send_replace(Stop::Draining);
        }
        // Each has only to give up now.
        let given_up = async { while work.join_next().await.is_some() {} };
        if tokio::time::timeout(self.shared.config().runs.lease.0, given_up)
            .await
            .is_err()
        {
            work.shutdown().await;
        }
    }

    /// Stops runs soon after somebody asks for it.
    async fn listen(self: Arc<Self>) {
        let mut runs = self.shared.metadata.subscribe("runs");
        while let Some(notice) = runs.next().await {
            // A text is missing where there were too many to hear them all.
            if notice.text.is_empty() || self.is_at(&notice.text) {
                // Its own runs make most of the noise: what comes within this time is looked at together.
                tokio::time::sleep(STOPPING).await;
                self.look_at_held().await;
            }
        }
    }

    /// Says that this server is alive, stops what it is to stop, and takes over what dead ones have left.
    async fn beat(self: Arc<Self>) {
        let mut lease = self.shared.config().runs.lease.0;
        loop {
            tokio::time::sleep(lease / 3).await;
            let server = self.server.lock().clone();
            let wanted = self.shared.config().runs.lease.0;
            let changed = (wanted != lease).then_some(wanted);
            let renewed = self.shared.metadata.write_soon(move |tx| {
                if let Some(lease) = changed {
                    tenon_runs::set_lease(tx, &server, lease)?;
                }
                tenon_runs::renew(tx, &server)
            });
            let renewed = renewed.await;
            if renewed.is_ok() {
                lease = wanted;
            }
            match renewed {
                Ok(renewed) => {
                    let held = self.look_at_held().await;
                    self.strays
                        .give_back(&self.shared.metadata, &held, |lease| self.knows(lease))
                        .await;
                    if !renewed.late {
                        self.take_over().await;
                    }
                }
                Err(tenon_runs::Error::ServerLost { .. }) => self.begin_again().await,
                Err(error) => tracing::warn!(%error, "this server cannot say that it is alive"),
            }
        }
    }

    /// Others hold this server to be dead: what it was at is theirs.
    async fn begin_again(&self) {
        tracing::warn!("other servers have taken the runs of this one over; it begins again");
        for stop in self.at_work.lock().values() {
            stop.send_replace(Stop::Lost);
        }
        match join(&self.shared).await {
            Ok(server) => *self.server.lock() = server,
            Err(error) => tracing::warn!(%error, "this server cannot join again yet"),
        }
    }

    /// Stops what is to be stopped of what the database says this server holds, which it answers with.
    async fn look_at_held(&self) -> Vec<Held> {
        let server = self.server.lock().clone();
        let held = self.shared.metadata.read(move |tx| tenon_runs::held(tx, &server)).await;
        let held = held.unwrap_or_else(|error| {
            tracing::warn!(%error, "it is not known which runs are to be stopped");
            Vec::new()
        });
        for run in held.iter().filter(|run| run.state == State::Stopping) {
            self.stop(&run.lease, Stop::Asked);
        }
        held
    }

    /// Whether an attempt of a run is under way here.
    fn is_at(&self, run: &str) -> bool {
        self.at_work.lock().keys().any(|lease| lease.run == run)
    }

    /// Whether somebody here is at a run by this lease, or will be.
    fn knows(&self, lease: &Lease) -> bool {
        self.at_work.lock().contains_key(lease)
            || self.recovering.lock().iter().any(|recovery| recovery.lease == *lease)
    }

    fn stop(&self, lease: &Lease, why: Stop) {
        if let Some(stop) = self.at_work.lock().get(lease) {
            stop.send_replace(why);
        }
    }

    /// Takes over what dead servers have left: most of it waits for its next attempt, and commits that were cut short are
    /// finished here.
    async fn take_over(self: &Arc<Self>) {
        let server = self.server.lock().clone();
        let taken = self.shared.metadata.write(move |tx| tenon_runs::take_over(tx, &server));
        let taken = match taken.await {
            Ok(taken) => taken,
            Err(error) => return tracing::warn!(%error, "the runs of dead servers cannot be taken over now"),
        };
        let (waiting, ended) = (taken.waiting.len(), taken.ended.len());
        if waiting + ended + taken.recover.len() > 0 {
            tracing::info!(
                waiting,
                ended,
                to_finish = taken.recover.len(),
                "took over the runs of a server that died"
            );
        }
        for recovery in taken.recover {
            self.recovering.lock().push(recovery);
        }
        self.look.notify_one();
    }

    /// Goes on with commits that were cut short. They come before new runs, and need no room: there is hardly any work in
    /// them.
    async fn recover(self: &Arc<Self>, work: &mut JoinSet<()>) {
        let recoveries = std::mem::take(&mut *self.recovering.lock());
        for Recovery { lease, pending } in recoveries {
            let (tenant, id) = (pending.tenant.clone(), pending.run.clone());
            let found = self
                .shared
                .metadata
                .read(move |tx| tenon_runs::runs::get(tx, &tenant, &id))
                .await;
            match found {
                Ok(run) => {
                    let claimed = Claimed {
                        lease,
                        tenant: run.tenant,
                        job: run.job,
                        job_version: run.job_version,
                        attempt: run.attempt,
                        arguments: run.arguments,
                        trigger: run.trigger,
                        workflow_run: run.workflow_run,
                        node: run.node,
                        depth: run.depth,
                        created: run.created.timestamp_micros(),
                        queued: run.queued.timestamp_micros(),
                        timeout_at: None,
                        pending: Some(pending),
                    };
                    self.begin(claimed, None, work);
                }
                Err(error) => {
                    tracing::warn!(%error, "a commit that was cut short cannot be finished yet");
                    self.recovering.lock().push(Recovery { lease, pending });
                }
            }
        }
    }
}

async fn join(shared: &Arc<Shared>) -> Result<String, Error> {
    let (name, lease): (Name, Duration) = (shared.name.clone(), shared.config().runs.lease.0);
    let joined = shared.metadata.write(move |tx| tenon_runs::join(tx, &name, lease));
    Ok(joined.await?)
}
