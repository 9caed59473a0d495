//! What runs log.

mod append;
mod follow;
mod read;
mod write;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use append::{Appended, NewLine, append};
pub use follow::LogFollower;
pub use read::logs;
pub use write::{LogSettings, LogSink, RunLog};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Each step of an algorithm.
    Trace,
    /// For whoever develops the plugin.
    Debug,
    /// For whoever runs the job.
    Info,
    /// Something looks wrong, the run goes on.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    /// All levels, the least first.
    pub const ALL: [Self; 5] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// The level in small letters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL
            .into_iter()
            .find(|level| level.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| format!("`{text}` is not trace, debug, info, warn or error"))
    }
}

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogSource {
    /// The code in a sandbox.
    Guest,
    /// Tenon.
    Host,
}

/// A line of a run's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogLine {
    /// Its place in the log, from 1.
    pub number: u64,
    /// When it was said.
    pub time: DateTime<Utc>,
    /// In which attempt, from 1.
    pub attempt: u32,
    /// How much it matters.
    pub level: Level,
    /// Who said it.
    pub source: LogSource,
    /// The step that it is about.
    pub step: Option<String>,
    /// What was said. It may have several lines, and comes from a stranger.
    pub message: String,
}

/// Which lines to read. The default is the first 100.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct LogQuery {
    /// Only of this level or above.
    pub level: Option<Level>,
    /// Only about this step.
    pub step: Option<String>,
    /// Only of this attempt.
    pub attempt: Option<u32>,
    /// Only with this text in the message, in large or small letters; at most 1000 bytes.
    pub text: Option<String>,
    /// Only after the line with this number: what the page before called `next`.
    pub after: Option<u64>,
    /// At most so many lines, from 1 to 1000; 100 by default.
    pub limit: Option<u32>,
    /// The last lines rather than the first.
    pub tail: bool,
}
