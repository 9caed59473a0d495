//! Ctrl-C: once stops what is under way, twice ends the process.

use tokio::sync::watch;

/// Hears interrupts and requests to terminate. Clones hear the same ones.
#[derive(Debug, Clone)]
pub struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Listens from here on; the second interrupt ends the process at once. To be called within a tokio runtime.
    pub fn listen() -> Self {
        let (sender, receiver) = watch::channel(false);
        match Signals::new() {
            Ok(mut signals) => {
                tokio::spawn(async move {
                    signals.next().await;
                    sender.send(true).ok();
                    signals.next().await;
                    std::process::exit(130);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "interrupts cannot be heard; Ctrl-C ends the process without cleaning up");
            }
        }
        Self(receiver)
    }

    /// Ready once there was an interrupt.
    pub async fn requested(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|requested| *requested).await.is_err() {
            // Nobody listens, so it will never come.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
