//! How far a run is, on the terminal: a line for each source, step and sink, and one for all of it.

mod lines;
mod terminal;

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tenon_host::engine::{Phase, Progress};
use tokio::task::JoinHandle;

use lines::Snapshot;
use terminal::Terminal;

/// How often the lines are renewed.
const INTERVAL: Duration = Duration::from_millis(100);
/// How often per second the terminal is drawn on at most.
const MOST_DRAWN: u8 = 20;

/// The lines, for whoever wants to write above them.
static LINES: OnceLock<MultiProgress> = OnceLock::new();

/// Does something that writes to the terminal, with the progress out of the way.
pub fn aside<T>(write: impl FnOnce() -> T) -> T {
    match LINES.get() {
        Some(lines) => lines.suspend(write),
        None => write(),
    }
}

fn lines_on_terminal() -> MultiProgress {
    let terminal = Box::new(Terminal::stderr());
    MultiProgress::with_draw_target(ProgressDrawTarget::term_like_with_hz(terminal, MOST_DRAWN))
}

/// The progress of a run, which goes from the terminal when this is dropped.
pub struct Watch {
    renewing: JoinHandle<()>,
}

impl Watch {
    /// Shows the progress of a run on a terminal; nothing elsewhere, or when quiet.
    pub fn start(progress: &Progress, quiet: bool) -> Option<Self> {
        if quiet || !std::io::stderr().is_terminal() {
            return None;
        }
        let mut shown = Shown {
            lines: LINES.get_or_init(lines_on_terminal).clone(),
            bars: Vec::new(),
        };
        let progress = progress.clone();
        let renewing = tokio::spawn(async move {
            let began = Instant::now();
            let mut running = None;
            loop {
                if running.is_none() && progress.phase() != Phase::Planning {
                    running = Some(Instant::now());
                }
                let snapshot = Snapshot::of(&progress, began.elapsed(), running.map(|since| since.elapsed()));
                shown.renew(&snapshot.lines());
                tokio::time::sleep(INTERVAL).await;
            }
        });
        Some(Self { renewing })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.renewing.abort();
        if let Some(lines) = LINES.get() {
            // A terminal that can't be cleared shows the last state.
            lines.clear().ok();
        }
    }
}

/// The lines as they are on the terminal.
struct Shown {
    lines: MultiProgress,
    bars: Vec<ProgressBar>,
}

impl Shown {
    fn renew(&mut self, texts: &[String]) {
        while self.bars.len() < texts.len() {
            let bar = self.lines.add(ProgressBar::new_spinner());
            // What is wider than the terminal is cut, so that each line stays one.
            if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                bar.set_style(style);
            }
            self.bars.push(bar);
        }
        for bar in self.bars.drain(texts.len()..) {
            bar.finish_and_clear();
            self.lines.remove(&bar);
        }
        for (bar, text) in self.bars.iter().zip(texts) {
            bar.set_message(text.clone());
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        for bar in self.bars.drain(..) {
            bar.finish_and_clear();
            self.lines.remove(&bar);
        }
    }
}
