//! The export of a component with a script: the world `script`.

use crate::bindings::tenon::etl::errors;
use crate::boundary::error_into;
use crate::error::{Error, Result};
use crate::job::Context;
use crate::logging;

/// What the exported function answers with.
pub type JobResult = Result<(), errors::Error>;

/// What a script may answer with: nothing, or a result of nothing.
pub trait Outcome {
    /// As a result.
    ///
    /// # Errors
    /// Whatever the script failed with.
    fn into_result(self) -> Result<()>;
}

impl Outcome for () {
    fn into_result(self) -> Result<()> {
        Ok(())
    }
}

impl<E: Into<Error>> Outcome for Result<(), E> {
    fn into_result(self) -> Result<()> {
        self.map_err(Into::into)
    }
}

/// Runs a script.
///
/// # Errors
/// Whatever it failed with.
pub fn run_job<R: Outcome>(script: fn(&Context) -> R) -> JobResult {
    logging::start();
    script(&Context::new()).into_result().map_err(error_into)
}
