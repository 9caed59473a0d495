//! Every kind of error, wherever one can happen.

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::{Batch, Error, ErrorKind, Result, Schema, Transform};

/// How to fail.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Failure {
    /// What kind of error.
    kind: Kind,
    /// What it says.
    #[serde(default)]
    message: String,
    /// What was being done, from the outside in.
    #[serde(default)]
    context: Vec<String>,
    /// In which call.
    #[serde(default)]
    at: Call,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    BadData,
    BadConfig,
    Transient,
    Unsupported,
    Denied,
    Limit,
    Internal,
    /// No error, but a panic.
    Panic,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Call {
    Open,
    #[default]
    Process,
    Finish,
}

struct Fail {
    failure: Failure,
}

/// Fails as it is told; batches pass until then.
#[tenon::transform]
impl Transform for Fail {
    type Config = Failure;

    fn open(failure: Failure, _input: &Schema) -> Result<Self> {
        failure.strike(Call::Open)?;
        Ok(Self { failure })
    }

    fn process(&mut self, batch: Batch) -> Result<Batch> {
        self.failure.strike(Call::Process)?;
        Ok(batch)
    }

    fn finish(&mut self) -> Result<()> {
        self.failure.strike(Call::Finish)
    }
}

impl Failure {
    fn strike(&self, call: Call) -> Result<()> {
        if self.at != call {
            return Ok(());
        }
        let kind = match self.kind {
            Kind::BadData => ErrorKind::BadData,
            Kind::BadConfig => ErrorKind::BadConfig,
            Kind::Transient => ErrorKind::Transient,
            Kind::Unsupported => ErrorKind::Unsupported,
            Kind::Denied => ErrorKind::Denied,
            Kind::Limit => ErrorKind::Limit,
            Kind::Internal => ErrorKind::Internal,
            Kind::Panic => panic!("{}", self.message),
        };
        let error = Error::new(kind, self.message.clone());
        Err(self
            .context
            .iter()
            .rev()
            .fold(error, |error, what| error.within(what.clone())))
    }
}
