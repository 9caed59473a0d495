//! PostgreSQL: threads of a connection each, and one that listens.

mod failure;
mod listen;
mod numeric;
mod session;
mod statements;
mod target;
mod tls;
mod value;
mod worker;

use std::sync::Arc;

use tokio::sync::watch;

use crate::metadata::{Counts, spawn};
use crate::notices::Notices;
use crate::queue::{Queue, Served};
use crate::work::Asked;
use crate::{Error, Settings};

pub(crate) use session::Session;

/// A database on a server, with the threads that use it.
#[derive(Debug)]
pub(crate) struct Postgres {
    asked: Arc<Queue<Asked>>,
    /// Dropped with it, which ends the thread that listens.
    _open: watch::Sender<()>,
}

impl Postgres {
    pub fn open(settings: &Settings, notices: &Notices, counts: &Arc<Counts>) -> Result<Self, Error> {
        let target = Arc::new(target::Target::of(&settings.url)?);
        // Tells this process's own notices from those of others.
        let own = crate::id("server");
        let (open, closed) = watch::channel(());
        listen::start(Arc::clone(&target), own.clone(), notices.clone(), closed)?;
        let postgres = Self {
            asked: Arc::new(Queue::new()),
            _open: open,
        };
        for _ in 0..settings.connections.max(1) {
            let worker = worker::Worker::new(
                Arc::clone(&target),
                settings.clock.clone(),
                notices.clone(),
                Arc::clone(counts),
                own.clone(),
            )?;
            let asked = Served(Arc::clone(&postgres.asked));
            spawn("metadata", move || worker.serve(&asked))?;
        }
        Ok(postgres)
    }

    pub fn ask(&self, asked: Asked) -> Result<(), Error> {
        let doing = asked.access.doing();
        self.asked.push(asked, doing)
    }

    pub fn waiting(&self) -> usize {
        self.asked.len()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.asked.close();
    }
}
