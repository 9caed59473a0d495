//! One attempt of a run, from its claim to its end.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use tenon_connect::Bookmark;
use tenon_engine::{Error as EngineError, Incremental, Job, Progress, Step};
use tenon_job::Job as Definition;
use tenon_metadata::ErrorKind;
use tenon_runs::{Claimed, Level, LogSource, Pending, RunLog};
use tenon_runtime::LogSink;
use tenon_tenants::{Error as TenantError, quotas};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::sync::watch::Receiver;

use super::Stop;
use super::budget::{Amount, Held};
use super::charged::Charged;
use super::ledger::RunLedger;
use super::lookup::Belongings;
use super::note::Note;
use super::outcome::Ended;
use super::stream::Stream;
use super::terms::Terms;
use super::unfinished::Completed;
use super::went::{Done, Went};
use super::{ceilings, note, prepare, shares, traced, unfinished, watch};
use crate::Error;
use crate::plugins::Artifacts;
use crate::server::Shared;

/// To ask takes a dozen system calls.
static CORES: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));

/// A longer job, in bytes, is read where it keeps nobody else waiting.
const SHORT: usize = 64 << 10;

/// A job that is ready to run, with what it holds of its tenant's budget.
struct Ready {
    definition: Definition,
    job: Job,
    artifacts: Artifacts,
    /// How long an attempt may take, as the settings of the job say, if they say so.
    timeout: Option<Duration>,
    _budget: Held,
}

/// Carries out an attempt of a run, and notes how it ended; of one in micro-batches, how each of them went.
pub(super) async fn carry_out(shared: &Arc<Shared>, run: &Claimed, mut stopped: Receiver<Stop>) {
    let log = traced::log(shared, run);
    let mut stream: Option<Stream> = None;
    loop {
        let (progress, charged) = (Progress::default(), Charged::default());
        let attempt = Attempt {
            shared,
            run,
            log: &log,
            progress: &progress,
            charged: &charged,
            until: stream.as_ref().map_or_else(|| until(shared, run), Stream::until),
            batch: stream.as_ref().map(Stream::number),
        };
        let (went, artifacts) = Box::pin(attempt.go(&mut stream, &mut stopped)).await;
        traced::parts(shared, &progress, &went);
        if let Went::Away = went {
            return log.flush().await;
        }
        let (note, culprit) = match (&mut stream, &went) {
            (Some(stream), Went::Well(done)) => {
                let note = went.noted_as_batch(&progress, stream.add(&log, done));
                // Nothing can be said of plugins that have seen no row.
                (note, went.culprit().filter(|_| done.batch.has_found))
            }
            _ => (went.noted(&progress), went.culprit()),
        };
        log.flush().await;
        let goes_on = matches!(note, Note::Batch(_));
        let is_noted = note::note(shared, run, note, &charged).await;
        shared
            .plugins
            .judge(&run.tenant, &run.lease.run, &artifacts, culprit)
            .await;
        let Some(stream) = stream.as_ref().filter(|_| goes_on && is_noted) else {
            return;
        };
        match stream.rest(shared, run, &mut stopped).await {
            None => {}
            Some(Went::Away) => return,
            Some(end) => {
                // What its micro-batches have used is noted already.
                note::note(shared, run, end.noted(&Progress::default()), &Charged::default()).await;
                return;
            }
        }
    }
}

/// What earlier runs of the job have left to this one.
struct Kept {
    state: BTreeMap<String, Vec<u8>>,
    version: i64,
    bookmarks: BTreeMap<String, tenon_runs::Bookmark>,
    /// A commit that one was cut short in.
    unfinished: Option<Pending>,
}

struct Attempt<'a> {
    shared: &'a Arc<Shared>,
    run: &'a Claimed,
    log: &'a RunLog,
    progress: &'a Progress,
    charged: &'a Charged,
    /// When it will have taken too long, if it can.
    until: Option<Instant>,
    /// Which micro-batch it is about to carry out, once it is known that it has any.
    batch: Option<u64>,
}

impl Attempt<'_> {
    /// Carries out all of it, or its next micro-batch.
    async fn go(&self, stream: &mut Option<Stream>, stopped: &mut Receiver<Stop>) -> (Went, Artifacts) {
        let ready = tokio::select! {
            ready = self.prepare() => ready,
            why = asked(stopped) => return (Went::stopped(why), Artifacts::default()),
        };
        let mut ready = match ready {
            Ok(ready) => ready,
            Err(ended) => return (Went::Badly(ended), Artifacts::default()),
        };
        let artifacts = ready.artifacts.clone();
        if let Err(ended) = self.time(&mut ready, stream).await {
            return (Went::Badly(ended), artifacts);
        }
        let went = match &self.run.pending {
            Some(pending) => self.finish(&ready, pending).await,
            None => self.execute(ready, stream.as_ref(), stopped).await,
        };
        (went, artifacts)
    }

    /// Says how long it may take. Where it goes on in micro-batches, the next one begins.
    async fn time(&self, ready: &mut Ready, stream: &mut Option<Stream>) -> Result<(), Ended> {
        let Some(every) = ready.job.stream else {
            let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
            ready.job.timeout = sooner(ready.job.timeout, left);
            return Ok(());
        };
        let begun = if let Some(begun) = stream.take() {
            begun
        } else {
            let limit = sooner(ready.job.timeout, ready.timeout);
            let begun = Stream::begin(self.shared, self.run, every, limit).await;
            begun.map_err(|error| broken(&error))?
        };
        let begun = stream.insert(begun);
        ready.job.batch = Some(begun.begin_next());
        ready.job.timeout = begun.left();
        Ok(())
    }

    /// Reads the job, finds its plugins, and checks what it wants.
    async fn prepare(&self) -> Result<Ready, Ended> {
        let (shared, run) = (self.shared, self.run);
        let (tenant, job, version) = (run.tenant.clone(), run.job.clone(), run.job_version);
        let terms = shared.terms(&run.tenant).await.map_err(|error| broken(&error))?;
        let stored = shared.metadata.read(move |tx| {
            quotas::check_cpu(tx, &tenant)?;
            Ok::<_, Error>(tenon_runs::jobs::version(tx, &tenant, &job, version)?)
        });
        let stored = match stored.await {
            Ok(stored) => stored,
            Err(error) => {
                let (ended, used_up) = (broken(&error), used_up(&error));
                drop(error);
                if let Some(reason) = used_up {
                    self.tell_used_up(reason).await;
                }
                return Err(ended);
            }
        };
        let belongings = Belongings {
            metadata: shared.metadata.clone(),
            keys: shared.key_rings(),
            tenant: run.tenant.clone(),
            job: run.job.clone(),
            runtime: Handle::current(),
        };
        let text = prepare::Text {
            job: run.job.as_str(),
            definition: &stored.definition,
            format: stored.format,
        };
        let read = || prepare::definition(text, &run.arguments, belongings.clone());
        let definition = if text.definition.len() > SHORT {
            tokio::task::block_in_place(read)
        } else {
            read()
        };
        let definition = definition.map_err(|reason| refused(&reason))?;
        let id = run.lease.run.as_str();
        let chosen_by = self
            .batch
            .map_or_else(|| id.to_owned(), |batch| format!("{id}-b{batch}"));
        let found = shared
            .plugins
            .find(run, &definition, &stored.settings.plugins, &chosen_by);
        let artifacts = found.await;
        let artifacts = artifacts.map_err(|error| broken(&error))?;
        let made = prepare::job(&definition, &artifacts, &belongings, &terms.house());
        let mut job = made.map_err(|reason| refused(&reason))?;
        job.limits =
            ceilings::within(&job.limits, &shared.config().sandboxes.limits).map_err(|reason| refused(&reason))?;
        run.tenant.as_str().clone_into(&mut job.tenant);
        job.run = Some(format!("{}-{}", run.lease.run, run.attempt));
        job.log = Some(self.sink());
        let budget = tokio::select! {
            budget = self.budget(&mut job, &terms) => budget?,
            late = self.waits_too_long() => return Err(late),
        };
        Ok(Ready {
            definition,
            job,
            artifacts,
            timeout: given(stored.settings.timeout_seconds),
            _budget: budget,
        })
    }

    /// Has those who watch the tenant know that its CPU time is used up.
    async fn tell_used_up(&self, reason: String) {
        let tenant = self.run.tenant.clone();
        let told = self
            .shared
            .metadata
            .write(move |tx| quotas::tell_reached(tx, &tenant, watch::CPU_QUOTA, &reason));
        if let Err(error) = told.await {
            tracing::warn!(%error, "nobody is told that a quota is reached");
        }
    }

    /// Takes the memory and sandboxes that the job may use out of its tenant's, when they are free: on this server, and then
    /// on all that share the database. With fewer sandboxes than it would like it gets fewer partitions.
    async fn budget(&self, job: &mut Job, terms: &Terms) -> Result<Held, Ended> {
        let limit = Amount {
            memory: terms.quotas.memory_bytes,
            sandboxes: u64::from(terms.quotas.sandboxes),
        };
        let each = sandboxes_of_partition(job);
        if each > limit.sandboxes {
            let (tenant, limit) = (&self.run.tenant, limit.sandboxes);
            return Err(refused(&format!(
                "the job needs {each} sandboxes at once, one for each step and function of a plugin, and tenant `{tenant}` may \
                 have {limit}: its quota `sandboxes` has to be raised, or the job split"
            )));
        }
        let each = each.max(1);
        let partitions = (job.partitions.unwrap_or(*CORES) as u64)
            .min(limit.sandboxes / each)
            .max(1);
        let wanted = Amount {
            memory: job
                .memory
                .map_or(self.shared.config().runs.memory.0, |bytes| bytes as u64),
            sandboxes: partitions * each,
        };
        let held = self.shared.budgets.take(self.run.tenant.as_str(), wanted, limit).await;
        // A server that is alone has counted all that there is, and need not write it down for each run.
        if self.shared.config().database.is_some() {
            let taken = shares::take(&self.shared.metadata, &self.run.lease, held.amount, limit).await;
            taken.map_err(|error| broken(&error.into()))?;
        }
        job.memory = Some(usize::try_from(held.amount.memory).unwrap_or(usize::MAX));
        job.partitions = Some(usize::try_from(partitions).unwrap_or(usize::MAX));
        Ok(held)
    }

    /// Ready when the run has taken too long before it could begin.
    async fn waits_too_long(&self) -> Ended {
        let Some(until) = self.until else {
            return std::future::pending().await;
        };
        let limit = until.saturating_duration_since(Instant::now());
        tokio::time::sleep(limit).await;
        let mut ended = Ended::of(&EngineError::Timeout { limit });
        ended.failure.likely_cause =
            Some("other runs of the tenant had all of its memory or sandboxes, so that it could not begin".to_owned());
        ended
    }

    /// Hands what guests log to the log of the run.
    fn sink(&self) -> LogSink {
        let log = self.log.clone();
        LogSink::new(move |record| {
            let level = match record.level {
                tenon_runtime::Level::Trace => tenon_runs::Level::Trace,
                tenon_runtime::Level::Debug => tenon_runs::Level::Debug,
                tenon_runtime::Level::Info => tenon_runs::Level::Info,
                tenon_runtime::Level::Warn => tenon_runs::Level::Warn,
                tenon_runtime::Level::Error => tenon_runs::Level::Error,
            };
            // A component that drives the job is no step of it.
            let step = record.step.as_deref().unwrap_or(&record.plugin);
            log.write(level, LogSource::Guest, Some(step), &record.message);
        })
    }

    async fn execute(&self, mut ready: Ready, stream: Option<&Stream>, stopped: &mut Receiver<Stop>) -> Went {
        let ledger = match self.read_on(&mut ready).await {
            Ok(ledger) => ledger,
            Err(ended) => return Went::Badly(ended),
        };
        let engine = self.shared.engine.clone().ledger(Arc::new(ledger));
        let (following, used_up) = watch::follow(&self.shared.metadata, self.run, self.progress, self.charged);
        let (mut why, mut over) = (Stop::No, None);
        let stop = async {
            tokio::select! {
                asked = asked(stopped) => why = asked,
                error = told(used_up) => over = Some(error),
            }
        };
        let ended = engine.run_until(&ready.job, self.progress, stop).await;
        drop(following);
        match ended {
            Ok(report) => Went::Well(Done::of(&report)),
            Err(EngineError::Cancelled) => {
                over.map_or_else(|| Went::stopped(why), |error| Went::Badly(Ended::used_up(&error)))
            }
            Err(error) => {
                let error = match stream {
                    Some(stream) => stream.of_all(error),
                    None => error,
                };
                Went::Badly(Ended::of(&error))
            }
        }
    }

    /// Has the job go on where its last committed run ended.
    async fn read_on(&self, ready: &mut Ready) -> Result<RunLedger, Ended> {
        let mut kept = self.kept().await?;
        if let Some(left) = kept.unfinished.take() {
            unfinished::settle(self.shared, self.log, &ready.job, &left).await?;
            // What that commit kept is current now.
            kept = self.kept().await?;
        }
        let Kept {
            state,
            version,
            bookmarks,
            ..
        } = kept;
        for (source, defined) in &ready.definition.sources {
            if !ready.definition.bookmarked(source) {
                continue;
            }
            let since = match bookmarks.get(source) {
                None => Bookmark::None,
                Some(bookmark) => serde_json::from_value(bookmark.value.clone()).map_err(|error| {
                    refused(&format!(
                        "the bookmark of the source `{source}` cannot be read ({error}); resetting it removes it"
                    ))
                })?,
            };
            let incremental = Incremental {
                since,
                ..Incremental::of(defined)
            };
            ready.job.incremental.insert(source.clone(), incremental);
        }
        ready.job.state.clone_from(&state);
        Ok(RunLedger {
            metadata: self.shared.metadata.clone(),
            lease: self.run.lease.clone(),
            based_on: (!ready.job.incremental.is_empty()).then_some(version),
            state,
        })
    }

    async fn kept(&self) -> Result<Kept, Ended> {
        let (tenant, job, run) = (
            self.run.tenant.clone(),
            self.run.job.clone(),
            self.run.lease.run.clone(),
        );
        let kept = self.shared.metadata.read(move |tx| {
            Ok::<_, Error>(Kept {
                state: tenon_runs::state(tx, &tenant, &job)?,
                version: tenon_runs::bookmark_version(tx, &tenant, &job)?,
                bookmarks: tenon_runs::bookmarks(tx, &tenant, &job)?,
                unfinished: tenon_runs::unfinished(tx, &tenant, &job, &run)?,
            })
        });
        kept.await.map_err(|error| broken(&error))
    }

    /// Finishes the commit that an earlier attempt was cut short in: what it had made durable becomes visible.
    async fn finish(&self, ready: &Ready, pending: &Pending) -> Went {
        let (went, committed) = match unfinished::complete(&self.shared.engine, &ready.job, pending).await {
            Ok(Completed::All(sinks)) => return Went::Well(Done::recovered(&sinks)),
            Ok(Completed::Partly(ended)) => (Went::Badly(ended), true),
            Ok(Completed::Nothing(why)) => {
                let text =
                    format!("the commit of an earlier attempt is given up, and its work is done again, since {why}");
                self.log.write(Level::Warn, LogSource::Host, None, &text);
                // By an attempt of its own: no two may be called the same where they write.
                (Went::Back, false)
            }
            Err(ended) => return Went::Badly(ended),
        };
        match self.decide(committed).await {
            Ok(()) => went,
            Err(ended) => Went::Badly(ended),
        }
    }

    /// Has the run's commit be over.
    async fn decide(&self, committed: bool) -> Result<(), Ended> {
        let lease = self.run.lease.clone();
        let decided = self.shared.metadata.write(move |tx| {
            if committed {
                tenon_runs::committed(tx, &lease)
            } else {
                tenon_runs::aborted(tx, &lease)
            }
        });
        decided.await.map_err(|error| broken(&error.into()))
    }
}

/// Sandboxes that each partition of a job may have at once: one for each step and each function of a plugin; of a job in
/// code, its own and one for each plugin that it applies.
fn sandboxes_of_partition(job: &Job) -> u64 {
    let steps = job.steps.values().filter(|step| matches!(step, Step::Plugin(_)));
    let script = job.script.as_ref().map_or(0, |script| 1 + script.plugins.len());
    (steps.count() + job.functions.len() + script) as u64
}

/// The time that settings give an attempt; none where they don't, or give it all that there is.
fn given(seconds: Option<u64>) -> Option<Duration> {
    seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

/// When a run that begins now will have taken too long. From here on by a clock that nobody sets.
fn until(shared: &Shared, run: &Claimed) -> Option<Instant> {
    let now = shared.metadata.clock().now();
    let left = |until: i64| Duration::from_micros(u64::try_from(until - now).unwrap_or_default());
    Instant::now().checked_add(left(run.timeout_at?))
}

/// Ready when the run is to end early.
pub(super) async fn asked(stopped: &mut Receiver<Stop>) -> Stop {
    match stopped.wait_for(|why| *why != Stop::No).await {
        Ok(why) => *why,
        // The executor is gone, and with it everything.
        Err(_) => Stop::Lost,
    }
}

/// Ready when something is told; never if nobody tells anything any more.
async fn told<T>(teller: oneshot::Receiver<T>) -> T {
    match teller.await {
        Ok(told) => told,
        Err(_) => std::future::pending().await,
    }
}

/// What is said of the tenant's CPU time, if that is used up.
fn used_up(error: &Error) -> Option<String> {
    match error {
        Error::Kept(tenon_api::Error::Tenants(error @ TenantError::CpuQuota { .. })) => Some(error.to_string()),
        _ => None,
    }
}

pub(super) fn refused(reason: &str) -> Ended {
    Ended::refused(&Error::Refused {
        reason: reason.to_owned(),
    })
}

/// Something around the run is wrong: the run itself may be fine.
pub(super) fn broken(error: &Error) -> Ended {
    let mut ended = Ended::refused(error);
    if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Internal) {
        "server".clone_into(&mut ended.failure.kind);
        ended.failure.may_pass = Some(true);
    }
    ended
}

fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
