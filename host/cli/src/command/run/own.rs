//! What the runs of a watch have written, which later ones of it replace.

use tenon_host::connect::SinkConfig;
use tenon_host::engine::{Job, Report};

use crate::output::say;

/// What the runs so far have written.
#[derive(Default)]
pub(super) struct Own {
    /// Targets that nothing was in before, so that all of it is theirs.
    targets: Vec<SinkConfig>,
    has_warned: bool,
}

impl Own {
    /// Has a run replace what earlier ones have written. Where it adds to a target instead, that is said once: who else has
    /// written there is not known.
    pub fn replaced_by(&mut self, job: &mut Job, quiet: bool) {
        // What was read once is not read again: replaced, it would be lost.
        if !job.incremental.is_empty() {
            return;
        }
        job.own.clone_from(&self.targets);
        let appended = job.sinks.values().map(|output| &output.to);
        self.warn(appended, quiet);
    }

    /// Takes up what a run has written.
    pub fn add(&mut self, job: &Job, report: &Report, quiet: bool) {
        // Where a script writes is not known before.
        if job.script.is_some() && job.incremental.is_empty() {
            self.warn(report.written.iter(), quiet);
        }
        for to in report.written.iter().filter(|to| to.needs_empty()) {
            if !self.targets.iter().any(|known| known.is_same_target(to)) {
                self.targets.push(to.clone());
            }
        }
    }

    fn warn<'a>(&mut self, sinks: impl Iterator<Item = &'a SinkConfig>, quiet: bool) {
        let places: Vec<String> = sinks.filter(|to| to.appends()).map(SinkConfig::place).collect();
        if quiet || self.has_warned || places.is_empty() {
            return;
        }
        self.has_warned = true;
        let places = places.join(", ");
        say!("warning: the mode is `append`: each run of this watch adds its rows to {places} once more");
    }
}
