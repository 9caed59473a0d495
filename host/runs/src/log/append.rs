//! Lines come into the database, many at a time.

use tenon_metadata::{Transaction, row};

use super::{Level, LogSource};
use crate::run::clip;
use crate::{Error, quotas};

/// What a line is charged besides its texts.
const LINE_OVERHEAD: u64 = 32;
/// Longest message that is kept in one piece, in bytes.
const LONGEST_MESSAGE: usize = 64 << 10;
/// Longest name of a step, in bytes.
const LONGEST_STEP: usize = 256;

/// A line that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    /// When it was said, in microseconds since 1970, UTC.
    pub time: i64,
    /// In which attempt, from 1.
    pub attempt: u32,
    /// How much it matters.
    pub level: Level,
    /// Who said it.
    pub source: LogSource,
    /// The step that it is about.
    pub step: Option<String>,
    /// What was said.
    pub message: String,
}

impl NewLine {
    /// A line of a length that can be kept.
    pub(super) fn clipped(mut self) -> Self {
        self.message = clip(&self.message, LONGEST_MESSAGE);
        self.step = self.step.map(|step| clip(&step, LONGEST_STEP));
        self
    }

    /// What it is charged, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        (self.message.len() + self.step.as_ref().map_or(0, String::len)) as u64 + LINE_OVERHEAD
    }
}

/// What has become of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Lines that are kept.
    pub kept: u64,
    /// The log is full: from now on none will be kept.
    pub full: bool,
    /// It is so by what its tenant may keep of all its runs, which this one has reached alone.
    pub at_quota: bool,
}

/// Up to where a log is kept, in bytes.
#[derive(Clone, Copy)]
enum Room {
    /// What is kept of one run.
    OfRun(u64),
    /// What its tenant may keep of all runs, which is less.
    OfTenant(u64),
    /// Nothing: the tenant's runs have used up that.
    UsedUp(u64),
}

impl Room {
    /// What the log of a run can be charged that is charged so much by now.
    fn limit(self, charged: u64) -> u64 {
        match self {
            Self::OfRun(limit) | Self::OfTenant(limit) => limit,
            Self::UsedUp(_) => charged,
        }
    }

    /// The last line of a log for which there is no more.
    fn last_line(self) -> String {
        let cut = |quota: u64, why: &str| {
            format!(
                "the log is cut: of all runs of its tenant, {quota} bytes are kept, its quota `log_bytes`, and {why}; what \
                 comes now is only counted"
            )
        };
        match self {
            Self::OfRun(limit) => {
                format!("the log is full: of a run, {limit} bytes are kept; what comes now is only counted")
            }
            Self::OfTenant(quota) => cut(quota, "this one has logged as much"),
            Self::UsedUp(quota) => cut(quota, "together they have logged more"),
        }
    }
}

/// Appends lines to a run's log as long as there is room for them, `limit` in bytes and no more than its tenant may keep of
/// all runs; the rest is counted. So are the `dropped`, which never came here. Where lines are missing, the log says so.
///
/// # Errors
/// [`Error::UnknownRun`].
pub fn append(
    tx: &mut Transaction<'_>,
    run: &str,
    lines: &[NewLine],
    dropped: u64,
    limit: u64,
) -> Result<Appended, Error> {
    let row = tx.first(
        "select number, attempt, log_lines, log_bytes,
             (select q.bytes from run_log_quotas q where q.tenant = runs.tenant), log_dropped,
             (select q.used_up from run_log_quotas q where q.tenant = runs.tenant)
         from runs where id = ?1 {for_update}",
        row![run],
    )?;
    let row = row.ok_or_else(|| Error::UnknownRun { run: run.to_owned() })?;
    let mut log = Log {
        run: row.get(0)?,
        attempt: row.get(1)?,
        lines: row.get(2)?,
        bytes: row.get(3)?,
    };
    let quota = row.get::<Option<u64>>(4)?.unwrap_or(quotas::LOG_BYTES);
    let is_used_up = row.get::<Option<bool>>(6)?.unwrap_or_default();
    let room = if is_used_up {
        Room::UsedUp(quota)
    } else if quota < limit {
        Room::OfTenant(quota)
    } else {
        Room::OfRun(limit)
    };
    let limit = room.limit(log.bytes);
    // The first line that there was no room for has been dropped, and said so: also where there was room for none, and where
    // there is less than before.
    let is_full = log.bytes >= limit && row.get::<u64>(5)? > 0;
    let (before, mut full, mut missing) = (log.lines, is_full, dropped);
    for line in lines {
        let line = line.clone().clipped();
        if full {
            missing += 1;
        } else if log.bytes + line.bytes() >= limit {
            (full, missing) = (true, missing + 1);
            // No line will come after it, so that what is kept has no gaps.
            log.say(tx, room.last_line())?;
            log.bytes = log.bytes.max(limit);
        } else {
            log.bytes += line.bytes();
            log.insert(tx, &line)?;
        }
    }
    if dropped > 0 && !full {
        log.say(
            tx,
            format!("{dropped} lines are missing here: they came faster than they could be kept"),
        )?;
    }
    tx.execute(
        "update runs set log_lines = ?2, log_bytes = ?3, log_dropped = log_dropped + ?4 where id = ?1",
        row![run, log.lines, log.bytes, missing],
    )?;
    tx.notify("logs", run);
    let kept = log.lines - before;
    let at_quota = full && matches!(room, Room::OfTenant(_));
    Ok(Appended { kept, full, at_quota })
}

struct Log {
    run: i64,
    attempt: u32,
    lines: u64,
    bytes: u64,
}

impl Log {
    fn say(&mut self, tx: &mut Transaction<'_>, message: String) -> Result<(), Error> {
        let line = NewLine {
            time: tx.now(),
            attempt: self.attempt,
            level: Level::Warn,
            source: LogSource::Host,
            step: None,
            message,
        };
        self.insert(tx, &line)
    }

    fn insert(&mut self, tx: &mut Transaction<'_>, line: &NewLine) -> Result<(), Error> {
        self.lines += 1;
        let (level, source) = (line.level as i64, line.source as i64);
        tx.execute(
            "insert into run_log (run, number, time, attempt, level, source, step, message)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            row![
                self.run,
                self.lines,
                line.time,
                line.attempt,
                level,
                source,
                line.step.as_deref(),
                &line.message
            ],
        )?;
        Ok(())
    }
}
