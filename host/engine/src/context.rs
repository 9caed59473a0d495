//! What the operators of one run share. It reaches them through the session, so that plans hold nothing of this process.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::execution::TaskContext;
use tenon_runtime::{Plugin, Run};

use crate::error::Error;
use crate::progress::Progress;
use crate::rejects::RejectedRows;

/// What the operators of one run share.
pub(crate) struct RunContext {
    pub run: Arc<Run>,
    /// Plugins by digest.
    pub plugins: HashMap<String, Plugin>,
    /// Where each step leaves the rows that it rejects.
    pub rejects: HashMap<String, RejectedRows>,
    pub progress: Progress,
    /// Memory of the run, in bytes.
    pub memory: usize,
    /// Bytes that a batch may have that a function fails on, for it to be kept; none where none is.
    pub keep_failed: Option<usize>,
}

impl RunContext {
    pub fn of(task: &TaskContext) -> Result<Arc<Self>, Error> {
        let context = task.session_config().get_extension::<Self>();
        context.ok_or_else(|| Error::Internal("a plan was executed outside of a run".to_owned()))
    }

    pub fn rejects_of(&self, step: &str) -> Result<&RejectedRows, Error> {
        let missing = || Error::Internal(format!("the step {step} has no place for rejected rows"));
        self.rejects.get(step).ok_or_else(missing)
    }

    pub fn plugin(&self, digest: &str) -> Result<&Plugin, Error> {
        let plugin = self.plugins.get(digest);
        plugin.ok_or_else(|| Error::Internal(format!("the plan names a plugin that was not loaded: {digest}")))
    }
}
