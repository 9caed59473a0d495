//! What a job says about a database as a source.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConnectOptions, Secret};

/// A table or a query to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReadConfig {
    /// The name of a stored connection (`tenon connection add`).
    pub connection: Option<String>,
    /// The database, instead of a stored connection: `postgres://user@host:5432/database`, `mysql://...`,
    /// `sqlite:file.db`. Passwords come from the environment or from secrets: `${env:PGURL}`, `${secret:warehouse}`.
    pub url: Option<Secret>,
    /// How to connect.
    pub connect: ConnectOptions,
    /// The table or view to read: `orders`, `sales.orders`, with double quotes around a name that holds dots.
    pub table: Option<String>,
    /// A query in the database's own SQL to read instead of a table.
    pub query: Option<String>,
    /// Types of columns, by name, as SQL writes them: `decimal(20,4)`, `text`, `timestamp`. The database converts; the
    /// others are as it declares them.
    pub schema: BTreeMap<String, String>,
    /// A column of numbers, dates or timestamps by which the table is split to be read in parts side by side. By default a
    /// table is split as the database does it best, and a query is read in one part.
    pub split_by: Option<String>,
    /// Parts that are read side by side; as many as the job has partitions by default.
    pub parts: Option<u32>,
    /// Rows in a batch; 8,192 by default.
    pub batch_rows: Option<u32>,
    /// Columns that grow with every new or changed row, the most significant first: with bookmarks, only rows after the
    /// last run's are read. By default the primary key, if that is one column of whole numbers.
    pub bookmark_keys: Vec<String>,
    /// Which way new rows go; ascending by default.
    pub bookmark_order: Order,
    /// Reads rows again whose first key lies so far before the last run's: `15m`, `2h`, `1d` for dates and timestamps, a
    /// number for numbers. For rows that arrive late; what is read twice is for the sink to tell apart (`upsert`).
    pub bookmark_overlap: Option<Overlap>,
    /// Reads the table's changes from the database's log, instead of its rows. Postgres only.
    pub changes: Option<ChangesConfig>,
}

/// Which way the keys of new rows go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Up.
    #[default]
    Ascending,
    /// Down.
    Descending,
}

/// How far to go back: a time such as `15m`, or a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Overlap {
    /// For keys that are numbers.
    Number(u64),
    /// For keys that are dates or timestamps: a number with `s`, `m`, `h` or `d`.
    Time(String),
}

/// Which changes to read, from Postgres' logical replication.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangesConfig {
    /// The replication slot that keeps changes until they have been committed; made by the first run. By default a name made
    /// of those of the job and the source. No two sources may share one. The server keeps its log for as long as a slot is
    /// behind: a slot that is no longer used has to be dropped (`select pg_drop_replication_slot('...')`).
    pub slot: Option<String>,
    /// The publication that says which tables' changes are sent; made by the first run, for this table alone. The slot's
    /// name by default.
    pub publication: Option<String>,
    /// Whether the first run reads all rows that are there, as inserted; it does by default.
    pub snapshot: Option<bool>,
}
