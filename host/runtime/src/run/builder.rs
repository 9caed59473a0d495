//! Building a [`Run`], grant by grant.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Clock, LogSink, Randomness, Run, log::Log, state::State, usage::Usage};
use crate::http::HttpGrant;
use crate::limits::Limits;

/// Builds a [`Run`].
#[derive(Debug)]
pub struct RunBuilder {
    tenant: String,
    id: String,
    limits: Limits,
    parameters: BTreeMap<String, String>,
    secrets: Secrets,
    http: Vec<HttpGrant>,
    clock: Clock,
    randomness: Randomness,
    state: BTreeMap<String, Vec<u8>>,
    log_sink: Option<LogSink>,
}

/// Kept apart so that the builder can be printed.
struct Secrets(BTreeMap<String, String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl RunBuilder {
    pub(super) fn new(tenant: String, id: String) -> Self {
        RunBuilder {
            tenant,
            id,
            limits: Limits::default(),
            parameters: BTreeMap::new(),
            secrets: Secrets(BTreeMap::new()),
            http: Vec::new(),
            clock: Clock::System,
            randomness: Randomness::System,
            state: BTreeMap::new(),
            log_sink: None,
        }
    }

    /// Replaces the default limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Gives the guests a job parameter.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// Grants a secret by name. Its value is kept out of logs and errors.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.secrets.0.insert(name.into(), value.into());
        self
    }

    /// Grants HTTP requests to a host.
    #[must_use]
    pub fn allow_http(mut self, grant: HttpGrant) -> Self {
        self.http.push(grant);
        self
    }

    /// Sets what the guests see as the time. Default: the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets where random bytes come from. Default: the system.
    #[must_use]
    pub fn randomness(mut self, randomness: Randomness) -> Self {
        self.randomness = randomness;
        self
    }

    /// The job's state as the last committed run left it.
    #[must_use]
    pub fn state(mut self, state: BTreeMap<String, Vec<u8>>) -> Self {
        self.state = state;
        self
    }

    /// Hands on what guests log, as far as the run keeps it.
    #[must_use]
    pub fn log_to(mut self, sink: LogSink) -> Self {
        self.log_sink = Some(sink);
        self
    }

    /// The run, to be shared by its sandboxes.
    pub fn build(self) -> Arc<Run> {
        Arc::new(Run {
            tenant: self.tenant,
            id: self.id,
            limits: self.limits,
            parameters: self.parameters,
            secrets: self.secrets.0,
            http: self.http,
            clock: self.clock,
            randomness: Mutex::new(self.randomness),
            log: Mutex::new(Log::default()),
            log_sink: self.log_sink,
            counters: Mutex::new(BTreeMap::new()),
            state: Mutex::new(State::new(self.state)),
            usage: Usage::default(),
        })
    }
}
