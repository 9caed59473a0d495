//! Looking at runs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, Value, row};

use crate::change::state;
use crate::time::date;
use crate::{Attempt, Error, LogSummary, Run, State, json};

const COLUMNS: &str = "id, tenant, job, job_version, state, attempt, arguments, trigger_name, workflow_run, node, depth, \
     rerun_of, created, queued, not_before, started, ended, timeout_at, committed, stop_reason, owner, progress, error, \
     report, usage, plugins, log_lines, log_bytes, log_dropped, batches, log_removed";

/// Which runs to list. The default is all of the tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunFilter {
    /// Only of this job.
    pub job: Option<Name>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only those that this trigger wanted.
    pub trigger: Option<Name>,
    /// Only those of this run of a workflow.
    pub workflow_run: Option<String>,
    /// Only those that were asked for at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those that were asked for before this time.
    pub until: Option<DateTime<Utc>>,
}

/// How many runs there are of a tenant in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Count {
    /// The tenant.
    pub tenant: String,
    /// The state.
    pub state: State,
    /// Runs that are in it now; of a final state, runs that have come into it since the beginning, also those that were
    /// removed.
    pub runs: u64,
}

/// A tenant's run.
///
/// # Errors
/// [`Error::UnknownRun`].
pub fn get(tx: &mut Transaction<'_>, tenant: &Name, run: &str) -> Result<Run, Error> {
    let row = tx.first(
        &format!("select {COLUMNS} from runs where id = ?1 and tenant = ?2"),
        row![run, tenant],
    )?;
    let row = row.ok_or_else(|| Error::UnknownRun { run: run.to_owned() })?;
    read(&row)
}

/// A tenant's runs, the latest first.
///
/// # Errors
/// What the database says.
pub fn list(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    filter: &RunFilter,
    page: &PageRequest,
) -> Result<Page<Run>, Error> {
    let mut conditions = String::from("tenant = ?1");
    let mut values = vec![Value::from(tenant)];
    let mut also = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            let number = values.len();
            conditions = format!("{conditions} and {condition} ?{number}");
        }
    };
    also("job =", filter.job.as_ref().map(Value::from));
    also("state =", filter.state.map(|state| state.as_str().into()));
    also("trigger_name =", filter.trigger.as_ref().map(Value::from));
    also("workflow_run =", filter.workflow_run.as_ref().map(Value::from));
    also("created >=", filter.since.map(|time| time.timestamp_micros().into()));
    also("created <", filter.until.map(|time| time.timestamp_micros().into()));
    also("id <", page.after.as_ref().map(Value::from));
    values.push(page.look_for().into());
    let select = format!(
        "select {COLUMNS} from runs where {conditions} order by id desc limit ?{}",
        values.len()
    );
    let rows = tx.query(&select, &values)?;
    let runs = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(page.page(runs, |run| run.id.clone()))
}

/// The attempts of a tenant's run, the first one first.
///
/// # Errors
/// [`Error::UnknownRun`].
pub fn attempts(tx: &mut Transaction<'_>, tenant: &Name, run: &str) -> Result<Vec<Attempt>, Error> {
    get(tx, tenant, run)?;
    let rows = tx.query(
        "select attempt, job_version, server, state, started, ended, error, usage from run_attempts
         where run = ?1 order by attempt",
        row![run],
    )?;
    let attempts = rows.iter().map(|row| {
        Ok(Attempt {
            attempt: row.get(0)?,
            job_version: row.get(1)?,
            server: row.get(2)?,
            state: state(row, 3)?,
            started: date(row.get(4)?),
            ended: row.get::<Option<i64>>(5)?.map(date),
            error: json::read_some(row, 6)?,
            usage: json::read_some(row, 7)?.unwrap_or_default(),
        })
    });
    attempts.collect()
}

pub(crate) const AT_WORK: &str = "select tenant, state from runs where owner > ''";

/// How many runs there are, by tenant and state, for metrics. Costs as much as there are tenants and runs at work.
///
/// # Errors
/// What the database says.
pub fn counts(tx: &mut Transaction<'_>) -> Result<Vec<Count>, Error> {
    let mut counts = Vec::new();
    for row in tx.query(
        "select tenant, waiting from run_tenants where waiting > 0 order by tenant",
        row![],
    )? {
        counts.push(Count {
            tenant: row.get(0)?,
            state: State::Waiting,
            runs: row.get(1)?,
        });
    }
    // To have them counted and ordered by the database is to have it go through all runs that there are.
    let mut at_work: BTreeMap<(String, String), u64> = BTreeMap::new();
    for row in tx.query(AT_WORK, row![])? {
        *at_work.entry((row.get(0)?, row.get(1)?)).or_default() += 1;
    }
    let ended = tx.query(
        "select tenant, state, total from run_totals order by tenant, state",
        row![],
    )?;
    let ended = ended.iter().map(|row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)));
    let ended = ended.collect::<Result<Vec<((String, String), u64)>, Error>>()?;
    for ((tenant, state), runs) in at_work.into_iter().chain(ended) {
        let state = state.parse().map_err(|reason| Error::Unreadable { reason })?;
        counts.push(Count { tenant, state, runs });
    }
    Ok(counts)
}

fn read(row: &Row) -> Result<Run, Error> {
    let time = |column| Ok::<_, Error>(row.get::<Option<i64>>(column)?.map(date));
    Ok(Run {
        id: row.get(0)?,
        tenant: json::name(row, 1)?,
        job: json::name(row, 2)?,
        job_version: row.get(3)?,
        state: state(row, 4)?,
        attempt: row.get(5)?,
        arguments: json::read(&row.get::<String>(6)?)?,
        trigger: row.get(7)?,
        workflow_run: row.get(8)?,
        node: row.get(9)?,
        depth: row.get(10)?,
        rerun_of: row.get(11)?,
        created: date(row.get(12)?),
        queued: date(row.get(13)?),
        not_before: time(14)?,
        started: time(15)?,
        ended: time(16)?,
        timeout_at: time(17)?,
        committed: time(18)?,
        stop_reason: row.get(19)?,
        server: row.get(20)?,
        progress: json::read_some(row, 21)?,
        error: json::read_some(row, 22)?,
        report: json::read_some(row, 23)?,
        usage: json::read_some(row, 24)?.unwrap_or_default(),
        batches: row.get(29)?,
        plugins: json::read_some(row, 25)?.unwrap_or_default(),
        log: LogSummary {
            lines: row.get(26)?,
            bytes: row.get(27)?,
            dropped: row.get(28)?,
            removed: row.get(30)?,
        },
    })
}
