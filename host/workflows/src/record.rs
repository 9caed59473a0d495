//! The rows of a run.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use tenon_metadata::{Name, Row, Transaction, row};

use crate::{Error, NodeState, RunState};

const COLUMNS: &str = "id, tenant, workflow, version, state, attempt, cause, depth, given, error, started, ended, due";

/// A run of a workflow, without its nodes.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub id: String,
    pub tenant: Name,
    pub workflow: Name,
    pub version: i64,
    pub state: RunState,
    pub attempt: u32,
    pub cause: Option<String>,
    pub depth: u32,
    /// The properties that whoever started it gave, as JSON.
    pub given: String,
    pub error: Option<String>,
    pub started: i64,
    pub ended: Option<i64>,
    /// When to look at it even if no node ended.
    pub due: Option<i64>,
}

/// What is remembered of a node besides its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It was skipped because the run was stopped before it could start.
    Unreached,
    /// Somebody chose it: it starts whatever it waits for.
    Chosen,
}

/// What its run was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To stop, since the workflow's run stops.
    Stop,
    /// To stop, since it took too long.
    Timeout,
}

/// A node of a run.
#[derive(Clone, Debug)]
pub(crate) struct NodeRecord {
    /// WAITING until it has ended; where it has a run until then, that one's state counts.
    pub state: NodeState,
    pub mark: Option<Mark>,
    pub reason: Option<String>,
    /// Its latest run.
    pub run: Option<String>,
    pub asked: Option<Asked>,
    pub deadline: Option<i64>,
    pub started: Option<i64>,
    pub ended: Option<i64>,
}

impl Record {
    /// A tenant's run.
    pub fn of(tx: &mut Transaction<'_>, tenant: &Name, run: &str) -> Result<Self, Error> {
        let select = format!("select {COLUMNS} from workflow_runs where tenant = ?1 and id = ?2");
        let found = tx.first(&select, row![tenant, run])?;
        read(&found.ok_or_else(|| unknown(run))?)
    }

    /// A tenant's run, which nobody else can change until this transaction has ended.
    pub fn locked(tx: &mut Transaction<'_>, tenant: &Name, run: &str) -> Result<Self, Error> {
        let select = format!("select {COLUMNS} from workflow_runs where tenant = ?1 and id = ?2 {{for_update}}");
        let found = tx.first(&select, row![tenant, run])?;
        read(&found.ok_or_else(|| unknown(run))?)
    }

    /// A run of any tenant, for the server itself; locked as well.
    pub fn of_any(tx: &mut Transaction<'_>, run: &str) -> Result<Self, Error> {
        let select = format!("select {COLUMNS} from workflow_runs where id = ?1 {{for_update}}");
        let found = tx.first(&select, row![run])?;
        read(&found.ok_or_else(|| unknown(run))?)
    }

    /// A page of a tenant's runs, the latest first.
    pub fn page(
        tx: &mut Transaction<'_>,
        tenant: &Name,
        workflow: Option<&Name>,
        state: Option<RunState>,
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Self>, Error> {
        // Each condition is there only if it is needed, so that the indexes serve.
        let mut values = row![tenant, limit].to_vec();
        let mut conditions = String::from("tenant = ?1");
        let mut also = |condition: &str, value: tenon_metadata::Value| {
            values.push(value);
            // Writing to a string never fails.
            let _ = write!(conditions, " and {condition} ?{}", values.len());
        };
        if let Some(workflow) = workflow {
            also("workflow =", workflow.into());
        }
        if let Some(state) = state {
            also("state =", state.as_str().into());
        }
        if let Some(before) = before {
            also("id <", before.into());
        }
        let select = format!("select {COLUMNS} from workflow_runs where {conditions} order by id desc limit ?2");
        tx.query(&select, &values)?.iter().map(read).collect()
    }

    /// Refuses a run that has ended.
    pub fn under_way(&self, doing: &'static str) -> Result<(), Error> {
        match self.state {
            RunState::Running | RunState::Stopping => Ok(()),
            _ => Err(self.not(doing)),
        }
    }

    /// The error that says that this cannot be done with it.
    pub fn not(&self, doing: &'static str) -> Error {
        Error::State {
            run: self.id.clone(),
            state: self.state,
            doing,
        }
    }

    pub fn insert(&self, tx: &mut Transaction<'_>, idempotency_key: Option<&str>) -> Result<(), Error> {
        tx.execute(
            "insert into workflow_runs (id, tenant, workflow, version, state, attempt, cause, depth, given, error,
                                        started, ended, due, idempotency_key)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            row![
                &self.id,
                &self.tenant,
                &self.workflow,
                self.version,
                self.state.as_str(),
                self.attempt,
                self.cause.as_ref(),
                self.depth,
                &self.given,
                self.error.as_ref(),
                self.started,
                self.ended,
                self.due,
                idempotency_key,
            ],
        )?;
        Ok(())
    }

    pub fn update(&self, tx: &mut Transaction<'_>) -> Result<(), Error> {
        tx.execute(
            "update workflow_runs set state = ?2, attempt = ?3, error = ?4, ended = ?5, due = ?6 where id = ?1",
            row![
                &self.id,
                self.state.as_str(),
                self.attempt,
                self.error.as_ref(),
                self.ended,
                self.due
            ],
        )?;
        tx.execute(
            "update workflow_attempts set state = ?3, error = ?4, ended = ?5 where workflow_run = ?1 and attempt = ?2",
            row![
                &self.id,
                self.attempt,
                self.state.as_str(),
                self.error.as_ref(),
                self.ended
            ],
        )?;
        Ok(())
    }

    /// Records that its attempt begins, with these nodes.
    pub fn insert_attempt(&self, tx: &mut Transaction<'_>, nodes: &[&Name]) -> Result<(), Error> {
        let nodes = serde_json::to_string(nodes).map_err(|error| self.unreadable(&error.to_string()))?;
        let now = tx.now();
        tx.execute(
            "insert into workflow_attempts (workflow_run, attempt, nodes, state, started) values (?1, ?2, ?3, ?4, ?5)",
            row![&self.id, self.attempt, nodes, self.state.as_str(), now],
        )?;
        Ok(())
    }

    pub fn unreadable(&self, reason: &str) -> Error {
        Error::Unreadable {
            run: self.id.clone(),
            reason: reason.to_owned(),
        }
    }
}

impl NodeRecord {
    /// One that has not started.
    pub const WAITING: Self = Self {
        state: NodeState::Waiting,
        mark: None,
        reason: None,
        run: None,
        asked: None,
        deadline: None,
        started: None,
        ended: None,
    };

    /// Whether it has a run that has not ended, as far as is known.
    pub fn at_work(&self) -> bool {
        self.state == NodeState::Waiting && self.run.is_some()
    }

    /// Whether it may still start.
    pub fn waits(&self) -> bool {
        self.state == NodeState::Waiting && self.run.is_none()
    }

    /// The nodes of a run, in the order of their names.
    pub fn all(tx: &mut Transaction<'_>, run: &str) -> Result<Vec<(String, Self)>, Error> {
        let rows = tx.query(
            "select n.node, n.state, n.mark, n.reason, n.run, n.started, n.ended, r.asked, r.deadline
             from workflow_nodes n left join workflow_node_runs r on r.run = n.run
             where n.workflow_run = ?1",
            row![run],
        )?;
        let read = |row: &Row| -> Result<(String, Self), Error> {
            let state: String = row.get(1)?;
            let state = state.parse().map_err(|reason| Error::Unreadable {
                run: run.to_owned(),
                reason,
            })?;
            let mark: Option<String> = row.get(2)?;
            let asked: Option<String> = row.get(7)?;
            let node = Self {
                state,
                mark: mark.map(|mark| {
                    if mark == "chosen" {
                        Mark::Chosen
                    } else {
                        Mark::Unreached
                    }
                }),
                reason: row.get(3)?,
                run: row.get(4)?,
                started: row.get(5)?,
                ended: row.get(6)?,
                asked: asked.map(|asked| {
                    if asked == "timeout" {
                        Asked::Timeout
                    } else {
                        Asked::Stop
                    }
                }),
                deadline: row.get(8)?,
            };
            Ok((row.get(0)?, node))
        };
        let mut nodes = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        // Not by the database, whose order may be that of a language.
        nodes.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(nodes)
    }

    pub fn put(&self, tx: &mut Transaction<'_>, workflow_run: &str, name: &Name) -> Result<(), Error> {
        let mark = self.mark.map(|mark| match mark {
            Mark::Unreached => "unreached",
            Mark::Chosen => "chosen",
        });
        tx.execute(
            "insert into workflow_nodes (workflow_run, node, state, mark, reason, run, started, ended)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             on conflict (workflow_run, node) do update set state = excluded.state, mark = excluded.mark,
                 reason = excluded.reason, run = excluded.run, started = excluded.started, ended = excluded.ended",
            row![
                workflow_run,
                name,
                self.state.as_str(),
                mark,
                self.reason.as_ref(),
                self.run.as_ref(),
                self.started,
                self.ended
            ],
        )?;
        Ok(())
    }
}

/// What the database keeps, as a date.
pub(crate) fn date(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

pub(crate) fn optional_date(micros: Option<i64>) -> Option<DateTime<Utc>> {
    micros.map(date)
}

fn unknown(run: &str) -> Error {
    let run = run.chars().take(128).collect();
    Error::UnknownRun { run }
}

fn read(row: &Row) -> Result<Record, Error> {
    let id: String = row.get(0)?;
    let unreadable = |reason: String| Error::Unreadable {
        run: id.clone(),
        reason,
    };
    let name = |column: usize| -> Result<Name, Error> {
        Name::new(row.get::<String>(column)?).map_err(|error| unreadable(error.to_string()))
    };
    let state: String = row.get(4)?;
    Ok(Record {
        tenant: name(1)?,
        workflow: name(2)?,
        version: row.get(3)?,
        state: state.parse().map_err(unreadable)?,
        attempt: row.get(5)?,
        cause: row.get(6)?,
        depth: row.get(7)?,
        given: row.get(8)?,
        error: row.get(9)?,
        started: row.get(10)?,
        ended: row.get(11)?,
        due: row.get(12)?,
        id,
    })
}
