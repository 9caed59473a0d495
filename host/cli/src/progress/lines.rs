//! The state of a run as lines of text.

use std::time::Duration;

use tenon_host::engine::{Flow, Phase, Progress};

use crate::format::{bytes, count, elapsed};
use crate::printable::one_line;

/// Longest name that is shown as a whole.
const MAX_NAME: usize = 24;
/// Before so much of a source was read, what is left can't be told.
const MIN_SHARE: f64 = 0.01;
const MIN_TIME: Duration = Duration::from_secs(1);

/// The state of a run at one moment.
pub struct Snapshot {
    phase: Phase,
    attempt: u64,
    sources: Vec<Flow>,
    steps: Vec<Flow>,
    sinks: Vec<Flow>,
    rows_rejected: u64,
    sandboxes: u64,
    since_start: Duration,
    /// Since rows flow.
    running: Option<Duration>,
}

impl Snapshot {
    /// The state now.
    pub fn of(progress: &Progress, since_start: Duration, running: Option<Duration>) -> Self {
        Self {
            phase: progress.phase(),
            attempt: progress.attempt(),
            sources: progress.sources(),
            steps: progress.steps(),
            sinks: progress.sinks(),
            rows_rejected: progress.rows_rejected(),
            sandboxes: progress.sandboxes_in_use(),
            since_start,
            running,
        }
    }

    /// One for each source, step and sink, then one for the run.
    pub fn lines(&self) -> Vec<String> {
        let kinds = [("source", &self.sources), ("step", &self.steps), ("sink", &self.sinks)];
        let flows = kinds
            .into_iter()
            .flat_map(|(kind, flows)| flows.iter().map(move |flow| (kind, flow)));
        let cells: Vec<[String; 6]> = flows.map(|(kind, flow)| self.cells(kind, flow)).collect();
        let width = |column: usize| {
            cells
                .iter()
                .map(|cells| cells[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths = [width(0), width(1), width(2), width(3), width(4)];
        let lines = cells.iter().map(|[kind, name, rows, size, rate, rejected]| {
            let [kinds, names, counts, sizes, rates] = widths;
            format!("  {kind:<kinds$}  {name:<names$}  {rows:>counts$}  {size:>sizes$}  {rate:>rates$}  {rejected}")
                .trim_end()
                .to_owned()
        });
        lines.chain([self.total()]).collect()
    }

    fn cells(&self, kind: &str, flow: &Flow) -> [String; 6] {
        let size = match (flow.bytes, flow.bytes_total) {
            (Some(done), Some(total)) if total > 0 => format!("{} of {}", bytes(done), bytes(total)),
            (Some(done), _) => bytes(done),
            (None, _) => String::new(),
        };
        let rejected = if flow.rows_rejected > 0 {
            format!("{} rejected", count(flow.rows_rejected))
        } else {
            String::new()
        };
        [
            kind.to_owned(),
            one_line(&flow.name, MAX_NAME),
            match flow.rows_total {
                Some(total) => format!("{} of about {} rows", count(flow.rows_out), count(total)),
                None => format!("{} rows", count(flow.rows_out)),
            },
            size,
            format!("{} rows/s", count(self.per_second(flow.rows_out))),
            rejected,
        ]
    }

    fn total(&self) -> String {
        let phase = match self.phase {
            Phase::Planning => "planning",
            Phase::Running => "running",
            Phase::Committing => "committing",
            Phase::Done => "done",
        };
        // What matters most first: a narrow terminal cuts the rest.
        let mut parts = vec![format!("{phase}, {}", elapsed(self.since_start))];
        if let Some(left) = self.left() {
            let left = Duration::from_secs(left.as_secs().max(1));
            parts.push(format!("about {} left", elapsed(left)));
        }
        if self.attempt > 1 {
            parts.push(format!("try {}", self.attempt));
        }
        if self.running.is_some() {
            let rows: u64 = self.sources.iter().map(|source| source.rows_in).sum();
            parts.push(format!("{} rows, {} rows/s", count(rows), count(self.per_second(rows))));
            if self.rows_rejected > 0 {
                parts.push(format!("{} rejected", count(self.rows_rejected)));
            }
        }
        if self.phase == Phase::Running && self.sandboxes > 0 {
            let ending = if self.sandboxes == 1 { "" } else { "es" };
            parts.push(format!("{} sandbox{ending}", self.sandboxes));
        }
        parts.join(" | ")
    }

    /// How long it takes to read the rest, at the pace so far. Not known where a format is read in parts.
    fn left(&self) -> Option<Duration> {
        if self.phase != Phase::Running {
            return None;
        }
        let running = self.running.filter(|running| *running >= MIN_TIME)?;
        let share = self.share()?;
        (MIN_SHARE..1.0)
            .contains(&share)
            .then(|| running.mul_f64((1.0 - share) / share))
    }

    /// How much of the sources has been read: by bytes where all count them, or else as much as of the one that is furthest
    /// behind, by the rows that it is estimated to have.
    fn share(&self) -> Option<f64> {
        let of_bytes = |source: &Flow| Some((source.bytes?, source.bytes_total?));
        let bytes: Option<Vec<(u64, u64)>> = self.sources.iter().map(of_bytes).collect();
        if let Some(bytes) = bytes {
            let (done, total) = bytes.iter().fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
            return Some(done as f64 / total as f64);
        }
        let shares = self.sources.iter().map(|source| {
            let (done, total) = of_bytes(source).or(Some((source.rows_in, source.rows_total?)))?;
            Some(done as f64 / total as f64)
        });
        let shares: Option<Vec<f64>> = shares.collect();
        shares?.into_iter().reduce(f64::min)
    }

    fn per_second(&self, rows: u64) -> u64 {
        let seconds = self.running.unwrap_or_default().as_secs_f64();
        (rows as f64 / seconds.max(0.1)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(name: &str, rows: u64, bytes: Option<u64>) -> Flow {
        Flow {
            name: name.to_owned(),
            rows_in: rows,
            rows_out: rows,
            bytes,
            ..Flow::default()
        }
    }

    #[test]
    fn every_part_of_a_run_has_a_line_and_columns_are_aligned() {
        let source = Flow {
            bytes_total: Some(4 << 20),
            ..flow("flights", 100_000, Some(1 << 20))
        };
        let step = Flow {
            rows_rejected: 5,
            ..flow("clean\x1b[2J", 99_995, None)
        };
        let mut snapshot = Snapshot {
            phase: Phase::Running,
            attempt: 2,
            sources: vec![source],
            steps: vec![step],
            sinks: vec![flow("lake", 90_000, Some(700))],
            rows_rejected: 5,
            sandboxes: 2,
            since_start: Duration::from_secs(3),
            running: Some(Duration::from_secs(2)),
        };
        assert_eq!(
            snapshot.lines(),
            [
                "  source  flights         100,000 rows  1.0 MiB of 4.0 MiB  50,000 rows/s",
                "  step    clean\\u{1b}[2J   99,995 rows                      49,997 rows/s  5 rejected",
                "  sink    lake             90,000 rows           700 bytes  45,000 rows/s",
                "running, 3.00 s | about 6.00 s left | try 2 | 100,000 rows, 50,000 rows/s | 5 rejected | 2 sandboxes",
            ]
        );
        snapshot.sources[0].bytes_total = None;
        snapshot.phase = Phase::Committing;
        let last = snapshot.lines().pop();
        assert_eq!(
            last.as_deref(),
            Some("committing, 3.00 s | try 2 | 100,000 rows, 50,000 rows/s | 5 rejected")
        );
    }
}
