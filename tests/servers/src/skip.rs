//! Tests that can't run here.

use std::io::Write;

use anyhow::Result;

/// What was started; none where that failed, which is said in a way that `cargo xtask test` counts.
pub fn or_skip<T>(test: &str, started: Result<T>) -> Option<T> {
    started
        .inspect_err(|error| {
            // Past the capture of tests' output, and on a line of its own.
            let mut stdout = std::io::stdout().lock();
            let _ = writeln!(stdout, "\nSKIPPED {test}, {error:#}");
        })
        .ok()
}
