//! Reading logs, and following them.

use std::ops::ControlFlow;
use std::time::Duration;

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, Row, params_from_iter};

use super::{Level, LogLine, LogQuery, LogSource};
use crate::error::{Error, Fault};
use crate::history::History;
use crate::runs::resolve;
use crate::time::from_micros;

/// Lines that are read at once.
const PAGE: u32 = 5_000;

impl History {
    /// The lines of a run's log that the query lets through, in their order.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn logs(&self, run: &str, query: &LogQuery) -> Result<Vec<LogLine>, Error> {
        self.store.read(|connection| {
            let run = resolve(connection, run, self)?;
            lines(connection, run, query)
        })
    }

    /// Gives each line that the query lets through to `each`, until that says to stop, and without ever holding many in
    /// memory. With `wait`, then goes on to the lines that the run still logs, looking for them that often, until it has
    /// ended.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn follow(
        &self,
        run: &str,
        query: &LogQuery,
        wait: Option<Duration>,
        mut each: impl FnMut(LogLine) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        // `last` must not become another run on the way.
        let run = self.get(run)?.id;
        let mut query = query.clone();
        let mut left = query.limit.unwrap_or(u32::MAX);
        loop {
            // Asked before reading: what was logged before the end is then read for certain.
            let ended = wait.is_none() || self.get(&run)?.ended.is_some();
            loop {
                query.limit = Some(left.min(PAGE));
                let page = self.logs(&run, &query)?;
                // The last lines begin the page; from there it goes forward.
                let full = query.tail.take().is_some() || page.len() as u32 == left.min(PAGE);
                left -= (page.len() as u32).min(left);
                for line in page {
                    query.after = line.number;
                    if each(line).is_break() {
                        return Ok(());
                    }
                }
                if left == 0 {
                    return Ok(());
                }
                if !full {
                    break;
                }
            }
            match wait {
                Some(interval) if !ended => std::thread::sleep(interval),
                _ => return Ok(()),
            }
        }
    }
}

fn lines(connection: &Connection, run: i64, query: &LogQuery) -> Result<Vec<LogLine>, Fault> {
    let mut conditions = String::from("run = ? and number > ?");
    let after = i64::try_from(query.after).unwrap_or(i64::MAX);
    let mut values: Vec<Cell> = vec![run.into(), after.into()];
    let mut also = |condition: &str, value: Cell| {
        conditions.push_str(condition);
        values.push(value);
    };
    if let Some(level) = query.level {
        also(" and level >= ?", (level as i64).into());
    }
    if let Some(step) = &query.step {
        also(" and step = ?", step.clone().into());
    }
    if let Some(text) = &query.text {
        also(" and instr(message, ?) > 0", text.clone().into());
    }
    let (order, limit) = match (query.tail, query.limit) {
        (Some(tail), _) => ("desc", i64::from(tail)),
        (None, Some(limit)) => ("asc", i64::from(limit)),
        (None, None) => ("asc", -1),
    };
    values.push(limit.into());
    let select = format!(
        "select number, time, level, source, step, message from log_lines where {conditions} order by number {order} \
         limit ?"
    );
    let mut statement = connection.prepare_cached(&select)?;
    let rows = statement.query_and_then(params_from_iter(values), line)?;
    let mut lines = rows.collect::<Result<Vec<LogLine>, Fault>>()?;
    if query.tail.is_some() {
        lines.reverse();
    }
    Ok(lines)
}

fn line(row: &Row<'_>) -> Result<LogLine, Fault> {
    let level: usize = row.get(2)?;
    let source: i64 = row.get(3)?;
    Ok(LogLine {
        number: row.get::<_, i64>(0)?.unsigned_abs(),
        time: from_micros(row.get(1)?),
        level: *Level::ALL
            .get(level)
            .ok_or_else(|| Fault::Value(format!("no level has the number {level}")))?,
        source: if source == LogSource::Guest as i64 {
            LogSource::Guest
        } else {
            LogSource::Host
        },
        step: row.get(4)?,
        message: row.get(5)?,
    })
}
