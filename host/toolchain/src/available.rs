//! For tests that build guests: whether this machine has what that takes.

use std::io::Write;

use crate::{Language, Tools};

/// Whether guests in a language can be built here, with tools found or installed. Where not, that is said in a way that
/// `cargo xtask test` counts as skipped.
pub(crate) fn available(language: Language, test: &str) -> bool {
    let prepared = Tools::from_env(|_| {}).and_then(|mut tools| tools.prepare(language));
    if let Err(error) = &prepared {
        // Past the capture of tests' output, and on a line of its own.
        let mut stdout = std::io::stdout().lock();
        let _ = writeln!(stdout, "\nSKIPPED {test}, {error}");
    }
    prepared.is_ok()
}
