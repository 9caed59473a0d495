//! Rows that can't be read.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::error::DataFusionError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// What to do with a row that can't be read: one with too few or too many values, a key that no column has, a value that
/// does not fit its type, or a quote that is never closed. Values of columns that nothing reads are not looked at. Damage
/// that is not confined to rows, such as a truncated archive, always ends the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// End the run with an error that names file and line.
    #[default]
    Fail,
    /// Leave the row out and hand it to the run's sink of rejected rows.
    Reject,
}

/// Takes rows that could not be read. Called from several threads, in no particular order.
#[async_trait]
pub trait RejectedRows: Send + Sync {
    /// Takes the row that begins on `line` of `file`, counted from 1 after decompression. `reason` names the column where
    /// one is at fault; `raw` is the row as it stands in the file, without its line end. This must not wait: it is called
    /// for row after row while a part of a file is parsed.
    fn reject(&self, file: &str, line: u64, reason: String, raw: &[u8]);

    /// Called whenever a part of a file has been parsed: the time to hand on what was rejected in it. Reading goes on
    /// after it, so that whoever takes rows more slowly than they come is waited for. Does nothing by default.
    ///
    /// # Errors
    /// Ends the reading, with this error.
    async fn settle(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

/// Where rows go that can't be read.
#[derive(Clone, Default)]
pub(super) struct BadRows(Option<Arc<dyn RejectedRows>>);

impl BadRows {
    /// Rows are rejected if there is somebody who takes them, and are errors otherwise.
    pub fn new(taker: Option<Arc<dyn RejectedRows>>) -> Self {
        Self(taker)
    }

    /// Whether rows are rejected.
    pub fn are_rejected(&self) -> bool {
        self.0.is_some()
    }

    /// Lets the taker hand on what it has been given.
    pub async fn settle(&self) -> Result<(), DataFusionError> {
        match &self.0 {
            Some(taker) => taker.settle().await.map_err(DataFusionError::External),
            None => Ok(()),
        }
    }

    /// Rejects a row, or answers with it as an error.
    pub fn take(&self, file: &str, line: u64, reason: String, raw: &[u8]) -> Result<(), Error> {
        match &self.0 {
            Some(taker) => {
                taker.reject(file, line, reason, raw);
                Ok(())
            }
            None => Err(Error::Line {
                file: file.to_owned(),
                line,
                reason,
            }),
        }
    }
}

impl fmt::Debug for BadRows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.are_rejected() { "rejected" } else { "errors" })
    }
}
