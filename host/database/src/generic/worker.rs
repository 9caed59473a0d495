//! A thread that owns a session.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::{Error, Stage};

use super::settings::settle;
use super::{Cancel, Connector};

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// A session on its own thread. Dropped, it ends what the session is doing and closes the connection.
pub(crate) struct Worker<C: Connector> {
    connector: Arc<C>,
    jobs: Sender<Job<C::Session>>,
    cancel: Cancel,
}

impl<C: Connector> Worker<C> {
    /// Connects.
    pub(crate) async fn connect(connector: Arc<C>) -> Result<Self, Error> {
        let (jobs, inbox) = channel::<Job<C::Session>>();
        let (ready, connected) = oneshot::channel();
        let cancel = Cancel::default();
        let (own, its) = (Arc::clone(&connector), cancel.clone());
        let body = move || {
            let connected = own.connect(its).and_then(|mut session| {
                let settled = settle(&mut session, own.options());
                settled.map_err(|fault| fault.error(own.name(), own.name(), "to set timeouts"))?;
                Ok(session)
            });
            let mut session = match connected {
                Ok(session) => session,
                Err(error) => return drop(ready.send(Err(error))),
            };
            if ready.send(Ok(())).is_ok() {
                for job in inbox {
                    job(&mut session);
                }
            }
        };
        let failed = |reason: String| Error::Connect {
            database: connector.name().to_owned(),
            stage: Stage::Tcp,
            reason,
            transient: true,
        };
        thread::Builder::new()
            .name(format!("tenon-{}", connector.driver()))
            .spawn(body)
            .map_err(|error| failed(format!("cannot start a thread: {error}")))?;
        let seconds = connector.options().connect_timeout;
        match tokio::time::timeout(Duration::from_secs(seconds.into()), connected).await {
            Ok(Ok(connected)) => connected?,
            Ok(Err(_)) => return Err(failed("the driver failed without a word".to_owned())),
            Err(_) => {
                return Err(failed(format!(
                    "no answer within {seconds} seconds (`connect_timeout`)"
                )));
            }
        }
        Ok(Self {
            connector,
            jobs,
            cancel,
        })
    }

    /// Has the session do something, and waits for it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut C::Session) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.start(work).await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Has the session do something.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut C::Session) -> Result<T, Error> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, Error>> {
        let (reply, answer) = oneshot::channel();
        let job: Job<C::Session> = Box::new(move |session| drop(reply.send(work(session))));
        // Where the thread is gone the reply is dropped, which whoever waits for the answer sees.
        drop(self.jobs.send(job));
        answer
    }

    /// What became of a session whose thread is gone.
    pub(crate) fn gone(&self) -> Error {
        Error::Lost {
            database: self.connector.name().to_owned(),
            doing: "working".to_owned(),
            reason: "the driver failed without a word".to_owned(),
        }
    }
}

impl<C: Connector> Drop for Worker<C> {
    fn drop(&mut self) {
        let cancel = self.cancel.clone();
        if cancel.is_armed() {
            // Ending a statement may take a connection of its own: not on a thread of the runtime.
            thread::spawn(move || cancel.fire());
        } else {
            cancel.fire();
        }
    }
}

impl<C: Connector> std::fmt::Debug for Worker<C> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Worker({})", self.connector.name())
    }
}
