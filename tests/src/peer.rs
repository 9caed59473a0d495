//! Peers in Python, each in a process of its own that answers requests, so that its start is not measured.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

/// A peer that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct Peer {
    name: String,
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// A peer's script.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/python").join(name)
}

impl Peer {
    /// Starts a script of `tests/peers/python`.
    ///
    /// # Errors
    /// If Python does not start.
    pub fn start<A: AsRef<OsStr>>(python: &Path, name: &str, arguments: &[A]) -> anyhow::Result<Self> {
        let mut process = Command::new(python)
            .arg(script(name))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        let (Some(requests), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            bail!("{name} has no input or no output");
        };
        Ok(Self {
            name: name.to_owned(),
            process,
            requests,
            answers: BufReader::new(answers),
        })
    }

    /// Has a request served; how many seconds it took.
    ///
    /// # Errors
    /// If the peer fails at it, or has ended.
    pub fn ask(&mut self, request: &Value) -> anyhow::Result<f64> {
        writeln!(self.requests, "{request}")?;
        self.requests.flush()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let answer: Value =
            serde_json::from_str(&answer).with_context(|| format!("{} failed at {request}", self.name))?;
        answer["seconds"]
            .as_f64()
            .with_context(|| format!("{} names no time", self.name))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // By its own handle, so nothing else can be hit. It has no children.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
