//! What is logged, and how it shares the terminal with the progress line.

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::EnvFilter;

use crate::progress;

/// Starts logging to stderr: warnings, more with each `verbose`, only errors when quiet.
pub fn start(verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "warn,tenon=info,tenon_runtime=info,tenon_engine=info,tenon_connect=info",
        (false, 2) => "info,tenon=debug,tenon_runtime=debug,tenon_engine=debug,tenon_connect=debug",
        (false, _) => "debug,tenon=trace,tenon_runtime=trace,tenon_engine=trace,tenon_connect=trace",
    };
    let filter = std::env::var("TENON_LOG")
        .ok()
        .and_then(|directives| EnvFilter::try_new(directives).ok());
    let coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|| EnvFilter::new(level)))
        .with_writer(|| AboveProgress)
        .with_ansi(coloured)
        .without_time()
        .init();
}

/// Stderr, with the progress line out of the way while something is written.
struct AboveProgress;

impl Write for AboveProgress {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        progress::aside(|| io::stderr().write(text))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
