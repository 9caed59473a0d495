//! What comes from streams.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{FollowedEvent, LogLine, Run};

/// Something that happened to what a tenant has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Where it stands among all events, by which a stream is taken up again.
    pub position: i64,
    /// What happened: `run.succeeded`.
    pub kind: String,
    /// To what.
    #[serde(default)]
    pub subject: String,
    /// When, as RFC 3339.
    pub time: String,
    /// What else there is to say, by kind.
    #[serde(default)]
    pub data: Value,
    /// What else the server says.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// What a run that is followed says.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEvent {
    /// A line of its log.
    Log(LogLine),
    /// How far it is: `rows_in`, `rows_out` and more.
    Progress(Value),
    /// It is in another state, or in another attempt. A final state is the last that comes.
    State(Box<Run>),
}

impl FollowedEvent for Event {
    fn read(_name: &str, data: &str) -> Result<Option<Self>, serde_json::Error> {
        serde_json::from_str(data).map(Some)
    }

    fn is_last(&self) -> bool {
        false
    }
}

impl FollowedEvent for RunEvent {
    fn read(name: &str, data: &str) -> Result<Option<Self>, serde_json::Error> {
        Ok(Some(match name {
            "log" => Self::Log(serde_json::from_str(data)?),
            "progress" => Self::Progress(serde_json::from_str(data)?),
            "state" => Self::State(serde_json::from_str(data)?),
            _ => return Ok(None),
        }))
    }

    fn is_last(&self) -> bool {
        matches!(self, Self::State(run) if run.state.is_final())
    }
}
