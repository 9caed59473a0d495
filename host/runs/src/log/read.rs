//! Reading logs.

use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, Value, row};

use super::{Level, LogLine, LogQuery, LogSource};
use crate::Error;
use crate::time::date;

const LONGEST_TEXT: usize = 1000;

/// The lines of a run's log that the query lets through, in their order. `next` is for [`LogQuery::after`].
///
/// # Errors
/// [`Error::UnknownRun`], [`Error::Invalid`].
pub fn logs(tx: &mut Transaction<'_>, tenant: &Name, run: &str, query: &LogQuery) -> Result<Page<LogLine>, Error> {
    let number = tx.first(
        "select number from runs where id = ?1 and tenant = ?2",
        row![run, tenant],
    )?;
    let number = number.ok_or_else(|| Error::UnknownRun { run: run.to_owned() })?;
    let page = PageRequest {
        limit: query.limit.unwrap_or(PageRequest::default().limit),
        after: None,
    };
    let mut conditions = String::from("run = ?1 and number > ?2");
    let mut values = vec![number.get::<i64>(0)?.into(), query.after.unwrap_or(0).into()];
    let mut also = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            conditions.push_str(" and ");
            conditions.push_str(&condition.replace('?', &format!("?{}", values.len())));
        }
    };
    also("level >= ?", query.level.map(|level| (level as i64).into()));
    also("step = ?", query.step.as_deref().map(Value::from));
    also("attempt = ?", query.attempt.map(Value::from));
    let pattern = query.text.as_deref().map(pattern).transpose()?;
    also("lower(message) like lower(?) escape '!'", pattern.map(Value::from));
    values.push(page.look_for().into());
    let order = if query.tail { "desc" } else { "asc" };
    let select = format!(
        "select number, time, attempt, level, source, step, message from run_log where {conditions}
         order by number {order} limit ?{}",
        values.len()
    );
    let rows = tx.query(&select, &values)?;
    let lines = rows.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let mut lines = page.page(lines, |line| line.number.to_string());
    if query.tail {
        lines.items.reverse();
        // What comes after the last lines is what is still to be said.
        lines.next = None;
    }
    Ok(lines)
}

fn pattern(text: &str) -> Result<String, Error> {
    if text.len() > LONGEST_TEXT || text.contains('\0') {
        return Err(Error::Invalid {
            field: "text",
            reason: format!("it can have {LONGEST_TEXT} bytes at most, and no zero character"),
        });
    }
    let mut pattern = String::from("%");
    for character in text.chars() {
        if "!%_".contains(character) {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    Ok(pattern)
}

fn line(row: &Row) -> Result<LogLine, Error> {
    let (level, source): (usize, i64) = (row.get(3)?, row.get(4)?);
    let level = Level::ALL.get(level).ok_or_else(|| Error::Unreadable {
        reason: format!("no level has the number {level}"),
    })?;
    Ok(LogLine {
        number: row.get(0)?,
        time: date(row.get(1)?),
        attempt: row.get(2)?,
        level: *level,
        source: if source == LogSource::Guest as i64 {
            LogSource::Guest
        } else {
            LogSource::Host
        },
        step: row.get(5)?,
        message: row.get(6)?,
    })
}
