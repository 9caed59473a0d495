//! `tenon run --watch`: runs again whenever something changes that the run is made of.

use std::time::{Duration, Instant};

use tenon_host::engine::{Error, Outcome};

use super::Runner;
use crate::exit::Failure;
use crate::inputs::{Inputs, State};
use crate::output::say;

/// How often to look, at most. Looking works on every file system, which notifications by the system do not.
const INTERVAL: Duration = Duration::from_millis(250);
/// Times that looking takes, before the next look: a large folder must not keep a core busy.
const PATIENCE: u32 = 20;
/// How long files have to be at rest: editors and compilers write several at a time.
const REST: Duration = Duration::from_millis(150);

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
            say!("watching {paths} files and folders; Ctrl-C ends it");
        }
        tokio::select! {
            changed = next(&runner.inputs, &known) => {
                if !runner.quiet {
                    say!("\n{changed} has changed; running again");
                }
            }
            () = runner.interrupt.requested() => return Ok(()),
        }
    }
}

/// Waits until a file is not as it is known, and all are at rest. Answers with the file.
async fn next(inputs: &Inputs, known: &State) -> String {
    loop {
        let began = Instant::now();
        let now = inputs.state();
        if let Some(changed) = now.changed_since(known) {
            let changed = changed.display().to_string();
            at_rest(inputs, now).await;
            return changed;
        }
        tokio::time::sleep(INTERVAL.max(began.elapsed() * PATIENCE)).await;
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
