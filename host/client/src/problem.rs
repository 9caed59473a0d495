//! What a server says that does not do what was asked: RFC 9457.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// What sort of problem it is, for programs: `not_found`, `conflict`, `invalid`, `forbidden`, `unauthorized`, `limit`,
    /// `unavailable`, `too_large`, `internal`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The status in words.
    #[serde(default)]
    pub title: String,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// What is wrong and what to do, in sentences.
    #[serde(default)]
    pub detail: String,
    /// After how many seconds it may work, where the server knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The request's id, by which the server's log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What else the server says.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = if self.detail.is_empty() {
            &self.title
        } else {
            &self.detail
        };
        if said.is_empty() {
            write!(formatter, "the server refuses with status {}", self.status)?;
        } else {
            formatter.write_str(said)?;
        }
        // Whoever asks the operator about it needs to say which request it was.
        match &self.request {
            Some(request) if self.status >= 500 => write!(formatter, " (request {request})"),
            _ => Ok(()),
        }
    }
}
