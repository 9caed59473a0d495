//! Runs that are killed at any moment (`kill -9`): what readers see then, and what running again makes of it.

mod bucket;
mod folder;
mod wire;

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::dice::{Dice, times};
use crate::place::{Ended, parquet};

/// Rows of the job that is killed, and of the one before it.
const MANY: u64 = 200_000;
const FEW: u64 = 2;

/// How often `sleep` looks for what it waits for.
const GLANCE: Duration = Duration::from_micros(100);

/// A run that is killed again and again, and the times that it takes if it is not.
struct Victim<'a> {
    start: &'a dyn Fn() -> Command,
    /// Whether everything is written, and the commit about to begin.
    is_prepared: &'a dyn Fn() -> bool,
    whole: Duration,
    commit: Duration,
}

impl<'a> Victim<'a> {
    /// Lets it run to its end. The command is to print its report as JSON.
    fn measured(start: &'a dyn Fn() -> Command, is_prepared: &'a dyn Fn() -> bool) -> Self {
        let began = Instant::now();
        let report = Ended::from(start().output().expect("started")).succeeded().json();
        let commit = report["seconds"]["commit"].as_f64().expect("seconds");
        Self {
            start,
            is_prepared,
            whole: began.elapsed(),
            commit: Duration::from_secs_f64(commit),
        }
    }

    /// Starts and kills it. The moments of every second one of `kills` are spread over the whole run; the others are within
    /// its commit, which is short.
    fn kill(&self, number: u64, kills: u64, dice: &mut Dice) {
        let mut child = (self.start)()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        if number.is_multiple_of(2) {
            let part = self.whole.as_micros() as u64 / kills.max(1);
            sleep(Duration::from_micros(part * number + dice.roll(2 * part.max(1))));
        } else {
            while !(self.is_prepared)() && child.try_wait().expect("known").is_none() {
                sleep(GLANCE);
            }
            sleep(Duration::from_micros(dice.roll(self.commit.as_micros().max(1) as u64)));
        }
        child.kill().expect("killed or ended");
        child.wait().expect("ended");
    }
}

/// How often a run is killed.
fn kills() -> u64 {
    times("TENON_KILLS", 10)
}

/// Numbers, and the folder that each belongs into.
fn table(rows: u64) -> String {
    let lines = (0..rows).map(|id| format!("{id},{}\n", id % 10));
    format!("id,part\n{}", lines.collect::<String>())
}

/// The rows of the files that a reader sees below a folder, each of which is whole. What is hidden is left out.
fn visible_rows(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let visible = paths.filter(|path| {
        let name = path.file_name().expect("a name").to_string_lossy();
        !name.starts_with(['.', '_'])
    });
    visible
        .map(|path| {
            if path.is_dir() {
                visible_rows(&path)
            } else {
                rows_of(&path)
            }
        })
        .sum()
}

/// The rows of a file, all of which is read; none where there is no file.
fn rows_of(file: &Path) -> u64 {
    if !file.exists() {
        return 0;
    }
    parquet(file).iter().map(|batch| batch.num_rows() as u64).sum()
}
