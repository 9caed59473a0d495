//! Looking at runs of workflows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, row};

use crate::record::{NodeRecord, Record, date, optional_date};
use crate::{Error, NodeState, RunState, Statistics, properties, workflows};

/// A run of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WorkflowRun {
    /// Its id.
    pub id: String,
    /// The workflow.
    pub workflow: Name,
    /// The version of the workflow that it runs.
    pub version: i64,
    /// Where it stands.
    pub state: RunState,
    /// From 1; each time it is resumed begins another.
    pub attempt: u32,
    /// Name of the trigger that wanted it.
    pub trigger: Option<String>,
    /// How many runs caused this one by their events.
    pub depth: u32,
    /// Why it ended as ERROR.
    pub error: Option<String>,
    /// When it was started.
    pub started: DateTime<Utc>,
    /// When it ended, if it has.
    pub ended: Option<DateTime<Utc>>,
    /// How many nodes stand where.
    pub statistics: Statistics,
}

/// A run of a workflow with all that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunDetail {
    /// The run.
    pub run: WorkflowRun,
    /// Its run properties, as they are now.
    pub properties: BTreeMap<Name, String>,
    /// Its nodes, by name.
    pub nodes: Vec<NodeRun>,
    /// Its attempts, from the first.
    pub attempts: Vec<Attempt>,
}

/// A node of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NodeRun {
    /// Its name.
    pub node: Name,
    /// Its job.
    pub job: Name,
    /// Where it stands.
    pub state: NodeState,
    /// Why it is there, if that is not plain: why it was skipped, or failed.
    pub reason: Option<String>,
    /// Id of its latest run in this attempt, if it has one.
    pub run: Option<String>,
    /// When that run was put into the queue.
    pub started: Option<DateTime<Utc>>,
    /// When the node ended, if it has.
    pub ended: Option<DateTime<Utc>>,
    /// All its runs, from the first.
    pub runs: Vec<NodeAttempt>,
}

/// A run that a node had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NodeAttempt {
    /// The run's id.
    pub run: String,
    /// In which attempt of the workflow's run.
    pub attempt: u32,
    /// Where it stands.
    pub state: NodeState,
    /// When it was put into the queue.
    pub started: DateTime<Utc>,
    /// When it ended, if it has.
    pub ended: Option<DateTime<Utc>>,
}

/// An attempt of a run: from its start, or from when it was resumed, to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Attempt {
    /// From 1.
    pub attempt: u32,
    /// The nodes that it was resumed from; empty for the first.
    pub resumed_from: Vec<Name>,
    /// Where it stands.
    pub state: RunState,
    /// Why it ended as ERROR.
    pub error: Option<String>,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended, if it has.
    pub ended: Option<DateTime<Utc>>,
}

/// Which runs of workflows to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, utoipa::IntoParams)]
#[serde(default)]
pub struct Filter {
    /// Those of this workflow.
    pub workflow: Option<Name>,
    /// Those that stand here.
    pub state: Option<RunState>,
}

/// A run with its nodes and attempts.
///
/// # Errors
/// [`Error::UnknownRun`].
pub fn get_run(tx: &mut Transaction<'_>, tenant: &Name, run: &str) -> Result<RunDetail, Error> {
    let record = Record::of(tx, tenant, run)?;
    let definition = workflows::kept(tx, tenant, &record.workflow, record.version)?.definition;
    let mut runs = node_runs(tx, &record)?;
    let mut nodes = Vec::with_capacity(definition.nodes.len());
    for (name, node) in NodeRecord::all(tx, run)? {
        let runs = runs.remove(&name).unwrap_or_default();
        let name = Name::new(name).map_err(|error| record.unreadable(&error.to_string()))?;
        let defined = definition.nodes.get(&name);
        let latest = runs
            .iter()
            .find(|run| node.at_work() && Some(&run.run) == node.run.as_ref());
        nodes.push(NodeRun {
            job: defined
                .ok_or_else(|| record.unreadable("it has a node too many"))?
                .job
                .clone(),
            node: name,
            state: latest.map_or(node.state, |run| run.state),
            reason: node.reason,
            run: node.run,
            started: optional_date(node.started),
            ended: optional_date(node.ended),
            runs,
        });
    }
    let statistics = Statistics::of(nodes.iter().map(|node| (node.state, node.run.is_some())));
    Ok(RunDetail {
        properties: properties::all(tx, run)?,
        attempts: attempts(tx, &record)?,
        run: summary(record, statistics),
        nodes,
    })
}

/// A tenant's runs of workflows, the latest first.
///
/// # Errors
/// What the database says.
pub fn list_runs(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    filter: &Filter,
    page: &PageRequest,
) -> Result<Page<WorkflowRun>, Error> {
    let (workflow, after) = (filter.workflow.as_ref(), page.after.as_deref());
    let records = Record::page(tx, tenant, workflow, filter.state, after, page.look_for())?;
    let records = page.page(records, |record| record.id.clone());
    let mut items = Vec::with_capacity(records.items.len());
    for record in records.items {
        let statistics = statistics(tx, &record)?;
        items.push(summary(record, statistics));
    }
    let next = records.next;
    Ok(Page { items, next })
}

fn summary(record: Record, statistics: Statistics) -> WorkflowRun {
    WorkflowRun {
        id: record.id,
        workflow: record.workflow,
        version: record.version,
        state: record.state,
        attempt: record.attempt,
        trigger: record.cause,
        depth: record.depth,
        error: record.error,
        started: date(record.started),
        ended: optional_date(record.ended),
        statistics,
    }
}

fn statistics(tx: &mut Transaction<'_>, record: &Record) -> Result<Statistics, Error> {
    let rows = tx.query(
        "select state, case when run is null then 0 else 1 end, count(*) from workflow_nodes where workflow_run = ?1 group by 1, 2",
        row![&record.id],
    )?;
    let mut nodes = Vec::new();
    for row in &rows {
        let state = state(record, &row.get::<String>(0)?)?;
        let count: usize = row.get(2)?;
        nodes.extend(std::iter::repeat_n((state, row.get(1)?), count));
    }
    Ok(Statistics::of(nodes))
}

fn attempts(tx: &mut Transaction<'_>, record: &Record) -> Result<Vec<Attempt>, Error> {
    let rows = tx.query(
        "select attempt, nodes, state, error, started, ended from workflow_attempts
         where workflow_run = ?1 order by attempt",
        row![&record.id],
    )?;
    let read = |row: &Row| -> Result<Attempt, Error> {
        let (nodes, state): (String, String) = (row.get(1)?, row.get(2)?);
        Ok(Attempt {
            attempt: row.get(0)?,
            resumed_from: serde_json::from_str(&nodes).map_err(|error| record.unreadable(&error.to_string()))?,
            state: state.parse().map_err(|reason: String| record.unreadable(&reason))?,
            error: row.get(3)?,
            started: date(row.get(4)?),
            ended: optional_date(row.get(5)?),
        })
    };
    rows.iter().map(read).collect()
}

/// The runs of each node; for those under way, as they stand now.
fn node_runs(tx: &mut Transaction<'_>, record: &Record) -> Result<BTreeMap<String, Vec<NodeAttempt>>, Error> {
    let rows = tx.query(
        "select n.node, n.run, n.attempt, coalesce(n.state, r.state, 'ERROR'), n.started, n.ended
         from workflow_node_runs n left join runs r on r.id = n.run
         where n.workflow_run = ?1 order by n.attempt, n.started",
        row![&record.id],
    )?;
    let mut runs: BTreeMap<String, Vec<NodeAttempt>> = BTreeMap::new();
    for row in &rows {
        let attempt = NodeAttempt {
            run: row.get(1)?,
            attempt: row.get(2)?,
            state: state(record, &row.get::<String>(3)?)?,
            started: date(row.get(4)?),
            ended: optional_date(row.get(5)?),
        };
        runs.entry(row.get(0)?).or_default().push(attempt);
    }
    Ok(runs)
}

fn state(record: &Record, text: &str) -> Result<NodeState, Error> {
    text.parse().map_err(|reason: String| record.unreadable(&reason))
}
