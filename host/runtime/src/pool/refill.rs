//! The thread that refills and shrinks the pools of a runtime.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;
use tokio::time::MissedTickBehavior;

use super::Pool;
use crate::error::Error;

/// How often pools are brought to what they aim at, be it less or more than they have.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Calls the refill thread. The thread ends when the last of these is gone.
#[derive(Clone, Debug)]
pub(crate) struct Refill(UnboundedSender<Message>);

#[derive(Debug)]
enum Message {
    Watch(Weak<Pool>),
    Fill(Weak<Pool>),
}

impl Refill {
    /// Starts the thread.
    pub fn start() -> Result<Self, Error> {
        let (sender, receiver) = unbounded_channel();
        let failed = |error: std::io::Error| Error::Engine(format!("the refill thread could not be started: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        thread::Builder::new()
            .name("tenon-refill".into())
            .spawn(move || LocalSet::new().block_on(&runtime, work(receiver)))
            .map_err(failed)?;
        Ok(Refill(sender))
    }

    /// Looks after this pool from now on.
    pub fn watch(&self, pool: &Arc<Pool>) {
        // The thread only ends with the runtime, and then nobody needs it.
        let _ = self.0.send(Message::Watch(Arc::downgrade(pool)));
    }

    /// Fills this pool soon.
    pub fn call(&self, pool: &Arc<Pool>) {
        let _ = self.0.send(Message::Fill(Arc::downgrade(pool)));
    }
}

async fn work(mut messages: UnboundedReceiver<Message>) {
    let mut watched: Vec<Weak<Pool>> = Vec::new();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                None => return,
                Some(Message::Watch(pool)) => watched.push(pool),
                // A task each: a plugin whose start function runs long yields to the others.
                Some(Message::Fill(pool)) => {
                    tokio::task::spawn_local(async move {
                        if let Some(pool) = pool.upgrade() {
                            pool.fill().await;
                        }
                    });
                }
            },
            _ = looks.tick() => watched.retain(|pool| {
                let pool = pool.upgrade();
                if let Some(pool) = &pool {
                    pool.look();
                }
                pool.is_some()
            }),
        }
    }
}
