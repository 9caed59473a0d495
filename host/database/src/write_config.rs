//! What a job says about a database as a sink.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConnectOptions, Secret};

/// A table to write.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WriteConfig {
    /// The name of a stored connection (`tenon connection add`).
    pub connection: Option<String>,
    /// The database, instead of a stored connection. Passwords come from the environment or from secrets:
    /// `${env:PGURL}`, `${secret:warehouse}`.
    pub url: Option<Secret>,
    /// How to connect.
    pub connect: ConnectOptions,
    /// The table: `orders`, `sales.orders`, with double quotes around a name that holds dots.
    pub table: String,
    /// What to do if the table is there.
    pub mode: Mode,
    /// The columns by which `upsert` tells rows apart; the table's primary key by default. A table that is made gets them as
    /// its primary key.
    pub keys: Vec<String>,
    /// A column that marks rows to delete, for `upsert`: a boolean, or the `_op` of a source of changes. It is not written.
    pub delete_when: Option<String>,
    /// What to do when the rows' columns are not the table's.
    pub evolution: Evolution,
    /// Types of columns of a table that is made, by name, in the database's own SQL: `jsonb`, `varchar(40)`.
    pub types: BTreeMap<String, String>,
    /// What to do with rows that a constraint of the table refuses, or that hold what the database cannot hold.
    pub on_error: OnError,
    /// Writers that work side by side; as many as the job has partitions by default.
    pub writers: Option<u32>,
}

/// What to do if the table is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Fail before anything is read.
    #[default]
    Error,
    /// Replace its rows, once the new ones are complete.
    Overwrite,
    /// Add rows to it.
    Append,
    /// Leave it, and do not run.
    Ignore,
    /// Replace rows with the same keys, and add the others.
    Upsert,
}

/// What to do when the rows' columns are not the table's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Evolution {
    /// Fail before anything is written. Columns that the rows lack get the table's defaults.
    #[default]
    Refuse,
    /// Add columns that the table lacks.
    Add,
    /// Add columns, and give columns a wider type where that loses nothing.
    Widen,
}

/// What to do with rows that a constraint of the table refuses, or that hold what the database cannot hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// End the run, with the reason. Nothing is written.
    #[default]
    Fail,
    /// Leave the row out and hand it to the run's sink of rejected rows.
    Reject,
}
