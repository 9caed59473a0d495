//! What the keys of ready-made steps take.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Share;
use crate::short::{CountOr, ListOr};

/// Which rows are the same, and which of them stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "ListOr<DedupeTable>")]
pub struct Dedupe {
    /// Rows that agree in these columns are the same; in all columns if there are none.
    pub by: Vec<String>,
    /// SQL sort keys that order the same rows. Default: any order.
    pub order_by: Vec<String>,
    /// Which of them stays.
    pub keep: Keep,
}

/// Which row stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// The first in order.
    #[default]
    First,
    /// The last in order.
    Last,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DedupeTable {
    /// Rows that agree in these columns are the same; in all columns if the list is empty.
    by: Vec<String>,
    /// SQL sort keys that order the same rows. Default: any order.
    #[serde(default)]
    order_by: Vec<String>,
    /// Which of them stays. Default: first.
    #[serde(default)]
    keep: Keep,
}

impl From<ListOr<DedupeTable>> for Dedupe {
    fn from(form: ListOr<DedupeTable>) -> Self {
        match form {
            ListOr::List(by) => Dedupe {
                by,
                order_by: Vec::new(),
                keep: Keep::First,
            },
            ListOr::Table(DedupeTable { by, order_by, keep }) => Dedupe { by, order_by, keep },
        }
    }
}

/// What is joined, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The source or step on the right.
    pub with: String,
    /// Columns that must be equal: names that both have, `["carrier"]`, or left name to right name,
    /// `{ carrier = "code" }`.
    pub on: JoinColumns,
    /// Which rows come out. Default: inner.
    #[serde(default)]
    pub how: JoinKind,
}

/// Columns that must be equal: left name to right name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "ListOr<BTreeMap<String, String>>", into = "BTreeMap<String, String>")]
pub struct JoinColumns(pub BTreeMap<String, String>);

impl From<ListOr<BTreeMap<String, String>>> for JoinColumns {
    fn from(form: ListOr<BTreeMap<String, String>>) -> Self {
        JoinColumns(match form {
            ListOr::List(names) => names.into_iter().map(|name| (name.clone(), name)).collect(),
            ListOr::Table(pairs) => pairs,
        })
    }
}

impl From<JoinColumns> for BTreeMap<String, String> {
    fn from(columns: JoinColumns) -> Self {
        columns.0
    }
}

/// Which rows of a join come out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum JoinKind {
    /// Those that have a partner.
    #[default]
    Inner,
    /// All of the left, with nulls where there is no partner.
    Left,
    /// All of the right, with nulls where there is no partner.
    Right,
    /// All of both.
    Full,
    /// Those of the left that have a partner, each once, with the left's columns only.
    Semi,
    /// Those of the left that have no partner.
    Anti,
}

/// Inputs that are put below one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "ListOr<UnionTable>")]
pub struct Union {
    /// The inputs.
    pub of: Vec<String>,
    /// Whether equal rows come out once.
    pub distinct: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UnionTable {
    /// The inputs.
    of: Vec<String>,
    /// Whether equal rows come out once. Default: false.
    #[serde(default)]
    distinct: bool,
}

impl From<ListOr<UnionTable>> for Union {
    fn from(form: ListOr<UnionTable>) -> Self {
        match form {
            ListOr::List(of) => Union { of, distinct: false },
            ListOr::Table(UnionTable { of, distinct }) => Union { of, distinct },
        }
    }
}

/// Groups, and what is computed for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aggregate {
    /// SQL expressions whose values make the groups. Default: one group of all rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group_by: Vec<String>,
    /// SQL aggregates: `["sum(amount) as total", "count(*) as orders"]`.
    pub values: Vec<String>,
}

/// So many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "CountOr<LimitTable>")]
pub struct Limit {
    /// How many.
    pub rows: u64,
    /// How many are passed over before.
    pub offset: u64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LimitTable {
    /// How many rows.
    rows: u64,
    /// How many rows are passed over before. Default: 0.
    #[serde(default)]
    offset: u64,
}

impl From<CountOr<LimitTable>> for Limit {
    fn from(form: CountOr<LimitTable>) -> Self {
        match form {
            CountOr::Count(rows) => Limit { rows, offset: 0 },
            CountOr::Table(LimitTable { rows, offset }) => Limit { rows, offset },
        }
    }
}

/// Rows by chance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "SampleTable", into = "SampleTable")]
#[schemars(!try_from, with = "SampleTable")]
pub struct Sample {
    /// How many.
    pub size: SampleSize,
    /// The same seed takes the same rows of the same input. Default: other rows in each run.
    pub seed: Option<u64>,
}

/// How large a sample is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SampleSize {
    /// This part of the rows, about.
    Share(Share),
    /// So many rows.
    Rows(u64),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SampleTable {
    /// This part of the rows, about. Either this or `rows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<Share>,
    /// So many rows. Either this or `share`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    /// The same seed takes the same rows of the same input. Default: other rows in each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
}

impl TryFrom<SampleTable> for Sample {
    type Error = &'static str;

    fn try_from(table: SampleTable) -> Result<Self, Self::Error> {
        let size = match (table.share, table.rows) {
            (Some(share), None) => SampleSize::Share(share),
            (None, Some(rows)) => SampleSize::Rows(rows),
            (None, None) => return Err("a sample needs `share` or `rows`"),
            (Some(_), Some(_)) => return Err("a sample takes `share` or `rows`, not both"),
        };
        Ok(Sample { size, seed: table.seed })
    }
}

impl From<Sample> for SampleTable {
    fn from(sample: Sample) -> Self {
        let (share, rows) = match sample.size {
            SampleSize::Share(share) => (Some(share), None),
            SampleSize::Rows(rows) => (None, Some(rows)),
        };
        SampleTable {
            share,
            rows,
            seed: sample.seed,
        }
    }
}
