//! A thread that runs transactions on a connection of its own.
//!
//! The connection lives on a runtime of the thread's own: callers may be on a runtime with a single thread, which waits
//! for the answer and could not drive the connection meanwhile.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use super::failure::Remedy;
use super::session::Session;
use super::target::Target;
use crate::metadata::{Access, Counts};
use crate::notices::Notices;
use crate::queue::{Served, Waiting};
use crate::transaction::Connected;
use crate::work::{Asked, Work};
use crate::{Clock, Error, Transaction};

/// How long a transaction waits for a server that cannot be reached, from when it was asked for: a restart of the server
/// goes by unnoticed.
const PATIENCE: Duration = Duration::from_secs(5);
/// After a connection has failed, none is tried for as long.
const PAUSE: Duration = Duration::from_millis(250);
/// How often a transaction is tried that collides with others.
const ATTEMPTS: u32 = 40;
/// The longest pause before it is tried again, in milliseconds.
const LONGEST_PAUSE: u64 = 200;

pub(super) struct Worker {
    runtime: Arc<Runtime>,
    target: Arc<Target>,
    clock: Clock,
    notices: Notices,
    counts: Arc<Counts>,
    /// What this process is called in notices.
    own: String,
    session: Option<Session>,
    /// When connecting failed, and how.
    failed: Option<(Instant, String)>,
}

/// How a transaction went.
enum Tried {
    /// It is over.
    Over(Result<(), Error>),
    /// It left nothing, and may do better the next time.
    Again(Error),
}

impl Worker {
    pub fn new(
        target: Arc<Target>,
        clock: Clock,
        notices: Notices,
        counts: Arc<Counts>,
        own: String,
    ) -> Result<Self, Error> {
        Ok(Self {
            runtime: runtime(&target)?,
            target,
            clock,
            notices,
            counts,
            own,
            session: None,
            failed: None,
        })
    }

    /// Runs transactions until nobody can ask for any more.
    pub fn serve(mut self, asked: &Served<Asked>) {
        while let Some(next) = asked.0.pop() {
            self.run(next);
        }
    }

    fn run(&mut self, asked: Waiting<Asked>) {
        let Asked { access, mut work } = asked.task;
        let mut attempt = 0;
        loop {
            if let Err(reason) = self.connect() {
                if asked.since.elapsed() < PATIENCE {
                    thread::sleep(PAUSE);
                    continue;
                }
                let doing = access.doing();
                return work.end(Err(Error::Unavailable { doing, reason }));
            }
            match self.attempt(access, work.as_mut()) {
                Tried::Over(result) => return work.end(result),
                Tried::Again(error) => {
                    attempt += 1;
                    if attempt >= ATTEMPTS {
                        return work.end(Err(error));
                    }
                    self.counts.repeated();
                    if self.session.is_some() {
                        thread::sleep(pause(attempt));
                    }
                }
            }
        }
    }

    /// Connects if there is no connection. The error is a sentence.
    fn connect(&mut self) -> Result<(), String> {
        if self.session.is_some() {
            return Ok(());
        }
        if let Some((when, reason)) = &self.failed
            && when.elapsed() < PAUSE
        {
            return Err(reason.clone());
        }
        match Session::connect(&self.runtime, &self.target) {
            Ok(session) => {
                self.session = Some(session);
                self.failed = None;
                Ok(())
            }
            Err(reason) => {
                let reason = format!("{} cannot be reached: {reason}", self.target.place);
                self.failed = Some((Instant::now(), reason.clone()));
                Err(reason)
            }
        }
    }

    fn attempt(&mut self, access: Access, work: &mut dyn Work) -> Tried {
        let Some(session) = &mut self.session else {
            return Tried::Over(Err(Error::Closed));
        };
        let tried = attempt(session, access, work, &self.own, self.clock.now());
        match session.remedy() {
            Remedy::Connect => self.session = None,
            Remedy::Prepare => session.forget(),
            Remedy::None | Remedy::Again => {}
        }
        match tried {
            Ok(notices) => {
                if let Some(notices) = notices {
                    self.counts.committed(1, true);
                    self.notices.tell(notices);
                }
                Tried::Over(Ok(()))
            }
            Err(tried) => tried,
        }
    }
}

/// What the transaction told if it is committed; none if it is not to be.
fn attempt(
    session: &mut Session,
    access: Access,
    work: &mut dyn Work,
    own: &str,
    now: i64,
) -> Result<Option<Vec<crate::Notice>>, Tried> {
    // Whether it may do better the next time. Nothing is committed before the commit.
    let ended = |session: &mut Session, error: Error| {
        session.roll_back();
        if session.must_start_again() {
            Tried::Again(error)
        } else {
            Tried::Over(Err(error))
        }
    };
    session.begin(access).map_err(|error| ended(session, error))?;
    let mut tx = Transaction::new(Connected::Postgres(session), now);
    let is_wanted = work.run(&mut tx);
    let told = tx.end().map_err(|error| ended(session, error))?;
    if !is_wanted || access == Access::Read {
        session.roll_back();
        return Ok(None);
    }
    session.notify(own, &told).map_err(|error| ended(session, error))?;
    match session.commit() {
        Ok(()) => Ok(Some(told)),
        Err(error) if session.remedy() == Remedy::Connect => Err(Tried::Over(Err(Error::Unavailable {
            doing: "written",
            reason: format!("the connection broke during a commit, which may be done or not ({error})"),
        }))),
        Err(error) => Err(ended(session, error)),
    }
}

/// Not the same for all, so that those who have collided do not meet again.
fn pause(attempt: u32) -> Duration {
    let longest = LONGEST_PAUSE.min(1 << attempt.min(16));
    Duration::from_micros(rand::random_range(0..=longest * 1_000))
}

/// A runtime for one thread.
pub(super) fn runtime(target: &Target) -> Result<Arc<Runtime>, Error> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map(Arc::new).map_err(|error| Error::Open {
        place: target.place.clone(),
        reason: error.to_string(),
    })
}
