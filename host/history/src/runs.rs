//! Recording runs, and finding them again.

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde_json::Value;

use crate::error::{Error, Fault};
use crate::history::History;
use crate::process;
use crate::run::{Filter, LogSummary, NewRun, Outcome, PluginUsed, Run, State};
use crate::store::Durability;
use crate::time::{from_micros, now};

const COLUMNS: &str = "id, job, state, attempt, retry_of, began, updated, ended, committed, host, pid, plugins, definition, \
                       arguments, progress, error, report, log_lines, log_bytes, log_dropped";
/// Runs that are named where an id is not clear.
const NAMED: usize = 5;

impl History {
    /// Records that a run begins; its state is [`State::Starting`].
    ///
    /// # Errors
    /// [`Error::RunExists`] if the id is taken, and whatever keeps the database from being written.
    pub fn begin(&self, run: &NewRun) -> Result<(), Error> {
        let mark = process::mark(run.pid);
        let (definition, arguments) = (run.definition.to_string(), run.arguments.to_string());
        self.store.write(Durability::Process, |transaction| {
            let insert = "insert or ignore into runs (id, job, state, attempt, retry_of, host, pid, process, began, \
                          updated, definition, arguments, plugins) \
                          values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, ?12)";
            let plugins = serde_json::to_string(&run.plugins)?;
            let inserted = transaction.execute(
                insert,
                params![
                    run.id,
                    run.job,
                    State::Starting.as_str(),
                    run.attempt,
                    run.retry_of,
                    run.host,
                    run.pid,
                    mark,
                    now(),
                    definition,
                    arguments,
                    plugins
                ],
            )?;
            if inserted == 0 {
                return Err(Error::RunExists { run: run.id.clone() }.into());
            }
            Ok(())
        })
    }

    /// Records where a run stands, and, if given, how far it has come. One that has ended stays as it is, and one that is
    /// stopping does not go back to running.
    ///
    /// # Errors
    /// [`Error::UnknownRun`], and whatever keeps the database from being written.
    pub fn update(&self, run: &str, state: State, progress: Option<&Value>) -> Result<(), Error> {
        self.store.write(Durability::Process, |transaction| {
            let number = number(transaction, run)?;
            let update = "update runs set state = iif(state = ?5, state, ?2), progress = ifnull(?3, progress), \
                          updated = ?4 where number = ?1 and ended is null";
            let progress = progress.map(ToString::to_string);
            transaction.execute(
                update,
                params![number, state.as_str(), progress, now(), State::Stopping.as_str()],
            )?;
            Ok(())
        })
    }

    /// Records the plugins of a run, once they are loaded.
    ///
    /// # Errors
    /// [`Error::UnknownRun`], and whatever keeps the database from being written.
    pub fn plugins(&self, run: &str, plugins: &[PluginUsed]) -> Result<(), Error> {
        self.store.write(Durability::Process, |transaction| {
            let number = number(transaction, run)?;
            let plugins = serde_json::to_string(plugins)?;
            let update = "update runs set plugins = ?2, updated = ?3 where number = ?1";
            transaction.execute(update, params![number, plugins, now()])?;
            Ok(())
        })
    }

    /// Records how a run ended. Its log should be closed by then.
    ///
    /// # Errors
    /// [`Error::UnknownRun`], [`Error::NotFinal`], and whatever keeps the database from being written.
    pub fn finish(&self, run: &str, outcome: &Outcome) -> Result<(), Error> {
        if !outcome.state.is_final() {
            let (run, state) = (run.to_owned(), outcome.state);
            return Err(Error::NotFinal { run, state });
        }
        self.store.write(Durability::Process, |transaction| {
            let number = number(transaction, run)?;
            let update = "update runs set state = ?2, error = ?3, report = ?4, updated = ?5, ended = ?5 \
                          where number = ?1";
            let error = outcome.error.as_ref().map(serde_json::to_string).transpose()?;
            let report = (!outcome.report.is_null()).then(|| outcome.report.to_string());
            transaction.execute(update, params![number, outcome.state.as_str(), error, report, now()])?;
            Ok(())
        })
    }

    /// The runs that the filter lets through, the latest first. Runs whose process died are recorded as such first.
    ///
    /// # Errors
    /// [`Error::UnknownRun`] for the filter's `before`, and whatever keeps the database from being read.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Run>, Error> {
        self.mark_lost()?;
        self.store.read(|connection| {
            let mut conditions = String::from("true");
            let mut values: Vec<Cell> = Vec::new();
            let mut also = |condition: &str, value: Cell| {
                conditions.push_str(" and ");
                conditions.push_str(condition);
                values.push(value);
            };
            if let Some(job) = &filter.job {
                also("job = ?", job.clone().into());
            }
            if let Some(state) = filter.state {
                also("state = ?", state.as_str().to_owned().into());
            }
            if let Some(since) = filter.since {
                also("began >= ?", since.timestamp_micros().into());
            }
            if let Some(before) = &filter.before {
                also("number < ?", resolve(connection, before, self)?.into());
            }
            values.push(i64::from(filter.limit).into());
            let select = format!("select {COLUMNS} from runs where {conditions} order by number desc limit ?");
            let mut statement = connection.prepare(&select)?;
            let rows = statement.query_and_then(params_from_iter(values), run)?;
            rows.collect()
        })
    }

    /// A run by its id, by a beginning that no other id has, or the `last` one.
    ///
    /// # Errors
    /// [`Error::UnknownRun`], [`Error::AmbiguousRun`], [`Error::NoRuns`] for `last`, and whatever keeps the database
    /// from being read.
    pub fn get(&self, id: &str) -> Result<Run, Error> {
        self.mark_lost()?;
        self.store.read(|connection| {
            let number = resolve(connection, id, self)?;
            let select = format!("select {COLUMNS} from runs where number = ?");
            connection.query_row(&select, [number], |row| Ok(run(row)))?
        })
    }
}

/// The number of the run with exactly this id.
pub(crate) fn number(connection: &Connection, id: &str) -> Result<i64, Fault> {
    let mut statement = connection.prepare_cached("select number from runs where id = ?")?;
    let number = statement.query_row([id], |row| row.get(0)).optional()?;
    number.ok_or_else(|| Error::UnknownRun { run: id.to_owned() }.into())
}

/// The number of the run that a person means.
pub(crate) fn resolve(connection: &Connection, id: &str, history: &History) -> Result<i64, Fault> {
    if let Ok(number) = number(connection, id) {
        return Ok(number);
    }
    if id == "last" {
        let last: Option<i64> = connection.query_row("select max(number) from runs", [], |row| row.get(0))?;
        let file = history.file().to_owned();
        return last.ok_or_else(|| Error::NoRuns { file }.into());
    }
    let select = "select number, id from runs where substr(id, 1, length(?1)) = ?1 order by number desc limit ?2";
    let mut statement = connection.prepare(select)?;
    let found = statement.query_map(params![id, NAMED as i64], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found: Vec<(i64, String)> = found.collect::<rusqlite::Result<_>>()?;
    match found.as_slice() {
        _ if id.is_empty() => Err(Error::UnknownRun { run: String::new() }.into()),
        [] => Err(Error::UnknownRun { run: id.to_owned() }.into()),
        [(number, _)] => Ok(*number),
        several => Err(Error::AmbiguousRun {
            prefix: id.to_owned(),
            matches: several.iter().map(|(_, id)| id.clone()).collect(),
        }
        .into()),
    }
}

fn run(row: &Row<'_>) -> Result<Run, Fault> {
    let state: String = row.get("state")?;
    let text = |column: &str| row.get::<_, String>(column);
    let value = |column: &str| -> Result<Option<Value>, Fault> {
        let text: Option<String> = row.get(column)?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    };
    let error: Option<String> = row.get("error")?;
    let number = |column: &str| -> Result<u64, Fault> { Ok(row.get::<_, i64>(column)?.unsigned_abs()) };
    Ok(Run {
        id: text("id")?,
        job: text("job")?,
        state: state.parse().map_err(Fault::Value)?,
        attempt: row.get("attempt")?,
        retry_of: row.get("retry_of")?,
        began: from_micros(row.get("began")?),
        updated: from_micros(row.get("updated")?),
        ended: row.get::<_, Option<i64>>("ended")?.map(from_micros),
        committed: row.get::<_, Option<i64>>("committed")?.map(from_micros),
        host: text("host")?,
        pid: row.get("pid")?,
        plugins: serde_json::from_str(&text("plugins")?)?,
        definition: value("definition")?.unwrap_or_default(),
        arguments: value("arguments")?.unwrap_or_default(),
        progress: value("progress")?,
        error: error.map(|error| serde_json::from_str(&error)).transpose()?,
        report: value("report")?,
        log: LogSummary {
            lines: number("log_lines")?,
            bytes: number("log_bytes")?,
            dropped: number("log_dropped")?,
        },
    })
}
