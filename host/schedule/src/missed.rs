//! Due times that nobody was there for: the server was down, the trigger was paused, the clock jumped ahead.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Error;
use crate::schedule::Schedule;

/// What happens to due times that were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissedPolicy {
    /// Nothing: the next run is at the next due time.
    Skip,
    /// One run, for the latest of them.
    #[default]
    RunOnce,
    /// A run for each of them, oldest first, for the latest so many; 1 to 1000.
    RunAll(u32),
}

const MAX_RUNS: u32 = 1000;
/// More due times than these are not counted, only skipped.
const COUNTED: usize = 2000;

/// What is to be done about due times up to now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatchUp {
    /// The due times to run for, oldest first.
    pub run: Vec<DateTime<Utc>>,
    /// How many due times are left out; the most that are counted is 2000.
    pub skipped: usize,
    /// The first due time that is ahead.
    pub next: Option<DateTime<Utc>>,
}

impl MissedPolicy {
    pub(crate) fn check(self) -> Result<(), Error> {
        match self {
            Self::RunAll(runs) if !(1..=MAX_RUNS).contains(&runs) => Err(Error::Limit {
                what: "missed.run_all",
                value: runs.into(),
                min: 1,
                max: MAX_RUNS.into(),
            }),
            _ => Ok(()),
        }
    }
}

impl Schedule {
    /// What to run for, when `due` is the oldest due time that has not been seen to, and it is `now`. A due time that is
    /// no longer ago than `grace` is on time, and the policy doesn't apply to it.
    pub fn catch_up(&self, due: DateTime<Utc>, now: DateTime<Utc>, grace: TimeDelta) -> CatchUp {
        let mut all = self.between(due - TimeDelta::nanoseconds(1), now, COUNTED);
        if all.len() == COUNTED {
            let latest = std::iter::successors(self.previous(now + TimeDelta::nanoseconds(1)), |due| {
                self.previous(*due)
            });
            let mut latest: Vec<_> = latest
                .take_while(|latest| *latest >= due)
                .take(MAX_RUNS as usize)
                .collect();
            latest.reverse();
            all = latest;
        }
        let counted = all.len();
        let on_time = all.partition_point(|due| now - *due > grace);
        let punctual = all.split_off(on_time);
        let mut run = match self.missed {
            // A punctual one is a run for all of them.
            MissedPolicy::RunOnce if punctual.is_empty() => all.pop().into_iter().collect(),
            MissedPolicy::Skip | MissedPolicy::RunOnce => Vec::new(),
            MissedPolicy::RunAll(limit) => all.split_off(all.len().saturating_sub(limit as usize)),
        };
        run.extend(punctual);
        CatchUp {
            skipped: counted - run.len(),
            next: self.next_after(now),
            run,
        }
    }
}
