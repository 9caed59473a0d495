use anyhow::Result;

use crate::lint::{self, with_clippy};
use crate::test;

/// Lints, then tests, and fails if either does. The tests run on what clippy compiled: one build for both.
pub(crate) fn run() -> Result<()> {
    match lint::run() {
        Ok(()) => test::run_after(&[], with_clippy, Vec::new()),
        // Without clippy, which would stop the tests' build at the same warning.
        Err(problem) => test::run_after(&[], |_| {}, vec![problem.context("lint")]),
    }
}
