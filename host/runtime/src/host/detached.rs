//! Work of the host for a script, away from the guest's stack.

use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::error::ErrorKind;
use crate::script::Fault;

/// Runs a pipeline's method in a task of its own, which ends when nobody waits for it any more; answers with the time
/// that it computed, too. The guest's fiber has a stack of fixed size and must not be unwound, while planners recurse and
/// may panic.
pub(super) async fn run<T: Send + 'static>(
    method: impl Future<Output = Result<T, Fault>> + Send + 'static,
) -> (Result<T, Fault>, Duration) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return gave_up("there is no tokio runtime to run it on");
    };
    let mut task = Task(runtime.spawn(timed(method).instrument(tracing::Span::current())));
    match (&mut task.0).await {
        Ok(done) => done,
        Err(error) => gave_up(&error.to_string()),
    }
}

fn gave_up<T>(reason: &str) -> (Result<T, Fault>, Duration) {
    let fault = Fault::new(ErrorKind::Internal, format!("the host gave up on the frame: {reason}"));
    (Err(fault), Duration::ZERO)
}

/// What a future answers with, and the time that it spent being polled.
async fn timed<F: Future>(future: F) -> (F::Output, Duration) {
    let mut future = pin!(future);
    let mut spent = Duration::ZERO;
    let output = std::future::poll_fn(|context| {
        let started = Instant::now();
        let polled = future.as_mut().poll(context);
        spent += started.elapsed();
        polled
    })
    .await;
    (output, spent)
}

/// A task that is aborted when it is dropped.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panics_are_faults() {
        let (answer, _) = run(async { panic!("what a plan") as Result<(), Fault> }).await;
        let fault = answer.unwrap_err();
        assert_eq!(fault.kind, ErrorKind::Internal);
        assert!(fault.message.contains("panicked"), "{fault}");
    }

    #[tokio::test]
    async fn computing_is_timed_and_waiting_is_not() {
        let (_, waited) = run(async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(())
        })
        .await;
        assert!(waited < Duration::from_millis(50), "{waited:?}");
        let (_, computed) = run(async {
            std::thread::sleep(Duration::from_millis(20));
            Ok(())
        })
        .await;
        assert!(computed >= Duration::from_millis(20), "{computed:?}");
    }
}
