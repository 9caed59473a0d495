//! What is done with rows between sources and sinks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value};

/// One step. Expressions, predicates and orders are SQL over the columns of the input.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A SQL query.
    Sql {
        /// One `select`.
        query: String,
        /// Names of tables in the query, and the source or step that each stands for. Every other table of the query is
        /// a source or step by its own name.
        inputs: BTreeMap<String, String>,
    },
    /// A function of a plugin.
    Plugin(PluginStep),
    /// One column per expression, such as `amount * rate as total`.
    Select {
        /// The input.
        from: String,
        /// The expressions.
        expressions: Vec<String>,
    },
    /// Columns under other names.
    Rename {
        /// The input.
        from: String,
        /// New names by old ones.
        columns: BTreeMap<String, String>,
    },
    /// Columns as other types. A value that does not fit fails the run.
    Cast {
        /// The input.
        from: String,
        /// SQL types by column.
        columns: BTreeMap<String, String>,
    },
    /// The rows for which a predicate is true.
    Filter {
        /// The input.
        from: String,
        /// The predicate.
        predicate: String,
    },
    /// One row of those that agree in some columns.
    Dedupe {
        /// The input.
        from: String,
        /// The columns; none means all.
        by: Vec<String>,
        /// Which of the rows stays: the first in this order, such as `updated desc`. Any of them without an order.
        order_by: Vec<String>,
    },
    /// Rows of two inputs, paired.
    Join(JoinStep),
    /// The rows of several inputs, columns matched by name; null where an input lacks one.
    Union {
        /// The inputs.
        inputs: Vec<String>,
        /// Whether rows that are equal in all columns stay once only.
        distinct: bool,
    },
    /// One row per group.
    Aggregate {
        /// The input.
        from: String,
        /// Expressions that make up the groups; none for one group of all rows.
        group_by: Vec<String>,
        /// Aggregates, such as `sum(amount) as total`.
        values: Vec<String>,
    },
    /// All rows in an order.
    Sort {
        /// The input.
        from: String,
        /// Orders, such as `amount desc`.
        by: Vec<String>,
    },
    /// The first rows.
    Limit {
        /// The input.
        from: String,
        /// How many.
        rows: usize,
        /// How many are left out before them.
        offset: usize,
    },
    /// Some of the rows.
    Sample(SampleStep),
}

/// A function of a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginStep {
    /// The input.
    pub from: String,
    /// The plugin's file.
    pub plugin: PathBuf,
    /// The function; may be left out where the plugin has only one.
    pub function: Option<String>,
    /// Its configuration.
    pub config: Value,
    /// Columns that it is given, so that only these are read; all by default, since a function may pass on what it does
    /// not read.
    pub reads: Option<Vec<String>>,
    /// Which rows it gives.
    pub emits: Emits,
}

/// Which rows a plugin's function gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Emits {
    /// Those that it makes.
    #[default]
    Rows,
    /// Those that it rejects, with the reason; the step that is said to have rejected them has this name.
    RejectedBy(String),
}

impl PluginStep {
    /// The only function of a plugin, without configuration.
    pub fn new(from: impl Into<String>, plugin: impl Into<PathBuf>) -> Self {
        Self {
            from: from.into(),
            plugin: plugin.into(),
            function: None,
            config: Value::Object(Map::new()),
            reads: None,
            emits: Emits::Rows,
        }
    }
}

impl From<PluginStep> for Step {
    fn from(step: PluginStep) -> Self {
        Self::Plugin(step)
    }
}

/// Rows of two inputs, paired where columns are equal.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinStep {
    /// The left input.
    pub from: String,
    /// The right input.
    pub with: String,
    /// Pairs of a left and a right column. The left one stays.
    pub on: Vec<(String, String)>,
    /// Which rows stay.
    pub how: JoinHow,
}

/// Which rows of a join stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JoinHow {
    /// Rows with a match on both sides.
    #[default]
    Inner,
    /// All rows of the left.
    Left,
    /// All rows of the right.
    Right,
    /// All rows of both.
    Full,
    /// Rows of the left with a match, once each, and their columns only.
    Semi,
    /// Rows of the left without a match.
    Anti,
}

/// Some of the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleStep {
    /// The input.
    pub from: String,
    /// How many.
    pub size: SampleSize,
    /// With a seed, the same rows are drawn whenever the input is the same; rows that are equal in all columns are then
    /// drawn together.
    pub seed: Option<u64>,
}

/// How many rows are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SampleSize {
    /// About this share of the rows, from 0 to 1.
    Share(f64),
    /// So many rows, or all where there are fewer.
    Rows(usize),
}

impl Step {
    /// The sources and steps that it names as its inputs. A query also reads what its tables name.
    pub fn inputs(&self) -> Vec<&str> {
        match self {
            Self::Sql { inputs, .. } => inputs.values().map(String::as_str).collect(),
            Self::Plugin(PluginStep { from, .. })
            | Self::Select { from, .. }
            | Self::Rename { from, .. }
            | Self::Cast { from, .. }
            | Self::Filter { from, .. }
            | Self::Dedupe { from, .. }
            | Self::Aggregate { from, .. }
            | Self::Sort { from, .. }
            | Self::Limit { from, .. }
            | Self::Sample(SampleStep { from, .. }) => vec![from],
            Self::Join(JoinStep { from, with, .. }) => vec![from, with],
            Self::Union { inputs, .. } => inputs.iter().map(String::as_str).collect(),
        }
    }

    /// What kind of step it is, as in a job file.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sql { .. } => "sql",
            Self::Plugin(_) => "plugin",
            Self::Select { .. } => "select",
            Self::Rename { .. } => "rename",
            Self::Cast { .. } => "cast",
            Self::Filter { .. } => "filter",
            Self::Dedupe { .. } => "dedupe",
            Self::Join(_) => "join",
            Self::Union { .. } => "union",
            Self::Aggregate { .. } => "aggregate",
            Self::Sort { .. } => "sort",
            Self::Limit { .. } => "limit",
            Self::Sample(_) => "sample",
        }
    }
}
