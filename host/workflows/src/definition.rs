//! What a workflow is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tenon_metadata::Name;

/// A workflow: jobs, and which follows which. It is kept as JSON and may be written as TOML.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its name, unlike that of the tenant's other workflows.
    pub name: Name,
    /// What it is for; at most 2,048 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The run properties that every run begins with; whoever starts one may give others. Nodes share them: each reads
    /// them as `${property:NAME}`, and may change them while the run goes on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<Name, String>,
    /// How many runs of it may be under way at once; as many as you like by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent_runs: Option<u32>,
    /// The nodes by their names, from 1 to 500.
    #[serde(deserialize_with = "each_key_once")]
    pub nodes: BTreeMap<Name, Node>,
}

/// A node: a job, and when it starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The job, which has to be there once the node starts.
    pub job: Name,
    /// Values that override the job's parameters. In texts, `${property:NAME}` is a run property, `${node:NAME.run_id}`,
    /// `${node:NAME.state}` and `${node:NAME.rows_out}` are about an earlier node's run (`rows_out` may be any field of
    /// its report), and `$${` is `${` itself. A text that is nothing but one reference takes its type.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = BTreeMap<String, Value>)]
    pub arguments: Map<String, Value>,
    /// The nodes that it waits for; without any it starts with the workflow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Dependency>,
    /// Whether all of them have to be met, or any one. A node that can't start any more is skipped.
    #[serde(default)]
    pub condition: Condition,
    /// A condition in the Common Expression Language that is looked at once its dependencies are met; if it is not true,
    /// the node is skipped. It knows `event.data.properties` (the run properties) and `event.data.states` (where each
    /// node stands), by name: `event.data.properties["mode"] == "full"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// How long its run may take, in seconds, from when it is put into the queue; then it is stopped, and the node ends as
    /// TIMEOUT. No limit but the job's own by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// What becomes of the workflow's run when this node fails.
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// How a node waits for another. In a definition it may be just the other's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Dependency {
    /// The other node.
    pub node: Name,
    /// How it has to end: in any one of these; SUCCEEDED by default.
    pub states: BTreeSet<End>,
}

/// Whether all dependencies of a node have to be met, or any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// Every one.
    #[default]
    All,
    /// At least one.
    Any,
}

/// What becomes of a workflow's run when a node ends as FAILED, ERROR or TIMEOUT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// It goes on, with whatever can still start.
    #[default]
    Continue,
    /// Nothing else starts, what is at work is stopped, and the run ends as ERROR.
    Stop,
}

/// How a node can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum End {
    /// Its run succeeded.
    Succeeded,
    /// Its run failed.
    Failed,
    /// Its run could not be made, or something else than the job failed.
    Error,
    /// Its run took too long.
    Timeout,
    /// Its run was stopped.
    Stopped,
    /// It never started.
    Skipped,
}

impl Dependency {
    /// On the success of a node.
    pub fn on(node: Name) -> Self {
        let states = BTreeSet::from([End::Succeeded]);
        Self { node, states }
    }
}

impl Node {
    /// A job that starts with the workflow.
    pub fn new(job: Name) -> Self {
        Self {
            job,
            arguments: Map::new(),
            depends_on: Vec::new(),
            condition: Condition::All,
            when: None,
            timeout: None,
            on_failure: OnFailure::Continue,
        }
    }
}

impl End {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Succeeded,
        Self::Failed,
        Self::Error,
        Self::Timeout,
        Self::Stopped,
        Self::Skipped,
    ];

    /// Whether something went wrong.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Error | Self::Timeout)
    }
}

impl<'de> Deserialize<'de> for Dependency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            node: Name,
            states: Option<BTreeSet<End>>,
        }

        struct NameOrTable;

        impl<'de> Visitor<'de> for NameOrTable {
            type Value = Dependency;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a node, or `node` with `states`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Dependency, E> {
                Name::new(text).map(Dependency::on).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Dependency, A::Error> {
                let written = Written::deserialize(MapAccessDeserializer::new(map))?;
                let mut dependency = Dependency::on(written.node);
                if let Some(states) = written.states {
                    dependency.states = states;
                }
                Ok(dependency)
            }
        }

        deserializer.deserialize_any(NameOrTable)
    }
}

/// A map whose keys are all different: JSON would let the last of several win.
fn each_key_once<'de, D, V>(deserializer: D) -> Result<BTreeMap<Name, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Unique<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for Unique<V> {
        type Value = BTreeMap<Name, V>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("nodes by their names")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = BTreeMap::new();
            while let Some((name, value)) = map.next_entry::<Name, V>()? {
                if found.contains_key(&name) {
                    return Err(de::Error::custom(format_args!("there are two nodes `{name}`")));
                }
                found.insert(name, value);
            }
            Ok(found)
        }
    }

    deserializer.deserialize_map(Unique(PhantomData))
}
