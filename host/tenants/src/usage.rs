//! What tenants use, for bills and quotas.

use serde::{Deserialize, Serialize};
use tenon_metadata::{Name, Row, Transaction, Value, row};

use crate::Error;

const DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// No addition is more, so that no sum can leave 64 bits.
const MOST: u64 = 1 << 48;
/// Most lines of a report by run; one more is answered with where there are more.
pub const MOST_LINES: usize = 10_000;
const FIGURES: &str = "runs, cpu_sandbox_us, cpu_kernels_us, peak_memory, rows_in, rows_out, bytes_in, bytes_out";
// What is summed up is made 64 bits again: PostgreSQL would answer with decimals.
const SUMS: &str = "cast(sum(runs) as bigint), cast(sum(cpu_sandbox_us) as bigint), \
                    cast(sum(cpu_kernels_us) as bigint), max(peak_memory), cast(sum(rows_in) as bigint), \
                    cast(sum(rows_out) as bigint), cast(sum(bytes_in) as bigint), cast(sum(bytes_out) as bigint)";

/// What runs have used. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Runs that ended.
    pub runs: u64,
    /// CPU time in sandboxes, in microseconds.
    pub cpu_sandbox_us: u64,
    /// CPU time in kernels, in microseconds.
    pub cpu_kernels_us: u64,
    /// The most memory at once, in bytes. Of several runs it is the greatest, not the sum.
    pub peak_memory: u64,
    /// Rows read.
    pub rows_in: u64,
    /// Rows written.
    pub rows_out: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
}

/// By what a report is grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// By tenant.
    #[default]
    Tenant,
    /// By tenant and job.
    Job,
    /// By tenant and day.
    Day,
    /// By run, the latest first. A run is of the day on which it last used something.
    Run,
}

/// A line of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UsageLine {
    /// Whose; of a deleted tenant `name~created`.
    pub tenant: String,
    /// Which job, if it is by job or run.
    pub job: Option<String>,
    /// Which run, if it is by run.
    pub run: Option<String>,
    /// Which day (UTC), as `2026-01-31`, if it is by day or run.
    pub day: Option<String>,
    /// What was used.
    pub usage: Usage,
}

/// Which usage a report is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportRequest {
    /// Of this tenant; of all if it is none.
    pub tenant: Option<Name>,
    /// From the day of this time, in microseconds since 1970.
    pub from: i64,
    /// To the day of this time, which is part of it, in microseconds since 1970.
    pub to: i64,
    /// By what it is grouped.
    pub by: GroupBy,
}

/// Adds what a run has used since it was last added, to its day and to the run.
///
/// # Errors
/// What the database says.
pub fn add(tx: &mut Transaction<'_>, tenant: &Name, job: &str, run: &str, usage: &Usage) -> Result<(), Error> {
    let now = tx.now();
    let sums = "runs = {t}.runs + excluded.runs, cpu_sandbox_us = {t}.cpu_sandbox_us + excluded.cpu_sandbox_us,
        cpu_kernels_us = {t}.cpu_kernels_us + excluded.cpu_kernels_us,
        peak_memory = case when excluded.peak_memory > {t}.peak_memory then excluded.peak_memory else {t}.peak_memory end,
        rows_in = {t}.rows_in + excluded.rows_in, rows_out = {t}.rows_out + excluded.rows_out,
        bytes_in = {t}.bytes_in + excluded.bytes_in, bytes_out = {t}.bytes_out + excluded.bytes_out";
    let with = |key: &[Value]| [key, &values(usage)[..]].concat();
    tx.execute(
        &format!(
            "insert into usage_daily (tenant, job, day, {FIGURES})
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             on conflict (tenant, day, job) do update set {}",
            sums.replace("{t}", "usage_daily")
        ),
        &with(row![tenant, job, day_of(now)]),
    )?;
    tx.execute(
        &format!(
            "insert into usage_runs (tenant, run, job, changed, {FIGURES})
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             on conflict (tenant, run) do update set changed = excluded.changed, {}",
            sums.replace("{t}", "usage_runs")
        ),
        &with(row![tenant, run, job, now]),
    )?;
    Ok(())
}

/// What a run has used; nothing if nothing was added.
///
/// # Errors
/// What the database says.
pub fn of_run(tx: &mut Transaction<'_>, tenant: &Name, run: &str) -> Result<Usage, Error> {
    let row = tx.first(
        &format!("select {SUMS} from usage_runs where tenant = ?1 and run = ?2 group by run"),
        row![tenant, run],
    )?;
    row.map_or(Ok(Usage::default()), |row| usage(&row, 0))
}

/// What was used, by tenant, job or day, in that order; or by run, the latest first.
///
/// # Errors
/// [`Error::Invalid`] if it ends before it begins.
pub fn report(tx: &mut Transaction<'_>, request: &ReportRequest) -> Result<Vec<UsageLine>, Error> {
    let (from, to) = (day_of(request.from), day_of(request.to));
    if from > to {
        return Err(Error::invalid("to", "it is before `from`"));
    }
    let whose = if request.tenant.is_some() {
        "and tenant = ?3"
    } else {
        ""
    };
    let of_days = |key: &str| {
        format!(
            "select {SUMS}, {key} from usage_daily where day >= ?1 and day <= ?2 {whose} group by {key} order by {key}"
        )
    };
    let of_runs = format!(
        "select {FIGURES}, tenant, job, run, changed from usage_runs where changed >= ?1 and changed < ?2 {whose}
         order by changed desc, tenant, run limit {}",
        MOST_LINES + 1
    );
    let (select, from, to) = match request.by {
        GroupBy::Tenant => (of_days("tenant"), from, to),
        GroupBy::Job => (of_days("tenant, job"), from, to),
        GroupBy::Day => (of_days("tenant, day"), from, to),
        GroupBy::Run => (of_runs, from.saturating_mul(DAY), end_of_day(request.to)),
    };
    let rows = match &request.tenant {
        Some(tenant) => tx.query(&select, row![from, to, tenant])?,
        None => tx.query(&select, row![from, to])?,
    };
    rows.iter().map(|row| line(row, request.by)).collect()
}

fn line(row: &Row, by: GroupBy) -> Result<UsageLine, Error> {
    let mut line = UsageLine {
        tenant: row.get(8)?,
        job: None,
        run: None,
        day: None,
        usage: usage(row, 0)?,
    };
    match by {
        GroupBy::Tenant => {}
        GroupBy::Job => line.job = Some(row.get(9)?),
        GroupBy::Day => line.day = Some(day_text(row.get(9)?)),
        GroupBy::Run => {
            line.job = Some(row.get(9)?);
            line.run = Some(row.get(10)?);
            line.day = Some(day_text(day_of(row.get(11)?)));
        }
    }
    Ok(line)
}

/// The CPU time that a tenant has used today (UTC), in microseconds.
///
/// # Errors
/// What the database says.
pub fn cpu_today(tx: &mut Transaction<'_>, tenant: &Name) -> Result<u64, Error> {
    let today = day_of(tx.now());
    let row = tx.one(
        "select cast(coalesce(sum(cpu_sandbox_us + cpu_kernels_us), 0) as bigint) from usage_daily
         where tenant = ?1 and day = ?2",
        row![tenant, today],
    )?;
    Ok(row.get(0)?)
}

/// Forgets usage by run of what was last added before this time, in microseconds since 1970: at most `most` runs. Days are
/// kept. Answers with the number of runs.
///
/// # Errors
/// What the database says.
pub fn forget_runs(tx: &mut Transaction<'_>, before: i64, most: u32) -> Result<u64, Error> {
    Ok(tx.execute(
        "delete from usage_runs where (tenant, run) in
         (select tenant, run from usage_runs where changed < ?1 order by changed limit ?2)",
        row![before, most],
    )?)
}

fn values(usage: &Usage) -> [Value; 8] {
    [
        usage.runs,
        usage.cpu_sandbox_us,
        usage.cpu_kernels_us,
        usage.peak_memory,
        usage.rows_in,
        usage.rows_out,
        usage.bytes_in,
        usage.bytes_out,
    ]
    .map(|figure| Value::from(figure.min(MOST)))
}

fn usage(row: &Row, from: usize) -> Result<Usage, Error> {
    Ok(Usage {
        runs: row.get(from)?,
        cpu_sandbox_us: row.get(from + 1)?,
        cpu_kernels_us: row.get(from + 2)?,
        peak_memory: row.get(from + 3)?,
        rows_in: row.get(from + 4)?,
        rows_out: row.get(from + 5)?,
        bytes_in: row.get(from + 6)?,
        bytes_out: row.get(from + 7)?,
    })
}

/// The day of a time, in days since 1970.
pub(crate) fn day_of(time: i64) -> i64 {
    time.div_euclid(DAY)
}

/// When the day of a time ends, in microseconds since 1970.
pub(crate) fn end_of_day(time: i64) -> i64 {
    (day_of(time) + 1).saturating_mul(DAY)
}

/// A day as `2026-01-31`.
pub(crate) fn day_text(day: i64) -> String {
    let date = day
        .checked_mul(DAY)
        .and_then(chrono::DateTime::from_timestamp_micros)
        .map(|time| time.format("%Y-%m-%d").to_string());
    date.unwrap_or_else(|| format!("day {day}"))
}
