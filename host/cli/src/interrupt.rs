//! Ctrl-C: once stops the run, twice ends the process.

use tokio::sync::oneshot;

/// Ready after the first interrupt or request to terminate; the second ends the process at once. To be called within a
/// tokio runtime.
pub async fn requested() {
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move {
        if once().await.is_err() {
            tracing::warn!("interrupts cannot be heard; Ctrl-C ends the process without cleaning up");
            std::future::pending::<()>().await;
        }
        sender.send(()).ok();
        if once().await.is_ok() {
            std::process::exit(130);
        }
    });
    receiver.await.ok();
}

#[cfg(unix)]
async fn once() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn once() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
