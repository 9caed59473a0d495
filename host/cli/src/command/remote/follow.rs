//! Runs that are followed: live progress, and what they came to.

use std::io::IsTerminal;
use std::pin::pin;

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tenon_client::{LogLine, Run, RunEvent, RunState, StreamExt, Tenant};

use super::failure::outcome;
use super::session::Session;
use super::table::described;
use crate::exit::Failure;
use crate::format::count;
use crate::interrupt::Interrupt;
use crate::output::{print, say};
use crate::printable::{one_line, printable};

/// Says that a run was started, and follows it if that is wanted.
pub(super) async fn started(session: &Session, tenant: &Tenant, run: &Run, is_followed: bool) -> Result<(), Failure> {
    if is_followed {
        session.say(format!("run {} of `{}` is {}", run.id, run.job, run.state));
        return watch(session, tenant, &run.id, false).await;
    }
    if session.json {
        return print_run(run);
    }
    print(&printable(&run.id))
}

/// Shows a run's progress until it has ended. `all` prints all that it logs, too, rather than warnings and errors.
pub(super) async fn watch(session: &Session, tenant: &Tenant, run: &str, all: bool) -> Result<(), Failure> {
    let interrupt = Interrupt::listen();
    let call = tenant.follow_run(run);
    let call = if all { call } else { call.query("level", "warn") };
    let mut events = pin!(call.follow());
    let mut shown = Shown::new(session);
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = interrupt.requested() => {
                drop(shown);
                return Err(left(session, run));
            }
        };
        match event.transpose()? {
            Some(RunEvent::Log(line)) => shown.log(&line),
            Some(RunEvent::Progress(progress)) => shown.progress(&progress),
            Some(RunEvent::State(run)) if run.state.is_final() => {
                drop(shown);
                return ended(session, &run);
            }
            Some(RunEvent::State(run)) => shown.state(&run),
            // The stream goes on until there is a final state.
            None => return Err(Failure::failed(anyhow!("run {run} cannot be followed to its end"))),
        }
    }
}

/// Whoever followed a run does so no more; the run goes on.
pub(super) fn left(session: &Session, run: &str) -> Failure {
    let failure = Failure::stopped(anyhow!("interrupted; run {run} goes on"));
    let command = &session.command;
    failure.hinted(format!(
        "`{command} run watch {run}` follows it again, `{command} run stop {run}` stops it"
    ))
}

/// What a run came to, and the exit code that stands for it.
fn ended(session: &Session, run: &Run) -> Result<(), Failure> {
    if session.json {
        print_run(run)?;
    } else if !session.quiet {
        print(&described(&summary(run)))?;
    }
    let came_to = outcome(run);
    // The run, as it is printed, says why.
    if session.json {
        came_to.map_err(Failure::printed)
    } else {
        came_to
    }
}

/// What people ask of a run that has ended.
fn summary(run: &Run) -> Value {
    let usage = run.more.get("usage");
    let of = |name: &str| usage.and_then(|usage| usage.get(name)).cloned().unwrap_or_default();
    let rows = |name: &str| of(name).as_u64().map(count);
    serde_json::json!({
        "run": run.id,
        "job": run.job,
        "state": run.state,
        "attempt": run.attempt,
        "started": run.started,
        "ended": run.ended,
        "rows in": rows("rows_in"),
        "rows out": rows("rows_out"),
        "peak memory": of("peak_memory"),
    })
}

pub(super) fn print_run(run: &Run) -> Result<(), Failure> {
    let value = serde_json::to_value(run).map_err(|error| Failure::failed(error.into()))?;
    print(&format!("{value:#}"))
}

/// A line of a log, as it is shown.
pub(super) fn line(line: &LogLine) -> String {
    let time = chrono::DateTime::parse_from_rfc3339(&line.time).map_or_else(
        |_| printable(&line.time),
        |time| time.with_timezone(&chrono::Local).format("%H:%M:%S%.3f").to_string(),
    );
    let step = line.step.as_deref().map(|step| format!("{}: ", printable(step)));
    let message = printable(line.message.trim_end());
    // Further lines of a message stand under the first.
    let message = message.replace('\n', "\n                   ");
    format!(
        "{time} {:<5} {}{message}",
        printable(&line.level),
        step.unwrap_or_default()
    )
}

/// What is shown of a run while it is followed: a line that changes on a terminal, else a line for each state.
struct Shown {
    bar: Option<ProgressBar>,
    quiet: bool,
    state: String,
    /// How far the attempt was when it was last told.
    so_far: String,
}

impl Shown {
    fn new(session: &Session) -> Self {
        let quiet = session.quiet;
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new_spinner();
            // What is wider than the terminal is cut, so that the line stays one.
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(std::time::Duration::from_millis(100));
            bar
        });
        Self {
            bar,
            quiet,
            state: String::new(),
            so_far: String::new(),
        }
    }

    fn state(&mut self, run: &Run) {
        self.state = match run.attempt {
            0 | 1 => run.state.to_string(),
            attempt => format!("{}, attempt {attempt}", run.state),
        };
        if matches!(run.state, RunState::Waiting | RunState::Starting) {
            self.so_far.clear();
        }
        match &self.bar {
            Some(_) => self.renew(),
            None => self.say(&self.state),
        }
    }

    fn progress(&mut self, progress: &Value) {
        let of = |name: &str| count(progress[name].as_u64().unwrap_or_default());
        let phase = one_line(progress["phase"].as_str().unwrap_or_default(), 32);
        self.so_far = format!(
            "  {phase}: {} rows in, {} out, {} rejected, {} sandboxes",
            of("rows_in"),
            of("rows_out"),
            of("rows_rejected"),
            of("sandboxes")
        );
        self.renew();
    }

    fn renew(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}{}", self.state, self.so_far));
        }
    }

    fn log(&self, log: &LogLine) {
        self.say(&line(log));
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say!("{text}")),
            None if self.quiet => {}
            None => say!("{text}"),
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
