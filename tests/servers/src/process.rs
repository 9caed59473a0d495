//! A server as a process.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a server may take to start or to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Ports that systems give to nobody by themselves. Between the look and the server's start, a port from the range for
/// outgoing connections may become one's own end of a connection, even of one to that very port.
const PORTS: Range<u16> = 20_000..32_000;

/// A port that is free right now.
///
/// # Errors
/// When none is found.
pub fn free_port() -> Result<u16> {
    let random = RandomState::new();
    let mut candidates = (0..1_000_u32).map(|number| {
        let within = random.hash_one(number) % u64::from(PORTS.end - PORTS.start);
        PORTS.start + u16::try_from(within).unwrap_or_default()
    });
    let free = candidates.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.with_context(|| format!("no port of {PORTS:?} is free"))
}

/// A server that has been started, and ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: &'static str,
    log: PathBuf,
}

impl Process {
    /// Starts a server and waits until it is `ready`. What it says goes to the file `log`.
    pub(crate) fn start(
        name: &'static str,
        command: &mut Command,
        log: PathBuf,
        mut ready: impl FnMut() -> bool,
    ) -> Result<Self> {
        let said = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .context("cannot write the server's log")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let mut started = Self { child, name, log };
        let began = Instant::now();
        while !ready() {
            if let Some(status) = started.child.try_wait()? {
                bail!("{name} has ended at once ({status}): {}", started.last_words());
            }
            if began.elapsed() > PATIENCE {
                bail!("{name} does not answer after {PATIENCE:?}: {}", started.last_words());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(started)
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        self.child
            .wait()
            .with_context(|| format!("lost track of {}", self.name))
    }

    /// Ends it, and its children, at once, as a crash would.
    pub(crate) fn kill(&mut self) {
        let children = children(self.child.id());
        let _ = self.child.kill();
        signal("KILL", &children);
        let _ = self.child.wait();
    }

    /// Asks it to end, and waits until it has; ends it by force if it does not.
    pub(crate) fn stop(&mut self, name: &str) {
        signal(name, &[self.child.id()]);
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if began.elapsed() > PATIENCE {
                return self.kill();
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The end of its log, on one line.
    fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(5)..].join(" | ")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}

/// Sends a signal to processes of ours.
fn signal(name: &str, processes: &[u32]) {
    if !processes.is_empty() {
        let ids = processes.iter().map(ToString::to_string);
        let _ = Command::new("kill")
            .arg(format!("-{name}"))
            .args(ids)
            .stderr(Stdio::null())
            .status();
    }
}

/// The processes that a process has started, where the system tells.
fn children(parent: u32) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|process| parent_of(*process) == Some(parent))
        .collect()
}

fn parent_of(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The program's name comes first, in parentheses, and may hold anything; then the state, then the parent.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}
