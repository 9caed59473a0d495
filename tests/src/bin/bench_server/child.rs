//! `tenon serve` as a process of its own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

/// From the start until it is idle.
const SETTLED: Duration = Duration::from_secs(3);
/// The units in which the system counts CPU time, a second.
const TICKS: f64 = 100.0;

/// The process; killed when dropped.
pub struct Child(std::process::Child);

/// What the process uses.
pub struct Used {
    /// CPU time, as a share of one core.
    pub core_percent: f64,
    /// Resident memory, in MiB.
    pub resident: f64,
}

impl Child {
    /// Starts a server in a folder, at a port that is free.
    pub fn serve(folder: &Path) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.with_file_name(format!("tenon{}", std::env::consts::EXE_SUFFIX));
        ensure!(
            program.exists(),
            "{} is not there; `cargo build --workspace` builds it",
            program.display()
        );
        let child = Command::new(&program)
            .args(["--quiet", "serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let child = child.with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self(child))
    }

    /// What it uses while nothing is to do.
    pub async fn used_while_idle(&self, time: Duration) -> anyhow::Result<Used> {
        tokio::time::sleep(SETTLED).await;
        let (before, began) = (self.cpu_seconds()?, Instant::now());
        tokio::time::sleep(time).await;
        let seconds = self.cpu_seconds()? - before;
        Ok(Used {
            core_percent: 100.0 * seconds / began.elapsed().as_secs_f64(),
            resident: self.resident()?,
        })
    }

    fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).context("the server has ended")?;
        // The name, which may have spaces, is in parentheses.
        let fields = text.rsplit_once(')').context("no process")?.1;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>()? / TICKS)
    }

    fn resident(&self) -> anyhow::Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        Ok(kib.context("no resident memory")?.parse::<f64>()? / 1024.0)
    }

    /// Ends it.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.0.kill()?;
        tokio::task::spawn_blocking(move || self.0.wait().map(drop)).await??;
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
