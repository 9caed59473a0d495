//! One line on the terminal that says how far a run is.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tenon_host::engine::{Phase, Progress};
use tokio::task::JoinHandle;

use crate::format::count;

/// How often the line is renewed.
const INTERVAL: Duration = Duration::from_millis(100);

/// The line, for whoever wants to write above it.
static LINE: OnceLock<ProgressBar> = OnceLock::new();

/// Does something that writes to the terminal, with the progress line out of the way.
pub fn aside<T>(write: impl FnOnce() -> T) -> T {
    match LINE.get() {
        Some(line) => line.suspend(write),
        None => write(),
    }
}

/// A progress line, which goes when this is dropped.
pub struct Watch {
    line: ProgressBar,
    renewing: JoinHandle<()>,
}

impl Watch {
    /// Shows the progress of a run on a terminal; nothing elsewhere, or when quiet.
    pub fn start(progress: &Progress, quiet: bool) -> Option<Self> {
        if quiet || !std::io::stderr().is_terminal() {
            return None;
        }
        let line = LINE.get_or_init(ProgressBar::new_spinner).clone();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            line.set_style(style);
        }
        let (shown, watched) = (line.clone(), progress.clone());
        let renewing = tokio::spawn(async move {
            let began = Instant::now();
            loop {
                shown.set_message(message(&watched, began.elapsed()));
                shown.tick();
                tokio::time::sleep(INTERVAL).await;
            }
        });
        Some(Self { line, renewing })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.renewing.abort();
        self.line.finish_and_clear();
    }
}

fn message(progress: &Progress, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    match progress.phase() {
        Phase::Planning => format!("planning, {seconds:.1} s"),
        Phase::Running => {
            let rows = progress.rows_in();
            let rate = rows as f64 / seconds.max(0.001);
            format!(
                "{} rows, {} rows/s, {} rejected, {seconds:.1} s",
                count(rows),
                count(rate as u64),
                count(progress.rows_rejected())
            )
        }
        Phase::Committing => format!("{} rows, committing, {seconds:.1} s", count(progress.rows_in())),
        Phase::Done => format!("{} rows, done, {seconds:.1} s", count(progress.rows_in())),
    }
}
