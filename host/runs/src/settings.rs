//! How the runs of a job are run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tenon_metadata::Name;

use crate::Error;

const MOST_RUNS: u32 = 10_000;
const MOST_RETRIES: u32 = 1000;
const MOST_URGENT: i32 = 1000;
const MOST_NAMES: usize = 50;
const LONGEST_TAG: usize = 256;
/// How long an attempt may take by default, in seconds.
const TIMEOUT: u64 = 48 * 3600;
/// No wait is longer: a year, in seconds.
const LONGEST_WAIT: u64 = 366 * 24 * 3600;

/// Which failed attempts are followed by another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryWhen {
    /// All but those of which it is known that another attempt cannot succeed.
    #[default]
    Possible,
    /// Only those of which it is known that another attempt may succeed: a server that does not answer.
    Transient,
}

/// How the runs of a job are run. The defaults are Glue's where Glue has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JobSettings {
    /// Runs of the job at the same time, 1 to 10000. Default 1.
    pub max_concurrent_runs: u32,
    /// How long an attempt may take, in seconds; 0 is without end. Default 172800, 48 hours; of a job that runs in
    /// micro-batches, 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// Attempts after the first one. Default 3.
    pub max_retries: u32,
    /// Which failures are tried again. Default `possible`.
    pub retry_when: RetryWhen,
    /// Pause before the second attempt, in seconds. Default 10.
    pub retry_delay_seconds: u64,
    /// By how much each pause is longer than the one before, 1 to 10. Default 2.
    pub retry_factor: f64,
    /// The longest pause, in seconds. Default 3600.
    pub retry_longest_seconds: u64,
    /// By which part of itself a pause is longer or shorter, by chance, 0 to 1. Default 0.2.
    pub retry_jitter: f64,
    /// How long a run may wait in the queue, in seconds, before it ends as ERROR; 0 is without end. Default 0.
    pub max_queue_seconds: u64,
    /// Of a tenant's waiting runs, those with the highest priority go first, -1000 to 1000. Default 0.
    pub priority: i32,
    /// Names of the targets that hear of the job's runs.
    pub notify: Vec<String>,
    /// Aliases or versions of plugins that its runs use, by the plugins' names.
    pub plugins: BTreeMap<String, String>,
    /// The tenant's own labels.
    pub tags: BTreeMap<String, String>,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            max_concurrent_runs: 1,
            timeout_seconds: None,
            max_retries: 3,
            retry_when: RetryWhen::default(),
            retry_delay_seconds: 10,
            retry_factor: 2.0,
            retry_longest_seconds: 3600,
            retry_jitter: 0.2,
            max_queue_seconds: 0,
            priority: 0,
            notify: Vec::new(),
            plugins: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }
}

impl JobSettings {
    /// How long an attempt may take that ends by itself, in seconds; 0 is without end.
    pub(crate) fn timeout(&self) -> u64 {
        self.timeout_seconds.unwrap_or(TIMEOUT)
    }

    /// Checks that all values are within their bounds.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field.
    pub fn check(&self) -> Result<(), Error> {
        let within = |field, good, reason: String| {
            if good {
                return Ok(());
            }
            Err(Error::Invalid { field, reason })
        };
        let runs = (1..=MOST_RUNS).contains(&self.max_concurrent_runs);
        within("max_concurrent_runs", runs, format!("it has to be 1 to {MOST_RUNS}"))?;
        let retries = self.max_retries <= MOST_RETRIES;
        within("max_retries", retries, format!("it can be {MOST_RETRIES} at most"))?;
        for (field, seconds) in [
            ("timeout_seconds", self.timeout()),
            ("retry_delay_seconds", self.retry_delay_seconds),
            ("retry_longest_seconds", self.retry_longest_seconds),
            ("max_queue_seconds", self.max_queue_seconds),
        ] {
            let reason = format!("it can be {LONGEST_WAIT} at most");
            within(field, seconds <= LONGEST_WAIT, reason)?;
        }
        let factor = (1.0..=10.0).contains(&self.retry_factor);
        within("retry_factor", factor, "it has to be 1 to 10".to_owned())?;
        let jitter = (0.0..=1.0).contains(&self.retry_jitter);
        within("retry_jitter", jitter, "it has to be 0 to 1".to_owned())?;
        let priority = (-MOST_URGENT..=MOST_URGENT).contains(&self.priority);
        let reason = format!("it has to be -{MOST_URGENT} to {MOST_URGENT}");
        within("priority", priority, reason)?;

        for (field, count) in [
            ("notify", self.notify.len()),
            ("plugins", self.plugins.len()),
            ("tags", self.tags.len()),
        ] {
            within(field, count <= MOST_NAMES, format!("it can have {MOST_NAMES} at most"))?;
        }
        self.notify.iter().try_for_each(|target| name("notify", target))?;
        for (plugin, version) in &self.plugins {
            name("plugins", plugin)?;
            name("plugins", version)?;
        }
        for (tag, value) in &self.tags {
            name("tags", tag)?;
            let good = value.len() <= LONGEST_TAG && !value.contains(char::is_control);
            let reason = format!("the value of `{tag}` has to be at most {LONGEST_TAG} bytes on one line");
            within("tags", good, reason)?;
        }
        Ok(())
    }
}

/// Checks that a text is a name.
pub(crate) fn name(field: &'static str, text: &str) -> Result<(), Error> {
    let reason = match Name::new(text) {
        Ok(_) => return Ok(()),
        Err(error) => error.to_string(),
    };
    Err(Error::Invalid { field, reason })
}
