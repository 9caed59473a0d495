//! Steps: what a job does between its sources and its sinks.

mod forms;
mod read;

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Node;

pub use forms::{Aggregate, Dedupe, Join, JoinColumns, JoinKind, Keep, Limit, Sample, SampleSize, Union};
pub(crate) use read::read;

/// A step. What it does is told by the key that names it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Step {
    /// A query.
    Sql(SqlStep),
    /// A function of a plugin.
    Plugin(PluginStep),
    /// A script, run as it is.
    Script(ScriptStep),
    /// Some columns, or expressions of them.
    Select(SelectStep),
    /// Other names.
    Rename(RenameStep),
    /// Other types.
    Cast(CastStep),
    /// Some rows.
    Filter(FilterStep),
    /// Each row once.
    Dedupe(DedupeStep),
    /// Rows put beside those of another input.
    Join(JoinStep),
    /// Rows put below those of other inputs.
    Union(UnionStep),
    /// Groups of rows.
    Aggregate(AggregateStep),
    /// Rows in order.
    Sort(SortStep),
    /// The first rows.
    Limit(LimitStep),
    /// Rows by chance.
    Sample(SampleStep),
}

/// A query over sources and other steps, in DataFusion's SQL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlStep {
    /// One query. The tables that it names are its inputs. Parameters stand in it as literals: `where year = ${year}`.
    pub sql: String,
    /// Names in the query for sources and steps that are called otherwise. Names that are not listed are those of
    /// sources and steps. In a loaded job every input is listed, by the name that DataFusion looks up.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
}

/// A function of a plugin, run in sandboxes over all partitions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginStep {
    /// The source or step whose rows it takes.
    pub from: String,
    /// A project folder, which is built; a .wasm file; or `name@version`. Relative paths start at the working folder.
    pub plugin: String,
    /// The function. Default: the plugin's only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// What the function is configured with; the plugin says what it takes. Default: nothing.
    #[serde(default)]
    pub config: Node,
    /// The columns that the function is given; only these are read, and no others come out. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<Vec<String>>,
}

/// A script in JavaScript (`.js`, `.mjs`), Python (`.py`) or Rhai (`.rhai`), which an interpreter runs in sandboxes over
/// all partitions. It is not built: an edit counts from the next run on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptStep {
    /// The source or step whose rows it takes.
    pub from: String,
    /// The script's file. Relative paths start at the working folder.
    pub script: String,
    /// The function in it. Default: the script's only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// What the script is configured with. Default: nothing.
    #[serde(default)]
    pub config: Node,
    /// The columns that the script is given; only these are read, and no others come out. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<Vec<String>>,
}

/// The name of the interpreter that runs a script, by the script's file name.
pub fn interpreter_of(script: &Path) -> Option<&'static str> {
    match script.extension()?.to_str()? {
        "js" | "mjs" => Some("javascript"),
        "py" => Some("python"),
        "rhai" => Some("rhai"),
        _ => None,
    }
}

/// Columns, or SQL expressions, in this order; nothing else is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectStep {
    /// The source or step whose rows it takes.
    pub from: String,
    /// SQL: `["id", "amount * rate as amount_eur"]`.
    pub select: Vec<String>,
}

/// Columns get other names; the others keep theirs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameStep {
    /// The source or step whose rows it takes.
    pub from: String,
    /// Old name to new name.
    pub rename: BTreeMap<String, String>,
}

/// Columns get other types; the others keep theirs. A value that doesn't fit ends the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CastStep {
    /// The source or step whose rows it takes.
    pub from: String,
    /// Column to SQL type: `{ amount = "decimal(12, 2)" }`.
    pub cast: BTreeMap<String, String>,
}

/// The rows for which an SQL expression is true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterStep {
    /// The source or step whose rows it takes.
    pub from: String,
    /// SQL: `"status = 'paid' and amount > ${least}"`.
    pub filter: String,
}

/// One row of those that agree in some columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DedupeStep {
    /// The source or step whose rows it takes.
    pub from: String,
    /// The columns, `["id"]`, or a table that says which row stays.
    pub dedupe: Dedupe,
}

/// Rows with those of another input that belong to them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinStep {
    /// The source or step on the left.
    pub from: String,
    /// What is joined, and how.
    pub join: Join,
}

/// The rows of several inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnionStep {
    /// The inputs, `["a", "b"]`, or a table with options. Columns are matched by name; one that an input doesn't have
    /// is null there.
    pub union: Union,
}

/// One row for each group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AggregateStep {
    /// The source or step whose rows it takes.
    pub from: String,
    /// The groups, and what is computed for each.
    pub aggregate: Aggregate,
}

/// The rows in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SortStep {
    /// The source or step whose rows it takes.
    pub from: String,
    /// SQL: `["amount desc nulls last", "id"]`.
    pub sort: Vec<String>,
}

/// So many rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitStep {
    /// The source or step whose rows it takes.
    pub from: String,
    /// How many, or a table with `rows` and `offset`.
    pub limit: Limit,
}

/// Rows by chance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleStep {
    /// The source or step whose rows it takes.
    pub from: String,
    /// How many.
    pub sample: Sample,
}

/// What a step reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input<'j> {
    /// The source or step.
    pub from: &'j str,
    /// The table that it is in an SQL step's query.
    pub table: Option<&'j str>,
}

impl Step {
    /// The key that names what it does.
    pub fn kind(&self) -> &'static str {
        match self {
            Step::Sql(_) => "sql",
            Step::Plugin(_) => "plugin",
            Step::Script(_) => "script",
            Step::Select(_) => "select",
            Step::Rename(_) => "rename",
            Step::Cast(_) => "cast",
            Step::Filter(_) => "filter",
            Step::Dedupe(_) => "dedupe",
            Step::Join(_) => "join",
            Step::Union(_) => "union",
            Step::Aggregate(_) => "aggregate",
            Step::Sort(_) => "sort",
            Step::Limit(_) => "limit",
            Step::Sample(_) => "sample",
        }
    }

    /// What its code is configured with, if it is code of the user's.
    pub fn config(&self) -> Option<&Node> {
        match self {
            Step::Plugin(step) => Some(&step.config),
            Step::Script(step) => Some(&step.config),
            _ => None,
        }
    }

    /// The sources and steps that it reads.
    pub fn inputs(&self) -> Vec<Input<'_>> {
        let plain = |from| Input { from, table: None };
        match self {
            Step::Sql(step) => {
                let inputs = step.inputs.iter();
                inputs
                    .map(|(table, from)| Input {
                        from,
                        table: Some(table),
                    })
                    .collect()
            }
            Step::Union(step) => step.union.of.iter().map(|from| plain(from.as_str())).collect(),
            Step::Join(step) => vec![plain(&step.from), plain(&step.join.with)],
            Step::Plugin(PluginStep { from, .. })
            | Step::Script(ScriptStep { from, .. })
            | Step::Select(SelectStep { from, .. })
            | Step::Rename(RenameStep { from, .. })
            | Step::Cast(CastStep { from, .. })
            | Step::Filter(FilterStep { from, .. })
            | Step::Dedupe(DedupeStep { from, .. })
            | Step::Aggregate(AggregateStep { from, .. })
            | Step::Sort(SortStep { from, .. })
            | Step::Limit(LimitStep { from, .. })
            | Step::Sample(SampleStep { from, .. }) => vec![plain(from)],
        }
    }
}
