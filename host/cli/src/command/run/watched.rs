//! `tenon run --watch`: runs again whenever something changes that the run is made of.

use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tenon_host::engine::{Error, Outcome};
use tokio::sync::mpsc;

use super::Runner;
use crate::exit::Failure;
use crate::inputs::{Inputs, State};

/// How long files have to be at rest: editors and compilers write several at a time.
const REST: Duration = Duration::from_millis(150);
/// How often to look where the system tells nothing.
const INTERVAL: Duration = Duration::from_secs(2);

/// Runs, and runs again, until it is interrupted. While nothing runs, that is no failure.
pub(super) async fn run(mut runner: Runner) -> Result<(), Failure> {
    loop {
        let inputs = runner.inputs.clone();
        let before = inputs.state();
        let ended = runner.once().await;
        if let Err(failure) = &ended
            && matches!(failure.engine().map(Error::outcome), Some(Outcome::Cancelled))
        {
            return ended.map(drop);
        }
        match &ended {
            Ok(report) => runner.show(report)?,
            Err(failure) => {
                if runner.arguments.json {
                    failure.print_json();
                }
                failure.print();
            }
        }
        // A change during the run counts.
        let known = runner.inputs.baseline(&inputs, before);
        if !runner.quiet {
            let paths = runner.inputs.len();
            eprintln!("watching {paths} files and folders; Ctrl-C ends it");
        }
        tokio::select! {
            changed = next(&runner.inputs, &known) => {
                if !runner.quiet {
                    eprintln!("\n{changed} has changed; running again");
                }
            }
            () = runner.interrupt.requested() => return Ok(()),
        }
    }
}

/// Waits until a file is not as it is known, and all are at rest. Answers with the file.
async fn next(inputs: &Inputs, known: &State) -> String {
    let (sender, mut changes) = mpsc::channel(1);
    let watcher = watcher(inputs, sender);
    loop {
        let now = inputs.state();
        if let Some(changed) = now.changed_since(known) {
            let changed = changed.display().to_string();
            at_rest(inputs, now).await;
            return changed;
        }
        match watcher {
            Ok(_) => {
                changes.recv().await;
            }
            Err(_) => tokio::time::sleep(INTERVAL).await,
        }
    }
}

async fn at_rest(inputs: &Inputs, mut state: State) {
    loop {
        tokio::time::sleep(REST).await;
        let now = inputs.state();
        if now == state {
            return;
        }
        state = now;
    }
}

/// Tells of changes, whatever they are: the files themselves tell whether they matter.
fn watcher(inputs: &Inputs, changes: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let only_read = matches!(&event, Ok(event) if matches!(event.kind, EventKind::Access(_)));
        if !only_read {
            // One that waits already is enough.
            changes.try_send(()).ok();
        }
    });
    let watching = watcher.as_mut().map(|watcher| {
        let mut folders = inputs.folders().into_iter();
        folders.try_for_each(|folder| watcher.watch(&folder, RecursiveMode::NonRecursive))
    });
    match watching {
        Ok(Ok(())) => watcher,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the system does not tell of changes; looking every two seconds");
            Err(error)
        }
        Err(error) => {
            tracing::warn!(%error, "the system does not tell of changes; looking every two seconds");
            watcher
        }
    }
}
